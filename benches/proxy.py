"""What Palisade costs as a proxy, beside nginx in front of the same upstream: CPU a request, and memory.

Everything runs on the loopback interface and ends by itself. Every round measures each proxy once, in an order that
moves on by one each round; ratios are taken within a round, so that a machine whose speed drifts spoils neither.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")



class Workload:
    """What is sent, by how many connections, and what it may cost."""

    def __init__(self, connections, ratios, events=None, kilobytes=1, extras=None):
        self.connections = connections
        self.ratios = ratios  # proxy -> most times nginx's CPU; None: no limit
        self.events = events  # of a streamed answer
        self.kilobytes = kilobytes  # of a request
        self.extras = extras or {}  # proxy -> most µs of CPU a request above `empty`


WORKLOADS = {
    "chat": Workload(32, {"none": 1.6, "empty": 2.2, "rules": None, "logged": None}, extras={"rules": 60, "logged": 10}),
    "chat8k": Workload(32, {"empty": None, "rules": None}, kilobytes=8, extras={"rules": 250}),
    "stream": Workload(8, {"none": 3.0, "empty": 6.0, "rules": None}, events=200),
}
STREAMS = 1000

# How Palisade is configured under each name.
ROUTES = {
    "none": ("inspect: none", ""),
    "empty": ("policy: empty", ""),
    "rules": ("policy: rules", ""),
    "logged": ("policy: empty", 'audit: {{ store: "file:{folder}/decisions.jsonl", on_full: drop }}'),
}

NGINX = """
worker_processes 2;
daemon off;
error_log {folder}/nginx.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream llm {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{listen} reuseport;
    keepalive_requests 10000000;
    location / {{
      proxy_pass http://llm;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering {buffering};
    }}
  }}
}}
"""

PALISADE = """
version: 1
server: {{ listen: "127.0.0.1:{listen}" }}
upstreams: {{ llm: {{ url: "http://127.0.0.1:{upstream}" }} }}
admin: {{ listen: "127.0.0.1:0" }}
policies: {folder}
routes: [{{ path: /**, upstream: llm, {route} }}]
{more}
"""

EMPTY_POLICY = "version: 1\nname: empty\nrules: []\n"
# The rules of `default` without its classifier.
RULES_POLICY = "version: 1\nname: rules\nextends: [default]\nrules: [{ id: prompt-injection, disabled: true }]\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=HERE.parent / "target/shipped/palisade", type=Path)
    parser.add_argument("--rounds", default=7, type=int)
    parser.add_argument("--seconds", default=3, type=int, help="of load, for each proxy in each round")
    parser.add_argument("--only", choices=[*WORKLOADS, "memory"], action="append")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    for tool, package in [("wrk", "wrk"), ("nginx", "nginx-light")]:
        if not find(tool):
            sys.exit(f"{tool} is missing: apt-get install {package}")
    if not args.binary.is_file():
        sys.exit(f"{args.binary} is missing: make release")
    figures = {}
    for name in args.only or [*WORKLOADS, "memory"]:
        figures[name] = memory(args) if name == "memory" else workload(args, name)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1))


def find(tool):
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def workload(args, name):
    """Runs one workload over all proxies: CPU a request in µs and its ratio to nginx, round by round."""
    work = WORKLOADS[name]
    with running() as start:
        upstream = start_standin(args, start)
        # Without a proxy: how many requests the upstream and the load leave room for.
        proxies = {"direct": (None, upstream), "nginx": start_nginx(start, upstream, "off" if work.events else "on")}
        for proxy in work.ratios:
            proxies[proxy] = start_palisade(args, start, upstream, *ROUTES[proxy])
        cost = {proxy: [] for proxy in proxies if proxy != "direct"}
        rate = {proxy: [] for proxy in proxies}
        for port in [port for _, port in proxies.values()]:
            load(port, work, 1)
        for turn in range(args.rounds):
            order = list(proxies)[turn % len(proxies) :] + list(proxies)[: turn % len(proxies)]
            for proxy in order:
                pid, port = proxies[proxy]
                before = cpu(pid) if pid else 0
                requests = load(port, work, args.seconds)
                if pid:
                    cost[proxy].append((cpu(pid) - before) / requests * 1e6)
                rate[proxy].append(requests / args.seconds)
            shown = ", ".join(f"{proxy} {cost[proxy][-1]:.1f} µs" for proxy in cost)
            print(f"{name} round {turn + 1}: {shown}", flush=True)
    ratios = {proxy: [own / base for own, base in zip(cost[proxy], cost["nginx"])] for proxy in cost}
    print(f"{name} direct: {spread(rate['direct'], 0)} requests a second")
    for proxy in cost:
        target = work.ratios.get(proxy)
        verdict = "" if target is None else f", target {target}: " + met(statistics.median(ratios[proxy]), target)
        print(f"{name} {proxy}: {spread(cost[proxy])} µs, {spread(ratios[proxy], 2)} x nginx{verdict}")
    for proxy, most in work.extras.items():
        more = [own - base for own, base in zip(cost[proxy], cost["empty"])]
        print(f"{name} {proxy}: {spread(more)} µs above empty, target {most}: {met(statistics.median(more), most)}")
    return {"cost_us": cost, "ratio": ratios, "rate": rate, "targets": work.ratios, "extra_us": work.extras}


def memory(args):
    """Resident memory with the shipped classifier loaded: before any request, after many, and with idle streams open."""
    with running() as start:
        upstream = start_standin(args, start)
        pid, port = start_palisade(args, start, upstream, "policy: default")
        loaded = resident(pid)
        load(port, WORKLOADS["chat"], args.seconds)
        load(port, WORKLOADS["stream"], args.seconds)
        after = resident(pid)
        with contextlib.ExitStack() as stack:
            for _ in range(STREAMS):
                open_stream(stack, port)
            time.sleep(3)
            open_mb = resident(pid)
        print(f"memory: {loaded:.0f} MB loaded, {after:.0f} MB after load, target 150: {met(after, 150)}")
        print(f"memory: {open_mb:.0f} MB with {STREAMS} idle streams open, target 250: {met(open_mb, 250)}")
        streams = {"streams": STREAMS, "streams_mb": open_mb, "streams_target_mb": 250}
        return {"loaded_mb": loaded, "after_mb": after, "target_mb": 150, **streams}


def open_stream(stack, port, script="x-standin-write: 200\r\nx-standin-delay-ms: 120000\r\n"):
    """Opens a stream; unless told otherwise it says one word and then nothing for a long time."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
    body = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    connection.sendall(f"{head}{script}content-length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def met(value, target):
    return "met" if value <= target else "MISSED"


def spread(values, digits=1):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


@contextlib.contextmanager
def running():
    """Gives a function that starts processes; ends them, and only them, when the block is left."""
    processes = []
    with tempfile.TemporaryDirectory(prefix="palisade-bench-") as folder:

        def start(command):
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            processes.append(subprocess.Popen([str(part) for part in command], cwd=HERE.parent, **quiet))
            return processes[-1]

        start.folder = Path(folder)
        try:
            yield start
        finally:
            for process in processes:
                process.send_signal(signal.SIGINT if process.args[1] == "standin" else signal.SIGTERM)
            for process in processes:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def start_standin(args, start):
    port = free_port()
    wait_for(start([args.binary, "standin", "--listen", f"127.0.0.1:{port}"]), port)
    return port


def start_nginx(start, upstream, buffering):
    port = free_port()
    config = start.folder / "nginx.conf"
    config.write_text(NGINX.format(folder=start.folder, upstream=upstream, listen=port, buffering=buffering))
    return wait_for(start([find("nginx"), "-e", start.folder / "nginx.log", "-c", config]), port), port


def start_palisade(args, start, upstream, route, more=""):
    port = free_port()
    (start.folder / "empty.yaml").write_text(EMPTY_POLICY)
    (start.folder / "rules.yaml").write_text(RULES_POLICY)
    more = more.format(folder=start.folder)
    config = start.folder / f"palisade-{port}.yaml"
    config.write_text(PALISADE.format(folder=start.folder, upstream=upstream, listen=port, route=route, more=more))
    return wait_for(start([args.binary, "serve", "--config", config]), port), port


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(process, port):
    """Waits until somebody listens; gives the process's id."""
    for _ in range(300):
        if process.poll() is not None:
            sys.exit(f"ended at once: {' '.join(process.args)}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process.pid
        time.sleep(0.1)
    sys.exit(f"does not listen: {' '.join(process.args)}")


def load(port, work, seconds, fast="1"):
    """Lets wrk send requests as fast as they are answered; gives their number."""
    stream = {"EVENTS": str(work.events)} if work.events else {}
    environment = {**os.environ, "KB": str(work.kilobytes), "FAST": fast, **stream}
    command = ["wrk", "-t1", f"-c{work.connections}", f"-d{seconds}s", "-s", str(HERE / "load.lua"), f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=seconds + 60, check=True)
    if trouble := re.findall(r"Non-2xx.*|Socket errors.*", done.stdout):
        sys.exit(f"port {port}: {trouble}")
    return int(re.search(r"(\d+) requests in", done.stdout)[1])


def cpu(pid):
    """Seconds of CPU that a process and its children have used."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for each in [pid, *children]:
        fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident(pid):
    """Resident memory in MB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


if __name__ == "__main__":
    main()
