"""What Meta said word for word is kept for a time and then deleted, a few rows at a time."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from messaging.models import SendAttempt, WebhookDelivery

log = structlog.get_logger(__name__)

_BATCH = 500


def delete_old_answers() -> int:
    """Empty what Meta answered to attempts older than WEBHOOK_RETENTION_DAYS (0: never); return how many.

    Status, codes, times and Meta's trace id stay, by which the message is explained.
    """
    days: int = settings.WEBHOOK_RETENTION_DAYS
    if days <= 0:
        return 0
    old = SendAttempt.objects.filter(started_at__lt=timezone.now() - timedelta(days=days))
    answered = old.exclude(response="").order_by("started_at")
    batch = answered.select_for_update(skip_locked=True).values("pk")[:_BATCH]
    total = 0
    while emptied := SendAttempt.objects.filter(pk__in=batch).update(response=""):
        total += emptied
    if total:
        log.info("Old answers of Meta's emptied", count=total, older_than_days=days)
    return total


def delete_old_deliveries() -> int:
    """Delete applied deliveries older than WEBHOOK_RETENTION_DAYS (0: never); return how many.

    What still waits stays, however old. Each batch is a short transaction of its own and passes over rows in use.
    """
    days: int = settings.WEBHOOK_RETENTION_DAYS
    if days <= 0:
        return 0
    old = WebhookDelivery.objects.filter(
        received_at__lt=timezone.now() - timedelta(days=days),
        processed_at__isnull=False,
        again_at__isnull=True,
    ).order_by("received_at")
    batch = old.select_for_update(skip_locked=True).values("pk")[:_BATCH]
    total = 0
    while deleted := WebhookDelivery.objects.filter(pk__in=batch).delete()[0]:
        total += deleted
    if total:
        log.info("Old webhooks deleted", count=total, older_than_days=days)
    return total
