// The official OpenAI SDK for Node sees what it would see of OpenAI, whatever Palisade does.

import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";
import { ABOUT, BAD, BEFORE, CUTS, FORBIDDEN, PERSONAL, USER, reply, rig } from "./rig.mjs";

const { url, scripted, arrived, sent, called } = await rig();
const connect = (prefix = "") =>
  new OpenAI({ baseURL: `${url}${prefix}/v1`, apiKey: "sk-test", maxRetries: 0, timeout: 20_000 });
const client = connect();
const REFUND = { name: "refund", parameters: { type: "object", properties: { note: { type: "string" } } } };
const TOOLS = [{ type: "function", function: REFUND }];
const TWO = ["All is well.", "All was well until the forbidden answer."];

const ask = (who, messages, headers = {}, more = {}) =>
  who.chat.completions.create({ model: "stand-in", messages, ...more }, { headers });

// What a stream adds up to, as an application reads it: choice by choice.
async function gather(stream) {
  const choices = {};
  let usage = null;
  for await (const chunk of await stream) {
    usage = chunk.usage ?? usage;
    for (const { index, delta, finish_reason } of chunk.choices) {
      const seen = (choices[index] ??= { text: "", refusal: "", finish: null, calls: {} });
      assert.equal(seen.finish, null, "nothing comes after the end");
      seen.text += delta.content ?? "";
      seen.refusal += delta.refusal ?? "";
      seen.finish = finish_reason;
      for (const call of delta.tool_calls ?? []) {
        const whole = (seen.calls[call.index] ??= { name: "", arguments: "" });
        whole.name += call.function.name ?? "";
        whole.arguments += call.function.arguments ?? "";
      }
    }
  }
  return { choices, usage };
}

const streamed = (headers, more = {}, who = client, messages = USER) =>
  gather(ask(who, messages, headers, { stream: true, ...more }));
// The choice that the SDK's own helper puts together.
const helped = async (headers, more = {}, who = client, messages = USER) => {
  const runner = who.chat.completions.stream({ model: "stand-in", messages, ...more }, { headers });
  return (await runner.finalChatCompletion()).choices[0];
};
const chunk = (...choices) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "scripted",
  choices: choices.map(([index, delta, finish_reason]) => ({ index, delta, finish_reason })),
});
const whole = (text) => ({ text, refusal: "", finish: "stop", calls: {} });

test("chat", async () => {
  const [choice] = (await ask(client, USER)).choices;
  assert.deepEqual([choice.message.content, choice.finish_reason], ["You said: Hello, Grüße!", "stop"]);
});

test("tool call", async () => {
  const headers = reply(null, { tool: "refund", args: '{"note": "Grüße, key-12345678"}' });
  const [choice] = (await ask(client, USER, headers, { tools: TOOLS })).choices;
  assert.deepEqual(JSON.parse(choice.message.tool_calls[0].function.arguments), { note: "Grüße, <key>" });
  assert.equal(choice.finish_reason, "tool_calls");
});

for (const cut of CUTS) {
  const how = JSON.stringify(cut);
  test(`streamed chat ${how}`, async () => {
    assert.deepEqual((await streamed(reply(null, cut))).choices, { 0: whole("You said: Hello, Grüße!") });
  });
  test(`streamed tool call ${how}`, async () => {
    const headers = reply(null, { tool: "refund", args: '{"note": "Grüße, key-12345678"}', ...cut });
    const { calls, finish } = (await streamed(headers, { tools: TOOLS })).choices[0];
    assert.deepEqual([calls[0].name, JSON.parse(calls[0].arguments)], ["refund", { note: "Grüße, <key>" }]);
    assert.equal(finish, "tool_calls");
  });
  for (const before of BEFORE) {
    test(`stream cut after "${before}" ${how}`, async () => {
      const { choices, usage } = await streamed(reply(before + BAD, cut), { stream_options: { include_usage: true } });
      assert.deepEqual(choices, { 0: { text: before, refusal: "", finish: "content_filter", calls: {} } });
      assert.equal(usage.total_tokens, 0);
    });
  }
  test(`stream cut inside a tool call ${how}`, async () => {
    const headers = reply(null, { tool: "refund", args: '{"note": "the forbidden answer"}', ...cut });
    const { calls, finish } = (await streamed(headers, { tools: TOOLS })).choices[0];
    assert.deepEqual([calls, finish], [{}, "content_filter"]);
  });
  test(`rewritten stream ${how}`, async () => {
    const { choices } = await streamed(reply('The "key-12345678" is yours.', cut));
    assert.deepEqual(choices, { 0: whole('The "<key>" is yours.') });
  });
  test(`restored stream ${how}`, async () => {
    const { choices } = await streamed(reply(null, cut), {}, client, ABOUT);
    assert.deepEqual(choices, { 0: whole(`You said: ${PERSONAL}`) });
    const { calls, finish } = (await streamed(await called(cut), { tools: TOOLS }, client, ABOUT)).choices[0];
    assert.deepEqual([JSON.parse(calls[0].arguments), finish], [{ note: PERSONAL, n: 1 }, "tool_calls"]);
    await sent();
  });
  test(`restored for the helper ${how}`, async () => {
    const { message } = await helped(reply(null, cut), {}, client, ABOUT);
    assert.equal(message.content, `You said: ${PERSONAL}`);
    const answer = await helped(await called(cut), { tools: TOOLS }, client, ABOUT);
    assert.deepEqual(JSON.parse(answer.message.tool_calls[0].function.arguments), { note: PERSONAL, n: 1 });
    await sent();
  });
  test(`restored before a cut ${how}`, async () => {
    await ask(client, ABOUT);
    const said = (await sent())[0].content;
    const { text, finish } = (await streamed(reply(`${said} Now the ${BAD}`, cut), {}, client, ABOUT)).choices[0];
    assert.deepEqual([text, finish], [`${PERSONAL} Now the `, "content_filter"]);
  });
}

test("restored", async () => {
  assert.equal((await ask(client, ABOUT)).choices[0].message.content, `You said: ${PERSONAL}`);
  const [{ message }] = (await ask(client, ABOUT, await called(), { tools: TOOLS })).choices;
  assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { note: PERSONAL, n: 1 });
  await sent();
});

test("restored text goes back as history", async () => {
  const call = { id: "call_1", type: "function", function: { name: "refund", arguments: JSON.stringify({ note: PERSONAL }) } };
  const assistant = { role: "assistant", content: PERSONAL, tool_calls: [call] };
  await ask(client, [...ABOUT, assistant, { role: "tool", tool_call_id: "call_1", content: PERSONAL }]);
  const [{ content }, answer, result] = await sent();
  assert.deepEqual([answer.content, result.content], [content, content]);
  assert.deepEqual(JSON.parse(answer.tool_calls[0].function.arguments), { note: content });
});

for (const stream of [false, true]) {
  test(`blocked input, stream ${stream}`, async () => {
    const { calls } = await arrived();
    await assert.rejects(ask(client, FORBIDDEN, {}, { stream }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.deepEqual([error.code, error.type], ["content_policy_violation", "invalid_request_error"]);
      assert.match(error.message, /clients/);
      assert.equal(error.headers.get("x-should-retry"), "false");
      return true;
    });
    assert.equal((await arrived()).calls, calls, "the upstream was not called");
  });
  test(`upstream drops midway, stream ${stream}`, async () => {
    const headers = reply("A long answer that never comes to its end.", { chunk: 1, misbehave: "drop" });
    const asked = ask(client, USER, headers, { stream });
    await assert.rejects(stream ? gather(asked) : asked, OpenAI.APIError);
  });
  for (const how of ["garbage", "truncated-json"]) {
    test(`upstream answers ${how}, stream ${stream}`, async () => {
      const asked = ask(client, USER, reply("A long answer.", { chunk: 4, misbehave: how }), { stream });
      if (stream && how === "truncated-json") {
        // It has begun: it ends with the provider's error.
        await assert.rejects(gather(asked), OpenAI.APIError);
      } else {
        await assert.rejects(stream ? gather(asked) : asked, OpenAI.BadRequestError);
      }
    });
  }
  test(`upstream is down, stream ${stream}`, async () => {
    await assert.rejects(ask(connect("/nowhere"), USER, {}, { stream }), { status: 502 });
  });
}

test("blocked output", async () => {
  await assert.rejects(ask(client, USER, reply("Here is the forbidden answer.")), OpenAI.BadRequestError);
});

test("stream blocked before its first event", async () => {
  scripted.events = [chunk([0, { role: "assistant", content: "forbidden answer" }, null]), "[DONE]"];
  for (const read of [(who) => ask(who, USER, {}, { stream: true }), (who) => helped({}, {}, who)]) {
    await assert.rejects(read(connect("/scripted")), { code: "content_policy_violation" });
  }
});

test("refusal", async () => {
  for (const [messages, headers] of [[FORBIDDEN, {}], [USER, reply("The forbidden answer.")]]) {
    const [choice] = (await ask(connect("/refusal"), messages, headers)).choices;
    assert.match(choice.message.refusal, /^That is not for me/);
    assert.deepEqual([choice.message.content, choice.finish_reason], [null, "stop"]);
  }
});

test("streamed refusal, and one once the stream has begun", async () => {
  const first = (await streamed({}, {}, connect("/refusal"), FORBIDDEN)).choices[0];
  assert.match(first.refusal, /^That is not for me/);
  for (const before of BEFORE) {
    const { choices } = await streamed(reply(before + BAD, { chunk: 3 }), {}, connect("/refusal"));
    assert.deepEqual([choices[0].text, choices[0].finish], [before, "stop"]);
    assert.match(choices[0].refusal, /^That is not for me/);
  }
});

test("helper reads whole streams", async () => {
  const headers = reply(null, { tool: "refund", args: '{"note": "fine"}', chunk: 2 });
  const { message } = await helped(headers, { tools: TOOLS });
  assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { note: "fine" });
});

for (const before of BEFORE) {
  test(`helper is told of a cut after "${before}"`, async () => {
    const { message, finish_reason } = await helped(reply(before + BAD, { chunk: 2 }));
    // The SDK makes no text of an empty one.
    assert.deepEqual([message.content, finish_reason], [before || null, "content_filter"]);
  });
}

test("rewritten input", async () => {
  const messages = [{ role: "user", content: [{ type: "text", text: 'Tell me of "Project Aurora" — now' }] }];
  const answer = await ask(client, messages);
  assert.equal(JSON.parse((await arrived()).body).messages[0].content[0].text, 'Tell me of "<project>" — now');
  assert.equal(answer.choices[0].message.content, 'You said: Tell me of "<project>" — now');
});

test("rewritten output", async () => {
  const answer = await ask(client, USER, reply('The "key-12345678" is yours.'));
  assert.equal(answer.choices[0].message.content, 'The "<key>" is yours.');
});

for (const blocked of [0, 1]) {
  test(`streamed choice ${blocked} of two is blocked`, async () => {
    const texts = blocked === 1 ? TWO : [...TWO].reverse();
    const deltas = [0, 1].map((index) => [index, { role: "assistant", content: "" }, null]);
    for (let at = 0; at < 60; at += 5) {
      texts.forEach((text, index) => {
        const content = text.slice(at, at + 5);
        if (content) deltas.push([index, { content }, null]);
      });
    }
    deltas.push([0, {}, "stop"], [1, {}, "stop"]);
    scripted.events = [...deltas.map((delta) => chunk(delta)), "[DONE]"];
    const { choices } = await streamed({}, { n: 2 }, connect("/scripted"));
    assert.deepEqual(choices[1 - blocked], whole(TWO[0]));
    assert.deepEqual([choices[blocked].text, choices[blocked].finish], ["All was well until the ", "content_filter"]);
  });
}

test("upstream errors pass", async () => {
  await assert.rejects(ask(client, USER, reply(null, { status: 429 })), OpenAI.RateLimitError);
});

test("whatever is no chat passes", async () => {
  assert.deepEqual((await client.models.list()).data.map((model) => model.id), ["stand-in"]);
});
