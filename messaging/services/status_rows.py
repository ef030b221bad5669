"""The columns of messages that Meta's statuses touch: locked with one statement, written with one."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.services import arrays

# In the order of ids, as everywhere, so that no two batches wait for each other. Of an erased person nothing is learned.
_LOCK = """
SELECT message.id, number.phone_number_id, message.template_id, message.status, message.wamid, message.sent_at,
  message.delivered_at, message.read_at, message.failed_at, message.error_code, message.pricing IS NOT NULL, number.id,
  CASE WHEN message.erased_at IS NULL THEN message.recipient_phone ELSE '' END
FROM messaging_message AS message JOIN tenants_phonenumber AS number ON number.id = message.phone_number_id
WHERE message.id = ANY(%(ids)s::uuid[]) OR message.wamid = ANY(%(wamids)s::text[])
ORDER BY message.id
FOR NO KEY UPDATE OF message
"""

# Only what has changed is told; null leaves a column as it is. The error goes with the time of the failure.
_WRITE = """
UPDATE messaging_message AS message SET
  status = COALESCE(told.status, message.status),
  send_after = CASE WHEN told.status IS NULL THEN message.send_after END,
  claimed_at = CASE WHEN told.status IS NULL THEN message.claimed_at END,
  unconfirmed_at = CASE WHEN told.status IS NULL THEN message.unconfirmed_at END,
  waits_for = CASE WHEN told.status IS NULL THEN message.waits_for ELSE '' END,
  wamid = CASE WHEN message.erased_at IS NULL THEN COALESCE(told.wamid, message.wamid) END,
  sent_at = COALESCE(told.sent_at, message.sent_at),
  delivered_at = COALESCE(told.delivered_at, message.delivered_at),
  read_at = COALESCE(told.read_at, message.read_at),
  failed_at = COALESCE(told.failed_at, message.failed_at),
  error_code = CASE WHEN told.failed_at IS NULL THEN message.error_code ELSE told.error_code END,
  error_details = CASE WHEN told.failed_at IS NULL OR message.erased_at IS NOT NULL THEN message.error_details
    ELSE COALESCE(told.error_details, '') END,
  pricing = COALESCE(told.pricing::jsonb, message.pricing),
  updated_at = %(now)s
FROM unnest(
  %(id)s::uuid[], %(status)s::text[], %(wamid)s::text[], %(sent_at)s::timestamptz[], %(delivered_at)s::timestamptz[],
  %(read_at)s::timestamptz[], %(failed_at)s::timestamptz[], %(error_code)s::bigint[], %(error_details)s::text[],
  %(pricing)s::text[]
) AS told(id, status, wamid, sent_at, delivered_at, read_at, failed_at, error_code, error_details, pricing)
WHERE message.id = told.id
"""
_VALUES = ("status", "sent_at", "delivered_at", "read_at", "failed_at", "error_code")
_TEXTS = ("wamid", "error_details", "pricing")


@dataclass(slots=True)
class StatusRow:
    """What of a message its statuses may change. `phone_number_id` is Meta's, `pricing` is Meta's JSON as text."""

    id: uuid.UUID
    phone_number_id: str
    template_id: int
    status: str
    wamid: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    error_code: int | None
    has_pricing: bool
    number_pk: int
    recipient_phone: str
    error_details: str | None = None
    pricing: str | None = None
    changed: set[str] = field(default_factory=set)

    def put(self, name: str, value: object) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.changed.add(name)

    def put_failure(self, at: datetime, code: int | None, details: str) -> None:
        """All three are told together, though one of them be the same as before."""
        self.failed_at, self.error_code, self.error_details = at, code, details
        self.changed |= {"failed_at", "error_code", "error_details"}


def lock_rows(ids: Collection[uuid.UUID], wamids: Collection[str]) -> list[StatusRow]:
    """Return the messages with one of these ids or wamids, locked until the transaction ends."""
    if not ids and not wamids:
        return []
    parameters = {"ids": arrays.of_values(ids), "wamids": arrays.of_texts(wamids)}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, parameters)
        return [StatusRow(*columns) for columns in cursor.fetchall()]


def write_rows(rows: Sequence[StatusRow]) -> None:
    """Write what has changed in these locked rows."""
    if not rows:
        return
    columns: dict[str, Any] = {"id": arrays.of_values(row.id for row in rows)}
    for name in _VALUES:
        columns[name] = arrays.of_values(_changed(rows, name))
    for name in _TEXTS:
        columns[name] = arrays.of_texts(_changed(rows, name))
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, columns | {"now": timezone.now()})


def _changed(rows: Sequence[StatusRow], name: str) -> list[Any]:
    return [getattr(row, name) if name in row.changed else None for row in rows]
