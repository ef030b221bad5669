"""Stored deliveries applied in batches: a constant number of statements, short transactions, nothing tried for ever."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, Exists, F, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from messaging import queues
from messaging.graph_api.webhook_payload import Change
from messaging.models import DeliveryOutcome, Erasure, WebhookDelivery
from messaging.models.webhook_delivery import WebhookDeliveryQuerySet
from messaging.services import erasing_copies, unknown_fields
from messaging.services.account_news import apply_news
from messaging.services.inbound import apply_inbound
from messaging.services.isolating import isolate
from messaging.services.opting_out import apply_preferences
from messaging.services.reading_deliveries import Delivery, Work, read_delivery
from messaging.services.status_reports import apply_status_reports
from messaging.services.verdicts import IT_BROKE, Reported, outcome_of, this_traceback, verdict_line

log = structlog.get_logger(__name__)

# About 2,500 statuses at most: what is locked is locked for some tenths of a second.
MAX_DELIVERIES = 250
MAX_BYTES = 1024 * 1024
# A body that the database gives up on so often is given up by us.
MAX_ATTEMPTS = 5
# What PostgreSQL says when it gives up a statement, not itself: deadlocks, time-outs, limits (Appendix A, Error Codes).
_GIVEN_UP = ("40", "54", "55", "57014")

_WRITE = """
UPDATE messaging_webhookdelivery AS delivery SET
  verdicts = told.verdicts::jsonb, outcome = told.outcome, traceback = told.traceback,
  started_at = CASE WHEN delivery.processed_at IS NULL THEN %(started_at)s ELSE delivery.started_at END,
  processed_at = coalesce(delivery.processed_at, %(processed_at)s),
  repeated_at = CASE WHEN delivery.processed_at IS NOT NULL THEN %(processed_at)s END,
  again_at = NULL
FROM jsonb_to_recordset(%(told)s::jsonb) AS told(id bigint, verdicts jsonb, outcome text, traceback text)
WHERE delivery.id = told.id
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """The deliveries of one batch; false when there were none. `is_full` when more of them waited."""

    ids: list[int] = field(default_factory=list)
    is_full: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids)


def apply_new() -> Batch:
    """Apply the oldest that were never applied. Others may do the same at the same time."""
    return _apply_batch(WebhookDelivery.objects.waiting())


def apply_repeats() -> Batch:
    """The same for those that somebody wants applied again."""
    return _apply_batch(WebhookDelivery.objects.to_be_repeated())


def apply_these(delivery_ids: Collection[int]) -> int:
    """Apply these (again), in batches; return how many. What another worker has in its hands is left to it."""
    total, left = 0, sorted(delivery_ids)
    while left:
        part, left = left[:MAX_DELIVERIES], left[MAX_DELIVERIES:]
        while part:
            done = set(_apply_batch(WebhookDelivery.objects.filter(pk__in=part)).ids)
            total += len(done)
            part = [pk for pk in part if pk not in done] if done else []
    return total


def _apply_batch(found: WebhookDeliveryQuerySet) -> Batch:
    """Apply as many of these as fit into one batch."""
    batch = Batch()
    try:
        with transaction.atomic():
            batch = _claim(found)
            _apply(batch.ids)
    except Exception as error:
        if not batch or _is_out_of_service(error):
            raise
        for delivery_id in batch.ids:
            _apply_alone(delivery_id)
    return batch


def _claim(found: WebhookDeliveryQuerySet) -> Batch:
    """Lock the first of these that nobody else has."""
    free = found.order_by("id").select_for_update(skip_locked=True, no_key=True)
    rows = list(free.values_list("id", "size")[:MAX_DELIVERIES])
    sizes = accumulate(size for _id, size in rows)
    fitting = [pk for (pk, _size), total in zip(rows, sizes, strict=True) if total <= MAX_BYTES]
    ids = fitting or [pk for pk, _size in rows[:1]]
    return Batch(ids, is_full=len(ids) < len(rows) or len(rows) == MAX_DELIVERIES)


def _apply(delivery_ids: Sequence[int]) -> None:
    if not delivery_ids:
        return
    started_at = timezone.now()
    found = WebhookDelivery.objects.filter(pk__in=delivery_ids).order_by("id")
    # Asked along with the bodies: no statement more where nobody is followed.
    is_anybody_followed = Exists(Erasure.objects.followed())
    rows = list(found.values_list("id", "body", "processed_at", is_anybody_followed))
    deliveries = [
        Delivery(pk, bytes(body), is_repeat=processed_at is not None)
        for pk, body, processed_at, _followed in rows
    ]
    work = Work()
    for delivery in deliveries:
        read_delivery(delivery, work)
    # In this order in every worker, so that no two wait for each other.
    isolate(apply_status_reports, work.statuses, Reported.broke)
    isolate(apply_inbound, work.inbound, Reported.broke)
    isolate(apply_preferences, work.preferences, Reported.broke)
    isolate(apply_news, work.news, Reported.broke)
    isolate(_ask_meta, work.unread_news, Reported.broke)
    unknown_fields.count(deliveries, at=started_at)
    _write(deliveries, started_at=started_at)
    if any(is_followed for *_row, is_followed in rows):
        erasing_copies.erase_from((delivery.id, delivery.body) for delivery in deliveries)


def _ask_meta(reports: Sequence[Reported[Change]]) -> None:
    """Read from Meta what changed, where its news could not be read."""
    queues.wake_sync()
    for report in reports:
        report.judge("applied", "Read again from Meta.")


def _write(deliveries: Sequence[Delivery], *, started_at: datetime) -> None:
    told = [
        {
            "id": delivery.id,
            "verdicts": delivery.verdicts,
            "outcome": outcome_of(delivery.verdicts),
            "traceback": "\n".join(delivery.tracebacks),
        }
        for delivery in deliveries
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {"told": json.dumps(told), "started_at": started_at, "processed_at": timezone.now()},
        )
    for delivery in deliveries:
        if delivery.tracebacks:
            log.error("Webhook could not be applied", webhook_delivery=delivery.id)


def _apply_alone(delivery_id: int) -> None:
    """Apply one delivery of a batch that broke. Raises what takes the database out of service."""
    try:
        with transaction.atomic():
            _apply(_claim(WebhookDelivery.objects.filter(pk=delivery_id)).ids)
    except (OperationalError, InterfaceError) as error:
        if _is_out_of_service(error):
            raise
        _count_attempt(delivery_id)
    except Exception:
        _give_up(delivery_id)


def _count_attempt(delivery_id: int) -> None:
    """The database gave this one up: it stays waiting for the next try, unless that was the last one."""
    found = WebhookDelivery.objects.filter(pk=delivery_id)
    found.update(attempts=F("attempts") + 1)
    if found.filter(attempts__gte=MAX_ATTEMPTS).exists():
        _give_up(delivery_id)


def _give_up(delivery_id: int) -> None:
    """Keep the exception that is being handled with the delivery; a person may have it applied again."""
    now = timezone.now()
    WebhookDelivery.objects.filter(pk=delivery_id).update(
        traceback=this_traceback(),
        verdicts=[verdict_line("", "", "error", IT_BROKE)],
        outcome=DeliveryOutcome.ERROR,
        started_at=Coalesce("started_at", now),
        processed_at=Coalesce("processed_at", now),
        repeated_at=Case(When(processed_at__isnull=False, then=now)),
        again_at=None,
        attempts=0,
    )
    log.error("Webhook could not be applied", webhook_delivery=delivery_id)


def _is_out_of_service(error: BaseException) -> bool:
    """Whether the database itself is in trouble, rather than a statement: then nothing is anybody's fault."""
    if not isinstance(error, OperationalError):
        return isinstance(error, InterfaceError)
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return not sqlstate.startswith(_GIVEN_UP)
