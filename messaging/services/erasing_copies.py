"""Erasing a person from the raw copies of what Meta posted, which are kept for WEBHOOK_RETENTION_DAYS.

Gone through by the hourly task, since no index leads from a person to a body, once for what was there. For as long as Meta
reports on a message it is followed: what comes later, a read receipt or an answer, is emptied when it is applied. By then
nobody's number is kept any more, only digests made with our key.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.crypto import salted_hmac

from messaging.models import Erasure, PersonAlias, WebhookDelivery
from tenants.models import PhoneNumber

log = structlog.get_logger(__name__)

_AT_ONCE = 5_000
# As long as Meta reports on a message (Cloud API, webhook reference "status", read 2026-11-22).
FOLLOWED_FOR = timedelta(days=30)
# Whoever stores a copy takes its id before the others can see it, so a few of the last are looked at again.
_LOOKED_AT_AGAIN = 1_000
_SALT = "messaging.erasing_copies"
# Where a status, a message or a contact tells whose it is.
_TELLS_WHOM = ("recipient_id", "recipient_user_id", "from", "from_user_id", "wa_id", "user_id")

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

    def is_met_through(self, number: str) -> bool:
        return number in self.numbers

    def is_in(self, item: Any, number: str) -> bool:
        text = json.dumps(item, ensure_ascii=False)
        return any(name in text for name in self.names)


@dataclass(frozen=True, slots=True)
class _Followed:
    """The same of all who are followed, by Meta's ids of the numbers, with digests of the names."""

    digests: dict[str, set[str]]

    def is_met_through(self, number: str) -> bool:
        return number in self.digests

    def is_in(self, item: Any, number: str) -> bool:
        if not isinstance(item, dict):
            return False
        told = (item.get(key) for key in _TELLS_WHOM)
        return any(_digest(name) in self.digests[number] for name in told if isinstance(name, str))


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
    last = _last_copy()
    for erasure in Erasure.objects.unfinished().order_by("id"):
        wanted, now = _Wanted(**json.loads(erasure.looked_for)), timezone.now()
        if not _go_through(wanted):
            continue  # Something about the person is still to be applied; the next hour finds it.
        Erasure.objects.filter(pk=erasure.pk).update(
            looked_for="",
            copies_erased_at=now,
            follows={"names": [_digest(name) for name in wanted.names], "numbers": wanted.numbers},
            follows_until=now + FOLLOWED_FOR,
            seen_to=last,
        )
        done += 1
        log.info("Erased from copies of webhooks", erasure_id=erasure.pk)
    return done


def erase_later_copies() -> int:
    """Erase from what Meta has posted since and was not emptied when it was applied; return from how many bodies.

    That is what was applied while somebody's first search was under way. Harmless to repeat.
    """
    over = Erasure.objects.followed().filter(follows_until__lt=timezone.now())
    over.update(follows={}, follows_until=None)
    followed = list(Erasure.objects.followed().order_by("id"))
    if not followed:
        return 0
    first = min(erasure.seen_to for erasure in followed) - _LOOKED_AT_AGAIN
    last = _last_copy()
    people, erased = _all_of(followed), 0
    for begin in range(max(first, 0), last + 1, _AT_ONCE):
        erased += _follow(people, begin, min(begin + _AT_ONCE, last + 1))
    waiting = WebhookDelivery.objects.waiting().aggregate(first=Min("pk"))["first"]
    seen_to = last if waiting is None else min(last, waiting - 1)
    Erasure.objects.filter(pk__in=[one.pk for one in followed]).update(seen_to=seen_to)
    if erased:
        log.info("Erased from later copies of webhooks", copies=erased)
    return erased


def erase_from(bodies: Iterable[tuple[int, bytes]]) -> int:
    """Erase whoever is followed from these copies, which the caller has locked; return from how many."""
    return _erase_from(bodies, _all_of(Erasure.objects.followed()))


def _follow(people: _Followed, begin: int, end: int) -> int:
    with transaction.atomic():
        applied = WebhookDelivery.objects.filter(
            pk__gte=begin, pk__lt=end, processed_at__isnull=False
        )
        copies = applied.select_for_update(no_key=True).order_by("pk").values_list("pk", "body")
        return _erase_from(((pk, bytes(body)) for pk, body in copies.iterator()), people)


def _erase_from(bodies: Iterable[tuple[int, bytes]], people: _Followed) -> int:
    erased = 0
    for pk, body in bodies:
        emptied = _without(body, people)
        if emptied != body:
            WebhookDelivery.objects.filter(pk=pk).update(body=emptied)
            erased += 1
    return erased


def _all_of(followed: Iterable[Erasure]) -> _Followed:
    digests = defaultdict[str, set[str]](set)
    for one in followed:
        for number in one.follows["numbers"]:
            digests[number].update(one.follows["names"])
    return _Followed(dict(digests))


def _last_copy() -> int:
    return WebhookDelivery.objects.aggregate(last=Max("pk"))["last"] or 0


def _digest(name: str) -> str:
    return salted_hmac(_SALT, name, algorithm="sha256").hexdigest()


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


def _without(body: bytes, people: _Wanted | _Followed) -> bytes:
    """Return the body with each status, message and contact of these people emptied.

    The very same bytes where nothing of them is in it. An unreadable one is emptied whole where their names were found in it.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return body if isinstance(people, _Followed) else b"{}"
    emptied = [_empty(value, people) for value in _values_in(payload)]
    if not any(emptied):
        return body
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _empty(value: dict[str, Any], people: _Wanted | _Followed) -> bool:
    """Empty what is of these people; say whether there was anything."""
    number = _met_through(value)
    if not people.is_met_through(number):
        return False
    found = False
    for key, items in value.items():
        if isinstance(items, list):
            is_theirs = [people.is_in(item, number) for item in items]
            found = found or any(is_theirs)
            value[key] = [
                {"erased": True} if theirs else item
                for item, theirs in zip(items, is_theirs, strict=True)
            ]
    return found


def _values_in(payload: Any) -> list[dict[str, Any]]:
    entries = payload.get("entry") if isinstance(payload, dict) else None
    changes = [change for entry in _dicts(entries) for change in _dicts(entry.get("changes"))]
    return _dicts([change.get("value") for change in changes])


def _dicts(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _met_through(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    return str(metadata.get("phone_number_id")) if isinstance(metadata, dict) else ""
