// Palisade between an official SDK and an upstream: the stand-in LLM, or answers that a test scripts event by event.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createServer as createListener } from "node:net";
import { fileURLToPath } from "node:url";
import { after } from "node:test";

const HERE = fileURLToPath(new URL("..", import.meta.url));

// How a stream falls into deltas and writes: whole words, single characters, cuts anywhere.
export const CUTS = [{}, { chunk: 1 }, { chunk: 1000 }, { write: 1 }, { write: 7 }, { chunk: 2, "delay-ms": 1 }];

export const USER = [{ role: "user", content: "Hello, Grüße!" }];
export const FORBIDDEN = [{ role: "user", content: "Now a forbidden question, please." }];
export const BAD = "forbidden answer is 42.";

// Where a stream is blocked: midway, and at its first token.
export const BEFORE = ["All is well. The ", ""];

// What the upstream never sees, and the client gets back as it wrote it; with quotes, so that JSON has to escape them.
export const PERSON = ["jane.doe@corp.com", "+41 44 668 18 00", 'Jane "JD" Doe'];
export const PERSONAL = `Grüße! Write to ${PERSON[0]}, or call ${PERSON[1]} and ask for ${PERSON[2]}.`;
export const ABOUT = [{ role: "user", content: PERSONAL }];

// Headers that make the stand-in say `text`; `{ write: 3 }` becomes `x-standin-write: 3`, and so on.
export function reply(text, directives = {}) {
  const all = text === null ? directives : { reply: text, ...directives };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [`x-standin-${name}`, encodeURIComponent(String(value))]),
  );
}

// Starts a process and waits for the line that says where it listens.
function start(args, pattern, env = process.env) {
  const child = spawn(process.env.PALISADE_BIN, args, { cwd: HERE, env, stdio: ["ignore", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    let seen = "";
    child.stdout.on("data", (data) => {
      seen += data;
      const found = seen.match(pattern);
      if (found) resolve([child, found[1]]);
    });
    child.on("exit", (status) => reject(new Error(`palisade ${args[0]} ended with status ${status}`)));
  });
}

function listen(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

export async function rig() {
  const scripted = { events: [] };
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(scripted.events.map(framed).join(""));
    });
  });
  const closed = createListener();
  const nowhere = await listen(closed);
  closed.close();
  const [standin, standinUrl] = await start(["standin", "--listen", "127.0.0.1:0"], /(http:\/\/\S+)/);
  const env = {
    ...process.env,
    STANDIN_URL: standinUrl,
    SCRIPTED_URL: `http://127.0.0.1:${await listen(server)}`,
    NOWHERE_URL: `http://127.0.0.1:${nowhere}`,
  };
  const [palisade, url] = await start(["serve", "--config", "palisade.yaml"], /palisade on (http:\/\/\S+)/, env);
  after(() => {
    palisade.kill();
    standin.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
  });
  const arrived = async () => (await fetch(`${standinUrl}/standin/last`)).json();
  // The messages that the upstream got last, in which nothing personal stands.
  const sent = async () => {
    const { body } = await arrived();
    // Also inside a string of JSON, which a call's arguments are.
    const plain = body.replaceAll("\\", "");
    assert.deepEqual(PERSON.filter((value) => plain.includes(value)), []);
    return JSON.parse(body).messages;
  };
  // Headers for a call whose arguments say what stood in the message that the upstream got last.
  const called = async (cut = {}) =>
    reply(null, { tool: "refund", args: JSON.stringify({ note: (await sent())[0].content, n: 1 }), ...cut });
  return { url, standin: standinUrl, scripted, arrived, sent, called };
}

// An event on the wire: under its name if it has a `type`; a string as it is.
function framed(event) {
  if (typeof event === "string") return `data: ${event}\n\n`;
  const name = event.type ? `event: ${event.type}\n` : "";
  return `${name}data: ${JSON.stringify(event)}\n\n`;
}
