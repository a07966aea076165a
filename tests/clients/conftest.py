"""Palisade between the official SDK and an upstream: the stand-in LLM, or answers that a test scripts byte by byte."""

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

import openai
import pytest

HERE = pathlib.Path(__file__).parent


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


class ScriptedHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.server.events is None:
            bytes_, kind = json.dumps(self.server.body).encode(), "application/json"
        else:
            lines = [json.dumps(event) for event in self.server.events] + ["[DONE]"]
            bytes_, kind = "".join(f"data: {line}\n\n" for line in lines).encode(), "text/event-stream"
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


@pytest.fixture(scope="session")
def connect(palisade):
    """Makes a client of the route with this prefix. It never tries twice: the first answer is what is tested."""
    clients = []

    def make(prefix=""):
        client = openai.OpenAI(base_url=f"{palisade}{prefix}/v1", api_key="sk-test", max_retries=0, timeout=20)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def arrived(standin):
    """Tells what the upstream got last."""

    def last():
        with urllib.request.urlopen(f"{standin}/standin/last") as response:
            return json.load(response)

    return last


def reply(text, **directives):
    """Headers that make the stand-in say `text`; `write=3` becomes `x-standin-write: 3`, and so on."""
    headers = {"x-standin-reply": quote(text)} if text is not None else {}
    return headers | {f"x-standin-{name.replace('_', '-')}": quote(str(value)) for name, value in directives.items()}
