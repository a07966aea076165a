// The official Ollama SDK for Node sees what it would see of Ollama, whatever Palisade does.

import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { PARAMETERS, answer, cases } from "./cases.mjs";
import { rig } from "./rig.mjs";

const TOOLS = [{ type: "function", function: { name: "refund", parameters: PARAMETERS } }];
const started = await rig();

async function read(parts, textOf) {
  const seen = answer();
  for await (const part of parts) {
    assert.equal(seen.finish, null, "nothing comes after the end");
    seen.text += textOf(part) ?? "";
    for (const { function: called } of part.message?.tool_calls ?? []) seen.calls.push([called.name, called.arguments]);
    if (part.done) seen.finish = part.done_reason;
  }
  return seen;
}

const api = {
  // Headers are a client's, not a request's: there is a client for each request.
  connect: (url) => (headers) => new Ollama({ host: url, headers }),
  blocked(error) {
    assert.equal(error.name, "ResponseError", error);
    assert.equal(error.status_code, 400);
  },
  stop: "stop",
  called: "stop",
  // The API has no reason of its own for a filter.
  refused: ["stop", "content_filter"],
  hasHead: false,
};

cases("ollama chat", started, {
  ...api,
  async ask(client, text, headers, stream, tools) {
    const messages = [{ role: "user", content: text }];
    const asked = await client(headers).chat({ model: "stand-in", messages, stream, ...(tools && { tools: TOOLS }) });
    return read(stream ? asked : [asked], (part) => part.message.content);
  },
  // A call comes whole; so that it is not the first line, a thought comes before.
  begin: { think: "Let me see." },
});

cases("ollama generate", started, {
  ...api,
  async ask(client, text, headers, stream) {
    const asked = await client(headers).generate({ model: "stand-in", prompt: text, stream });
    return read(stream ? asked : [asked], (part) => part.response);
  },
  said: (body) => body.prompt,
  hasTools: false,
});
