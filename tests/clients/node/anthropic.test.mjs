// The official Anthropic SDK for Node sees what it would see of Anthropic, whatever Palisade does.

import assert from "node:assert/strict";
import test from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { ABOUT, BAD, BEFORE, CUTS, FORBIDDEN, PERSONAL, USER, reply, rig } from "./rig.mjs";

const { url, scripted, arrived, sent, called } = await rig();
const connect = (prefix = "") =>
  new Anthropic({ baseURL: url + prefix, apiKey: "sk-test", maxRetries: 0, timeout: 20_000 });
const client = connect();
const TOOLS = [{ name: "refund", input_schema: { type: "object", properties: { note: { type: "string" } } } }];

const ask = (who, messages, headers = {}, more = {}) =>
  who.messages.create({ model: "stand-in", max_tokens: 100, messages, ...more }, { headers });

// What a stream adds up to, as an application reads it: the blocks, and how it ended.
async function gather(stream) {
  const blocks = [];
  let [ended, reason, stopped] = [0, null, false];
  for await (const event of await stream) {
    assert.ok(!stopped, "nothing comes after the end");
    if (event.type === "content_block_start") {
      assert.deepEqual([event.index, ended], [blocks.length, blocks.length], "one block after the other");
      blocks.push([event.content_block.type, ""]);
    } else if (event.type === "content_block_delta") {
      blocks[event.index][1] += event.delta.text ?? event.delta.partial_json ?? event.delta.thinking ?? "";
    } else if (event.type === "content_block_stop") {
      ended += 1;
    } else if (event.type === "message_delta") {
      reason = event.delta.stop_reason;
    } else if (event.type === "message_stop") {
      stopped = true;
    }
  }
  assert.ok(stopped && ended === blocks.length);
  return [blocks, reason];
}

const streamed = (headers, more = {}, who = client, messages = USER) =>
  gather(ask(who, messages, headers, { stream: true, ...more }));
const helped = (headers, more = {}, who = client, messages = USER) =>
  who.messages.stream({ model: "stand-in", max_tokens: 100, messages, ...more }, { headers }).finalMessage();

test("message", async () => {
  const { content, stop_reason } = await ask(client, USER);
  assert.deepEqual([content[0].text, stop_reason], ["You said: Hello, Grüße!", "end_turn"]);
});

test("count of tokens", async () => {
  assert.equal((await client.messages.countTokens({ model: "stand-in", messages: USER })).input_tokens, 2);
  const counted = connect("/refusal").messages.countTokens({ model: "stand-in", messages: FORBIDDEN });
  await assert.rejects(counted, Anthropic.BadRequestError);
});

test("tool call", async () => {
  const headers = reply(null, { tool: "refund", args: '{"note": "Grüße, key-12345678"}' });
  const { content, stop_reason } = await ask(client, USER, headers, { tools: TOOLS });
  assert.deepEqual([content[0].input, stop_reason], [{ note: "Grüße, <key>" }, "tool_use"]);
});

test("thinking", async () => {
  const { content } = await ask(client, USER, reply("Fine.", { think: "Let me see." }));
  assert.deepEqual([content[0].thinking, content[1].text], ["Let me see.", "Fine."]);
});

for (const cut of CUTS) {
  const how = JSON.stringify(cut);
  test(`streamed message ${how}`, async () => {
    assert.deepEqual(await streamed(reply(null, cut)), [[["text", "You said: Hello, Grüße!"]], "end_turn"]);
  });
  test(`streamed tool call ${how}`, async () => {
    const headers = reply(null, { tool: "refund", args: '{"note": "Grüße, key-12345678"}', ...cut });
    const [[[kind, input]], reason] = await streamed(headers, { tools: TOOLS });
    assert.deepEqual([kind, JSON.parse(input), reason], ["tool_use", { note: "Grüße, <key>" }, "tool_use"]);
  });
  test(`streamed thinking ${how}`, async () => {
    const blocks = [["thinking", "Let me see."], ["text", "Fine."]];
    assert.deepEqual(await streamed(reply("Fine.", { think: "Let me see.", ...cut })), [blocks, "end_turn"]);
  });
  for (const before of BEFORE) {
    test(`stream cut after "${before}" ${how}`, async () => {
      assert.deepEqual(await streamed(reply(before + BAD, cut)), [[["text", before]], "refusal"]);
    });
    test(`stream cut inside thinking after "${before}" ${how}`, async () => {
      const headers = reply("Fine.", { think: before + BAD, ...cut });
      assert.deepEqual(await streamed(headers), [[["thinking", before]], "refusal"]);
    });
  }
  test(`stream cut inside a tool call ${how}`, async () => {
    const headers = reply(null, { tool: "refund", args: '{"note": "the forbidden answer"}', ...cut });
    assert.deepEqual(await streamed(headers, { tools: TOOLS }), [[], "refusal"]);
  });
  test(`rewritten stream ${how}`, async () => {
    const headers = reply('The "key-12345678" is yours.', cut);
    assert.deepEqual(await streamed(headers), [[["text", 'The "<key>" is yours.']], "end_turn"]);
  });
  test(`restored stream ${how}`, async () => {
    const blocks = [["text", `You said: ${PERSONAL}`]];
    assert.deepEqual(await streamed(reply(null, cut), {}, client, ABOUT), [blocks, "end_turn"]);
    const [[[kind, input]], reason] = await streamed(await called(cut), { tools: TOOLS }, client, ABOUT);
    assert.deepEqual([kind, JSON.parse(input), reason], ["tool_use", { note: PERSONAL, n: 1 }, "tool_use"]);
    await sent();
  });
  test(`restored for the helper ${how}`, async () => {
    const { content } = await helped(reply(null, cut), {}, client, ABOUT);
    assert.equal(content[0].text, `You said: ${PERSONAL}`);
    const answer = await helped(await called(cut), { tools: TOOLS }, client, ABOUT);
    assert.deepEqual(answer.content[0].input, { note: PERSONAL, n: 1 });
    await sent();
  });
  test(`restored before a cut ${how}`, async () => {
    await ask(client, ABOUT);
    const headers = reply(`${(await sent())[0].content} Now the ${BAD}`, cut);
    assert.deepEqual(await streamed(headers, {}, client, ABOUT), [[["text", `${PERSONAL} Now the `]], "refusal"]);
  });
}

test("restored", async () => {
  assert.equal((await ask(client, ABOUT)).content[0].text, `You said: ${PERSONAL}`);
  const { content } = await ask(client, ABOUT, await called(), { tools: TOOLS });
  assert.deepEqual(content[0].input, { note: PERSONAL, n: 1 });
  await sent();
});

test("restored text goes back as history", async () => {
  const content = (text) => [{ type: "text", text }, { type: "tool_use", id: "toolu_1", name: "refund", input: { note: text } }];
  const result = (text) => [{ type: "tool_result", tool_use_id: "toolu_1", content: text }];
  const history = [{ role: "assistant", content: content(PERSONAL) }, { role: "user", content: result(PERSONAL) }];
  await ask(client, [...ABOUT, ...history]);
  const [user, assistant, results] = await sent();
  assert.deepEqual([assistant.content, results.content], [content(user.content), result(user.content)]);
});

for (const stream of [false, true]) {
  test(`blocked input, stream ${stream}`, async () => {
    const { calls } = await arrived();
    await assert.rejects(ask(client, FORBIDDEN, {}, { stream }), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.equal(error.error.error.type, "invalid_request_error");
      assert.match(error.message, /clients/);
      return true;
    });
    assert.equal((await arrived()).calls, calls, "the upstream was not called");
  });
  test(`upstream drops midway, stream ${stream}`, async () => {
    const headers = reply("A long answer that never comes to its end.", { chunk: 1, misbehave: "drop" });
    const asked = ask(client, USER, headers, { stream });
    await assert.rejects(stream ? gather(asked) : asked, Anthropic.APIError);
  });
  for (const how of ["garbage", "truncated-json"]) {
    test(`upstream answers ${how}, stream ${stream}`, async () => {
      const asked = ask(client, USER, reply("A long answer.", { chunk: 4, misbehave: how }), { stream });
      if (stream && how === "truncated-json") {
        // It has begun: it ends with the provider's error.
        await assert.rejects(gather(asked), Anthropic.APIError);
      } else {
        await assert.rejects(stream ? gather(asked) : asked, Anthropic.BadRequestError);
      }
    });
  }
  test(`upstream is down, stream ${stream}`, async () => {
    await assert.rejects(ask(connect("/nowhere"), USER, {}, { stream }), { status: 502 });
  });
}

test("blocked output", async () => {
  await assert.rejects(ask(client, USER, reply("Here is the forbidden answer.")), Anthropic.BadRequestError);
});

test("refusal", async () => {
  for (const [messages, headers] of [[FORBIDDEN, {}], [USER, reply("The forbidden answer.")]]) {
    const { content, stop_reason } = await ask(connect("/refusal"), messages, headers);
    assert.match(content[0].text, /^That is not for me/);
    assert.equal(stop_reason, "refusal");
  }
});

test("streamed refusal, and one once the stream has begun", async () => {
  const [blocks, reason] = await streamed({}, {}, connect("/refusal"), FORBIDDEN);
  assert.match(blocks[0][1], /^That is not for me/);
  assert.equal(reason, "refusal");
  for (const before of BEFORE) {
    const [both, end] = await streamed(reply(before + BAD, { chunk: 3 }), {}, connect("/refusal"));
    assert.equal(both[0][1], before);
    assert.match(both[1][1], /^That is not for me/);
    assert.equal(end, "refusal");
  }
});

test("helper reads whole streams", async () => {
  const headers = reply(null, { tool: "refund", args: '{"note": "fine"}', think: "Let me see.", chunk: 2 });
  const { content } = await helped(headers, { tools: TOOLS });
  assert.deepEqual([content[0].thinking, content[1].input], ["Let me see.", { note: "fine" }]);
});

for (const bad of BEFORE.map((before) => before + BAD)) {
  for (const [inside, headers] of [
    ["text", reply(bad, { chunk: 2 })],
    ["thinking", reply("Fine.", { think: bad, chunk: 2 })],
    ["a tool call", reply(null, { tool: "refund", args: JSON.stringify({ note: bad }), chunk: 2 })],
  ]) {
    test(`helper ends at a cut inside ${inside}: ${bad}`, async () => {
      const message = await helped(headers, { tools: TOOLS });
      assert.equal(message.stop_reason, "refusal");
      assert.ok(!JSON.stringify(message).includes("forbidden"));
      assert.ok(message.content.every((block) => block.type !== "tool_use"));
    });
  }
}

test("stream blocked before its first event", async () => {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "scripted", stop_reason: null };
  const content = [{ type: "text", text: "forbidden answer" }];
  scripted.events = [{ type: "message_start", message: { ...message, content, usage: { input_tokens: 1, output_tokens: 1 } } }];
  for (const read of [(who) => ask(who, USER, {}, { stream: true }), (who) => helped({}, {}, who)]) {
    await assert.rejects(read(connect("/scripted")), Anthropic.BadRequestError);
  }
});

test("input that comes whole in a stream is rewritten", async () => {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "scripted", content: [], stop_reason: null };
  const call = { type: "tool_use", id: "toolu_1", name: "refund", input: { note: "key-12345678", n: 1 } };
  scripted.events = [
    { type: "message_start", message: { ...message, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: call },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ];
  assert.deepEqual((await helped({}, { tools: TOOLS }, connect("/scripted"))).content[0].input, { note: "<key>", n: 1 });
});

test("nested tool results", async () => {
  const call = { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "refund", input: {} }] };
  const result = (text) => ({
    role: "user",
    content: [{ type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text }] }],
  });
  const forbidden = ask(client, [...USER, call, result("a forbidden question")], {}, { tools: TOOLS });
  await assert.rejects(forbidden, Anthropic.BadRequestError);
  await ask(client, [...USER, call, result("Tell of Project Aurora.")], {}, { tools: TOOLS });
  const sent = JSON.parse((await arrived()).body).messages[2];
  assert.deepEqual(sent, result("Tell of <project>."));
});

test("rewritten output", async () => {
  const { content } = await ask(client, USER, reply('The "key-12345678" is yours.'));
  assert.equal(content[0].text, 'The "<key>" is yours.');
});

test("upstream errors pass", async () => {
  await assert.rejects(ask(client, USER, reply(null, { status: 429 })), Anthropic.RateLimitError);
});
