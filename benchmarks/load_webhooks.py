"""Posts signed webhooks on kept-alive connections; raw sockets, so that it costs little of the shared cores.

`python -m benchmarks.load_webhooks PORT PATH FILE CONNECTIONS [RATE]`: FILE holds a body a line, each is posted once. Prints
JSON: `rate` (requests a second) and `p50`, `p99` (ms). With RATE the requests are due at that pace whatever the answers
do, and a latency counts from the moment its request was due.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import sys
import time
from pathlib import Path

from benchmarks.table import percentile

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
LEAD_S = 0.2


def requests(port: int, path: str, file: str) -> list[bytes]:
    secret = os.environ["WHATSAPP_APP_SECRET"].encode()
    made = []
    for body in Path(file).read_bytes().splitlines():
        signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def press(port: int, made: list[bytes], connections: int, rate: float) -> dict[str, float]:
    places = iter(range(len(made)))
    latencies: list[float] = []
    started = time.monotonic() + LEAD_S

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(started - time.monotonic())
        for place in places:
            due = started + place / rate if rate else time.monotonic()
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            writer.write(made[place])
            answer = await reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(answer)
            await reader.readexactly(int(found[1]) if found else 0)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(answer.decode())
            latencies.append(time.monotonic() - due)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return {
        "rate": len(made) / (time.monotonic() - started),
        "p50": percentile(latencies, 50) * 1000,
        "p99": percentile(latencies, 99) * 1000,
    }


if __name__ == "__main__":
    port, path, file, connections, *rate = sys.argv[1:]
    made = requests(int(port), path, file)
    print(
        json.dumps(
            asyncio.run(press(int(port), made, int(connections), float(rate[0]) if rate else 0.0))
        )
    )
