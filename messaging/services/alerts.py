"""Alerts: opened once however often their cause shows, closed when it is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging.models import Alert, AlertKind
from messaging.models.alert import CLOSED_BY_HAND

log = structlog.get_logger(__name__)

_SUBJECT_LENGTH = 200


def open_alert(
    kind: AlertKind,
    *,
    subject: str = "",
    code: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Open the alert; False when it stands open already, which then learns newer `details` and their code."""
    subject = subject[:_SUBJECT_LENGTH]
    known = dict(details or {})
    standing = Alert.objects.open().filter(kind=kind, subject=subject)
    if standing.exists():
        if known:
            standing.update(details=known, code=code)
        return False
    try:
        with transaction.atomic():
            Alert.objects.create(kind=kind, subject=subject, code=code, details=known)
    except IntegrityError:  # Another worker saw the same cause.
        return False
    log.info("Alert opened", kind=kind, subject=subject, error_code=code)
    return True


def close_alerts(kind: AlertKind, *, subject: str | None = None) -> int:
    """Close the open alerts of this kind (about this subject); return how many."""
    mended = Alert.objects.open().filter(kind=kind)
    if subject is not None:
        mended = mended.filter(subject=subject[:_SUBJECT_LENGTH])
    closed = mended.update(closed_at=timezone.now())
    if closed:
        log.info("Alert closed", kind=kind, subject=subject)
    return closed


def close_by_hand(alerts: QuerySet[Alert]) -> list[Alert]:
    """Close what somebody has seen to; return them. Alerts whose cause the product watches stay open."""
    seen_to = Alert.objects.open().filter(pk__in=alerts.values("pk"), kind__in=CLOSED_BY_HAND)
    closed = list(seen_to.order_by("id"))
    seen_to.update(closed_at=timezone.now())
    if closed:
        log.info("Alerts closed by hand", closed=len(closed))
    return closed
