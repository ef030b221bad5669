"""Alerts: opened once however often their cause shows, closed when it is mended."""

from __future__ import annotations

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging.models import Alert, AlertKind
from messaging.models.alert import CLOSED_BY_PEOPLE

log = structlog.get_logger(__name__)


def open_alert(kind: AlertKind, *, subject: str = "", code: int | None = None) -> bool:
    """Open the alert; False when it stands open already."""
    if Alert.objects.open().filter(kind=kind, subject=subject).exists():
        return False
    try:
        with transaction.atomic():
            Alert.objects.create(kind=kind, subject=subject, code=code)
    except IntegrityError:  # Another worker saw the same cause.
        return False
    log.info("Alert opened", kind=kind, subject=subject, error_code=code)
    return True


def close_alerts(kind: AlertKind, *, subject: str | None = None) -> int:
    """Close the open alerts of this kind (about this subject); return how many."""
    mended = Alert.objects.open().filter(kind=kind)
    if subject is not None:
        mended = mended.filter(subject=subject)
    closed = mended.update(closed_at=timezone.now())
    if closed:
        log.info("Alert closed", kind=kind, subject=subject)
    return closed


def close_by_hand(alerts: QuerySet[Alert]) -> list[Alert]:
    """Close those that a person has dealt with and no machine can see mended; return them."""
    standing = Alert.objects.open().filter(pk__in=alerts.values("pk"), kind__in=CLOSED_BY_PEOPLE)
    closed = list(standing.order_by("id"))
    standing.update(closed_at=timezone.now())
    return closed
