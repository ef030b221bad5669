from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from django.test import Client

from messaging import demo
from messaging.graph_api.signature import is_from_meta
from messaging.simulator import chats, pump, store, switches

GOIKO = demo.NUMBERS[1].phone_number_id
PARAMETERS = ("Juan García", "PO-12345", "€250.50")


def po_notification(
    to: str = "+34600000101", *parameters: object, **more: object
) -> dict[str, Any]:
    """The body of the guide's step 8.2."""
    values = parameters or PARAMETERS
    return {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {
            "name": "po_notification",
            "language": {"code": "es"},
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": value} for value in values],
                }
            ],
        },
        **more,
    }


def kept(wamid: str) -> chats.Kept:
    """The message on the phone."""
    found = chats.find(wamid)
    assert found is not None
    return found


class Graph:
    """The simulator's Graph through Django's test client, with the token as the guide's curls send it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.token = demo.ACCESS_TOKEN

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            f"/simulator/graph/{path}",
            json.dumps(body) if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    def get(self, path: str) -> Any:
        return self.call("GET", f"v26.0/{path}")

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", f"v26.0/{path}", body)

    def send(self, body: object = None, *, number: str = GOIKO) -> Any:
        return self.post(f"{number}/messages", po_notification() if body is None else body)

    def refusal(self, body: object) -> tuple[int, int]:
        """Send what must be refused; return HTTP status and Meta's code."""
        answer = self.send(body)
        return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def state(broker: redis.Redis, settings: Any) -> redis.Redis:
    """An empty simulator without a running pump and without latency."""
    settings.SIMULATOR_WEBHOOK_URL = ""
    switches.save(switches.Switches(latency_ms=0))
    return broker


@pytest.fixture
def graph(state: redis.Redis, client: Client) -> Graph:
    return Graph(client)


@dataclass
class Endpoint:
    """A webhook endpoint that keeps what is posted and answers `answers` in turn, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [
            change["value"]
            for raw, _signature in self.posts
            for entry in json.loads(raw)["entry"]
            for change in entry["changes"]
        ]

    @property
    def statuses(self) -> list[str]:
        return [fact["status"] for value in self.values for fact in value.get("statuses", [])]

    @property
    def well_signed(self) -> list[bool]:
        return [is_from_meta(raw, signature, [demo.APP_SECRET]) for raw, signature in self.posts]


@pytest.fixture
def endpoint(state: redis.Redis) -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            found.posts.append((raw, self.headers["X-Hub-Signature-256"]))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.url = f"http://127.0.0.1:{server.server_address[1]}/webhook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def deliver(endpoint: Endpoint, settings: Any) -> Iterator[Callable[..., int]]:
    """Post everything due `after_s` seconds from now, in this thread; the settings name the endpoint meanwhile."""
    with pump.new_session() as session:

        def run(*, after_s: float = 60.0) -> int:
            settings.SIMULATOR_WEBHOOK_URL = endpoint.url
            try:
                return pump.deliver_due(session, now=store.now() + after_s)
            finally:
                settings.SIMULATOR_WEBHOOK_URL = ""

        yield run
