"""The official Mistral SDK sees what it would see of Mistral, whatever Palisade does."""

import json

from cases import FORBIDDEN_CHAT, Answer, Cases
from mistralai.client import Mistral
from mistralai.client.errors import SDKError

REFUND = {"name": "refund", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}


class TestChat(Cases):
    error = SDKError
    cut = {"content_filter", "error"}
    # The SDK has no place for OpenAI's refusals.
    tells = False
    directives = {"dialect": "mistral"}
    forbidden_events = FORBIDDEN_CHAT

    @staticmethod
    def connect(url):
        return Mistral(api_key="test", server_url=url, timeout_ms=20_000)

    @staticmethod
    def disconnect(client):
        client.sdk_configuration.client.close()

    def ask(self, client, text, headers, stream, tools):
        messages = [{"role": "user", "content": text}]
        more = {"tools": [{"type": "function", "function": REFUND}]} if tools else {}
        arguments = dict(model="stand-in", messages=messages, http_headers=headers, **more)
        if not stream:
            choice = client.chat.complete(**arguments).choices[0]
            return self.read([(choice.message, choice.finish_reason)])
        with client.chat.stream(**arguments) as events:
            choices = [event.data.choices[0] for event in events if event.data.choices]
        return self.read([(choice.delta, choice.finish_reason) for choice in choices])

    def read(self, pieces):
        answer = Answer()
        for message, finish in pieces:
            assert answer.finish is None, "nothing comes after the end"
            answer.text += message.content or ""
            for call in message.tool_calls or []:
                answer.calls.append((call.function.name, json.loads(call.function.arguments)))
            answer.finish = finish
        return answer

    def check(self, error):
        assert error.status_code == 400


class TestMiddle(TestChat):
    has_tools = False

    def ask(self, client, text, headers, stream, tools):
        arguments = dict(model="stand-in", prompt=text, suffix="return", http_headers=headers)
        if not stream:
            choice = client.fim.complete(**arguments).choices[0]
            return self.read([(choice.message, choice.finish_reason)])
        with client.fim.stream(**arguments) as events:
            choices = [event.data.choices[0] for event in events if event.data.choices]
        return self.read([(choice.delta, choice.finish_reason) for choice in choices])

    def said(self, body):
        return body["prompt"]
