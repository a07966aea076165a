// Vercel's AI SDK sees what it would see of OpenAI (chat and Responses), Anthropic and Google, whatever Palisade does.

import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, jsonSchema, streamText, tool } from "ai";
import { FORBIDDEN_CHAT, FORBIDDEN_MESSAGE, FORBIDDEN_RESPONSE, PARAMETERS, answer, cases } from "./cases.mjs";
import { rig } from "./rig.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const started = await rig();
// Without `execute` the calls are handed out, not run.
const TOOLS = { refund: tool({ inputSchema: jsonSchema(PARAMETERS) }) };

const calls = (all) => all.map(({ toolName, input }) => [toolName, input]);

const api = {
  async ask(model, text, headers, stream, tools) {
    const request = { model, prompt: text, headers, maxRetries: 0, ...(tools && { tools: TOOLS }) };
    if (!stream) {
      const result = await generateText(request);
      return answer(result.text, result.finishReason, calls(result.toolCalls));
    }
    const seen = answer();
    for await (const part of streamText({ ...request, onError() {} }).fullStream) {
      if (part.type === "text-delta") seen.text += part.text;
      if (part.type === "tool-call") seen.calls.push(...calls([part]));
      if (part.type === "finish") seen.finish = part.finishReason;
      if (part.type === "error") throw part.error;
    }
    return seen;
  },
  blocked(error) {
    assert.ok(APICallError.isInstance(error), error);
    assert.deepEqual([error.statusCode, error.isRetryable], [400, false]);
  },
  stop: "stop",
  called: "tool-calls",
  cut: ["content-filter"],
  refused: ["stop", "content-filter"],
  // Not of every API does the SDK hand out what a refusal says.
  tells: false,
};

cases("ai, chat", started, {
  ...api,
  connect: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-test" }).chat("stand-in"),
  forbiddenEvents: FORBIDDEN_CHAT,
});

cases("ai, responses", started, {
  ...api,
  connect: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-test" }).responses("stand-in"),
  said: (body) => body.input.at(-1).content[0].text,
  forbiddenEvents: FORBIDDEN_RESPONSE,
});

cases("ai, anthropic", started, {
  ...api,
  connect: (url) => createAnthropic({ baseURL: `${url}/v1`, apiKey: "sk-test" })("stand-in"),
  said: (body) => body.messages.at(-1).content[0].text,
  forbiddenEvents: FORBIDDEN_MESSAGE,
});

cases("ai, google", started, {
  ...api,
  connect: (url) => createGoogle({ baseURL: `${url}/v1beta`, apiKey: "test" })("stand-in"),
  said: (body) => body.contents.at(-1).parts[0].text,
  refused: ["content-filter"],
  hasHead: false,
  begin: { think: "Let me see." },
});
