"""What waits and what today has brought, read with one statement along two indexes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Value

from messaging.models import Message

_WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Pulse:
    """`oldest` is when the first of the waiting messages is or was due; `today` counts by status."""

    waiting: int
    oldest: datetime | None
    today: dict[str, int]


def pulse(*, since: datetime) -> Pulse:
    """Count the queue, and the messages requested since then by status."""
    figures = {"count": Count("id"), "oldest": Min("send_after")}
    # The range of ids keeps this off the older millions.
    today = Message.objects.created_between(after=since).order_by()
    queue = Message.objects.queued().order_by().annotate(kind=Value(_WAITING))
    rows = list(
        today.values_list("status")
        .annotate(**figures)
        .union(queue.values_list("kind").annotate(**figures), all=True)
    )
    waiting, oldest = next(((n, first) for kind, n, first in rows if kind == _WAITING), (0, None))
    return Pulse(waiting, oldest, {kind: n for kind, n, _first in rows if kind != _WAITING})
