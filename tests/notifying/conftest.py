"""Somewhere for messages to arrive: a mail server and a web server of this test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mailbox_server import mail_server


@dataclass
class Sink:
    """What arrived, and the URL that it is sent to."""

    url: str
    messages: list[Any] = field(default_factory=list)


@pytest.fixture
def mail() -> Iterator[Sink]:
    """A real SMTP server; what arrives is read as mail."""
    with mail_server() as (port, arrived):
        yield Sink(f"mailto://127.0.0.1:{port}?to=officer@un.example&from=secscan@un.example&mode=insecure", arrived)


@pytest.fixture
def web() -> Iterator[Sink]:
    """A web server that takes Apprise's JSON; below /refused it refuses, below /slow it does not answer in time.

    Below /moved it leads to a page, which anybody may look at.
    """
    sink = Sink("")
    released = threading.Event()

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.startswith("/slow"):
                released.wait(20)
                return
            status = 401 if self.path.startswith("/refused") else 302 if self.path.startswith("/moved") else 200
            if status == 200:
                sink.messages.append((self.path, body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/sign-in")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    sink.url = f"json://127.0.0.1:{server.server_address[1]}/canary-token-9931"
    yield sink
    released.set()
    server.shutdown()
    thread.join()
    server.server_close()
