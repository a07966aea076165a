"""The official OpenAI SDK sees what it would see of OpenAI, whatever Palisade does."""

import json

import openai
import pytest
from conftest import ABOUT, BEFORE, CUTS, PERSONAL, reply

USER = [{"role": "user", "content": "Hello, Grüße!"}]
FORBIDDEN = [{"role": "user", "content": "Now a forbidden question, please."}]
REFUND = {"name": "refund", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}
TOOLS = [{"type": "function", "function": REFUND}]


@pytest.fixture(scope="session")
def connect(palisade):
    """Makes a client of the route with this prefix. It never tries twice: the first answer is what is tested."""
    clients = []

    def make(prefix=""):
        client = openai.OpenAI(base_url=f"{palisade}{prefix}/v1", api_key="sk-test", max_retries=0, timeout=20)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


def ask(client, messages=USER, headers=None, **more):
    return client.chat.completions.create(model="stand-in", messages=messages, extra_headers=headers or {}, **more)


def gather(stream):
    """What a stream adds up to, as an application reads it: choice by choice."""
    choices = {}
    usage = None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            seen = choices.setdefault(choice.index, {"text": "", "refusal": "", "finish": None, "calls": {}})
            assert seen["finish"] is None, "nothing comes after the end"
            seen["text"] += choice.delta.content or ""
            seen["refusal"] += choice.delta.refusal or ""
            seen["finish"] = choice.finish_reason
            for call in choice.delta.tool_calls or []:
                whole = seen["calls"].setdefault(call.index, {"name": "", "arguments": ""})
                whole["name"] += call.function.name or ""
                whole["arguments"] += call.function.arguments or ""
    return choices, usage


def head(kind):
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": "scripted"}


def chunk(*choices):
    """One event of a stream; a choice is (index, delta, finish reason)."""
    parts = [{"index": index, "delta": delta, "finish_reason": finish} for index, delta, finish in choices]
    return head("chat.completion.chunk") | {"choices": parts}


def test_chat(client):
    answer = ask(client)
    assert answer.choices[0].message.content == "You said: Hello, Grüße!"
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("cut", CUTS)
def test_streamed_chat(client, cut):
    choices, _ = gather(ask(client, headers=reply(None, **cut), stream=True))
    assert choices == {0: {"text": "You said: Hello, Grüße!", "refusal": "", "finish": "stop", "calls": {}}}


def test_tool_call(client):
    answer = ask(client, headers=reply(None, tool="refund", args='{"note": "Grüße"}'), tools=TOOLS)
    call = answer.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("refund", {"note": "Grüße"})
    assert answer.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("cut", CUTS)
def test_streamed_tool_call(client, cut):
    headers = reply(None, tool="refund", args='{"note": "Grüße, key-12345678"}', **cut)
    choices, _ = gather(ask(client, headers=headers, stream=True, tools=TOOLS))
    call = choices[0]["calls"][0]
    assert (call["name"], json.loads(call["arguments"])) == ("refund", {"note": "Grüße, <key>"})
    assert choices[0]["finish"] == "tool_calls"


@pytest.mark.parametrize("stream", [False, True])
def test_blocked_input(client, arrived, stream):
    calls = arrived()["calls"]
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, FORBIDDEN, stream=stream)
    assert caught.value.code == "content_policy_violation"
    assert caught.value.type == "invalid_request_error"
    assert "clients" in caught.value.message
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert arrived()["calls"] == calls, "the upstream was not called"


def test_a_budget_that_is_used_up(connect, arrived):
    # It would try again, but is told that it is in vain.
    client = connect("/budget").with_options(api_key="sk-hour", max_retries=3)
    ask(client)
    calls = arrived()["calls"]
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    assert (caught.value.code, caught.value.type) == ("insufficient_quota", "insufficient_quota")
    assert 3500 < int(caught.value.response.headers["retry-after"]) <= 3900
    assert arrived()["calls"] == calls, "the upstream was not called"
    ask(client.with_options(api_key="sk-other"))


def test_a_budget_that_is_used_up_for_a_moment(connect):
    client = connect("/budget").with_options(api_key="sk-moment", max_retries=1)
    for _ in range(2):
        client.chat.completions.create(model="hurried", messages=USER)
    with pytest.raises(openai.RateLimitError):
        client.with_options(max_retries=0).chat.completions.create(model="hurried", messages=USER)


def test_blocked_output(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, headers=reply("Here is the forbidden answer."))
    assert caught.value.code == "content_policy_violation"


def test_stream_blocked_before_its_first_event(connect, scripted):
    scripted.events = [chunk((0, {"role": "assistant", "content": "forbidden answer"}, None)), chunk((0, {}, "stop")), "[DONE]"]
    for read in (lambda client: ask(client, stream=True), lambda client: events({}, client)):
        with pytest.raises(openai.BadRequestError) as caught:
            read(connect("/scripted"))
        assert caught.value.code == "content_policy_violation"


@pytest.mark.parametrize("messages, headers", [(FORBIDDEN, {}), (USER, reply("The forbidden answer."))])
def test_refusal(connect, messages, headers):
    answer = ask(connect("/refusal"), messages, headers)
    assert answer.choices[0].message.refusal.startswith("That is not for me")
    assert answer.choices[0].message.content is None
    assert answer.choices[0].finish_reason == "stop"


def test_streamed_refusal(connect):
    choices, _ = gather(ask(connect("/refusal"), FORBIDDEN, stream=True))
    assert choices[0]["refusal"].startswith("That is not for me")
    assert (choices[0]["text"], choices[0]["finish"]) == ("", "stop")


@pytest.mark.parametrize("before", BEFORE)
def test_refusal_midway(connect, before):
    headers = reply(before + "forbidden answer is 42.", chunk=3)
    choices, _ = gather(ask(connect("/refusal"), headers=headers, stream=True))
    assert choices[0]["text"] == before
    assert choices[0]["refusal"].startswith("That is not for me")
    assert choices[0]["finish"] == "stop"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("cut", CUTS)
def test_stream_cut_midway(client, cut, before):
    headers = reply(before + "forbidden answer is 42.", **cut)
    choices, usage = gather(ask(client, headers=headers, stream=True, stream_options={"include_usage": True}))
    assert choices == {0: {"text": before, "refusal": "", "finish": "content_filter", "calls": {}}}
    assert usage.total_tokens == 0


def test_stream_cut_midway_without_usage(client):
    choices, usage = gather(ask(client, headers=reply("Well. The forbidden answer."), stream=True))
    assert (choices[0]["finish"], usage) == ("content_filter", None)


@pytest.mark.parametrize("cut", CUTS)
def test_stream_cut_inside_a_tool_call(client, cut):
    headers = reply(None, tool="refund", args='{"note": "the forbidden answer"}', **cut)
    choices, _ = gather(ask(client, headers=headers, stream=True, tools=TOOLS))
    assert choices[0]["finish"] == "content_filter"
    assert choices[0]["calls"] == {}, "nothing of a call that nobody may run"


def events(headers, client, messages=USER, **more):
    """What the SDK's own helper reports until it ends or raises."""
    seen = []
    with client.chat.completions.stream(model="stand-in", messages=messages, extra_headers=headers, **more) as stream:
        try:
            seen.extend(stream)
        except openai.ContentFilterFinishReasonError as error:
            return seen, error
    return seen, None


def test_helper_reads_whole_streams(client):
    seen, error = events(reply(None, tool="refund", args='{"note": "fine"}', chunk=2), client, tools=TOOLS)
    assert error is None
    done = [event for event in seen if event.type == "tool_calls.function.arguments.done"]
    assert [json.loads(event.arguments) for event in done] == [{"note": "fine"}]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("tool", [None, "refund"])
def test_helper_is_told_of_a_cut(client, tool, strict, before):
    bad = before + "forbidden answer."
    headers = reply(bad, chunk=2) if tool is None else reply(None, tool=tool, args=json.dumps({"note": bad}), chunk=2)
    offered = [{"type": "function", "function": REFUND | {"strict": strict}}]
    seen, error = events(headers, client, tools=offered)
    # The helper raises only where it would have to read the answer: with strict tools.
    assert (error is not None) == strict
    kinds = {event.type for event in seen}
    assert "tool_calls.function.arguments.done" not in kinds
    assert "".join(event.delta for event in seen if event.type == "content.delta") == ("" if tool else before)
    last = [event.chunk.choices[0] for event in seen if event.type == "chunk"][-1]
    assert strict or last.finish_reason == "content_filter"


def test_helper_reads_refusals(connect):
    client = connect("/refusal")
    with client.chat.completions.stream(model="stand-in", messages=FORBIDDEN) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.refusal.startswith("That is not for me")


def test_rewritten_input(client, arrived):
    messages = [{"role": "user", "content": [{"type": "text", "text": 'Tell me of "Project Aurora" — now'}]}]
    answer = ask(client, messages)
    sent = json.loads(arrived()["body"])
    assert sent["messages"][0]["content"][0]["text"] == 'Tell me of "<project>" — now'
    assert answer.choices[0].message.content == 'You said: Tell me of "<project>" — now'


def test_rewritten_output(client):
    answer = ask(client, headers=reply('The "key-12345678" is yours.'))
    assert answer.choices[0].message.content == 'The "<key>" is yours.'


@pytest.mark.parametrize("cut", CUTS)
def test_rewritten_stream(client, cut):
    choices, _ = gather(ask(client, headers=reply('The "key-12345678" is yours.', **cut), stream=True))
    assert (choices[0]["text"], choices[0]["finish"]) == ('The "<key>" is yours.', "stop")


def test_restored(client, sent, called):
    assert ask(client, ABOUT).choices[0].message.content == f"You said: {PERSONAL}"
    answer = ask(client, ABOUT, called(), tools=TOOLS)
    assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments) == {"note": PERSONAL, "n": 1}
    sent()


@pytest.mark.parametrize("cut", CUTS)
def test_restored_stream(client, sent, called, cut):
    choices, _ = gather(ask(client, ABOUT, reply(None, **cut), stream=True))
    assert choices == {0: {"text": f"You said: {PERSONAL}", "refusal": "", "finish": "stop", "calls": {}}}
    choices, _ = gather(ask(client, ABOUT, called(**cut), stream=True, tools=TOOLS))
    assert json.loads(choices[0]["calls"][0]["arguments"]) == {"note": PERSONAL, "n": 1}
    assert choices[0]["finish"] == "tool_calls"
    sent()


@pytest.mark.parametrize("cut", CUTS)
def test_restored_for_the_helper(client, sent, called, cut):
    seen, _ = events(reply(None, **cut), client, ABOUT)
    assert [event.content for event in seen if event.type == "content.done"] == [f"You said: {PERSONAL}"]
    seen, _ = events(called(**cut), client, ABOUT, tools=TOOLS)
    done = [event for event in seen if event.type == "tool_calls.function.arguments.done"]
    assert [json.loads(event.arguments) for event in done] == [{"note": PERSONAL, "n": 1}]
    sent()


@pytest.mark.parametrize("cut", CUTS)
def test_restored_before_a_cut(client, sent, cut):
    ask(client, ABOUT)
    headers = reply(sent()[0]["content"] + " Now the forbidden answer.", **cut)
    choices, _ = gather(ask(client, ABOUT, headers, stream=True))
    assert (choices[0]["text"], choices[0]["finish"]) == (f"{PERSONAL} Now the ", "content_filter")


def test_restored_text_goes_back_as_history(client, sent):
    call = {"id": "call_1", "type": "function", "function": {"name": "refund", "arguments": json.dumps({"note": PERSONAL})}}
    result = {"role": "tool", "tool_call_id": "call_1", "content": PERSONAL}
    ask(client, ABOUT + [{"role": "assistant", "content": PERSONAL, "tool_calls": [call]}, result])
    user, assistant, tool = sent()
    assert assistant["content"] == tool["content"] == user["content"]
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"note": user["content"]}


TWO = ["All is well.", "All was well until the forbidden answer."]


def test_one_choice_of_two_is_blocked(connect, scripted):
    scripted.events = None
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in enumerate(TWO)
    ]
    scripted.body = head("chat.completion") | {"choices": choices}
    fine, blocked = ask(connect("/scripted"), n=2).choices
    assert (fine.message.content, fine.finish_reason) == (TWO[0], "stop")
    assert (blocked.message.content, blocked.finish_reason) == (None, "content_filter")


@pytest.mark.parametrize("blocked", [0, 1])
def test_one_streamed_choice_of_two_is_blocked(connect, scripted, blocked):
    texts = TWO if blocked == 1 else TWO[::-1]
    deltas = [(index, {"role": "assistant", "content": ""}, None) for index in range(2)]
    for at in range(0, max(map(len, texts)), 5):
        deltas += [(index, {"content": text[at : at + 5]}, None) for index, text in enumerate(texts) if text[at : at + 5]]
    deltas += [(index, {}, "stop") for index in range(2)]
    scripted.events = [chunk(delta) for delta in deltas] + ["[DONE]"]
    choices, _ = gather(ask(connect("/scripted"), n=2, stream=True))
    assert (choices[1 - blocked]["text"], choices[1 - blocked]["finish"]) == (TWO[0], "stop")
    assert (choices[blocked]["text"], choices[blocked]["finish"]) == ("All was well until the ", "content_filter")


def test_tool_call_in_the_event_of_another_choice(connect, scripted):
    """Both choices share every event; the call of one of them is blocked."""
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "refund", "arguments": '{"a":'}}
    rest = {"index": 0, "function": {"arguments": ' "forbidden answer"}'}}
    first = {"role": "assistant", "tool_calls": [call]}
    scripted.events = [
        chunk((0, {"role": "assistant", "content": "Fine "}, None), (1, first, None)),
        chunk((0, {"content": "it is."}, "stop"), (1, {"tool_calls": [rest]}, "tool_calls")),
        "[DONE]",
    ]
    choices, _ = gather(ask(connect("/scripted"), n=2, stream=True, tools=TOOLS))
    assert (choices[0]["text"], choices[0]["finish"]) == ("Fine it is.", "stop")
    assert (choices[1]["calls"], choices[1]["finish"]) == ({}, "content_filter")


@pytest.mark.parametrize("stream", [False, True])
def test_upstream_drops_midway(client, stream):
    headers = reply("A long answer that never comes to its end.", chunk=1, misbehave="drop")
    with pytest.raises(openai.APIError):
        answer = ask(client, headers=headers, stream=stream)
        if stream:
            gather(answer)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["garbage", "truncated-json"])
def test_upstream_answers_garbage(client, stream, how):
    """What nobody can read does not get through; a stream that has begun ends with the provider's error."""
    with pytest.raises(openai.APIError) as caught:
        answer = ask(client, headers=reply("A long answer.", chunk=4, misbehave=how), stream=stream)
        gather(answer)
    if isinstance(caught.value, openai.BadRequestError):
        assert caught.value.code == "content_policy_violation"
    else:
        assert stream and how == "truncated-json"
        assert caught.value.body["type"] == "server_error"


@pytest.mark.parametrize("stream", [False, True])
def test_upstream_is_down(connect, stream):
    with pytest.raises(openai.InternalServerError) as caught:
        ask(connect("/nowhere"), stream=stream)
    assert caught.value.status_code == 502


def test_upstream_errors_pass(client):
    with pytest.raises(openai.RateLimitError):
        ask(client, headers=reply(None, status=429))


def test_whatever_is_no_chat_passes(client):
    assert [model.id for model in client.models.list()] == ["stand-in"]
