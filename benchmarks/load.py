"""Presses one POST over and over on kept-alive connections; raw sockets, so that it costs little of the shared cores.

Prints requests a second: `python -m benchmarks.load PORT KEY BODY CONNECTIONS SECONDS`; `N` in BODY counts up.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from itertools import count

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
WARM_UP_S = 1.0


async def press(port: int, head: bytes, body: str, connections: int, seconds: float) -> float:
    places = count()
    starts = time.monotonic() + WARM_UP_S
    ends = starts + seconds
    answered = 0

    async def one() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < ends:
            content = body.replace("NNNNNN", f"{next(places) % 1_000_000:06}").encode()
            writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
            answer = await reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(answer)
            text = await reader.readexactly(int(found[1]) if found else 0)
            if not answer.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"{answer.decode()}{text.decode()}")
            answered += starts < time.monotonic() < ends
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return answered / seconds


def main(port: int, key: str, body: str, connections: int, seconds: float) -> float:
    head = (
        f"POST /api/v1/whatsapp/send HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    ).encode()
    return asyncio.run(press(port, head, body, connections, seconds))


if __name__ == "__main__":
    port, key, body, connections, seconds = sys.argv[1:]
    print(main(int(port), key, body, int(connections), float(seconds)))
