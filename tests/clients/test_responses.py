"""The official OpenAI SDK sees what it would see of OpenAI where it is not asked for chat: Responses, legacy completions,
embeddings, moderations; and Azure's paths."""

import base64
import json
import struct

import openai
import pytest
from cases import BAD, FORBIDDEN, FORBIDDEN_CHAT, HELLO, Answer, Cases
from conftest import reply

PARAMETERS = {"type": "object", "properties": {"note": {"type": "string"}}}
TOOLS = [{"type": "function", "name": "refund", "parameters": PARAMETERS, "strict": False}]


def response(status, output):
    fixed = {"id": "resp_1", "object": "response", "created_at": 1700000000, "model": "scripted", "tools": []}
    return fixed | {"status": status, "output": output, "parallel_tool_calls": True, "tool_choice": "auto"}


PART = {"type": "output_text", "text": "The forbidden answer.", "annotations": []}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}
FORBIDDEN_RESPONSE = [
    {"type": "response.created", "sequence_number": 0, "response": response("in_progress", [MESSAGE])},
    {"type": "response.completed", "sequence_number": 1, "response": response("completed", [MESSAGE])},
]


class OpenAi(Cases):
    error = openai.BadRequestError

    @staticmethod
    def connect(url):
        return openai.OpenAI(base_url=f"{url}/v1", api_key="sk-test", max_retries=0, timeout=20)

    def check(self, error):
        assert error.code == "content_policy_violation"
        assert error.type == "invalid_request_error"
        assert error.response.headers["x-should-retry"] == "false"


class TestResponses(OpenAi):
    called = stop = "completed"
    # A refusal is a part of a completed answer, or the answer is as incomplete as a filter leaves it.
    refused = {"completed", "content_filter"}
    tells = False
    forbidden_events = FORBIDDEN_RESPONSE

    def ask(self, client, text, headers, stream, tools):
        more = {"tools": TOOLS} if tools else {}
        arguments = dict(model="stand-in", input=text, extra_headers=headers, **more)
        if not stream:
            return read(client.responses.create(**arguments))
        return gather(client.responses.create(**arguments, stream=True))

    def said(self, body):
        return body["input"]


class TestHelper(TestResponses):
    """The SDK's own reader of streams. At a cut it has no whole response to give, as with the provider's own filter."""

    def ask(self, client, text, headers, stream, tools):
        more = {"tools": TOOLS} if tools else {}
        with client.responses.stream(model="stand-in", input=text, extra_headers=headers, **more) as events:
            seen = list(events)
            answer = gather(seen)
            if seen[-1].type == "response.completed":
                assert read(events.get_final_response()) == answer
            return answer

    def test_blocked_output(self, reach):
        """The first token of a stream comes behind events that say nothing: this is a cut."""
        answer = self.send(reach(), headers=reply("Here is the forbidden answer."))
        assert answer.finish in self.cut

    def test_blocked_call(self, reach):
        answer = self.call(reach(), {"note": "the forbidden answer"}, stream=False)
        assert (answer.calls, answer.finish) == ([], "content_filter")


class TestAzureResponses(TestResponses):
    @staticmethod
    def connect(url):
        return openai.OpenAI(base_url=f"{url}/openai/v1", api_key="sk-test", max_retries=0, timeout=20)

    def check(self, error):
        assert error.code in ("content_filter", "content_policy_violation")


class TestAzureChat(OpenAi):
    """Deployments of Azure; the path names the model."""

    forbidden_events = FORBIDDEN_CHAT

    @staticmethod
    def connect(url):
        return openai.AzureOpenAI(
            azure_endpoint=url, api_key="test", api_version="2024-10-21", max_retries=0, timeout=20
        )

    def ask(self, client, text, headers, stream, tools):
        function = {"name": "refund", "parameters": PARAMETERS}
        more = {"tools": [{"type": "function", "function": function}]} if tools else {}
        messages = [{"role": "user", "content": text}]
        arguments = dict(model="deployed", messages=messages, extra_headers=headers, **more)
        if not stream:
            [choice] = client.chat.completions.create(**arguments).choices
            message = choice.message
            calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
            return Answer(message.content or "", message.refusal or "", choice.finish_reason, calls)
        answer, name, arguments_ = Answer(), "", ""
        for chunk in client.chat.completions.create(**arguments, stream=True):
            for choice in chunk.choices:
                answer.text += choice.delta.content or ""
                answer.refusal += choice.delta.refusal or ""
                answer.finish = choice.finish_reason
                for call in choice.delta.tool_calls or []:
                    name += call.function.name or ""
                    arguments_ += call.function.arguments or ""
        if answer.finish == "tool_calls":
            answer.calls.append((name, json.loads(arguments_)))
        return answer

    def check(self, error):
        assert error.code in ("content_filter", "content_policy_violation")


class TestCompletions(OpenAi):
    has_head = has_tools = False
    refused = {"content_filter"}
    tells = False

    def ask(self, client, text, headers, stream, tools):
        arguments = dict(model="stand-in", prompt=text, extra_headers=headers)
        if not stream:
            [choice] = client.completions.create(**arguments).choices
            return Answer(choice.text, finish=choice.finish_reason)
        answer = Answer()
        for chunk in client.completions.create(**arguments, stream=True):
            for choice in chunk.choices:
                assert answer.finish is None, "nothing comes after the end"
                answer.text += choice.text
                answer.finish = choice.finish_reason
        return answer

    def said(self, body):
        return body["prompt"]


def read(whole):
    """What an application reads from a whole response."""
    answer = Answer(finish=whole.incomplete_details.reason if whole.incomplete_details else whole.status)
    for item in whole.output:
        if item.type == "function_call":
            answer.calls.append((item.name, json.loads(item.arguments)))
        for part in item.content if item.type == "message" else []:
            answer.text += part.text if part.type == "output_text" else ""
            answer.refusal += part.refusal if part.type == "refusal" else ""
    return answer


def gather(stream):
    """What the events add up to, which is what the events that sum up say."""
    answer, number, deltas, opened, calls = Answer(), -1, {}, set(), set()
    for event in stream:
        assert event.sequence_number > number, "the numbers rise"
        assert answer.finish is None, "nothing comes after the end"
        number = event.sequence_number
        if event.type == "response.output_text.delta":
            answer.text += event.delta
        elif event.type == "response.refusal.delta":
            answer.refusal += event.delta
        elif event.type == "response.function_call_arguments.delta":
            deltas[event.item_id] = deltas.get(event.item_id, "") + event.delta
        elif event.type == "response.function_call_arguments.done":
            assert deltas[event.item_id] == event.arguments
        elif event.type == "response.output_text.done":
            assert answer.text == event.text
        elif event.type == "response.output_item.added":
            opened.add(event.item.id)
            calls |= {event.item.id} if event.item.type == "function_call" else set()
        elif event.type == "response.output_item.done":
            opened.remove(event.item.id)
            if event.item.type == "function_call":
                answer.calls.append((event.item.name, json.loads(event.item.arguments)))
        elif event.type in ("response.completed", "response.incomplete"):
            whole = read(event.response)
            assert (whole.text, whole.refusal, whole.calls) == (answer.text, answer.refusal, answer.calls)
            answer.finish = whole.finish
    assert answer.finish is not None, "the stream says how it ends"
    assert answer.finish != "completed" or not opened
    assert not calls & opened, "LangChain runs what has come of a call that never ends"
    return answer


@pytest.fixture(params=["direct", "proxy"])
def client(request, palisade, standin):
    made = OpenAi.connect(standin if request.param == "direct" else palisade)
    yield made
    made.close()


@pytest.fixture
def proxied(palisade):
    made = OpenAi.connect(palisade)
    yield made
    made.close()


@pytest.fixture
def stored(palisade):
    """By a route that lets answers be fetched later."""
    made = OpenAi.connect(f"{palisade}/stored")
    yield made
    made.close()


@pytest.mark.parametrize("through", ["direct", "proxy"])
def test_stored_response(standin, stored, through):
    """What was made in the background is fetched later, whole or from where a stream was left."""
    client = OpenAi.connect(standin) if through == "direct" else stored
    made = client.responses.create(model="stand-in", input=HELLO, background=True)
    assert (made.status, made.output) == ("queued", [])
    assert client.responses.retrieve(made.id).output_text == f"You said: {HELLO}"
    rest = list(client.responses.retrieve(made.id, stream=True, starting_after=4))
    assert [event.sequence_number for event in rest][:2] == [5, 6]
    [item] = client.responses.input_items.list(made.id)
    assert item.content[0].text == HELLO
    assert client.responses.cancel(made.id).status == "cancelled"
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_blocked_stored_response(stored):
    headers = reply("The " + BAD)
    made = stored.responses.create(model="stand-in", input=HELLO, background=True, extra_headers=headers)
    with pytest.raises(openai.BadRequestError):
        stored.responses.retrieve(made.id)


def test_nothing_is_made_in_the_background_unless_the_policy_lets_it(proxied, arrived):
    before = arrived()["calls"]
    with pytest.raises(openai.BadRequestError) as caught:
        proxied.responses.create(model="stand-in", input=HELLO, background=True)
    assert "server_state" in str(caught.value)
    assert arrived()["calls"] == before, "the upstream was not called"


def test_reasoning(client):
    headers = reply("Fine.", think="Let me see.", chunk=2)
    whole = client.responses.create(model="stand-in", input=HELLO, extra_headers=headers)
    assert (whole.output[0].summary[0].text, whole.output_text) == ("Let me see.", "Fine.")
    with client.responses.stream(model="stand-in", input=HELLO, extra_headers=headers) as stream:
        deltas = [event.delta for event in stream if event.type == "response.reasoning_summary_text.delta"]
        assert "".join(deltas) == "Let me see."
        assert stream.get_final_response().output[0].summary[0].text == "Let me see."


def test_stream_cut_inside_reasoning(proxied):
    headers = reply("Fine.", think="Let me see. The " + BAD, chunk=2)
    stream = proxied.responses.create(model="stand-in", input=HELLO, extra_headers=headers, stream=True)
    events = list(stream)
    deltas = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert "".join(deltas) == "Let me see. The "
    assert events[-1].response.incomplete_details.reason == "content_filter"


@pytest.mark.parametrize("how", ["float", "base64"])
def test_embeddings(client, how):
    [one, two] = client.embeddings.create(model="stand-in", input=[HELLO, "b"], encoding_format=how).data
    numbers = one.embedding
    if isinstance(numbers, str):
        numbers = struct.unpack("<8f", base64.b64decode(numbers))
    assert len(numbers) == 8 and one.embedding != two.embedding


def test_moderations(client):
    [tea, fight] = client.moderations.create(input=["tea", "violence"]).results
    assert (tea.flagged, fight.flagged, fight.categories.violence) == (False, True, True)


@pytest.mark.parametrize("api", ["embeddings", "moderations"])
def test_blocked_input_of_what_answers_no_text(proxied, arrived, api):
    before = arrived()["calls"]
    with pytest.raises(openai.BadRequestError):
        if api == "embeddings":
            proxied.embeddings.create(model="stand-in", input=["tea", FORBIDDEN])
        else:
            proxied.moderations.create(input=FORBIDDEN)
    assert arrived()["calls"] == before, "the upstream was not called"


@pytest.mark.parametrize("api", ["embeddings", "moderations"])
def test_rewritten_input_of_what_answers_no_text(proxied, arrived, api):
    if api == "embeddings":
        proxied.embeddings.create(model="stand-in", input=["tea", "On Project Aurora"])
        assert json.loads(arrived()["body"])["input"] == ["tea", "On <project>"]
    else:
        proxied.moderations.create(input="On Project Aurora")
        assert json.loads(arrived()["body"])["input"] == "On <project>"
