"""The official Hugging Face SDK sees what it would see of text generation inference: its own API, and its chat."""

import json

import huggingface_hub
import pytest
from cases import FORBIDDEN_CHAT, Answer, Cases
from conftest import PERSON
from huggingface_hub.errors import HfHubHTTPError, TextGenerationError

REFUND = {"name": "refund", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}


class TestGenerate(Cases):
    error = TextGenerationError
    stop = "eos_token"
    # A cut is the API's error inside a stream, or an end that says what was sent.
    cut = {"error", "stop_sequence"}
    refused = {"error", "stop_sequence", "eos_token"}
    has_head = has_tools = False

    @staticmethod
    def connect(url):
        return url

    @staticmethod
    def disconnect(client):
        pass

    def paths(self, stream):
        return "/generate_stream" if stream else "/generate"

    def ask(self, client, text, headers, stream, tools):
        one = huggingface_hub.InferenceClient(client + self.paths(stream), headers=headers, timeout=20)
        if not stream:
            whole = one.text_generation(text, details=True)
            self.check_tokens("".join(token.text for token in whole.details.tokens), whole.generated_text)
            return Answer(whole.generated_text, finish=whole.details.finish_reason)
        answer = Answer()
        try:
            for part in one.text_generation(text, details=True, stream=True):
                assert answer.finish is None, "nothing comes after the end"
                answer.text += part.token.text
                if part.details:
                    assert part.generated_text == answer.text
                    answer.finish = part.details.finish_reason
        except TextGenerationError:
            if not answer.text:
                raise
            answer.finish = "error"
        return answer

    def check_tokens(self, tokens, text):
        # Of a rewritten answer there are none.
        assert tokens in ("", text)

    def said(self, body):
        return body["inputs"]


class TestRoot(TestGenerate):
    """Where the body tells whether a stream is wanted, and a route of `palisade.yaml` what its API looks like."""

    def paths(self, stream):
        return ""

    def check_tokens(self, tokens, text):
        # They are parts to Palisade: rewritten, but what one ends with and the next begins with is not given back.
        assert tokens == text or not [value for value in [*PERSON, "key-12345678"] if value in tokens]

    # Of refusals the route says nothing.
    test_refused_input = test_refused_output = test_stream_refused_midway = None


class TestChat(Cases):
    error = HfHubHTTPError
    # The SDK has no place for OpenAI's refusals.
    tells = False
    forbidden_events = FORBIDDEN_CHAT

    @staticmethod
    def connect(url):
        return url

    @staticmethod
    def disconnect(client):
        pass

    def ask(self, client, text, headers, stream, tools):
        one = huggingface_hub.InferenceClient(f"{client}/v1/chat/completions", headers=headers, timeout=20)
        more = {"tools": [{"type": "function", "function": REFUND}]} if tools else {}
        arguments = dict(messages=[{"role": "user", "content": text}], **more)
        if not stream:
            [choice] = one.chat_completion(**arguments).choices
            calls = [(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or []]
            return Answer(choice.message.content or "", "", choice.finish_reason, calls)
        answer, name, whole = Answer(), "", ""
        for chunk in one.chat_completion(**arguments, stream=True):
            [choice] = chunk.choices
            assert answer.finish is None, "nothing comes after the end"
            answer.text += choice.delta.content or ""
            answer.finish = choice.finish_reason
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                whole += call.function.arguments or ""
        if answer.finish == "tool_calls":
            answer.calls.append((name, json.loads(whole)))
        return answer

    def check(self, error):
        assert error.response.status_code == 400


@pytest.mark.parametrize("stream", [False, True])
def test_text_alone(standin, stream):
    client = huggingface_hub.InferenceClient(standin, timeout=20)
    answer = client.text_generation("tea", stream=stream)
    assert "".join(answer) == "You said: tea"
