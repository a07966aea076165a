"""What a stream costs: the wait for its first words, CPU for each event, growth with its length, memory while it is open.

Beside nginx, and beside the same proxy without rules. Everything runs on the loopback interface and ends by itself;
ratios are taken within a round, as in proxy.py.
"""

import argparse
import contextlib
import json
import select
import socket
import statistics
import threading
import time
from pathlib import Path

from proxy import (
    HERE,
    ROUTES,
    Workload,
    cpu,
    load,
    met,
    open_stream,
    resident,
    running,
    spread,
    start_nginx,
    start_palisade,
    start_standin,
)

# Of 20 characters of prose an event: 10 KB and 1 MB of text.
SHORT, LONG = 512, 52_429
STREAMS = 500


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=HERE.parent / "target/shipped/palisade", type=Path)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--seconds", default=3, type=int, help="of load, for each proxy in each round")
    parser.add_argument("--requests", default=400, type=int, help="for each proxy in each round, where one waits for the first words")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    figures = {"first": first(args), "events": events(args), "open": memory(args)}
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))


def first(args):
    """How long a client waits for the first delta, which ends in a space: the median of each round, in µs."""
    with running() as start:
        upstream = start_standin(args, start)
        proxies = {"direct": upstream, "nginx": start_nginx(start, upstream, "off")[1]}
        proxies |= {name: start_palisade(args, start, upstream, *ROUTES[name])[1] for name in ("none", "empty", "rules")}
        fast = "x-standin-fast: 1\r\nx-standin-events: 20\r\n"
        slow = "x-standin-delay-ms: 10\r\nx-standin-reply: hello%20there\r\n"
        figures = {}
        for name, script, requests in [("unpaced", fast, args.requests), ("paced", slow, args.requests // 8)]:
            with contextlib.ExitStack() as stack:
                clients = {proxy: Client(stack, port, script) for proxy, port in proxies.items()}
                for client in clients.values():
                    client.wait()
                rounds = {proxy: [] for proxy in proxies}
                for _ in range(args.rounds):
                    waits = {proxy: [] for proxy in proxies}
                    # One after the other, so that all see the same machine.
                    for turn in range(requests):
                        for proxy in order(list(clients), turn):
                            waits[proxy].append(clients[proxy].wait() * 1e6)
                    for proxy in proxies:
                        rounds[proxy].append(statistics.median(waits[proxy]))
            figures[name] = rounds
    ratio = [own / base for own, base in zip(figures["unpaced"]["rules"], figures["unpaced"]["nginx"])]
    more = [own - base for own, base in zip(figures["paced"]["rules"], figures["paced"]["nginx"])]
    print(f"first words, unpaced: {spread(ratio, 2)} x nginx, target 1.3: {met(statistics.median(ratio), 1.3)}")
    print(f"first words, paced: {spread(more, 0)} µs more than nginx, target 1000: {met(statistics.median(more), 1000)}", flush=True)
    return figures


def order(proxies, turn):
    """Begins with another one in each turn."""
    return proxies[turn % len(proxies) :] + proxies[: turn % len(proxies)]


class Client:
    """One connection that is kept."""

    def __init__(self, stack, port, script):
        self.connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello, what is new?"}]}'
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        self.request = f"{head}{script}content-length: {len(body)}\r\n\r\n".encode() + body

    def wait(self):
        """Seconds until the first words are there; then reads the rest."""
        began = time.perf_counter()
        self.connection.sendall(self.request)
        answer = b""
        while b'"content":"hello ' not in answer:
            answer += self.read()
        waited = time.perf_counter() - began
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            answer += self.read()
        return waited

    def read(self):
        piece = self.connection.recv(1 << 16)
        if not piece:
            raise SystemExit("the connection was closed")
        return piece


def events(args):
    """CPU and rate of streams of 20 characters an event, short and long, without rules and with those of `default`."""
    figures = {}
    with running() as start:
        upstream = start_standin(args, start)
        proxies = {name: start_palisade(args, start, upstream, *ROUTES[name]) for name in ("empty", "rules")}
        kinds = {(proxy, count): Workload(8, {}, events=count) for proxy in proxies for count in (SHORT, LONG)}
        figures = {f"{proxy} {count}": {"us_per_event": [], "events_per_s": []} for proxy, count in kinds}
        for turn in range(args.rounds + 1):
            for proxy, count in order(list(kinds), turn):
                pid, port = proxies[proxy]
                before, began = cpu(pid), time.monotonic()
                answered = load(port, kinds[proxy, count], args.seconds, "prose") * count
                # The first round only warms up.
                if turn:
                    own = figures[f"{proxy} {count}"]
                    own["us_per_event"].append((cpu(pid) - before) / answered * 1e6)
                    own["events_per_s"].append(answered / (time.monotonic() - began))
    cost = lambda name: figures[name]["us_per_event"]
    growth = [long / short for long, short in zip(cost(f"rules {LONG}"), cost(f"rules {SHORT}"))]
    rate = [own / base for own, base in zip(figures[f"rules {SHORT}"]["events_per_s"], figures[f"empty {SHORT}"]["events_per_s"])]
    own = cost(f"rules {SHORT}")
    print(f"events: {spread(own, 2)} µs each with rules, target 15: {met(statistics.median(own), 15)}")
    print(f"events: 1 MB costs {spread(growth, 2)} x per byte what 10 KB does, target 1.2: {met(statistics.median(growth), 1.2)}")
    print(f"events: {spread(rate, 2)} x the rate without rules, target 0.8: {met(0.8, statistics.median(rate))}", flush=True)
    return figures


def memory(args):
    """Memory with many streams open that all say something, in KB a stream."""
    with running() as start:
        upstream = start_standin(args, start)
        pid, port = start_palisade(args, start, upstream, *ROUTES["rules"])
        load(port, Workload(32, {}, events=200), args.seconds, "prose")
        before = resident(pid)
        with contextlib.ExitStack() as stack:
            words = "This%20is%20an%20answer%20that%20goes%20on%20for%20quite%20some%20time.%20" * 40
            script = f"x-standin-delay-ms: 200\r\nx-standin-reply: {words}\r\n"
            connections = [open_stream(stack, port, script) for _ in range(STREAMS)]
            over = threading.Event()
            reader = threading.Thread(target=drain, args=(connections, over))
            reader.start()
            highest = 0
            for _ in range(20):
                time.sleep(0.5)
                highest = max(highest, resident(pid))
            over.set()
            reader.join()
    each = (highest - before) * 1024 / STREAMS
    print(f"memory: {before:.0f} MB before, {highest:.0f} MB with {STREAMS} streams, {each:.0f} KB each, target 64: {met(each, 64)}")
    return {"before_mb": before, "open_mb": highest, "streams": STREAMS, "kb_each": each}


def drain(connections, over):
    """Reads whatever comes."""
    while not over.is_set():
        for connection in select.select(connections, [], [], 0.2)[0]:
            connection.recv(1 << 16)


if __name__ == "__main__":
    main()
