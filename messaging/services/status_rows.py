"""The columns of messages that Meta's statuses touch: locked with one statement, written with one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

# In the order of ids, as everywhere, so that no two batches wait for each other.
_LOCK = """
SELECT message.id, number.phone_number_id, message.template_id, message.status, message.wamid, message.sent_at,
  message.delivered_at, message.read_at, message.failed_at, message.error_code, message.error_details,
  message.pricing IS NOT NULL, message.recipient_user_id
FROM messaging_message AS message JOIN tenants_phonenumber AS number ON number.id = message.phone_number_id
WHERE message.id = ANY(%(ids)s::uuid[]) OR message.wamid = ANY(%(wamids)s::text[])
ORDER BY message.id
FOR NO KEY UPDATE OF message
"""

_WRITE = """
UPDATE messaging_message AS message SET
  status = told.status,
  send_after = CASE WHEN told.moved THEN NULL ELSE message.send_after END,
  claimed_at = CASE WHEN told.moved THEN NULL ELSE message.claimed_at END,
  unconfirmed_at = CASE WHEN told.moved THEN NULL ELSE message.unconfirmed_at END,
  waits_for = CASE WHEN told.moved THEN '' ELSE message.waits_for END,
  wamid = told.wamid, sent_at = told.sent_at, delivered_at = told.delivered_at, read_at = told.read_at,
  failed_at = told.failed_at, error_code = told.error_code, error_details = told.error_details,
  pricing = COALESCE(message.pricing, told.pricing::jsonb), recipient_user_id = told.recipient_user_id,
  updated_at = %(now)s
FROM unnest(
  %(id)s::uuid[], %(status)s::text[], %(moved)s::bool[], %(wamid)s::text[], %(sent_at)s::timestamptz[],
  %(delivered_at)s::timestamptz[], %(read_at)s::timestamptz[], %(failed_at)s::timestamptz[], %(error_code)s::bigint[],
  %(error_details)s::text[], %(pricing)s::text[], %(recipient_user_id)s::text[]
) AS told(id, status, moved, wamid, sent_at, delivered_at, read_at, failed_at, error_code, error_details, pricing,
          recipient_user_id)
WHERE message.id = told.id
"""


@dataclass(slots=True)
class StatusRow:
    """What of a message its statuses may change. `phone_number_id` is Meta's; `pricing` only what is new."""

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
    error_details: str
    has_pricing: bool
    recipient_user_id: str
    pricing: dict[str, Any] | None = None
    is_changed: bool = False
    has_moved: bool = False

    def put(self, name: str, value: object) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.is_changed = True


def lock_rows(ids: Collection[uuid.UUID], wamids: Collection[str]) -> list[StatusRow]:
    """Return the messages with one of these ids or wamids, locked until the transaction ends."""
    if not ids and not wamids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"ids": list(ids), "wamids": list(wamids)})
        return [StatusRow(*columns) for columns in cursor.fetchall()]


def write_rows(rows: Sequence[StatusRow]) -> None:
    """Write these locked rows."""
    if not rows:
        return
    columns: dict[str, Any] = {
        "id": [row.id for row in rows],
        "status": [row.status for row in rows],
        "moved": [row.has_moved for row in rows],
        "wamid": [row.wamid for row in rows],
        "sent_at": [row.sent_at for row in rows],
        "delivered_at": [row.delivered_at for row in rows],
        "read_at": [row.read_at for row in rows],
        "failed_at": [row.failed_at for row in rows],
        "error_code": [row.error_code for row in rows],
        "error_details": [row.error_details for row in rows],
        "pricing": [None if row.pricing is None else json.dumps(row.pricing) for row in rows],
        "recipient_user_id": [row.recipient_user_id for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, columns | {"now": timezone.now()})
