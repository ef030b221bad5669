"""Steps 7 and 8 of the guide: what this installation itself has to do with, and the test message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks.registry import registry
from django.utils import timezone

from messaging import queues
from messaging.graph_api.versions import CURRENT_VERSION, GRAPH_VERSIONS, version_problem
from messaging.models import (
    Alert,
    AlertKind,
    Message,
    SetupCheck,
    SetupKey,
    SetupState,
    WebhookDelivery,
)
from messaging.services.setup.outcomes import (
    NotReadyError,
    Outcome,
    done,
    needs_you,
    waiting,
)
from messaging.services.setup.reading import Reading
from messaging.statuses import META_REPORTS, MessageStatus

_OUR_CHECKS = "bakery_whatsapp.checks"
# These have lines of their own: the version, the token.
_TOLD_ELSEWHERE = frozenset({"bakery_whatsapp.W007", "bakery_whatsapp.W010"})
# The database counts, so a variable that differs from it hurts nobody.
_DIFFERS = "bakery_whatsapp.W009"
_ARRIVED = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ})
_OVER = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.EXPIRED})
_DELIVERIES_SEARCHED = 300


def environment(reading: Reading) -> Outcome:
    """What the system checks say of the settings, as `manage.py check --database default` does."""
    found = _findings()
    differing = sorted({str(one.msg).split(maxsplit=1)[0] for one in found if one.id == _DIFFERS})
    wrong = sorted({str(one.id) for one in found if one.id != _DIFFERS})
    if wrong:
        return needs_you("environment_wrong", checks=wrong)
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return needs_you("environment_off")
    return done("environment_right", differing=differing)


def _findings() -> list[CheckMessage]:
    # Only ours: Django's own look at every URL and model, which takes long and is no matter of a page.
    ours = [check for check in registry.get_checks() if check.__module__ == _OUR_CHECKS]
    found = [
        message for check in ours for message in check(app_configs=None, databases=["default"])
    ]
    return [message for message in found if message.id not in _TOLD_ELSEWHERE]


def services(reading: Reading) -> Outcome:
    """A worker leaves word when beat's sweep reaches it, so it stands for both."""
    try:
        is_alive = queues.is_worker_alive()
    except redis.RedisError:
        return needs_you("redis_away")
    return done("services_run") if is_alive else needs_you("worker_away")


def version(reading: Reading) -> Outcome:
    used, today = settings.WHATSAPP_API_VERSION, timezone.now().date()
    known = next((row for row in GRAPH_VERSIONS if row.version == used), None)
    until = known.usable_until.isoformat() if known and known.usable_until else None
    facts = {"version": used, "until": until, "current": CURRENT_VERSION}
    if problem := version_problem(used, today=today):
        return needs_you(f"version_{problem.kind}", **facts)
    served = _served(reading)
    if served and served != used:
        return needs_you("version_other", served=served, **facts)
    return done("version_current", served=served, **facts)


def _served(reading: Reading) -> str | None:
    """Return the version that Meta answered with; the table decides where it cannot be asked yet."""
    try:
        return reading.served_version()
    except NotReadyError:
        return None


def test(reading: Reading) -> Outcome:
    """Has a signed webhook brought a status of the last test? Asks nobody at Meta."""
    if Alert.objects.open().filter(kind=AlertKind.WEBHOOK_SILENT).exists():
        return needs_you("webhook_silent")
    row = SetupCheck.objects.filter(key=SetupKey.TEST).first()
    message = _message_of(row)
    if message is None:
        return needs_you("test_unsent")
    if row is not None and row.found == SetupState.DONE:
        return done(row.code, **row.facts)  # the webhook may have been deleted since
    facts: dict[str, Any] = {"message": str(message.pk)}
    if message.status in _OVER:
        return needs_you("test_failed", status=message.status, error=message.error_code, **facts)
    if heard := _signed_status(message):
        return done("test_arrived", **heard, **facts)
    if message.accepted_at is not None and message.accepted_at <= _patience_began():
        return needs_you("test_silent", minutes=settings.WHATSAPP_SILENCE_MINUTES, **facts)
    return waiting("test_on_its_way", status=message.status, **facts)


def _patience_began() -> datetime:
    return timezone.now() - timedelta(minutes=settings.WHATSAPP_SILENCE_MINUTES)


def _message_of(row: SetupCheck | None) -> Message | None:
    sent = row.facts.get("message") if row else None
    return Message.objects.filter(pk=sent).first() if sent else None


def _signed_status(message: Message) -> dict[str, str] | None:
    """Return the first status of the message that a webhook brought; one without Meta's signature is never stored."""
    since = WebhookDelivery.objects.filter(
        received_at__gte=message.created_at, processed_at__isnull=False
    )
    columns = ("pk", "received_at", "verdicts")
    why = f"message {message.pk}"
    for pk, received_at, verdicts in since.order_by("id").values_list(*columns)[
        :_DELIVERIES_SEARCHED
    ]:
        for line in verdicts:
            if line.get("why") == why and line.get("what") in META_REPORTS & _ARRIVED:
                return {
                    "status": line["what"],
                    "delivery": str(pk),
                    "at": received_at.isoformat(timespec="seconds"),
                }
    return None
