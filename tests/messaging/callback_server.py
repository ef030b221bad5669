"""A caller's own system: an HTTP server on this machine that notes what callbacks are told, and names that lead to it."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import pytest
from standardwebhooks import Webhook

from messaging.models import Callback, CallbackDelivery, CallbackEvent
from messaging.services import callbacks
from tests.factories import CallbackFactory


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))

    def is_signed_with(self, secret: str) -> bool:
        """As a caller checks it, with the library of Standard Webhooks."""
        Webhook(secret).verify(self.raw, self.headers)
        return True


@dataclass
class Receiver:
    """Answers with `answers` in turn, then with 200. An answer is a status, with headers, or a function of the handler."""

    port: int = 0
    scheme: str = "http"
    posts: list[Post] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    connections: int = 0
    before_answer: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?from=bakery"

    def url_at(self, host: str) -> str:
        return f"{self.scheme}://{host}:{self.port}/hook"

    @property
    def told(self) -> list[Any]:
        """What was told, in short: the status of each message, or the type."""
        return [post.body["data"].get("status", post.body["type"]) for post in self.posts]


def _handler(receiver: Receiver) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.posts.append(Post(self.path, headers, raw))
            receiver.before_answer()
            answer = receiver.answers.pop(0) if receiver.answers else 200
            if callable(answer):
                answer(self)
                return
            status, more, body = answer if isinstance(answer, tuple) else (answer, {}, b"")
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # five by default, and more are turned away

    def handle_error(self, *args: Any) -> None:
        """Say nothing of callers who hang up."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(scheme="https" if context else "http")
    with _Server(("127.0.0.1", 0), _handler(receiver)) as server:
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A caller's system in a network that the operator has named."""
    settings.CALLBACK_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]
    with serving() as found:
        yield found


class Names:
    """What names stand for, in place of DNS: each question takes the next answer, the last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []

    def __setitem__(self, name: str, answers: list[list[str]]) -> None:
        self.answers[name] = answers

    def __call__(self, host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            ip_address(host)
        except ValueError:
            pass
        else:
            return self.real(host, port, *args, **kwargs)
        self.asked.append(host)
        rows = self.answers.get(host)
        if not rows:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = rows.pop(0) if len(rows) > 1 else rows[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in found
        ]

    real = staticmethod(socket.getaddrinfo)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found)
    return found


def callback_to(receiver: Receiver, **fields: Any) -> Callback:
    callback: Callback = CallbackFactory(url=receiver.url, **fields)
    return callback


def waits_for(callback: Callback, count: int = 1) -> list[CallbackDelivery]:
    """Deliveries that wait, each a ping."""
    return [callbacks.send_ping(callback) for _place in range(count)]


ALL_EVENTS = [event.value for event in CallbackEvent]
