"""The one place where lines are added to messages' timelines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from messaging.models import MessageEvent, SendAttempt
from messaging.services import arrays, callback_events

# In the order of message and kind, as everywhere, so that no two batches wait for each other. `xmax` is 0 in a row that
# this statement has inserted.
_WRITE = """
INSERT INTO messaging_messageevent AS event (message_id, kind, code, at, recorded_at, delivery)
SELECT message_id, kind, code, min(at), %(now)s, (array_agg(delivery ORDER BY at, delivery))[1]
FROM unnest(%(message_id)s::uuid[], %(kind)s::text[], %(code)s::bigint[], %(at)s::timestamptz[], %(delivery)s::bigint[])
  AS line(message_id, kind, code, at, delivery)
GROUP BY message_id, kind, code
ORDER BY message_id, kind, code
ON CONFLICT (message_id, kind, code) DO UPDATE SET at = excluded.at, delivery = excluded.delivery
  WHERE excluded.at < event.at
RETURNING message_id, kind, code, at, id, xmax = 0 AS is_new
"""

_ATTEMPT = {
    "message_id": "uuid",
    "started_at": "timestamptz",
    "duration_ms": "int",
    "outcome": "text",
    "http_status": "smallint",
    "error_code": "bigint",
    "error_subcode": "bigint",
    "error_details": "text",
    "fbtrace_id": "text",
    "path": "text",
    "failure": "text",
    "response": "text",
}
_WRITE_ATTEMPTS = f"""
INSERT INTO messaging_sendattempt ({", ".join(_ATTEMPT)})
SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for kind in _ATTEMPT.values())})
"""  # noqa: S608 (names of our own columns)


class Line(NamedTuple):
    """What a MessageEvent holds, for thousands at once. `id` is 0 until it is written; `delivery` told of it."""

    message_id: uuid.UUID
    kind: str
    code: int | None
    at: datetime
    id: int = 0
    delivery: int | None = None


def write_events(events: Sequence[MessageEvent | Line]) -> list[Line]:
    """Add these lines with one statement; return those that are new. One that stands already keeps the earlier time."""
    if not events:
        return []
    lines: dict[str, Any] = {
        "message_id": arrays.of_values(event.message_id for event in events),
        "kind": arrays.of_values(event.kind for event in events),
        "code": arrays.of_values(event.code for event in events),
        "at": arrays.of_values(event.at for event in events),
        "delivery": arrays.of_values(event.delivery for event in events),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, lines | {"now": timezone.now()})
        new = [Line(*columns) for *columns, is_new in cursor.fetchall() if is_new]
    callback_events.announce_events(new)
    return new


def write_attempts(attempts: Sequence[SendAttempt]) -> None:
    """Add these requests to Meta with one statement."""
    columns = [[getattr(attempt, name) for attempt in attempts] for name in _ATTEMPT]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ATTEMPTS, columns)
