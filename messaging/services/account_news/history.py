"""The lines of the history: each piece of news once, and where it stands among what is known already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from messaging.graph_api.account_news import News
from messaging.models import AccountEvent, Aspect
from messaging.services.account_news.rows import Subject

# Meta's times are whole seconds: what was read later than this surely knew.
_SECOND = timedelta(seconds=1)
# Their events say nothing about each other.
_EACH_BY_ITSELF = frozenset({Aspect.ALERT, Aspect.OTHER})


@dataclass(frozen=True, slots=True)
class Taken:
    """What news did: the row held `before`, Meta says `after`; `is_applied` when the row holds it now."""

    before: str
    after: str
    is_applied: bool = True


# Somebody was told, or nobody has to be; no row holds it.
NOTED = Taken("", "", is_applied=False)


@dataclass(frozen=True, slots=True)
class Place:
    """`is_newest`: no later news of the same aspect stands. `is_fresh`: nor was the row read from Meta since."""

    at: datetime
    is_newest: bool
    is_fresh: bool


def only_keep(row: object, news: News, place: Place) -> Taken:
    """Nothing changes; the history has its line."""
    return NOTED


def keep(news: News, *, aspect: Aspect, subject: Subject) -> tuple[AccountEvent, bool]:
    """Return the line and whether it is new.

    Meta's repeats carry the same time. News without any is a repeat when the same was ever told; what it is about is
    then read from Meta instead.
    """
    return AccountEvent.objects.get_or_create(
        digest=digest_of(news),
        defaults={
            "at": news.at or timezone.now(),
            "aspect": aspect,
            "field": news.field[:64],
            "event": news.event[:64],
            "account": subject.account,
            "phone_number": subject.number,
            "template": subject.template,
            "subject": subject.text[:200],
            "details": news.details,
        },
    )


def place_of(event: AccountEvent, subject: Subject) -> Place:
    """Compare with later news, and with what was last read from Meta."""
    later = AccountEvent.objects.filter(aspect=event.aspect, at__gt=event.at)
    if subject.template is not None:
        later = later.filter(template=subject.template)
    elif subject.number is not None:
        later = later.filter(phone_number=subject.number)
    else:
        later = later.filter(account=subject.account, phone_number=None, template=None)
    if event.aspect in _EACH_BY_ITSELF:
        later = later.filter(event=event.event)
    is_newest = not later.exists()
    row = subject.template or subject.number
    synced_at = row.last_synced_at if row is not None else None
    is_fresh = synced_at is None or event.at + _SECOND > synced_at
    return Place(event.at, is_newest, is_newest and is_fresh)


def told_since(
    moment: datetime, *, aspects: Collection[Aspect]
) -> set[tuple[int | None, int | None, str]]:
    """Return (template, number, aspect) of the news that rows took since `moment`: a read begun then knows less."""
    # An event's own time is a whole second, which began before it.
    told = AccountEvent.objects.filter(
        at__gte=moment - _SECOND, recorded_at__gte=moment, is_applied=True, aspect__in=aspects
    )
    return set(told.values_list("template_id", "phone_number_id", "aspect"))


def digest_of(news: News) -> str:
    """Return what tells a repeat from something new."""
    told: list[Any] = [news.waba_id, news.field, news.event, news.at and news.at.isoformat()]
    text = json.dumps([*told, news.details], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
