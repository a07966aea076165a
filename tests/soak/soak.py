"""A soak: many connections for minutes, one in ten misbehaving, reloads and broken policies in between.

With `--streams`, every connection is a stream, slow and long, whose client reads on, stalls, stops for long or leaves, and
whose upstream breaks off now and then; what comes is checked to the byte.

At the end nothing marked has leaked, memory, descriptors and slots are back where they were, the decision log verifies,
and the proxy still answers. Loopback only; ends by itself. `make soak` runs both.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]

# What must never come out in an answer, whole or in pieces; a LEAK in a request neither.
MARK = re.compile(rb"(LEAK|DRIP)-\d{6}")

# What the upstream must never see, and the client gets back as it wrote it.
ADDRESS = re.compile(rb"soak\.\d{6}@corp\.com")

POLICY = """
version: 1
name: soak
rules:
  - { id: mark, scope: [all], detect: { regex: { pattern: 'LEAK-\\d{6}' } }, action: { replace: '<mark>' } }
  - { id: drip, scope: [output], detect: { regex: { pattern: 'DRIP-\\d{6}' } }, action: { replace: '<mark>' } }
  - { id: forbidden, scope: [input], detect: { keywords: { words: [zqforbidden] } }, action: block }
  - { id: cut, scope: [output], detect: { keywords: { words: [zqcut] } }, action: block }
  - id: address
    scope: [user, assistant]
    detect: { pii: { entities: [EMAIL_ADDRESS] } }
    action: { pseudonymize: { restore: [completion] } }
  # Rules for answers go first: an address that the upstream was told never comes back.
  - { id: told, scope: [output], detect: { regex: { pattern: 'soak\\.\\d{6}@corp\\.com' } }, action: { replace: '<told>' } }
"""
BROKEN = "version: 1\nname: soak\nrules: [ { id: x, detect: { regx: {} } } ]\n"

CONFIG = """
version: 1
server: {{ listen: "127.0.0.1:{data}", max_inflight: 2000 }}
admin: {{ listen: "127.0.0.1:{admin}", token: soak-token-of-the-tests }}
upstreams: {{ llm: {{ url: "http://127.0.0.1:{upstream}" }} }}
policies: {folder}
routes: [{{ path: /**, upstream: llm, policy: soak }}]
audit: {{ store: "file:{folder}/decisions.jsonl" }}
"""

MISBEHAVIOURS = ["drop", "garbage", "html", "error500", "truncated-json"]

# Seconds after which a client gives up waiting.
PATIENCE = 180


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=ROOT / "target/release/palisade", type=Path)
    parser.add_argument("--streams", action="store_true", help="streams alone")
    parser.add_argument("--connections", type=int, help="300, or 500 streams")
    parser.add_argument("--seconds", default=300, type=int)
    args = parser.parse_args()
    args.connections = args.connections or (500 if args.streams else 300)
    # A connection takes one descriptor here, two in the proxy and one in the upstream, which inherit the limit.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="palisade-soak-") as folder, contextlib.ExitStack() as stack:
        ports = {name: free_port() for name in ("data", "admin", "upstream")}
        folder = Path(folder)
        (folder / "soak.yaml").write_text(POLICY)
        config = folder / "palisade.yaml"
        config.write_text(CONFIG.format(folder=folder, **ports))
        log = stack.enter_context((folder / "log").open("wb"))
        start(stack, [args.binary, "standin", "--listen", f"127.0.0.1:{ports['upstream']}"], ports["upstream"])
        proxy = start(stack, [args.binary, "serve", "--config", config], ports["data"], log)
        faults = asyncio.run(soak(args, proxy, ports, folder))
        proxy.terminate()
        proxy.wait(40)
        faults += after(args, folder)
    for fault in faults:
        print(f"FAULT: {fault}")
    print("soak: " + (f"{len(faults)} faults" if faults else "no fault"))
    sys.exit(bool(faults))


async def soak(args, proxy, ports, folder):
    counts, faults, samples = Counter(), [], []
    idle = usage(proxy.pid)
    await load(args, min(10, args.seconds), ports, counts, faults)
    await asyncio.sleep(2)
    before = usage(proxy.pid)
    beside = [asyncio.create_task(reload(proxy, folder, counts)), asyncio.create_task(sample(proxy, ports, samples))]
    await load(args, args.seconds, ports, counts, faults)
    for task in beside:
        task.cancel()
    (folder / "soak.yaml").write_text(POLICY)
    proxy.send_signal(signal.SIGHUP)
    # Unused upstream connections and half-sent heads are kept for a minute, the thread that reloads for ten seconds.
    for _ in range(90):
        await asyncio.sleep(1)
        now = usage(proxy.pid)
        back = now["descriptors"] <= before["descriptors"] + 8 and now["threads"] <= before["threads"]
        if back and inflight(ports) == 0:
            break
    most, resident = max(samples)
    each = (resident - idle["resident_mb"]) * 1024 / max(most, 1)
    print(f"peak: {most} under way, {resident} MB resident, {each:.0f} KB each over the {idle['resident_mb']} MB of the start")
    print(f"before {before}, after {now}, slots taken {inflight(ports)}")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    if now["descriptors"] > before["descriptors"] + 8:
        faults.append(f"descriptors: {before['descriptors']} -> {now['descriptors']}")
    if now["threads"] > before["threads"]:
        faults.append(f"threads: {before['threads']} -> {now['threads']}")
    if now["resident_mb"] > before["resident_mb"] * 1.3 + 20:
        faults.append(f"memory: {before['resident_mb']} -> {now['resident_mb']} MB")
    if inflight(ports) != 0:
        faults.append(f"{inflight(ports)} slots are still taken")
    head, body = await ask(ports["data"], {"messages": [{"role": "user", "content": "still there?"}]}, {})
    if b" 200 " not in head or b"still there?" not in body:
        faults.append(f"no answer at the end: {head[:80]}")
    return faults


def after(args, folder):
    """What the files say once the proxy has gone."""
    faults = []
    log = (folder / "log").read_bytes()
    if b"panicked" in log:
        faults.append("a panic in the log")
    written = log + (folder / "decisions.jsonl").read_bytes()
    if MARK.search(written) or ADDRESS.search(written):
        faults.append("a marked text or an address in the log or the decisions")
    verify = subprocess.run([args.binary, "audit", "verify", folder / "decisions.jsonl"], capture_output=True, text=True)
    print(verify.stdout.strip() or verify.stderr.strip())
    if verify.returncode:
        faults.append("the decision log does not verify")
    return faults


async def load(args, seconds, ports, counts, faults):
    end = time.monotonic() + seconds
    clients = [client(args, number, end, ports["data"], counts, faults) for number in range(args.connections)]
    await asyncio.gather(*clients)


async def client(args, number, end, port, counts, faults):
    rng = random.Random(number)
    await asyncio.sleep(rng.random())
    if args.streams:
        kinds = [stop] if number % 10 == 0 else [read, read, stall, leave, break_off]
    else:
        kinds = [misbehave] if number % 10 == 0 else [whole, whole, stream, stream, blocked, cut]
    while time.monotonic() < end:
        kind = rng.choice(kinds)
        try:
            counts[kind.__name__] += 1
            if fault := await asyncio.wait_for(kind(rng, port, counts), PATIENCE):
                counts["faults"] += 1
                if len(faults) < 20:
                    faults.append(f"{kind.__name__}: {fault}")
        except (OSError, asyncio.IncompleteReadError) as error:
            counts[f"{kind.__name__} {type(error).__name__}"] += 1
            if kind is not misbehave and len(faults) < 20:
                faults.append(f"{kind.__name__}: {error!r}")
        except asyncio.TimeoutError:
            faults.append(f"{kind.__name__}: no end within {PATIENCE} seconds")
        await asyncio.sleep(rng.random() * 0.2)


def mark(rng):
    return f"LEAK-{rng.randrange(10**6):06}"


async def whole(rng, port, counts):
    body = {"messages": [{"role": "user", "content": f"say {mark(rng)} please"}]}
    head, answer = await ask(port, body, {"x-standin-reply": quote(f"here: {mark(rng)}.")} if rng.random() < 0.5 else {})
    if MARK.search(answer):
        return "a mark got out"
    if b" 200 " not in head or b"<mark>" not in answer:
        return f"unexpected: {head[:60]} {answer[:200]}"


async def stream(rng, port, counts):
    text = "word " * rng.randrange(20) + mark(rng) + " and " + mark(rng)
    headers = {"x-standin-reply": quote(text), "x-standin-chunk": str(rng.randrange(1, 9))}
    if rng.random() < 0.5:
        headers["x-standin-write"] = str(rng.randrange(1, 200))
    head, answer = await ask(port, {"stream": True, "messages": [{"role": "user", "content": "go"}]}, headers)
    said = deltas(answer)
    if MARK.search(said) or MARK.search(answer):
        return "a mark got out"
    if said.count(b"<mark>") != 2 or b"[DONE]" not in answer:
        return f"unexpected: {head[:60]} {said[-100:]}"


async def blocked(rng, port, counts):
    head, answer = await ask(port, {"messages": [{"role": "user", "content": "zqforbidden " + mark(rng)}]}, {})
    if b" 400 " not in head or MARK.search(answer):
        return f"unexpected: {head[:60]} {answer[:200]}"


async def cut(rng, port, counts):
    headers = {"x-standin-reply": quote("fine so far. zqcut " + mark(rng)), "x-standin-chunk": str(rng.randrange(1, 9))}
    head, answer = await ask(port, {"stream": True, "messages": [{"role": "user", "content": "go"}]}, headers)
    if b"zqcut" in deltas(answer) or MARK.search(deltas(answer)):
        return "a blocked text got out"
    if b"content_filter" not in answer and b" 400 " not in head:
        return f"unexpected: {head[:60]} {answer[-200:]}"


async def misbehave(rng, port, counts):
    """A client, or an upstream, that does not play by the rules. Any answer but a mark is right."""
    way = rng.choice(["upstream", "leave", "half head", "half body", "garbage", "stall", "two lengths"])
    counts[f"misbehave {way}"] += 1
    if way == "upstream":
        headers = {"x-standin-misbehave": rng.choice(MISBEHAVIOURS), "x-standin-reply": quote("x " + mark(rng))}
        _, answer = await ask(port, {"stream": rng.random() < 0.5, "messages": [{"role": "user", "content": "go"}]}, headers)
        return "a mark got out" if MARK.search(answer) or MARK.search(deltas(answer)) else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        slow = {"x-standin-events": "200", "x-standin-delay-ms": "20"}
        request = head_and_body({"stream": True, "messages": [{"role": "user", "content": "go"}]}, slow)
        if way == "half head":
            request = request[: rng.randrange(1, 60)]
        elif way == "half body":
            request = request[:-5]
        elif way == "garbage":
            request = rng.randbytes(200)
        elif way == "two lengths":
            request = request.replace(b"content-length:", b"transfer-encoding: chunked\r\ncontent-length:")
        writer.write(request)
        await writer.drain()
        if way in ("leave", "stall"):
            await asyncio.wait_for(reader.read(100), 10)
        await asyncio.sleep(rng.random() * (3 if way == "stall" else 0.3))
        writer.transport.abort()
    finally:
        writer.close()


async def read(rng, port, counts):
    return (await follow(rng, port, pace(rng))).fault()


async def stall(rng, port, counts):
    pauses = [(rng.randrange(20_000), 1 + rng.random() * 4) for _ in range(3)]
    return (await follow(rng, port, pace(rng), pauses=pauses)).fault()


async def stop(rng, port, counts):
    """Reads nothing for long, of a stream that is longer than what can be sent ahead: the proxy has to wait."""
    pauses = [(rng.randrange(100_000), 20 + rng.random() * 40)]
    return (await follow(rng, port, {"x-standin-chunk": "1"}, words=6_000, pauses=pauses)).fault()


async def leave(rng, port, counts):
    headers = pace(rng) | ({"x-standin-misbehave": "hang"} if rng.random() < 0.2 else {})
    return (await follow(rng, port, headers, leave=rng.random() * 5)).fault(whole=False)


async def break_off(rng, port, counts):
    """The upstream breaks off: what is safe goes out, and then an error."""
    how = rng.choice(["drop", "truncated-json"])
    told = await follow(rng, port, pace(rng) | {"x-standin-misbehave": how})
    if b'"error"' not in told.answer and b"content_filter" not in told.answer:
        return f"a clean end: {told.answer[-200:]}"
    return told.fault(whole=False)


def pace(rng):
    headers = {"x-standin-chunk": str(rng.randrange(2, 9)), "x-standin-delay-ms": str(rng.randrange(40, 200))}
    return headers | ({"x-standin-write": str(rng.randrange(150, 600))} if rng.random() < 0.3 else {})


class Told:
    """What came of a stream, and what had to."""

    def __init__(self, text, answer):
        # What is blocked may stand anywhere; what stands before it comes.
        safe, self.cut, _ = text.partition("zqcut")
        self.due = "You said: " + re.sub(r"DRIP-\d{6}", "<mark>", safe)
        self.answer = answer
        self.came = deltas(answer).decode()

    def leak(self):
        if MARK.search(self.answer) or MARK.search(self.came.encode()):
            return "a mark got out"

    def fault(self, whole=True):
        if leak := self.leak():
            return leak
        if not self.due.startswith(self.came):
            at = len(os.path.commonprefix([self.due, self.came]))
            near = slice(max(at - 40, 0), at + 60)
            return f"{self.came[near]!r} for {self.due[near]!r}"
        end = b'"content_filter"' if self.cut else b'"stop"'
        if whole and (self.came != self.due or end not in self.answer or b"[DONE]" not in self.answer):
            return f"{len(self.came)} of {len(self.due)} characters, then {self.answer[-200:]}"


async def follow(rng, port, headers, words=60, pauses=(), leave=None):
    """Has a text said back in a stream, in which the policy finds things; what came until the end or `leave` seconds later.

    `pauses` are (bytes read, seconds).
    """
    parts = rng.choices(["word", "naïve", "DRIP-12", "zqcu", "soak.@", "Straße"], k=words)
    for _ in range(4):
        parts.insert(rng.randrange(len(parts)), f"DRIP-{rng.randrange(10**6):06}")
        parts.insert(rng.randrange(len(parts)), f"soak.{rng.randrange(10**6):06}@corp.com")
    if rng.random() < 0.2:
        parts.insert(rng.randrange(len(parts)), "zqcut")
    text = " ".join(parts)
    answer, pauses = bytearray(), sorted(pauses, reverse=True)
    connection = socket.socket()
    connection.setblocking(False)
    # Small, so that the proxy feels it when nobody reads.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection)

    async def take():
        while data := await reader.read(1 << 16):
            answer.extend(data)
            while pauses and pauses[-1][0] <= len(answer):
                await asyncio.sleep(pauses.pop()[1])

    try:
        writer.write(head_and_body({"stream": True, "messages": [{"role": "user", "content": text}]}, headers))
        await writer.drain()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(take(), leave)
        if leave and rng.random() < 0.5:
            writer.transport.abort()
    finally:
        writer.close()
    return Told(text, dechunked(bytes(answer).partition(b"\r\n\r\n")[2]))


def head_and_body(body, headers):
    body = json.dumps({"model": "stand-in", **body}).encode()
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        "host: soak",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def ask(port, body, headers):
    """Sends one request on a connection of its own; the answer's head, and its body with the chunks put together."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head_and_body(body, headers))
        await writer.drain()
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head, dechunked(rest) if b"transfer-encoding: chunked" in head.lower() else rest


def dechunked(rest):
    out, at = bytearray(), 0
    while (end := rest.find(b"\r\n", at)) >= 0 and (size := int(rest[at:end], 16)):
        out += rest[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
    return bytes(out)


def deltas(answer):
    """The text that a client puts together from a stream."""
    said = ""
    for line in answer.split(b"\n"):
        if line.startswith(b"data: {"):
            with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
                said += json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
    return said.encode()


async def reload(proxy, folder, counts):
    while True:
        for policy in (BROKEN, POLICY):
            await asyncio.sleep(5)
            (folder / "soak.yaml").write_text(policy)
            proxy.send_signal(signal.SIGHUP)
            counts["reloads"] += 1


async def sample(proxy, ports, samples):
    """How many requests were under way at once, and the memory that took."""
    while True:
        samples.append((await asyncio.to_thread(inflight, ports), usage(proxy.pid)["resident_mb"]))
        await asyncio.sleep(0.5)


def usage(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    number = lambda name: int(re.search(rf"{name}:\s+(\d+)", status)[1])
    return {
        "resident_mb": round(number("VmRSS") / 1024, 1),
        "threads": number("Threads"),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
    }


def inflight(ports):
    request = urllib.request.Request(f"http://127.0.0.1:{ports['admin']}/metrics", headers={"authorization": "Bearer soak-token-of-the-tests"})
    text = urllib.request.urlopen(request, timeout=10).read().decode()
    return int(float(re.search(r"^palisade_in_flight (\S+)", text, re.M)[1]))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(stack, command, port, log=subprocess.DEVNULL):
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.kill)
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.1)
    sys.exit(f"does not listen: {command}")


if __name__ == "__main__":
    main()
