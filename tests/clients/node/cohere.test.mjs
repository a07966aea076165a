// The official Cohere SDK for Node sees what it would see of Cohere, whatever Palisade does.

import assert from "node:assert/strict";
import { Cohere, CohereClientV2 } from "cohere-ai";
import { PARAMETERS, answer, cases } from "./cases.mjs";
import { rig } from "./rig.mjs";

const TOOLS = [{ type: "function", function: { name: "refund", parameters: PARAMETERS } }];

async function gather(stream) {
  const seen = answer();
  const open = new Set();
  let call = null;
  for await (const event of stream) {
    assert.equal(seen.finish, null, "nothing comes after the end");
    const { message } = event.delta ?? {};
    if (event.type === "content-start") open.add(event.index);
    if (event.type === "content-delta") seen.text += message.content.text ?? "";
    if (event.type === "content-end") open.delete(event.index);
    if (event.type === "tool-call-start") call = [message.toolCalls.function.name, ""];
    if (event.type === "tool-call-delta") call[1] += message.toolCalls.function.arguments;
    if (event.type === "tool-call-end") seen.calls.push([call[0], JSON.parse(call[1])]);
    if (event.type === "message-end") seen.finish = event.delta.finishReason;
  }
  assert.equal(open.size, 0, "the stream closes what it opens");
  return seen;
}

cases("cohere", await rig(), {
  connect: (url) => new CohereClientV2({ token: "test", environment: url }),
  async ask(client, text, headers, stream, tools) {
    const request = { model: "stand-in", messages: [{ role: "user", content: text }], ...(tools && { tools: TOOLS }) };
    const options = { headers, maxRetries: 0, timeoutInSeconds: 20 };
    if (stream) return gather(await client.chatStream(request, options));
    const { message, finishReason } = await client.chat(request, options);
    const calls = (message.toolCalls ?? []).map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
    const texts = (message.content ?? []).filter((part) => part.type === "text").map((part) => part.text);
    return answer(texts.join(""), finishReason, calls);
  },
  blocked(error) {
    assert.ok(error instanceof Cohere.BadRequestError, error);
  },
  stop: "COMPLETE",
  called: "TOOL_CALL",
  // The API has no reason of its own for a filter, and no error inside a stream.
  cut: ["ERROR"],
  refused: ["COMPLETE"],
  forbiddenEvents: [
    {
      type: "message-start", id: "1",
      delta: { message: { role: "assistant", content: [{ type: "text", text: "forbidden answer" }], tool_calls: [] } },
    },
    { type: "message-end", delta: { finish_reason: "COMPLETE" } },
    "[DONE]",
  ],
});
