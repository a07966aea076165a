// What an SDK should see, whatever Palisade does: the cases, told once. Each test file says how its SDK asks and what its API
// calls things:
//
// connect(url)   makes a client that never tries twice
// ask            sends one message of the user, and reads all of the answer: { text, refusal, finish, calls }
// blocked(error) looks whether this is what the SDK throws for a blocked request
// said(body)     what the user says in the body of a request
// stop, called, cut, refused   how the API says that an answer ended well, with a call, cut off, and refused
// hasHead        whether a stream begins with an event that holds nothing of the answer
// tells          whether a refusal comes with a text
// forbiddenEvents   a stream of which the first event holds what is blocked
// begin          more that the stand-in is told in calls, so that the stream has begun when they come
// directives     more that the stand-in is always told

import assert from "node:assert/strict";
import test from "node:test";
import { BAD, BEFORE, CUTS, PERSON, PERSONAL, reply } from "./rig.mjs";

export const HELLO = "Hello, Grüße!";
const FORBIDDEN = "Now a forbidden question, please.";
const NO = "That is not for me";

export const PARAMETERS = { type: "object", properties: { note: { type: "string" } } };

const USUAL = {
  said: (body) => body.messages.at(-1).content,
  cut: ["content_filter"],
  refused: ["stop"],
  hasHead: true,
  hasTools: true,
  tells: true,
  begin: {},
  directives: {},
};

const chunk = (delta, finish_reason = null) => ({
  id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "scripted",
  choices: [{ index: 0, delta, finish_reason }],
});
const message = {
  id: "msg_1", type: "message", role: "assistant", status: "completed",
  content: [{ type: "output_text", text: "The forbidden answer.", annotations: [] }],
};
const response = { id: "resp_1", object: "response", created_at: 1_700_000_000, model: "scripted", output: [message] };

// Streams of which the first event holds what is blocked.
export const FORBIDDEN_CHAT = [chunk({ role: "assistant", content: "forbidden answer" }), chunk({}, "stop"), "[DONE]"];
export const FORBIDDEN_RESPONSE = [
  { type: "response.created", sequence_number: 0, response: { ...response, status: "in_progress" } },
  { type: "response.completed", sequence_number: 1, response: { ...response, status: "completed" } },
];
export const FORBIDDEN_MESSAGE = [
  {
    type: "message_start",
    message: {
      id: "msg_1", type: "message", role: "assistant", model: "scripted", stop_reason: null, stop_sequence: null,
      content: [{ type: "text", text: "forbidden answer" }], usage: { input_tokens: 1, output_tokens: 1 },
    },
  },
];

export const answer = (text = "", finish = null, calls = [], refusal = "") => ({ text, refusal, finish, calls });

export function cases(name, { url, standin, scripted, arrived }, sdk) {
  const api = { ...USUAL, ...sdk };
  const clients = new Map();
  const reach = (prefix = "", direct = false) => {
    const at = (direct ? standin : url) + prefix;
    if (!clients.has(at)) clients.set(at, api.connect(at));
    return clients.get(at);
  };
  const send = (client, { text = HELLO, headers = {}, stream = false, tools = false } = {}) =>
    api.ask(client, text, { ...headers, ...reply(null, api.directives) }, stream, tools);
  const call = (client, args, stream, { text = HELLO, ...cut } = {}) => {
    const more = { ...cut, ...(stream ? api.begin : {}) };
    const headers = reply(null, { tool: "refund", args: JSON.stringify(args), ...more });
    return send(client, { text, headers, stream, tools: true });
  };
  const sent = async () => {
    const { body } = await arrived();
    // Also inside a string of JSON, which a call's arguments are.
    const plain = body.replaceAll("\\", "");
    assert.deepEqual(PERSON.filter((value) => plain.includes(value)), []);
    return api.said(JSON.parse(body));
  };
  const isRefusal = ({ text, refusal, finish, calls }) => {
    const said = refusal || text;
    assert.ok(api.tells ? said.startsWith(NO) : said === "" || said.includes(NO), said);
    assert.ok(api.refused.includes(finish), finish);
    assert.deepEqual(calls, []);
  };
  const isBlocked = (error) => {
    api.blocked(error);
    return true;
  };
  const proxied = (what, run) => test(`${name}: ${what}`, run);
  const both = (what, run) => {
    test(`${name}: ${what}, direct`, () => run(reach("", true)));
    proxied(what, () => run(reach()));
  };

  for (const stream of [false, true]) {
    const how = `stream ${stream}`;
    both(`allowed, ${how}`, async (client) => {
      assert.deepEqual(await send(client, { stream }), answer(`You said: ${HELLO}`, api.stop));
    });
    if (api.hasTools) {
      both(`call, ${how}`, async (client) => {
        const { calls, finish } = await call(client, { note: "Grüße" }, stream, { chunk: 2 });
        assert.deepEqual([calls, finish], [[["refund", { note: "Grüße" }]], api.called]);
      });
      proxied(`rewritten call, ${how}`, async () => {
        const { calls, finish } = await call(reach(), { note: "Grüße, key-12345678" }, stream, { chunk: 2 });
        assert.deepEqual([calls, finish], [[["refund", { note: "Grüße, <key>" }]], api.called]);
      });
      proxied(`restored call, ${how}`, async () => {
        await send(reach(), { text: PERSONAL });
        const args = { note: await sent(), n: 1 };
        const { calls } = await call(reach(), args, stream, { text: PERSONAL, chunk: 3 });
        assert.deepEqual(calls, [["refund", { note: PERSONAL, n: 1 }]]);
        await sent();
      });
    }
    proxied(`rewritten input, ${how}`, async () => {
      const { text } = await send(reach(), { text: 'Tell me of "Project Aurora" — now', stream });
      assert.equal(api.said(JSON.parse((await arrived()).body)), 'Tell me of "<project>" — now');
      assert.equal(text, 'You said: Tell me of "<project>" — now');
    });
    proxied(`blocked input, ${how}`, async () => {
      const before = (await arrived()).calls;
      await assert.rejects(send(reach(), { text: FORBIDDEN, stream }), isBlocked);
      assert.equal((await arrived()).calls, before, "the upstream was not called");
    });
    proxied(`refused input, ${how}`, async () => {
      const before = (await arrived()).calls;
      isRefusal(await send(reach("/refusal"), { text: FORBIDDEN, stream }));
      assert.equal((await arrived()).calls, before, "the upstream was not called");
    });
  }

  proxied("rewritten output", async () => {
    const headers = reply('The "key-12345678" is yours.');
    assert.deepEqual(await send(reach(), { headers }), answer('The "<key>" is yours.', api.stop));
  });
  proxied("restored", async () => {
    assert.deepEqual(await send(reach(), { text: PERSONAL }), answer(`You said: ${PERSONAL}`, api.stop));
    await sent();
  });
  proxied("blocked output", async () => {
    await assert.rejects(send(reach(), { headers: reply("Here is the forbidden answer.") }), isBlocked);
  });
  proxied("refused output", async () => {
    isRefusal(await send(reach("/refusal"), { headers: reply("Here is the forbidden answer.") }));
  });
  if (api.hasTools) {
    proxied("blocked call", async () => {
      await assert.rejects(call(reach(), { note: "the forbidden answer" }, false), isBlocked);
    });
  }
  if (api.forbiddenEvents) {
    proxied("stream blocked before its first event", async () => {
      scripted.events = api.forbiddenEvents;
      await assert.rejects(send(reach("/scripted"), { stream: true }), isBlocked);
    });
  }
  proxied("stream refused midway", async () => {
    const headers = reply(BEFORE[0] + BAD, { chunk: 3 });
    const { text, finish } = await send(reach("/refusal"), { headers, stream: true });
    assert.ok(text.startsWith(BEFORE[0]) && !/forbidden|is 42/.test(text), text);
    assert.ok([...api.refused, ...api.cut].includes(finish), finish);
  });

  for (const cut of CUTS) {
    const how = JSON.stringify(cut);
    both(`streamed ${how}`, async (client) => {
      const headers = reply(null, cut);
      assert.deepEqual(await send(client, { headers, stream: true }), answer(`You said: ${HELLO}`, api.stop));
    });
    proxied(`rewritten stream ${how}`, async () => {
      const headers = reply('The "key-12345678" is yours.', cut);
      assert.deepEqual(await send(reach(), { headers, stream: true }), answer('The "<key>" is yours.', api.stop));
    });
    proxied(`restored stream ${how}`, async () => {
      const said = await send(reach(), { text: PERSONAL, headers: reply(null, cut), stream: true });
      assert.deepEqual(said, answer(`You said: ${PERSONAL}`, api.stop));
      await sent();
    });
    for (const before of BEFORE) {
      proxied(`stream cut after "${before}" ${how}`, async () => {
        const asked = send(reach(), { headers: reply(before + BAD, cut), stream: true });
        if (!api.hasHead && before === "") {
          await assert.rejects(asked, isBlocked);
          return;
        }
        const read = await asked.catch((error) => {
          // All of it stood in the first event.
          assert.ok(!api.hasHead && cut.chunk === 1000, error);
          api.blocked(error);
        });
        if (!read) return;
        assert.deepEqual([read.text, read.calls], [before, []]);
        assert.ok(api.cut.includes(read.finish), read.finish);
      });
    }
    if (api.hasTools) {
      proxied(`stream cut inside a call ${how}`, async () => {
        const { calls, finish } = await call(reach(), { note: "the forbidden answer" }, true, cut);
        assert.deepEqual(calls, [], "nothing of a call that nobody may run");
        assert.ok(api.cut.includes(finish), finish);
      });
    }
  }
}
