"""The one place where lines are added to messages' timelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.models import MessageEvent, SendAttempt

# In the order of message and kind, as everywhere, so that no two batches wait for each other. `xmax` is 0 in a row that
# this statement has inserted.
_WRITE = """
INSERT INTO messaging_messageevent AS event (message_id, kind, code, at, recorded_at)
SELECT message_id, kind, code, min(at), %(now)s
FROM unnest(%(message_id)s::uuid[], %(kind)s::text[], %(code)s::bigint[], %(at)s::timestamptz[])
  AS line(message_id, kind, code, at)
GROUP BY message_id, kind, code
ORDER BY message_id, kind, code
ON CONFLICT (message_id, kind, code) DO UPDATE SET at = excluded.at WHERE excluded.at < event.at
RETURNING id, message_id, kind, code, at, xmax = 0 AS is_new
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
}
_WRITE_ATTEMPTS = f"""
INSERT INTO messaging_sendattempt ({", ".join(_ATTEMPT)})
SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for kind in _ATTEMPT.values())})
"""  # noqa: S608 (names of our own columns)


def write_events(events: Sequence[MessageEvent]) -> list[MessageEvent]:
    """Add these lines with one statement; return those that are new. One that stands already keeps the earlier time."""
    if not events:
        return []
    lines: dict[str, Any] = {
        "message_id": [event.message_id for event in events],
        "kind": [str(event.kind) for event in events],
        "code": [event.code for event in events],
        "at": [event.at for event in events],
    }
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, lines | {"now": now})
        written = cursor.fetchall()
    return [
        MessageEvent(id=pk, message_id=message_id, kind=kind, code=code, at=at, recorded_at=now)
        for pk, message_id, kind, code, at, is_new in written
        if is_new
    ]


def write_attempts(attempts: Sequence[SendAttempt]) -> None:
    """Add these requests to Meta with one statement."""
    columns = [[getattr(attempt, name) for attempt in attempts] for name in _ATTEMPT]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ATTEMPTS, columns)
