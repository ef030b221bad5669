"""Receiving: store what Meta posts, apply it later in batches, harmless however often it is repeated."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import OperationalError, transaction
from django.utils import timezone

from messaging import queues
from messaging.graph_api import webhook_payload
from messaging.graph_api.account_news import News
from messaging.graph_api.webhook_payload import Change, InboundFact, PreferenceFact, StatusFact
from messaging.models import WebhookDelivery
from messaging.services.account_news import apply_news
from messaging.services.inbound import apply_inbound
from messaging.services.opting_out import apply_preferences
from messaging.services.status_reports import apply_status_reports
from messaging.services.verdicts import Reported, verdict_line

log = structlog.get_logger(__name__)

BATCH = 50
# Fields about which Meta is asked when their news cannot be read.
_ASK_META_AGAIN = ("message_template", "template_category", "phone_number", "business_capability")


@dataclass(slots=True)
class _Work:
    """The statuses, messages, preferences and news of a batch."""

    statuses: list[Reported[StatusFact]] = field(default_factory=list)
    inbound: list[Reported[InboundFact]] = field(default_factory=list)
    preferences: list[Reported[PreferenceFact]] = field(default_factory=list)
    news: list[Reported[News]] = field(default_factory=list)
    ask_meta: bool = False


def store_delivery(body: bytes) -> WebhookDelivery:
    """Keep one signed body and wake a worker. One INSERT, so that Meta is answered at once."""
    delivery = WebhookDelivery.objects.create(body=body)
    queues.wake_receiver()
    return delivery


def apply_waiting() -> int:
    """Apply all stored deliveries that still wait; return how many."""
    queues.is_awake(queues.APPLY_WEBHOOKS)
    total = 0
    while applied := _apply_next(limit=BATCH):
        total += applied
    return total


def apply_delivery(delivery_ids: Sequence[int]) -> int:
    """Apply these deliveries (again); return how many."""
    total = 0
    for delivery_id in sorted(delivery_ids):
        with transaction.atomic():
            found = WebhookDelivery.objects.select_for_update().filter(pk=delivery_id)
            total += _apply_each(list(found))
    return total


def wake_for_waiting() -> bool:
    """Wake a worker when a wake-up was lost; True when there was something waiting."""
    waiting = WebhookDelivery.objects.waiting().exists()
    if waiting:
        queues.wake_receiver()
    return waiting


def _apply_next(*, limit: int) -> int:
    with transaction.atomic():
        waiting = WebhookDelivery.objects.waiting().order_by("id")
        return _apply_each(list(waiting.select_for_update(skip_locked=True)[:limit]))


def _apply_each(deliveries: list[WebhookDelivery]) -> int:
    """Apply all together; when one of them breaks, each by itself, so that it costs only itself."""
    try:
        with transaction.atomic():
            _apply(deliveries)
    except OperationalError:
        raise  # The database's trouble, not the body's: it stays waiting.
    except Exception:
        if len(deliveries) == 1:
            _keep_error(deliveries[0])
        else:
            for delivery in deliveries:
                _apply_each([delivery])
    return len(deliveries)


def _keep_error(delivery: WebhookDelivery) -> None:
    delivery.traceback = traceback.format_exc(limit=-8)
    delivery.verdicts = [
        verdict_line("", "", "error", "It could not be applied; see the traceback.")
    ]
    delivery.processed_at = timezone.now()
    delivery.save(update_fields=["traceback", "verdicts", "processed_at"])
    log.error("Webhook could not be applied", webhook_delivery=delivery.pk)


def _apply(deliveries: list[WebhookDelivery]) -> None:
    work = _Work()
    for delivery in deliveries:
        delivery.traceback = ""
        delivery.verdicts = _read(bytes(delivery.body), work)
        delivery.processed_at = timezone.now()
    apply_status_reports(work.statuses)
    apply_inbound(work.inbound)
    apply_preferences(work.preferences)
    apply_news(work.news)
    if work.ask_meta:
        queues.wake_sync()
    WebhookDelivery.objects.bulk_update(deliveries, ["traceback", "verdicts", "processed_at"])


def _read(body: bytes, work: _Work) -> list[dict[str, Any]]:
    """Sort one body's content into `work` and return its verdicts, which applying it fills in."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return [verdict_line("", "", "malformed", "The body is not JSON.")]
    parsed = webhook_payload.parse(payload)
    verdicts = [verdict_line("", "", "malformed", problem) for problem in parsed.problems]
    for change in parsed.changes:
        verdicts += [
            verdict_line(change.index, change.field, "malformed", problem)
            for problem in change.problems
        ]
        verdicts += _read_change(change, work)
    return verdicts


def _read_change(change: Change, work: _Work) -> list[dict[str, Any]]:
    verdicts = []
    for status in change.statuses:
        verdicts.append(verdict_line(change.index, status.status, "kept"))
        work.statuses.append(Reported(change, status, verdicts[-1]))
    for message in change.messages:
        verdicts.append(verdict_line(change.index, message.type, "kept"))
        work.inbound.append(Reported(change, message, verdicts[-1]))
    for news in change.news:
        verdicts.append(verdict_line(change.index, f"{news.field}: {news.event}", "kept"))
        work.news.append(Reported(change, news, verdicts[-1]))
    for preference in change.preferences:
        verdicts.append(verdict_line(change.index, preference.value, "kept"))
        work.preferences.append(Reported(change, preference, verdicts[-1]))
    if change.errors:
        verdicts.append(
            verdict_line(change.index, change.field, "kept", "Meta reports an error of its own.")
        )
    if not change.news and change.field.startswith(_ASK_META_AGAIN):
        work.ask_meta = True
        verdicts.append(
            verdict_line(change.index, change.field, "applied", "Read again from Meta.")
        )
    elif not verdicts and not change.problems:
        verdicts.append(
            verdict_line(change.index, change.field, "kept", "Nothing to do for this field.")
        )
    return verdicts
