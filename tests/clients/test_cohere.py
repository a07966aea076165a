"""The official Cohere SDK sees what it would see of Cohere, whatever Palisade does."""

import json

import cohere
import pytest
from cases import FORBIDDEN, HELLO, Answer, Cases
from conftest import reply

REFUND = {"name": "refund", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}

ONCE = {"max_retries": 0}


MESSAGE = {
    "role": "assistant",
    "content": [{"type": "text", "text": "forbidden answer"}],
    "tool_plan": "",
    "tool_calls": [],
    "citations": [],
}


class TestChat(Cases):
    error = cohere.BadRequestError
    stop = "COMPLETE"
    called = "TOOL_CALL"
    # The API has no reason of its own for a filter, and no error inside a stream.
    cut = {"ERROR"}
    refused = {"COMPLETE"}
    forbidden_events = [
        {"type": "message-start", "id": "1", "delta": {"message": MESSAGE}},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
        "[DONE]",
    ]

    @staticmethod
    def connect(url):
        return cohere.ClientV2(api_key="test", base_url=url, timeout=20)

    @staticmethod
    def disconnect(client):
        client._client_wrapper.httpx_client.httpx_client.close()

    def ask(self, client, text, headers, stream, tools):
        options = {"additional_headers": headers} | ONCE
        more = {"tools": [{"type": "function", "function": REFUND}]} if tools else {}
        messages = [{"role": "user", "content": text}]
        arguments = dict(model="stand-in", messages=messages, request_options=options, **more)
        if stream:
            return self.gather(client.chat_stream(**arguments))
        answer = client.chat(**arguments)
        calls = [(call.function.name, json.loads(call.function.arguments)) for call in answer.message.tool_calls or []]
        texts = [part.text for part in answer.message.content or [] if part.type == "text"]
        return Answer("".join(texts), "", answer.finish_reason, calls)

    def gather(self, stream):
        answer, open_, name, arguments = Answer(), set(), "", ""
        for event in stream:
            assert answer.finish is None, "nothing comes after the end"
            if event.type == "content-start":
                open_.add(event.index)
            elif event.type == "content-delta":
                answer.text += event.delta.message.content.text or ""
            elif event.type == "content-end":
                open_.remove(event.index)
            elif event.type == "tool-call-start":
                name, arguments = event.delta.message.tool_calls.function.name, ""
            elif event.type == "tool-call-delta":
                arguments += event.delta.message.tool_calls.function.arguments
            elif event.type == "tool-call-end":
                answer.calls.append((name, json.loads(arguments)))
            elif event.type == "message-end":
                answer.finish = event.delta.finish_reason
        assert answer.finish is not None and not open_, "the stream closes what it opens"
        return answer

    def check(self, error):
        assert error.status_code == 400


@pytest.fixture(params=["direct", "proxy"])
def client(request, palisade, standin):
    made = TestChat.connect(standin if request.param == "direct" else palisade)
    yield made
    TestChat.disconnect(made)


def test_thinking(client):
    options = {"additional_headers": reply("Fine.", think="Let me see.", chunk=2)} | ONCE
    messages = [{"role": "user", "content": HELLO}]
    thought, text = client.chat(model="stand-in", messages=messages, request_options=options).message.content
    assert (thought.thinking, text.text) == ("Let me see.", "Fine.")
    stream = list(client.chat_stream(model="stand-in", messages=messages, request_options=options))
    deltas = [event.delta.message.content for event in stream if event.type == "content-delta"]
    assert "".join(delta.thinking or "" for delta in deltas) == "Let me see."


def test_embeddings(client):
    arguments = dict(model="stand-in", input_type="search_query", embedding_types=["float"], request_options=ONCE)
    [one, two] = client.embed(texts=[HELLO, "b"], **arguments).embeddings.float_
    assert len(one) == 8 and one != two


def test_blocked_embeddings(palisade, arrived):
    before = arrived()["calls"]
    client = TestChat.connect(palisade)
    with pytest.raises(cohere.BadRequestError):
        client.embed(
            model="stand-in", input_type="search_query", embedding_types=["float"], texts=["tea", FORBIDDEN],
            request_options=ONCE,
        )
    TestChat.disconnect(client)
    assert arrived()["calls"] == before, "the upstream was not called"
