"""LangChain sees what it would see of OpenAI: through chat completions and through Responses."""

import json

import openai
import pytest
from cases import FORBIDDEN_CHAT, HELLO, Answer, Cases
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from test_responses import FORBIDDEN_RESPONSE

REFUND = {"name": "refund", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}


class TestChat(Cases):
    error = openai.BadRequestError
    # Of a streamed refusal LangChain keeps nothing.
    tells = False
    forbidden_events = FORBIDDEN_CHAT

    @staticmethod
    def connect(url):
        return ChatOpenAI(base_url=f"{url}/v1", api_key="sk-test", model="stand-in", max_retries=0, timeout=20)

    @staticmethod
    def disconnect(client):
        # LangChain keeps one HTTP client for all models of an address, to the end.
        pass

    def ask(self, client, text, headers, stream, tools):
        model = client.bind_tools([{"type": "function", "function": REFUND}]) if tools else client
        if stream:
            message = None
            for chunk in model.stream(text, extra_headers=headers):
                message = chunk if message is None else message + chunk
        else:
            message = model.invoke(text, extra_headers=headers)
        calls = [(call["name"], call["args"]) for call in message.tool_calls]
        return Answer(message.text, self.refusal(message), self.finish(message), calls)

    def refusal(self, message):
        return message.additional_kwargs.get("refusal") or ""

    def finish(self, message):
        return message.response_metadata["finish_reason"]

    def check(self, error):
        assert error.code == "content_policy_violation"


class TestResponses(TestChat):
    called = stop = "completed"
    refused = {"completed", "content_filter"}
    forbidden_events = FORBIDDEN_RESPONSE

    @staticmethod
    def connect(url):
        arguments = dict(base_url=f"{url}/v1", api_key="sk-test", model="stand-in", max_retries=0, timeout=20)
        return ChatOpenAI(**arguments, use_responses_api=True)

    def said(self, body):
        return body["input"][-1]["content"]

    def finish(self, message):
        metadata = message.response_metadata
        return (metadata.get("incomplete_details") or {}).get("reason") or metadata["status"]


@pytest.mark.parametrize("through", ["direct", "proxy"])
def test_embeddings(palisade, standin, through):
    url = standin if through == "direct" else palisade
    model = OpenAIEmbeddings(
        base_url=f"{url}/v1", api_key="sk-test", model="stand-in", max_retries=0, check_embedding_ctx_length=False
    )
    assert len(model.embed_query(HELLO)) == 8
