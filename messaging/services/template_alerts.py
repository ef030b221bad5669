"""The two alerts about a template: that it cannot be sent, and that people complain about it.

They follow the row, whoever learned of it: a webhook, a sync after a webhook was lost, or our own staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from messaging.models import Alert, AlertKind, MessageTemplate
from messaging.models.template import APPROVED
from messaging.services import recording
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.template_drift import subject_of

# Meta's answers to a paused and to a disabled template, and what it then calls it (Error codes, read 2026-11-22).
# A webhook says 132015 also of messages that it held back and then dropped.
STATUS_AFTER = {recording.TEMPLATE_PAUSED: "PAUSED", 132016: "DISABLED"}
_CODES = {status: code for code, status in STATUS_AFTER.items()}
# Nobody chose these: somebody should look.
_STOPS = frozenset({"REJECTED", "PAUSED", "DISABLED", "LIMIT_EXCEEDED", "LOCKED"})
_GONE = frozenset({"DELETED", "PENDING_DELETION"})
_BAD_QUALITY = frozenset({"YELLOW", "RED"})
_KINDS = (AlertKind.TEMPLATE_STOPPED, AlertKind.TEMPLATE_QUALITY)
# Meta may still call a template APPROVED right after it dropped its messages.
_TRUSTED_AFTER = timedelta(minutes=10)


def follow_status(template: MessageTemplate, *, details: Mapping[str, Any] | None = None) -> None:
    """Open or close the alerts that the template's status calls for now; `details` are Meta's own words for it."""
    _follow_status(template, _standing(), details=details, trusted_at=None)


def follow_quality(template: MessageTemplate, *, before: str) -> None:
    """Open the alert of a quality that is bad now, close it when it is not; somebody may have closed it by hand."""
    if template.quality_score in _BAD_QUALITY and template.status not in _GONE:
        told = {"event": template.quality_score, "before": before}
        open_alert(AlertKind.TEMPLATE_QUALITY, subject=subject_of(template), details=told)
    else:
        close_alerts(AlertKind.TEMPLATE_QUALITY, subject=subject_of(template))


def follow_all(templates: Iterable[MessageTemplate], *, rated: Mapping[int, str]) -> None:
    """Do both after a sync. `rated` are the keys whose quality it found changed, and what that was before.

    One query while the alerts are as they should be.
    """
    standing, trusted_at = _standing(), timezone.now() - _TRUSTED_AFTER
    for template in templates:
        _follow_status(template, standing, details=None, trusted_at=trusted_at)
        if template.pk in rated:
            follow_quality(template, before=rated[template.pk])
        elif template.quality_score not in _BAD_QUALITY:
            _close_stale_quality(template, standing)


_Standing = dict[tuple[str, str], Alert]


def _standing() -> _Standing:
    found = Alert.objects.open().filter(kind__in=_KINDS)
    return {(alert.kind, alert.subject): alert for alert in found}


def _follow_status(
    template: MessageTemplate,
    standing: _Standing,
    *,
    details: Mapping[str, Any] | None,
    trusted_at: datetime | None,
) -> None:
    """`trusted_at`: an alert opened later outlives what a sync calls APPROVED."""
    subject = subject_of(template)
    alert = standing.get((AlertKind.TEMPLATE_STOPPED, subject))
    if template.status in _STOPS:
        _tell_of_stop(template, alert, details)
    elif alert is not None and _is_over(template, alert, trusted_at):
        close_alerts(AlertKind.TEMPLATE_STOPPED, subject=subject)
    if template.status in _GONE and (AlertKind.TEMPLATE_QUALITY, subject) in standing:
        close_alerts(AlertKind.TEMPLATE_QUALITY, subject=subject)


def _tell_of_stop(
    template: MessageTemplate, alert: Alert | None, details: Mapping[str, Any] | None
) -> None:
    """What the alert tells of this very stop already stays: a webhook's words say more than a row."""
    if details is None and alert is not None and _told(alert) == template.status:
        return
    told = details or {"event": template.status, "reason": template.rejected_reason}
    code = _CODES.get(template.status)
    open_alert(AlertKind.TEMPLATE_STOPPED, subject=subject_of(template), code=code, details=told)


def _is_over(template: MessageTemplate, alert: Alert, trusted_at: datetime | None) -> bool:
    if template.status in _GONE:
        return True
    if template.status == APPROVED:
        return trusted_at is None or alert.opened_at < trusted_at
    # In review and the like: over is what Meta had said before, not that messages wait for it.
    return bool(_told(alert))


def _told(alert: Alert) -> str:
    """Return the status that the alert tells of; empty where it only says that messages wait."""
    return str(alert.details.get("event") or STATUS_AFTER.get(alert.code or 0, ""))


def _close_stale_quality(template: MessageTemplate, standing: _Standing) -> None:
    """A warning of Meta's and an end that it has announced are no ratings; they stand until somebody has seen to them."""
    alert = standing.get((AlertKind.TEMPLATE_QUALITY, subject_of(template)))
    if alert is not None and alert.details.get("event") in _BAD_QUALITY:
        close_alerts(AlertKind.TEMPLATE_QUALITY, subject=subject_of(template))
