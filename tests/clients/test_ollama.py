"""The official Ollama SDK sees what it would see of Ollama, whatever Palisade does."""

import ollama
import pytest
from cases import FORBIDDEN, HELLO, Answer, Cases
from conftest import reply

REFUND = {"name": "refund", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}


class TestChat(Cases):
    error = ollama.ResponseError
    called = "stop"
    # The API has no reason of its own for a filter.
    refused = {"stop", "content_filter"}
    has_head = False
    # A call comes whole; so that it is not the first line, a thought comes before.
    begin = {"think": "Let me see."}

    @staticmethod
    def connect(url):
        # Headers are a client's, not a request's: there is a client for each request.
        return url

    @staticmethod
    def disconnect(client):
        pass

    def ask(self, client, text, headers, stream, tools):
        more = {"tools": [{"type": "function", "function": REFUND}]} if tools else {}
        with ollama.Client(host=client, headers=headers, timeout=20) as one:
            messages = [{"role": "user", "content": text}]
            answer = one.chat(model="stand-in", messages=messages, stream=stream, **more)
            return self.read(answer if stream else [answer])

    def read(self, parts):
        answer = Answer()
        for part in parts:
            assert answer.finish is None, "nothing comes after the end"
            self.add(answer, part)
            answer.finish = part.done_reason if part.done else None
        assert answer.finish is not None, "the stream says how it ends"
        return answer

    def add(self, answer, part):
        answer.text += part.message.content or ""
        for call in part.message.tool_calls or []:
            answer.calls.append((call.function.name, dict(call.function.arguments)))

    def check(self, error):
        assert error.status_code == 400


class TestGenerate(TestChat):
    has_tools = False

    def ask(self, client, text, headers, stream, tools):
        with ollama.Client(host=client, headers=headers, timeout=20) as one:
            answer = one.generate(model="stand-in", prompt=text, stream=stream)
            return self.read(answer if stream else [answer])

    def add(self, answer, part):
        answer.text += part.response or ""

    def said(self, body):
        return body["prompt"]


@pytest.fixture(params=["direct", "proxy"])
def url(request, palisade, standin):
    return standin if request.param == "direct" else palisade


def test_thinking(url):
    with ollama.Client(host=url, headers=reply("Fine.", think="Let me see.", chunk=2), timeout=20) as client:
        messages = [{"role": "user", "content": HELLO}]
        parts = [part.message for part in client.chat(model="stand-in", messages=messages, stream=True)]
        assert "".join(part.thinking or "" for part in parts) == "Let me see."
        assert "".join(part.content for part in parts) == "Fine."


def test_embeddings(url):
    with ollama.Client(host=url, timeout=20) as client:
        [one, two] = client.embed(model="stand-in", input=[HELLO, "b"]).embeddings
        assert len(one) == 8 and one != two


def test_blocked_embeddings(palisade, arrived):
    before = arrived()["calls"]
    with ollama.Client(host=palisade, timeout=20) as client, pytest.raises(ollama.ResponseError):
        client.embed(model="stand-in", input=["tea", FORBIDDEN])
    assert arrived()["calls"] == before, "the upstream was not called"


def test_what_has_no_text_of_the_user_passes(palisade):
    with ollama.Client(host=palisade, timeout=20) as client:
        assert [model.model for model in client.list().models] == ["stand-in"]
        assert client.show("stand-in").details.format == "gguf"
