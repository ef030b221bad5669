"""The floor: the same POSTs from a bare loop of threads around one `requests` session, with nothing else in the process.

Prints the seconds it took: `python -m benchmarks.floor URL MESSAGES THREADS`.
"""

from __future__ import annotations

import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter


def main(url: str, count: int, threads: int) -> float:
    session = requests.Session()
    session.trust_env = False  # looking for proxies would slow the floor down
    session.mount("http://", HTTPAdapter(pool_maxsize=threads))
    parameters = [{"type": "text", "text": text} for text in ("Juan", "PO-12345", "€250.50")]

    def post(place: int) -> str:
        response = session.post(
            url,
            json={
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": f"+34600{place:06}",
                "type": "template",
                "template": {
                    "name": "po_notification",
                    "language": {"policy": "deterministic", "code": "es"},
                    "components": [{"type": "body", "parameters": parameters}],
                },
                "biz_opaque_callback_data": str(uuid.uuid4()),
            },
            headers={"Authorization": "Bearer EAAinvented"},
            timeout=(3, 15),
        )
        wamid: str = response.json()["messages"][0]["id"]
        return wamid

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(post, range(threads)))  # connections are open, as a worker's are
        started = time.monotonic()
        list(pool.map(post, range(count)))
        return time.monotonic() - started


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
