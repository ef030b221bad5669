"""Erasing a person from the raw copies of what Meta posted, which are kept for WEBHOOK_RETENTION_DAYS.

Gone through by the hourly task, since no index leads from a person to a body. What Meta posts later about an erased
message is kept raw as long as any other.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from messaging.models import Erasure, PersonAlias, WebhookDelivery
from tenants.models import PhoneNumber

log = structlog.get_logger(__name__)

_AT_ONCE = 5_000

_FIND = """
SELECT id, body, processed_at IS NOT NULL FROM messaging_webhookdelivery
WHERE id >= %(first)s AND id < %(after)s AND EXISTS (
  SELECT FROM unnest(%(names)s::text[]) AS name WHERE position(convert_to(name, 'UTF8') IN body) > 0
)
ORDER BY id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Digits and user ids of a person, and Meta's ids of the numbers through which the bakery and they have met."""

    names: list[str]
    numbers: list[str]


def ask_for(erasure: Erasure, *, phones: Collection[str], told_to: Collection[int]) -> None:
    """Store the erasure, to be carried on into the copies within the hour."""
    aliases = PersonAlias.objects.filter(phone__in=phones).values_list("alias", flat=True)
    numbers = PhoneNumber.objects.filter(pk__in=told_to).order_by("pk")
    wanted = _Wanted(
        names=sorted({name.removeprefix("+") for name in [*phones, *aliases]}),
        numbers=list(numbers.values_list("phone_number_id", flat=True)),
    )
    erasure.looked_for = json.dumps(asdict(wanted))
    erasure.save()


def erase_copies() -> int:
    """Go through the copies for every erasure that waits for it; return how many are done. Harmless to repeat."""
    done = 0
    for erasure in Erasure.objects.unfinished().order_by("id"):
        if not _go_through(_Wanted(**json.loads(erasure.looked_for))):
            continue  # Something about the person is still to be applied; the next hour finds it.
        Erasure.objects.filter(pk=erasure.pk).update(looked_for="", copies_erased_at=timezone.now())
        done += 1
        log.info("Erased from copies of webhooks", erasure_id=erasure.pk)
    return done


def _go_through(wanted: _Wanted) -> bool:
    """Erase from all that was applied; False where something waits."""
    ids = WebhookDelivery.objects.aggregate(first=Min("pk"), last=Max("pk"))
    is_whole = True
    for first in range(ids["first"] or 0, (ids["last"] or -1) + 1, _AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                _FIND, {"first": first, "after": first + _AT_ONCE, "names": wanted.names}
            )
            for pk, body, is_applied in cursor.fetchall():
                is_whole = is_whole and is_applied
                if is_applied:
                    WebhookDelivery.objects.filter(pk=pk).update(body=_without(bytes(body), wanted))
    return is_whole


def _without(body: bytes, wanted: _Wanted) -> bytes:
    """Return the body with each status, message and contact of the person emptied; an unreadable one as it is no more."""
    try:
        payload = json.loads(body)
    except ValueError:
        return b"{}"
    for value in _values_in(payload):
        if _met_through(value) in wanted.numbers:
            for key, items in value.items():
                if isinstance(items, list):
                    value[key] = [_emptied(item, wanted.names) for item in items]
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _values_in(payload: Any) -> list[dict[str, Any]]:
    entries = payload.get("entry") if isinstance(payload, dict) else None
    changes = [change for entry in _dicts(entries) for change in _dicts(entry.get("changes"))]
    return _dicts([change.get("value") for change in changes])


def _dicts(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _met_through(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    return str(metadata.get("phone_number_id")) if isinstance(metadata, dict) else ""


def _emptied(item: Any, names: Collection[str]) -> Any:
    text = json.dumps(item, ensure_ascii=False)
    return {"erased": True} if any(name in text for name in names) else item
