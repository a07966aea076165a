// The official Mistral SDK for Node sees what it would see of Mistral, whatever Palisade does.

import assert from "node:assert/strict";
import { Mistral } from "@mistralai/mistralai";
import { FORBIDDEN_CHAT, PARAMETERS, answer, cases } from "./cases.mjs";
import { rig } from "./rig.mjs";

const TOOLS = [{ type: "function", function: { name: "refund", parameters: PARAMETERS } }];
const started = await rig();

async function read(chunks, messageOf) {
  const seen = answer();
  for await (const chunk of chunks) {
    for (const choice of (chunk.data ?? chunk).choices) {
      assert.equal(seen.finish, null, "nothing comes after the end");
      const { content, toolCalls } = messageOf(choice);
      seen.text += content ?? "";
      for (const call of toolCalls ?? []) seen.calls.push([call.function.name, JSON.parse(call.function.arguments)]);
      seen.finish = choice.finishReason;
    }
  }
  return seen;
}

const api = {
  connect: (url) => new Mistral({ apiKey: "test", serverURL: url, timeoutMs: 20_000 }),
  blocked(error) {
    assert.equal(error.statusCode, 400, error);
  },
  stop: "stop",
  called: "tool_calls",
  cut: ["content_filter", "error"],
  // The SDK has no place for OpenAI's refusals.
  tells: false,
  directives: { dialect: "mistral" },
  forbiddenEvents: FORBIDDEN_CHAT,
};

cases("mistral chat", started, {
  ...api,
  async ask({ chat }, text, headers, stream, tools) {
    const request = { model: "stand-in", messages: [{ role: "user", content: text }], ...(tools && { tools: TOOLS }) };
    return stream
      ? read(await chat.stream(request, { headers }), (choice) => choice.delta)
      : read([await chat.complete(request, { headers })], (choice) => choice.message);
  },
});

cases("mistral fill in the middle", started, {
  ...api,
  async ask({ fim }, text, headers, stream) {
    const request = { model: "stand-in", prompt: text, suffix: "return" };
    return stream
      ? read(await fim.stream(request, { headers }), (choice) => choice.delta)
      : read([await fim.complete(request, { headers })], (choice) => choice.message);
  },
  said: (body) => body.prompt,
  hasTools: false,
});
