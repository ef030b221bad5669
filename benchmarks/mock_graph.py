"""A Graph API that is fast enough never to be the limit: raw HTTP on asyncio, one fixed latency, and a record of what came.

`POST /v…/{number}/messages` is answered after the latency. What it does with a message follows `modes`, which are taken in
turn; all but "refuse" count as received. The rest is for its user: `GET /_stats`, `GET /_arrivals`, `POST /_reset`,
`POST /_behave {"latency_s": 0.05, "modes": ["accept", …], "late_s": 3.0}`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

CALLBACK = re.compile(rb'"biz_opaque_callback_data": ?"([^"]+)"')
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
HTML = b"<html><body>Bad gateway</body></html>"
REFUSAL = {
    "error": {
        "message": "(#131000) Something went wrong",
        "type": "OAuthException",
        "code": 131000,
        "error_data": {"messaging_product": "whatsapp", "details": "Try again."},
        "fbtrace_id": "AbCdEfGhIjK1234",
    }
}


@dataclass(slots=True)
class Arrival:
    callback: str
    number: str
    at: float  # time.monotonic(), which all processes of a machine share
    mode: str
    wamid: str


@dataclass(slots=True)
class Graph:
    latency_s: float
    late_s: float = 3.0
    modes: list[str] = field(default_factory=lambda: ["accept"])
    arrivals: list[Arrival] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    wamids: int = 0

    def receive(self, number: str, body: bytes) -> Arrival:
        now = time.monotonic()
        found = CALLBACK.search(body)
        mode = self.modes[len(self.arrivals) % len(self.modes)]
        # Never given twice, also not after a reset: Meta's ids are unique.
        self.wamids += 1
        wamid = f"wamid.HBgL{int(self.started)}{self.wamids:09}"
        arrival = Arrival(found[1].decode() if found else "", number, now, mode, wamid)
        self.arrivals.append(arrival)
        return arrival

    def stats(self) -> dict[str, Any]:
        by_number: dict[str, list[float]] = defaultdict(list)
        for arrival in self.arrivals:
            by_number[arrival.number].append(arrival.at)
        times = [arrival.at for arrival in self.arrivals]
        return {
            "count": len(times),
            "first": min(times, default=0.0),
            "last": max(times, default=0.0),
            "by_number": {number: len(moments) for number, moments in by_number.items()},
            "busiest_second": {
                number: busiest_second(moments) for number, moments in by_number.items()
            },
            "times_received": dict(Counter(arrival.callback for arrival in self.arrivals)),
        }


def busiest_second(moments: list[float]) -> int:
    """Return how many came within any one second, wherever it begins."""
    most, window = 0, deque[float]()
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - 1.0:
            window.popleft()
        most = max(most, len(window))
    return most


def http(status: int, body: bytes, content_type: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 %d OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        content_type,
        len(body),
        body,
    )


class Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self.buffer, 0, end + 2)
            length = int(found[1]) if found else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            path = self.buffer[: self.buffer.index(b"\r\n")].split(b" ")[1].partition(b"?")[0]
            self.buffer = self.buffer[end + 4 + length :]
            self.handle(path, body)

    def handle(self, path: bytes, body: bytes) -> None:
        if path.endswith(b"/messages"):
            self.take(self.graph.receive(path.split(b"/")[-2].decode(), body))
        else:
            self.send(http(200, json.dumps(self.command(path, body)).encode()))

    def take(self, arrival: Arrival) -> None:
        later = asyncio.get_running_loop().call_later
        latency_s = self.graph.latency_s
        match arrival.mode:
            case "silent":
                return
            case "reset":
                later(latency_s, self.transport.abort)
            case "late":
                later(self.graph.late_s, self.send, self.accepted(arrival))
            case "garbage":
                later(latency_s, self.send, http(200, b"\x00\xff not JSON"))
            case "half":
                later(latency_s, self.cut_short, self.accepted(arrival))
            case "html":
                later(latency_s, self.send, http(502, HTML, b"text/html"))
            case "refuse":
                later(latency_s, self.send, http(500, json.dumps(REFUSAL).encode()))
            case _:
                later(latency_s, self.send, self.accepted(arrival))

    def accepted(self, arrival: Arrival) -> bytes:
        return http(
            200,
            b'{"messaging_product":"whatsapp","contacts":[{"input":"+34600000101","wa_id":"34600000101"}],'
            b'"messages":[{"id":"%b","message_status":"accepted"}]}' % arrival.wamid.encode(),
        )

    def send(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def cut_short(self, data: bytes) -> None:
        self.send(data[:-20])
        self.transport.close()

    def command(self, path: bytes, body: bytes) -> Any:
        match path:
            case b"/_arrivals":
                return [
                    [arrival.callback, arrival.number, arrival.at, arrival.mode, arrival.wamid]
                    for arrival in self.graph.arrivals
                ]
            case b"/_reset":
                self.graph.arrivals.clear()
            case b"/_behave":
                for name, value in json.loads(body).items():
                    setattr(self.graph, name, value)
        return self.graph.stats()


async def serve(port: int, latency_s: float) -> None:
    graph = Graph(latency_s)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(graph), "127.0.0.1", port, backlog=1024, reuse_address=True
    )
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds until an answer")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.latency))


if __name__ == "__main__":
    main()
