"""The official Anthropic SDK sees what it would see of Anthropic, whatever Palisade does."""

import json

import anthropic
import pytest
from conftest import ABOUT, BEFORE, CUTS, PERSONAL, reply

USER = [{"role": "user", "content": "Hello, Grüße!"}]
FORBIDDEN = [{"role": "user", "content": "Now a forbidden question, please."}]
TOOLS = [{"name": "refund", "input_schema": {"type": "object", "properties": {"note": {"type": "string"}}}}]
BAD = "forbidden answer is 42."


@pytest.fixture(scope="session")
def connect(palisade):
    """Makes a client of the route with this prefix. It never tries twice: the first answer is what is tested."""
    clients = []

    def make(prefix=""):
        client = anthropic.Anthropic(base_url=palisade + prefix, api_key="sk-test", max_retries=0, timeout=20)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


def ask(client, messages=USER, headers=None, **more):
    return client.messages.create(
        model="stand-in", max_tokens=100, messages=messages, extra_headers=headers or {}, **more
    )


def gather(stream):
    """What a stream adds up to, as an application reads it: the blocks, and how it ended."""
    blocks, ended, reason, usage, stopped = [], 0, None, None, False
    for event in stream:
        assert not stopped, "nothing comes after the end"
        if event.type == "content_block_start":
            assert event.index == len(blocks) == ended, "one block after the other"
            blocks.append([event.content_block.type, getattr(event.content_block, "name", ""), ""])
        elif event.type == "content_block_delta":
            delta = event.delta
            fields = ("text", "partial_json", "thinking")
            blocks[event.index][2] += next((getattr(delta, field) for field in fields if hasattr(delta, field)), "")
        elif event.type == "content_block_stop":
            ended += 1
        elif event.type == "message_delta":
            reason, usage = event.delta.stop_reason, event.usage
        elif event.type == "message_stop":
            stopped = True
    assert stopped and ended == len(blocks)
    return [tuple(block) for block in blocks], reason, usage


def helper(client, headers, **more):
    """What the SDK's own helper reports, and the message that it puts together."""
    arguments = dict(model="stand-in", max_tokens=100, messages=USER, extra_headers=headers) | more
    with client.messages.stream(**arguments) as stream:
        seen = list(stream)
        return seen, stream.get_final_message()


def start(kind="message_start"):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    return {"type": kind, "message": message | {"stop_reason": None, "stop_sequence": None, "usage": usage}}


def block(index, first, *deltas):
    begin = {"type": "content_block_start", "index": index, "content_block": first}
    middle = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [begin, *middle, {"type": "content_block_stop", "index": index}]


def end(reason="end_turn"):
    delta = {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}}
    return [delta | {"usage": {"output_tokens": 9}}, {"type": "message_stop"}]


def test_message(client):
    answer = ask(client)
    assert answer.content[0].text == "You said: Hello, Grüße!"
    assert answer.stop_reason == "end_turn"


@pytest.mark.parametrize("cut", CUTS)
def test_streamed_message(client, cut):
    blocks, reason, _ = gather(ask(client, headers=reply(None, **cut), stream=True))
    assert (blocks, reason) == ([("text", "", "You said: Hello, Grüße!")], "end_turn")


def test_count_tokens(client):
    assert client.messages.count_tokens(model="stand-in", messages=USER).input_tokens == 2


@pytest.mark.parametrize("prefix", ["", "/refusal"])
def test_blocked_count_of_tokens(connect, arrived, prefix):
    calls = arrived()["calls"]
    with pytest.raises(anthropic.BadRequestError):
        connect(prefix).messages.count_tokens(model="stand-in", messages=FORBIDDEN)
    assert arrived()["calls"] == calls, "the upstream was not called"


def test_tool_call(client):
    answer = ask(client, headers=reply(None, tool="refund", args='{"note": "Grüße, key-12345678"}'), tools=TOOLS)
    assert (answer.content[0].name, answer.content[0].input) == ("refund", {"note": "Grüße, <key>"})
    assert answer.stop_reason == "tool_use"


@pytest.mark.parametrize("cut", CUTS)
def test_streamed_tool_call(client, cut):
    headers = reply(None, tool="refund", args='{"note": "Grüße, key-12345678"}', **cut)
    blocks, reason, _ = gather(ask(client, headers=headers, stream=True, tools=TOOLS))
    [(kind, name, arguments)] = blocks
    assert (kind, name, json.loads(arguments)) == ("tool_use", "refund", {"note": "Grüße, <key>"})
    assert reason == "tool_use"


@pytest.mark.parametrize("stream", [False, True])
def test_blocked_input(client, arrived, stream):
    calls = arrived()["calls"]
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, FORBIDDEN, stream=stream)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert "clients" in caught.value.body["error"]["message"]
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert arrived()["calls"] == calls, "the upstream was not called"


def test_a_budget_that_is_used_up(connect, arrived):
    # It would try again, but is told that it is in vain.
    client = connect("/budget").with_options(api_key="sk-ant-hour", max_retries=3)
    ask(client)
    calls = arrived()["calls"]
    with pytest.raises(anthropic.RateLimitError) as caught:
        ask(client)
    assert caught.value.body["error"]["type"] == "rate_limit_error"
    assert 3500 < int(caught.value.response.headers["retry-after"]) <= 3900
    assert arrived()["calls"] == calls, "the upstream was not called"
    ask(client.with_options(api_key="sk-ant-other"))


def test_blocked_output(client):
    with pytest.raises(anthropic.BadRequestError):
        ask(client, headers=reply("Here is the forbidden answer."))


def test_stream_blocked_before_its_first_event(connect, scripted):
    begin = start()
    begin["message"]["content"] = [{"type": "text", "text": "forbidden answer"}]
    scripted.events = [begin, *end()]
    for read in (lambda client: ask(client, stream=True), lambda client: helper(client, {})):
        with pytest.raises(anthropic.BadRequestError):
            read(connect("/scripted"))


@pytest.mark.parametrize("messages, headers", [(FORBIDDEN, {}), (USER, reply("The forbidden answer."))])
def test_refusal(connect, messages, headers):
    answer = ask(connect("/refusal"), messages, headers)
    assert answer.content[0].text.startswith("That is not for me")
    assert answer.stop_reason == "refusal"
    assert answer.stop_details.explanation.startswith("That is not for me")


def test_streamed_refusal(connect):
    blocks, reason, _ = gather(ask(connect("/refusal"), FORBIDDEN, stream=True))
    assert blocks[0][2].startswith("That is not for me")
    assert reason == "refusal"


@pytest.mark.parametrize("before", BEFORE)
def test_refusal_midway(connect, before):
    blocks, reason, _ = gather(ask(connect("/refusal"), headers=reply(before + BAD, chunk=3), stream=True))
    assert blocks[0][2] == before
    assert blocks[1][2].startswith("That is not for me")
    assert reason == "refusal"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("cut", CUTS)
def test_stream_cut_midway(client, cut, before):
    blocks, reason, usage = gather(ask(client, headers=reply(before + BAD, **cut), stream=True))
    assert (blocks, reason) == ([("text", "", before)], "refusal")
    assert usage.output_tokens == 0


@pytest.mark.parametrize("cut", CUTS)
def test_stream_cut_inside_a_tool_call(client, cut):
    headers = reply(None, tool="refund", args='{"note": "the forbidden answer"}', **cut)
    blocks, reason, _ = gather(ask(client, headers=headers, stream=True, tools=TOOLS))
    assert (blocks, reason) == ([], "refusal"), "nothing of a call that nobody may run"


def test_thinking(client):
    thought, answer = ask(client, headers=reply("Fine.", think="Let me see.")).content
    assert (thought.type, thought.thinking, answer.text) == ("thinking", "Let me see.", "Fine.")
    assert thought.signature


@pytest.mark.parametrize("cut", CUTS)
def test_streamed_thinking(client, cut):
    blocks, reason, _ = gather(ask(client, headers=reply("Fine.", think="Let me see.", **cut), stream=True))
    assert blocks == [("thinking", "", "Let me see."), ("text", "", "Fine.")]
    assert reason == "end_turn"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("cut", CUTS)
def test_stream_cut_inside_thinking(client, cut, before):
    blocks, reason, _ = gather(ask(client, headers=reply("Fine.", think=before + BAD, **cut), stream=True))
    assert (blocks, reason) == ([("thinking", "", before)], "refusal")


def test_thinking_is_blocked_and_never_rewritten(client):
    with pytest.raises(anthropic.BadRequestError):
        ask(client, headers=reply("Fine.", think="The key-12345678 is theirs."))
    headers = reply("Fine.", think="The key-12345678 is theirs.", chunk=4)
    blocks, reason, _ = gather(ask(client, headers=headers, stream=True))
    assert (blocks, reason) == ([("thinking", "", "The ")], "refusal")


def test_thinking_comes_back_as_it_was(client, arrived):
    thought = {"type": "thinking", "thinking": "Grüße \u2014 \"quoted\"", "signature": "c2ln+/=="}
    call = {"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {"note": "Project Aurora"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
    messages = USER + [{"role": "assistant", "content": [thought, call]}, {"role": "user", "content": [result]}]
    ask(client, messages, tools=TOOLS)
    sent = json.loads(arrived()["body"])["messages"]
    assert sent[1]["content"] == [thought, call | {"input": {"note": "<project>"}}]


def tool_results(text):
    nested = [{"type": "text", "text": "First part."}, {"type": "text", "text": text}]
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}}
    search = {"type": "search_result", "source": "https://a.example", "title": "t"}
    for content in (
        text,
        nested,
        [document],
        [document | {"source": {"type": "content", "content": nested}}],
        [search | {"content": nested}],
    ):
        yield {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, "is_error": True}


@pytest.mark.parametrize("at", range(5))
def test_nested_tool_results(client, arrived, at):
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {}}]}
    result = list(tool_results("Now a forbidden question."))[at]
    with pytest.raises(anthropic.BadRequestError):
        ask(client, USER + [call, {"role": "user", "content": [result]}], tools=TOOLS)
    result = list(tool_results("Tell me of Project Aurora."))[at]
    ask(client, USER + [call, {"role": "user", "content": [result]}], tools=TOOLS)
    sent = json.loads(arrived()["body"])["messages"][2]["content"][0]
    assert sent == list(tool_results("Tell me of <project>."))[at]


@pytest.mark.parametrize("place", ["system", "system blocks", "prefill", "tool", "split"])
def test_places_of_a_request(client, place):
    text = FORBIDDEN[0]["content"]
    more, messages = {}, USER
    if place == "system":
        more["system"] = text
    elif place == "system blocks":
        more["system"] = [{"type": "text", "text": "Now a forbidden"}, {"type": "text", "text": "question."}]
    elif place == "prefill":
        messages = USER + [{"role": "assistant", "content": text}]
    elif place == "tool":
        more["tools"] = [TOOLS[0] | {"description": text}]
    else:
        messages = [{"role": "user", "content": [{"type": "text", "text": part} for part in ("A forbidden", "question")]}]
    with pytest.raises(anthropic.BadRequestError):
        ask(client, messages, **more)


def test_helper_reads_whole_streams(client):
    headers = reply(None, tool="refund", args='{"note": "fine"}', think="Let me see.", chunk=2)
    _, message = helper(client, headers, tools=TOOLS)
    assert [part.type for part in message.content] == ["thinking", "tool_use"]
    assert (message.content[0].thinking, message.content[1].input) == ("Let me see.", {"note": "fine"})


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("inside", ["text", "thinking", "tool"])
def test_helper_ends_at_a_cut(client, inside, before):
    headers = {
        "text": reply(before + BAD, chunk=2),
        "thinking": reply("Fine.", think=before + BAD, chunk=2),
        "tool": reply(None, tool="refund", args=json.dumps({"note": before + BAD}), chunk=2),
    }[inside]
    seen, message = helper(client, headers, tools=TOOLS)
    assert message.stop_reason == "refusal"
    assert "forbidden" not in "".join(repr(event) for event in seen)
    assert all(part.type != "tool_use" for part in message.content)


def test_helper_reads_refusals(connect):
    _, message = helper(connect("/refusal"), {}, messages=FORBIDDEN)
    assert message.stop_reason == "refusal"
    assert message.content[0].text.startswith("That is not for me")


def test_rewritten_input(client, arrived):
    messages = [{"role": "user", "content": [{"type": "text", "text": 'Tell me of "Project Aurora" — now'}]}]
    answer = ask(client, messages)
    sent = json.loads(arrived()["body"])
    assert sent["messages"][0]["content"][0]["text"] == 'Tell me of "<project>" — now'
    assert answer.content[0].text == 'You said: Tell me of "<project>" — now'


def test_rewritten_output(client):
    assert ask(client, headers=reply('The "key-12345678" is yours.')).content[0].text == 'The "<key>" is yours.'


@pytest.mark.parametrize("cut", CUTS)
def test_rewritten_stream(client, cut):
    blocks, reason, _ = gather(ask(client, headers=reply('The "key-12345678" is yours.', **cut), stream=True))
    assert (blocks, reason) == ([("text", "", 'The "<key>" is yours.')], "end_turn")


def test_restored(client, sent, called):
    assert ask(client, ABOUT).content[0].text == f"You said: {PERSONAL}"
    assert ask(client, ABOUT, called(), tools=TOOLS).content[0].input == {"note": PERSONAL, "n": 1}
    sent()


@pytest.mark.parametrize("cut", CUTS)
def test_restored_stream(client, sent, called, cut):
    blocks, reason, _ = gather(ask(client, ABOUT, reply(None, **cut), stream=True))
    assert (blocks, reason) == ([("text", "", f"You said: {PERSONAL}")], "end_turn")
    [(_, _, arguments)], reason, _ = gather(ask(client, ABOUT, called(**cut), stream=True, tools=TOOLS))
    assert (json.loads(arguments), reason) == ({"note": PERSONAL, "n": 1}, "tool_use")
    sent()


@pytest.mark.parametrize("cut", CUTS)
def test_restored_for_the_helper(client, sent, called, cut):
    seen, message = helper(client, reply(None, **cut), messages=ABOUT)
    assert message.content[0].text == f"You said: {PERSONAL}"
    assert "".join(event.text for event in seen if event.type == "text") == f"You said: {PERSONAL}"
    _, message = helper(client, called(**cut), messages=ABOUT, tools=TOOLS)
    assert message.content[0].input == {"note": PERSONAL, "n": 1}
    sent()


@pytest.mark.parametrize("cut", CUTS)
def test_restored_before_a_cut(client, sent, cut):
    ask(client, ABOUT)
    headers = reply(sent()[0]["content"] + " Now the forbidden answer.", **cut)
    blocks, reason, _ = gather(ask(client, ABOUT, headers, stream=True))
    assert (blocks, reason) == ([("text", "", f"{PERSONAL} Now the ")], "refusal")


def test_nothing_is_restored_in_thinking(client, sent):
    """It is signed."""
    ask(client, ABOUT)
    thought = sent()[0]["content"]
    blocks, _, _ = gather(ask(client, ABOUT, reply("Fine.", think=thought, chunk=3), stream=True))
    assert blocks == [("thinking", "", thought), ("text", "", "Fine.")]


def test_restored_text_goes_back_as_history(client, sent):
    text = {"type": "text", "text": PERSONAL}
    call = {"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {"note": PERSONAL}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": PERSONAL}
    ask(client, ABOUT + [{"role": "assistant", "content": [text, call]}, {"role": "user", "content": [result]}])
    user, assistant, results = sent()
    said = user["content"]
    assert assistant["content"] == [text | {"text": said}, call | {"input": {"note": said}}]
    assert results["content"] == [result | {"content": said}]


def test_blocks_of_a_stream_are_apart(connect, scripted):
    """A call after text, whose input comes whole; a citation; and a result of the provider's own tool."""
    citation = {"type": "web_search_result_location", "cited_text": "a key-12345678", "url": "https://a.example"}
    citation |= {"title": "t", "encrypted_index": "abc="}
    text = {"type": "text", "text": "", "citations": []}
    found = {"type": "web_search_result", "title": "See key-12345678", "url": "https://a.example", "encrypted_content": ""}
    scripted.events = [
        start(),
        *block(0, text, {"type": "citations_delta", "citation": citation}, {"type": "text_delta", "text": "Cited. key-12"}),
        *block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "345678 no key"}),
        *block(2, {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [found]}),
        *block(3, {"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {"note": "key-12345678", "n": 1}}),
        *end("tool_use"),
    ]
    _, message = helper(connect("/scripted"), {}, tools=TOOLS)
    assert message.content[0].citations[0].cited_text == "a <key>"
    assert message.content[2].content[0].title == "See <key>"
    assert message.content[3].input == {"note": "<key>", "n": 1}
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize("stream", [False, True])
def test_upstream_drops_midway(client, stream):
    headers = reply("A long answer that never comes to its end.", chunk=1, misbehave="drop")
    with pytest.raises(anthropic.APIError):
        answer = ask(client, headers=headers, stream=stream)
        if stream:
            gather(answer)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["garbage", "truncated-json"])
def test_upstream_answers_garbage(client, stream, how):
    """What nobody can read does not get through; a stream that has begun ends with the provider's error."""
    with pytest.raises(anthropic.APIStatusError) as caught:
        answer = ask(client, headers=reply("A long answer.", chunk=4, misbehave=how), stream=stream)
        gather(answer)
    if isinstance(caught.value, anthropic.BadRequestError):
        assert caught.value.body["error"]["type"] == "invalid_request_error"
    else:
        assert stream and how == "truncated-json"
        assert caught.value.body["error"]["type"] == "api_error"


@pytest.mark.parametrize("stream", [False, True])
def test_upstream_is_down(connect, stream):
    with pytest.raises(anthropic.InternalServerError) as caught:
        ask(connect("/nowhere"), stream=stream)
    assert caught.value.status_code == 502
    assert caught.value.body["error"]["type"] == "api_error"


def test_upstream_errors_pass(client):
    with pytest.raises(anthropic.RateLimitError):
        ask(client, headers=reply(None, status=429))


def test_batches_are_refused(client):
    with pytest.raises(anthropic.InternalServerError) as caught:
        client.messages.batches.list()
    assert caught.value.status_code == 501
