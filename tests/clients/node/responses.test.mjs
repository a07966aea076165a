// The official OpenAI SDK for Node sees what it would see of OpenAI's Responses, read raw and with its own helper.

import assert from "node:assert/strict";
import OpenAI from "openai";
import { FORBIDDEN_RESPONSE, PARAMETERS, answer, cases } from "./cases.mjs";
import { rig } from "./rig.mjs";

const started = await rig();
const TOOLS = [{ type: "function", name: "refund", parameters: PARAMETERS, strict: false }];

function read({ output, status, incomplete_details }) {
  const seen = answer("", incomplete_details?.reason ?? status);
  for (const item of output) {
    if (item.type === "function_call") seen.calls.push([item.name, JSON.parse(item.arguments)]);
    for (const part of item.type === "message" ? item.content : []) {
      if (part.type === "output_text") seen.text += part.text;
      if (part.type === "refusal") seen.refusal += part.refusal;
    }
  }
  return seen;
}

// What the events add up to, which is what the last one says.
async function gather(stream) {
  let number = -1;
  let text = "";
  let last = null;
  for await (const event of await stream) {
    assert.ok(event.sequence_number > number, "the numbers rise");
    assert.equal(last, null, "nothing comes after the end");
    number = event.sequence_number;
    if (event.type === "response.output_text.delta") text += event.delta;
    if (["response.completed", "response.incomplete"].includes(event.type)) last = event.response;
  }
  const seen = read(last);
  assert.equal(seen.text, text);
  return seen;
}

const api = {
  connect: (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-test", maxRetries: 0, timeout: 20_000 }),
  blocked(error) {
    assert.ok(error instanceof OpenAI.BadRequestError, error);
    assert.equal(error.code, "content_policy_violation");
  },
  said: (body) => body.input,
  stop: "completed",
  called: "completed",
  // A refusal is a part of a completed answer, or the answer is as incomplete as a filter leaves it.
  refused: ["completed", "content_filter"],
  tells: false,
  forbiddenEvents: FORBIDDEN_RESPONSE,
};

const body = (text, tools) => ({ model: "stand-in", input: text, ...(tools && { tools: TOOLS }) });

cases("responses", started, {
  ...api,
  async ask(client, text, headers, stream, tools) {
    const asked = client.responses.create({ ...body(text, tools), stream }, { headers });
    return stream ? gather(asked) : read(await asked);
  },
});

cases("responses helper", started, {
  ...api,
  async ask(client, text, headers, stream, tools) {
    if (!stream) return read(await client.responses.create(body(text, tools), { headers }));
    const events = client.responses.stream(body(text, tools), { headers });
    const seen = await gather(events);
    assert.deepEqual(read(await events.finalResponse()), seen);
    return seen;
  },
});
