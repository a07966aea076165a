"""The official Google SDK sees what it would see of Gemini, by itself and at Vertex; and Anthropic's sees Claude at Vertex."""

import json
import urllib.error
import urllib.request

import anthropic
import google.oauth2.credentials
import pytest
from anthropic import AnthropicVertex
from cases import FORBIDDEN, FORBIDDEN_MESSAGE, HELLO, NO, Answer, Cases
from conftest import reply
from google import genai
from google.genai import errors, types

PARAMETERS = {"type": "object", "properties": {"note": {"type": "string"}}}
REFUND = types.Tool(function_declarations=[{"name": "refund", "parameters_json_schema": PARAMETERS}])


class TestGemini(Cases):
    error = errors.ClientError
    called = stop = "STOP"
    cut = {"SAFETY"}
    refused = {"PROHIBITED_CONTENT", "SAFETY"}
    tells = False
    has_head = False
    # A call comes whole; so that it is not the first event, a thought comes before.
    begin = {"think": "Let me see."}

    @staticmethod
    def connect(url):
        return genai.Client(api_key="test", http_options={"base_url": url})

    def ask(self, client, text, headers, stream, tools):
        config = {"http_options": {"headers": headers}}
        if tools:
            config |= {"tools": [REFUND], "automatic_function_calling": {"disable": True}}
        arguments = dict(model="stand-in", contents=text, config=config)
        if not stream:
            return self.read([client.models.generate_content(**arguments)])
        return self.read(client.models.generate_content_stream(**arguments))

    def read(self, chunks):
        answer = Answer()
        for chunk in chunks:
            assert answer.finish is None, "nothing comes after the end"
            if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
                answer.finish = chunk.prompt_feedback.block_reason.value
                answer.refusal = chunk.prompt_feedback.block_reason_message or ""
            for candidate in chunk.candidates or []:
                answer.finish = candidate.finish_reason.value if candidate.finish_reason else None
                for part in (candidate.content.parts or []) if candidate.content else []:
                    if part.function_call:
                        answer.calls.append((part.function_call.name, part.function_call.args))
                    elif not part.thought:
                        answer.text += part.text or ""
        return answer

    def said(self, body):
        return body["contents"][-1]["parts"][0]["text"]

    def check(self, error):
        assert (error.code, error.status) == (400, "INVALID_ARGUMENT")

    @pytest.mark.parametrize("stream", [False, True])
    def test_refused_input_says_why(self, reach, stream):
        answer = self.send(reach("/refusal"), FORBIDDEN, stream=stream)
        assert answer.refusal.startswith(NO) and answer.finish == "PROHIBITED_CONTENT"

    @pytest.mark.parametrize("through", ["direct", "proxy"])
    def test_thoughts(self, reach, through):
        client = reach(direct=through == "direct")
        config = {"http_options": {"headers": reply("Fine.", think="Let me see.", chunk=2)}}
        parts = []
        for chunk in client.models.generate_content_stream(model="stand-in", contents=HELLO, config=config):
            parts += chunk.candidates[0].content.parts or []
        assert "".join(part.text for part in parts if part.thought) == "Let me see."
        assert "".join(part.text for part in parts if not part.thought) == "Fine."
        assert parts[-1].thought_signature

    @pytest.mark.parametrize("through", ["direct", "proxy"])
    def test_count_of_tokens(self, reach, through):
        client = reach(direct=through == "direct")
        assert client.models.count_tokens(model="stand-in", contents=HELLO).total_tokens == 2

    @pytest.mark.parametrize("prefix", ["", "/refusal"])
    def test_blocked_count_of_tokens(self, reach, prefix):
        with pytest.raises(self.error):
            reach(prefix).models.count_tokens(model="stand-in", contents=FORBIDDEN)


class TestVertex(TestGemini):
    @staticmethod
    def connect(url):
        credentials = google.oauth2.credentials.Credentials(token="test")
        options = {"base_url": url}
        return genai.Client(
            vertexai=True, project="project", location="here", credentials=credentials, http_options=options
        )


class TestArray(TestGemini):
    """A stream as one JSON array, which is what comes without `alt=sse`; the SDK never asks for it, but reads its parts."""

    @staticmethod
    def connect(url):
        return url

    @staticmethod
    def disconnect(client):
        pass

    def ask(self, client, text, headers, stream, tools):
        verb = "streamGenerateContent" if stream else "generateContent"
        body = json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]}).encode()
        headers = {"content-type": "application/json", "x-goog-api-key": "test"} | headers
        request = urllib.request.Request(f"{client}/v1beta/models/stand-in:{verb}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error)
            # In a stream the error may be the one item of the array.
            raise errors.ClientError(error.code, problem[0] if isinstance(problem, list) else problem) from None
        assert isinstance(answer, list) == stream
        return self.read(map(types.GenerateContentResponse.model_validate, answer if stream else [answer]))

    # These need the SDK's client.
    test_thoughts = test_count_of_tokens = test_blocked_count_of_tokens = None


class TestClaudeAtVertex(Cases):
    error = anthropic.BadRequestError
    stop = "end_turn"
    called = "tool_use"
    cut = refused = {"refusal"}
    forbidden_events = [FORBIDDEN_MESSAGE]

    @staticmethod
    def connect(url):
        return AnthropicVertex(
            base_url=f"{url}/v1", region="here", project_id="project", access_token="test", max_retries=0, timeout=20
        )

    def ask(self, client, text, headers, stream, tools):
        more = {"tools": [{"name": "refund", "input_schema": PARAMETERS}]} if tools else {}
        arguments = dict(max_tokens=100, messages=[{"role": "user", "content": text}], extra_headers=headers, **more)
        if not stream:
            return self.read(client.messages.create(model="claude", **arguments))
        with client.messages.stream(model="claude", **arguments) as events:
            return self.read(events.get_final_message())

    def read(self, message):
        answer = Answer(finish=message.stop_reason)
        for block in message.content:
            if block.type == "tool_use":
                answer.calls.append((block.name, block.input))
            else:
                answer.text += block.text
        return answer

    def check(self, error):
        assert error.body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("through", ["direct", "proxy"])
def test_embeddings(palisade, standin, through):
    with genai.Client(api_key="test", http_options={"base_url": standin if through == "direct" else palisade}) as client:
        [one, two] = client.models.embed_content(model="stand-in", contents=[HELLO, "b"]).embeddings
        assert len(one.values) == 8 and one.values != two.values


def test_blocked_embeddings(palisade, arrived):
    before = arrived()["calls"]
    with genai.Client(api_key="test", http_options={"base_url": palisade}) as client:
        with pytest.raises(errors.ClientError):
            client.models.embed_content(model="stand-in", contents=["tea", FORBIDDEN])
    assert arrived()["calls"] == before, "the upstream was not called"
