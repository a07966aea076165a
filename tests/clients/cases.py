"""What an SDK should see, whatever Palisade does: the cases, told once. Each test file says how its SDK asks and what its
API calls things."""

import json
from dataclasses import dataclass, field

import pytest
from conftest import BEFORE, CUTS, PERSON, PERSONAL, reply

HELLO = "Hello, Grüße!"
FORBIDDEN = "Now a forbidden question, please."
BAD = "forbidden answer is 42."
NO = "That is not for me"


def chunk(delta, finish=None):
    fixed = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "scripted"}
    return fixed | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


# Streams of which the first event holds what is blocked: OpenAI's chat, and Anthropic's messages.
FORBIDDEN_CHAT = [chunk({"role": "assistant", "content": "forbidden answer"}), chunk({}, "stop"), "[DONE]"]
FORBIDDEN_MESSAGE = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "scripted",
        "content": [{"type": "text", "text": "forbidden answer"}],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
}


@dataclass
class Answer:
    """What an application reads from an answer, streamed or not."""

    text: str = ""
    # What is said in place of an answer, where the API has a place for it.
    refusal: str = ""
    finish: str | None = None
    # Name and arguments of each call that an application would run.
    calls: list = field(default_factory=list)


class Cases:
    """One API through one SDK. The client never tries twice: the first answer is what is tested."""

    # What the SDK raises when a request is blocked.
    error = None
    # How the API says that an answer ended well, with a call, cut off, and refused.
    stop = "stop"
    called = "tool_calls"
    cut = {"content_filter"}
    refused = {"stop"}
    # Whether a stream begins with an event that holds nothing of the answer.
    has_head = True
    has_tools = True
    # Whether a refusal comes with a text.
    tells = True
    # A stream of which the first event holds what is blocked, where that is a stream's only first event.
    forbidden_events = None
    # More that the stand-in is told; `begin`: in calls, so that the stream has begun when they come.
    directives = {}
    begin = {}

    @staticmethod
    def connect(url):
        raise NotImplementedError

    @staticmethod
    def disconnect(client):
        client.close()

    def ask(self, client, text, headers, stream, tools):
        """Sends one message of the user and reads all of the answer."""
        raise NotImplementedError

    def said(self, body):
        """What the user says in the body of a request."""
        return body["messages"][-1]["content"]

    def check(self, error):
        """Looks closer at what was raised."""

    def send(self, client, text=HELLO, headers=None, stream=False, tools=False):
        return self.ask(client, text, {**(headers or {}), **reply(None, **self.directives)}, stream, tools)

    def call(self, client, arguments, stream, text=HELLO, **cut):
        headers = reply(None, tool="refund", args=json.dumps(arguments), **(cut | (self.begin if stream else {})))
        return self.send(client, text, headers, stream, tools=True)

    def needs_tools(self):
        if not self.has_tools:
            pytest.skip("the API has no calls")

    def sent(self, arrived):
        """What the user says in what arrived upstream, where nothing personal stands."""
        body = json.loads(arrived()["body"])
        # Also inside a string of JSON, which a call's arguments are.
        plain = json.dumps(body, ensure_ascii=False).replace("\\", "")
        assert not [value for value in PERSON if value in plain]
        return self.said(body)

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("through", ["direct", "proxy"])
    def test_allowed(self, reach, through, stream):
        client = reach(direct=through == "direct")
        assert self.send(client, stream=stream) == Answer(f"You said: {HELLO}", finish=self.stop)

    @pytest.mark.parametrize("cut", CUTS)
    @pytest.mark.parametrize("through", ["direct", "proxy"])
    def test_allowed_however_cut(self, reach, through, cut):
        answer = self.send(reach(direct=through == "direct"), headers=reply(None, **cut), stream=True)
        assert answer == Answer(f"You said: {HELLO}", finish=self.stop)

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("through", ["direct", "proxy"])
    def test_call(self, reach, through, stream):
        self.needs_tools()
        answer = self.call(reach(direct=through == "direct"), {"note": "Grüße"}, stream, chunk=2)
        assert (answer.calls, answer.finish) == ([("refund", {"note": "Grüße"})], self.called)

    @pytest.mark.parametrize("stream", [False, True])
    def test_rewritten_input(self, reach, arrived, stream):
        answer = self.send(reach(), 'Tell me of "Project Aurora" — now', stream=stream)
        assert self.said(json.loads(arrived()["body"])) == 'Tell me of "<project>" — now'
        assert answer.text == 'You said: Tell me of "<project>" — now'

    def test_rewritten_output(self, reach):
        answer = self.send(reach(), headers=reply('The "key-12345678" is yours.'))
        assert answer == Answer('The "<key>" is yours.', finish=self.stop)

    @pytest.mark.parametrize("cut", CUTS)
    def test_rewritten_stream(self, reach, cut):
        answer = self.send(reach(), headers=reply('The "key-12345678" is yours.', **cut), stream=True)
        assert answer == Answer('The "<key>" is yours.', finish=self.stop)

    @pytest.mark.parametrize("stream", [False, True])
    def test_rewritten_call(self, reach, stream):
        self.needs_tools()
        answer = self.call(reach(), {"note": "Grüße, key-12345678"}, stream, chunk=2)
        assert (answer.calls, answer.finish) == ([("refund", {"note": "Grüße, <key>"})], self.called)

    def test_restored(self, reach, arrived):
        answer = self.send(reach(), PERSONAL)
        assert answer == Answer(f"You said: {PERSONAL}", finish=self.stop)
        self.sent(arrived)

    @pytest.mark.parametrize("cut", CUTS)
    def test_restored_stream(self, reach, arrived, cut):
        answer = self.send(reach(), PERSONAL, reply(None, **cut), stream=True)
        assert answer == Answer(f"You said: {PERSONAL}", finish=self.stop)
        self.sent(arrived)

    @pytest.mark.parametrize("stream", [False, True])
    def test_restored_call(self, reach, arrived, stream):
        self.needs_tools()
        self.send(reach(), PERSONAL)
        answer = self.call(reach(), {"note": self.sent(arrived), "n": 1}, stream, PERSONAL, chunk=3)
        assert answer.calls == [("refund", {"note": PERSONAL, "n": 1})]
        self.sent(arrived)

    @pytest.mark.parametrize("stream", [False, True])
    def test_blocked_input(self, reach, arrived, stream):
        before = arrived()["calls"]
        with pytest.raises(self.error) as caught:
            self.send(reach(), FORBIDDEN, stream=stream)
        self.check(caught.value)
        assert "clients" in str(caught.value)
        assert arrived()["calls"] == before, "the upstream was not called"

    @pytest.mark.parametrize("stream", [False, True])
    def test_refused_input(self, reach, arrived, stream):
        before = arrived()["calls"]
        self.check_refusal(self.send(reach("/refusal"), FORBIDDEN, stream=stream))
        assert arrived()["calls"] == before, "the upstream was not called"

    def test_blocked_output(self, reach):
        with pytest.raises(self.error) as caught:
            self.send(reach(), headers=reply("Here is the forbidden answer."))
        self.check(caught.value)

    def test_blocked_call(self, reach):
        self.needs_tools()
        with pytest.raises(self.error):
            self.call(reach(), {"note": "the forbidden answer"}, stream=False)

    def test_refused_output(self, reach):
        self.check_refusal(self.send(reach("/refusal"), headers=reply("Here is the forbidden answer.")))

    def check_refusal(self, answer):
        said = answer.refusal or answer.text
        assert said.startswith(NO) if self.tells else NO in said or not said
        assert answer.finish in self.refused
        assert answer.calls == []

    def test_stream_blocked_before_its_first_event(self, reach, scripted):
        if self.forbidden_events is None:
            pytest.skip("the answer begins with the first event: the cuts below begin there")
        scripted.events = self.forbidden_events
        with pytest.raises(self.error):
            self.send(reach("/scripted"), stream=True)


    @pytest.mark.parametrize("before", BEFORE)
    @pytest.mark.parametrize("cut", CUTS)
    def test_stream_cut_midway(self, reach, cut, before):
        headers = reply(before + BAD, **cut)
        if not self.has_head and not before:
            with pytest.raises(self.error):
                self.send(reach(), headers=headers, stream=True)
            return
        try:
            answer = self.send(reach(), headers=headers, stream=True)
        except self.error:
            # All of it stood in the first event.
            assert not self.has_head and cut.get("chunk") == 1000
            return
        assert (answer.text, answer.calls) == (before, [])
        assert answer.finish in self.cut

    @pytest.mark.parametrize("cut", CUTS)
    def test_stream_cut_inside_a_call(self, reach, cut):
        self.needs_tools()
        answer = self.call(reach(), {"note": "the forbidden answer"}, True, **cut)
        assert answer.calls == [], "nothing of a call that nobody may run"
        assert answer.finish in self.cut

    def test_stream_refused_midway(self, reach):
        before = BEFORE[0]
        answer = self.send(reach("/refusal"), headers=reply(before + BAD, chunk=3), stream=True)
        assert answer.text.startswith(before)
        assert "forbidden" not in answer.text and "is 42" not in answer.text
        assert answer.finish in self.refused | self.cut
