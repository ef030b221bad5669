"""Storing an accepted message: the row and the first line of its timeline, both or neither, with one statement."""

from __future__ import annotations

from django.db import connection
from django.db.models import JSONField

from messaging.models import EventKind, Message
from tenants.rows import prepared_cursor

_FIELDS = Message._meta.concrete_fields
_NAMES = [field.attname for field in _FIELDS]
# psycopg writes every other type as Django would, at a fifth of its cost.
_JSON = [(place, field) for place, field in enumerate(_FIELDS) if isinstance(field, JSONField)]
_COLUMNS = ", ".join(str(field.column) for field in _FIELDS)
_VALUES = ", ".join(["%s"] * len(_FIELDS))

# One statement is its own transaction, which saves the two round trips of BEGIN and COMMIT. Of two requests at once with
# the same idempotency key the later one waits here for the earlier one's commit and then stores nothing.
_STORE = f"""
WITH stored AS (
  INSERT INTO messaging_message ({_COLUMNS}) VALUES ({_VALUES})
  ON CONFLICT (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
  RETURNING id, created_at
)
INSERT INTO messaging_messageevent (message_id, kind, at, recorded_at)
SELECT id, %s, created_at, created_at FROM stored
"""  # noqa: S608 (names of our own columns)


def store(message: Message) -> bool:
    """Insert a new message; False, and nothing is stored, where another of the bakery has its idempotency key."""
    values = [getattr(message, name) for name in _NAMES]
    for place, field in _JSON:
        values[place] = field.get_db_prep_save(values[place], connection)
    with prepared_cursor() as cursor:
        cursor.execute(_STORE, [*values, EventKind.QUEUED.value])
        is_stored = bool(cursor.rowcount)
    message._state.adding = not is_stored
    return is_stored
