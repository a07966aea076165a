// The official Google SDK for Node sees what it would see of Gemini, whatever Palisade does.

import assert from "node:assert/strict";
import { ApiError, GoogleGenAI } from "@google/genai";
import { PARAMETERS, answer, cases } from "./cases.mjs";
import { rig } from "./rig.mjs";

const TOOLS = [{ functionDeclarations: [{ name: "refund", parametersJsonSchema: PARAMETERS }] }];

async function read(chunks) {
  const seen = answer();
  for await (const { candidates, promptFeedback } of chunks) {
    assert.equal(seen.finish, null, "nothing comes after the end");
    if (promptFeedback?.blockReason) {
      seen.finish = promptFeedback.blockReason;
      seen.refusal = promptFeedback.blockReasonMessage ?? "";
    }
    for (const { content, finishReason } of candidates ?? []) {
      seen.finish = finishReason ?? null;
      for (const { text, thought, functionCall } of content?.parts ?? []) {
        if (functionCall) seen.calls.push([functionCall.name, functionCall.args]);
        else if (!thought) seen.text += text ?? "";
      }
    }
  }
  return seen;
}

cases("gemini", await rig(), {
  connect: (url) => new GoogleGenAI({ apiKey: "test", httpOptions: { baseUrl: url } }),
  async ask({ models }, text, headers, stream, tools) {
    const config = { httpOptions: { headers }, ...(tools && { tools: TOOLS }) };
    const request = { model: "stand-in", contents: text, config };
    return read(stream ? await models.generateContentStream(request) : [await models.generateContent(request)]);
  },
  blocked(error) {
    assert.ok(error instanceof ApiError, error);
    assert.equal(error.status, 400);
  },
  said: (body) => body.contents.at(-1).parts[0].text,
  stop: "STOP",
  called: "STOP",
  cut: ["SAFETY"],
  refused: ["PROHIBITED_CONTENT", "SAFETY"],
  tells: false,
  hasHead: false,
  // A call comes whole; so that it is not the first event, a thought comes before.
  begin: { think: "Let me see." },
});
