"""The floor: the same bodies applied by a bare psycopg loop with the same two statements, one transaction a body.

No HTTP, no stored body, no verdicts, no locks in order, no rule which status may follow which. Prints the seconds it took:
`python -m benchmarks.psycopg_loop FILE`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

UPDATE = """
UPDATE messaging_message AS message
SET status = told.status, delivered_at = LEAST(message.delivered_at, told.at), pricing = told.pricing::jsonb, updated_at = now()
FROM unnest(%(id)s::uuid[], %(status)s::text[], %(at)s::timestamptz[], %(pricing)s::text[]) AS told(id, status, at, pricing)
WHERE message.id = told.id
"""
INSERT = """
INSERT INTO messaging_messageevent (message_id, kind, code, at, recorded_at)
SELECT id, kind, NULL, at, now()
FROM unnest(%(id)s::uuid[], %(status)s::text[], %(at)s::timestamptz[]) AS told(id, kind, at)
ON CONFLICT DO NOTHING
"""


def columns(body: bytes) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"id": [], "status": [], "at": [], "pricing": []}
    for entry in json.loads(body)["entry"]:
        for change in entry["changes"]:
            for status in change["value"]["statuses"]:
                found["id"].append(status["biz_opaque_callback_data"])
                found["status"].append(status["status"])
                found["at"].append(datetime.fromtimestamp(int(status["timestamp"]), UTC))
                found["pricing"].append(json.dumps(status["pricing"]))
    return found


def main(file: str) -> float:
    bodies = Path(file).read_bytes().splitlines()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        started = time.monotonic()
        for body in bodies:
            told = columns(body)
            connection.execute(UPDATE, told)
            connection.execute(INSERT, told)
            connection.commit()
        return time.monotonic() - started


if __name__ == "__main__":
    print(main(sys.argv[1]))
