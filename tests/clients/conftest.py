"""Palisade between an official SDK and an upstream: the stand-in LLM, or answers that a test scripts byte by byte."""

import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

HERE = pathlib.Path(__file__).parent

pytest.register_assert_rewrite("cases")


def start(command, pattern, environment=None):
    """Starts a process and waits for the line that says where it listens."""
    process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            # Whoever fills the pipe would wait for a reader.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, found.group(1)
    raise RuntimeError(f"{command} ended with status {process.wait()}")


def stop(process):
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture(scope="session")
def binary():
    return os.environ["PALISADE_BIN"]


@pytest.fixture(scope="session")
def standin(binary):
    process, url = start([binary, "standin", "--listen", "127.0.0.1:0"], r"(http://\S+)")
    yield url
    process.kill()
    process.wait()
    process.stdout.close()


class Scripted(ThreadingHTTPServer):
    """Answers every request with `events` as a stream, or with `body` as JSON."""

    daemon_threads = True
    events = None
    body = None


def framed(event):
    """An event on the wire: under its name if it has a `type`; a string as it is."""
    if isinstance(event, str):
        return f"data: {event}\n\n"
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


class ScriptedHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.server.events is None:
            bytes_, kind = json.dumps(self.server.body).encode(), "application/json"
        else:
            bytes_, kind = "".join(map(framed, self.server.events)).encode(), "text/event-stream"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(bytes_)))
        self.end_headers()
        self.wfile.write(bytes_)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def scripted():
    server = Scripted(("127.0.0.1", 0), ScriptedHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def palisade(binary, standin, scripted):
    """Where the proxy listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = closed.getsockname()[1]
    environment = os.environ | {
        "STANDIN_URL": standin,
        "SCRIPTED_URL": "http://127.0.0.1:%d" % scripted.server_address[1],
        "NOWHERE_URL": f"http://127.0.0.1:{nowhere}",
    }
    process, url = start([binary, "serve", "--config", "palisade.yaml"], r"palisade on (http://\S+)", environment)
    yield url
    stop(process)


@pytest.fixture(scope="class")
def reach(request, palisade, standin):
    """Makes a test class's client of a route, or of the stand-in itself; each is made once."""
    clients = {}

    def client(prefix="", direct=False):
        url = (standin if direct else palisade) + prefix
        if url not in clients:
            clients[url] = request.cls.connect(url)
        return clients[url]

    yield client
    for one in clients.values():
        request.cls.disconnect(one)


@pytest.fixture
def arrived(standin):
    """Tells what the upstream got last."""

    def last():
        with urllib.request.urlopen(f"{standin}/standin/last") as response:
            return json.load(response)

    return last


# What the upstream never sees, and the client gets back as it wrote it; with quotes, so that JSON has to escape them.
PERSON = ["jane.doe@corp.com", "+41 44 668 18 00", 'Jane "JD" Doe']
PERSONAL = "Grüße! Write to {}, or call {} and ask for {}.".format(*PERSON)
ABOUT = [{"role": "user", "content": PERSONAL}]


@pytest.fixture
def sent(arrived):
    """The messages that the upstream got last, in which nothing personal stands."""

    def messages():
        body = json.loads(arrived()["body"])
        # Also inside a string of JSON, which a call's arguments are.
        plain = json.dumps(body, ensure_ascii=False).replace("\\", "")
        assert not [value for value in PERSON if value in plain]
        return body["messages"]

    return messages


@pytest.fixture
def called(sent):
    """Makes headers for a call whose arguments say what stood in the first message that the upstream got last."""

    def headers(**cut):
        return reply(None, tool="refund", args=json.dumps({"note": sent()[0]["content"], "n": 1}), **cut)

    return headers


# Where a stream is blocked: midway, and at its first token.
BEFORE = ["All is well. The ", ""]

# How a stream falls into deltas and writes: whole words, single characters, cuts anywhere.
CUTS = [{}, {"chunk": 1}, {"chunk": 1000}, {"write": 1}, {"write": 7}, {"chunk": 2, "delay_ms": 1}]


def reply(text, **directives):
    """Headers that make the stand-in say `text`; `write=3` becomes `x-standin-write: 3`, and so on."""
    headers = {"x-standin-reply": quote(text)} if text is not None else {}
    return headers | {f"x-standin-{name.replace('_', '-')}": quote(str(value)) for name, value in directives.items()}
