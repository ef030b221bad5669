"""Recipients are learned from messages, a little afterwards, so that accepting a message stays as quick as it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from uuid_utils.compat import uuid7

from messaging.models import Message, Recipient
from messaging.models.message import first_id_at

# Ids are made before their row is committed: what comes a little late is still found.
_OVERLAP = timedelta(minutes=2)
_AT_ONCE = 5_000
# Whoever writes recipients holds it: nobody learns a person again from messages read before they were erased, and no
# number is entered twice.
_LOCK = 0x7265636970

# In the order of the constraint, as everywhere. What the bakery has entered stays.
_LEARN = """
INSERT INTO messaging_recipient AS recipient
  (id, tenant_id, phone, name, note, consent_how, consent_by, former_phones, phone_since, last_message_id, created_at)
SELECT id, tenant, phone, name, '', '', '', '{}', created_at, message, created_at
FROM unnest(
  %(id)s::uuid[], %(tenant)s::uuid[], %(phone)s::text[], %(name)s::text[], %(message)s::uuid[],
  %(created_at)s::timestamptz[]
) AS seen(id, tenant, phone, name, message, created_at)
ORDER BY tenant, phone
ON CONFLICT (tenant_id, phone) DO UPDATE SET
  last_message_id = excluded.last_message_id,
  name = CASE WHEN recipient.name = '' THEN excluded.name ELSE recipient.name END
WHERE recipient.last_message_id IS NULL OR recipient.last_message_id < excluded.last_message_id
"""


@dataclass(slots=True)
class _Seen:
    """A bakery's newest message to one number, and the newest name given with any."""

    tenant_id: uuid.UUID
    phone: str
    message_id: uuid.UUID
    created_at: datetime
    name: str


def learn() -> int:
    """Learn from all messages since the newest that is known; return how many were looked at. Harmless to repeat."""
    since, total = _learned_until(), 0
    while True:
        with transaction.atomic():
            lock()
            rows = _messages_from(since)
            _store(_seen_in(rows))
        total += len(rows)
        if len(rows) < _AT_ONCE:
            return total
        since = rows[-1][0]


def lock() -> None:
    """Let nobody else learn, enter or erase recipients until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _learned_until() -> uuid.UUID:
    known = Recipient.objects.filter(last_message__isnull=False).order_by("-last_message")
    newest = known.values_list("last_message__created_at", flat=True).first()
    return first_id_at(newest - _OVERLAP) if newest else uuid.UUID(int=0)


def _messages_from(since: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID, str, datetime, str]]:
    # Whoever gets a trial is nobody's supplier.
    found = Message.objects.notices().filter(id__gte=since, erased_at__isnull=True)
    columns = found.order_by("id").values_list(
        "id", "tenant_id", "recipient_phone", "created_at", "recipient_name"
    )
    return list(columns[:_AT_ONCE])


def _seen_in(rows: Iterable[tuple[uuid.UUID, uuid.UUID, str, datetime, str]]) -> list[_Seen]:
    """Return one entry for each number of each bakery. `rows` are ordered by id."""
    seen: dict[tuple[uuid.UUID, str], _Seen] = {}
    for pk, tenant_id, phone, created_at, name in rows:
        before = seen.get((tenant_id, phone))
        name = name or (before.name if before else "")
        seen[tenant_id, phone] = _Seen(tenant_id, phone, pk, created_at, name)
    return list(seen.values())


def _store(seen: list[_Seen]) -> None:
    rows = list(_filed(seen))
    if not rows:
        return
    columns: dict[str, Any] = {
        "id": [uuid7() for _ in rows],
        "tenant": [row.tenant_id for row in rows],
        "phone": [row.phone for row in rows],
        "name": [row.name for row in rows],
        "message": [row.message_id for row in rows],
        "created_at": [row.created_at for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEARN, columns)


def _filed(seen: list[_Seen]) -> Iterable[_Seen]:
    """Put what went to a corrected recipient's former number with that recipient.

    What went there before the correction teaches nothing new, and a number that somebody else has now is theirs.
    """
    corrected = Recipient.objects.filter(tenant__in={row.tenant_id for row in seen}).exclude(
        former_phones=[]
    )
    former = {
        (recipient.tenant_id, phone): recipient
        for recipient in corrected.order_by("phone_since")
        for phone in recipient.former_phones
    }
    if not former:
        return seen
    current = set(
        Recipient.objects.filter(phone__in={phone for _, phone in former}).values_list(
            "tenant_id", "phone"
        )
    )
    filed: dict[tuple[uuid.UUID, str], _Seen] = {}
    for row in seen:
        key = (row.tenant_id, row.phone)
        owner = former.get(key) if key not in current else None
        if owner is not None:
            if row.created_at < owner.phone_since:
                continue
            row.phone = owner.phone
        known = filed.get((row.tenant_id, row.phone))
        if known is None or known.message_id < row.message_id:
            filed[row.tenant_id, row.phone] = row
    return filed.values()
