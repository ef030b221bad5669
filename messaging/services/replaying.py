"""Applying stored deliveries again: one, a selection or a range of time. Harmless: what was applied changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from messaging import queues
from messaging.models import DeliveryOutcome, WebhookDelivery
from messaging.models.webhook_delivery import WebhookDeliveryQuerySet
from messaging.services import batches

log = structlog.get_logger(__name__)

# So many are applied while somebody waits for it; more are left to the workers.
AT_ONCE = batches.MAX_DELIVERIES
_BATCH = 1000


def replay_now(delivery_ids: Collection[int]) -> int:
    """Apply these at once; return how many."""
    return batches.apply_these(delivery_ids)


def replay_all_now(found: QuerySet[WebhookDelivery]) -> int:
    """Apply all these here, in batches; return how many."""
    return sum(batches.apply_these(ids) for ids in _ids(found))


def in_range(
    *,
    after: datetime | None,
    before: datetime | None,
    outcome: DeliveryOutcome | None = None,
) -> WebhookDeliveryQuerySet:
    """Return the deliveries received from `after` on, up to but without `before`, that ended so."""
    found = WebhookDelivery.objects.received_between(after=after, before=before)
    return found.filter(outcome=outcome) if outcome else found


def replay(found: QuerySet[WebhookDelivery]) -> int:
    """Have workers apply all these again, after what is new; return how many. Rows in use are passed over.

    Only a mark is written, in short transactions; a worker takes them from there, however many there are.
    """
    total = sum(_mark(ids) for ids in _ids(found))
    if total:
        log.info("Webhooks to be applied again", count=total)
        queues.wake_receiver()
    return total


def _ids(found: QuerySet[WebhookDelivery]) -> Iterator[list[int]]:
    last = 0
    while ids := list(
        found.filter(pk__gt=last).order_by("id").values_list("id", flat=True)[:_BATCH]
    ):
        yield ids
        last = ids[-1]


def _mark(ids: list[int]) -> int:
    free = WebhookDelivery.objects.filter(pk__in=ids).order_by("id")
    marked = WebhookDelivery.objects.filter(
        pk__in=free.select_for_update(skip_locked=True, no_key=True).values("pk"),
        processed_at__isnull=False,
        again_at__isnull=True,
    )
    return marked.update(again_at=timezone.now())
