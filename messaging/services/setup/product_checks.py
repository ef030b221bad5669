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
)
from messaging.services.setup.outcomes import (
    NotReadyError,
    Outcome,
    done,
    needs_you,
    waiting,
)
from messaging.services.setup.reading import Reading
from messaging.services.setup.sending_now import sending_now
from messaging.services.webhook_address import is_simulated
from messaging.statuses import MessageStatus

_OUR_CHECKS = "bakery_whatsapp.checks"
# These have lines of their own: the version, the token.
_TOLD_ELSEWHERE = frozenset({"bakery_whatsapp.W007", "bakery_whatsapp.W010"})
# The database counts, so a variable that differs from it hurts nobody.
_DIFFERS = "bakery_whatsapp.W009"
_ON_THE_PHONE = frozenset({MessageStatus.DELIVERED, MessageStatus.READ})
_TOLD = _ON_THE_PHONE | {MessageStatus.SENT}
_OVER = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.EXPIRED})


def environment(reading: Reading) -> Outcome:
    """What the system checks say of the settings, as `manage.py check --database default` does."""
    found = _findings()
    differing = sorted({str(one.msg).split(maxsplit=1)[0] for one in found if one.id == _DIFFERS})
    wrong = [one for one in found if one.id != _DIFFERS]
    if wrong:
        ids = sorted({str(one.id) for one in wrong})
        says = dict.fromkeys(f"{one.msg} {one.hint or ''}".strip() for one in wrong)
        return needs_you("environment_wrong", checks=ids, says=list(says))
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
    """Has a signed webhook told that the last test is on the phone? Asks nobody at Meta."""
    if Alert.objects.open().filter(kind=AlertKind.WEBHOOK_SILENT).exists():
        return needs_you("webhook_silent")
    # A test at the simulator proves nothing at Meta, nor the other way round.
    of_this_meta = SetupCheck.objects.exclude(was_simulated=not is_simulated())
    row = of_this_meta.filter(key=SetupKey.TEST).first()
    message = _message_of(row)
    if message is None:
        return needs_you("test_unsent")
    if row is not None and row.found == SetupState.DONE and message.status in _ON_THE_PHONE:
        return done(row.code, **row.facts)  # the webhook may have been deleted since
    facts: dict[str, Any] = {"message": str(message.pk)}
    if message.status in _OVER:
        return needs_you("test_failed", status=message.status, error=message.error_code, **facts)
    if heard := _signed_status(message):
        is_there = heard["status"] in _ON_THE_PHONE
        return (
            done("test_arrived", **heard, **facts)
            if is_there
            else waiting("test_sent", **heard, **facts)
        )
    if message.accepted_at is not None and message.accepted_at <= _patience_began():
        return needs_you("test_silent", minutes=settings.WHATSAPP_SILENCE_MINUTES, **facts)
    if held_up := _held_up(message):
        return waiting("test_held_up", **held_up, **facts)
    return waiting("test_on_its_way", status=message.status, **facts)


def _patience_began() -> datetime:
    return timezone.now() - timedelta(minutes=settings.WHATSAPP_SILENCE_MINUTES)


def _message_of(row: SetupCheck | None) -> Message | None:
    sent = row.facts.get("message") if row else None
    return Message.objects.select_related("phone_number").filter(pk=sent).first() if sent else None


def _signed_status(message: Message) -> dict[str, str] | None:
    """Return a status of the message that a webhook brought, one from the phone first; an unsigned one is never stored."""
    brought = message.events.filter(kind__in=_TOLD, delivery__isnull=False)
    events = list(brought.order_by("recorded_at", "id"))
    if not events:
        return None
    event = next((event for event in events if event.kind in _ON_THE_PHONE), events[0])
    return {
        "status": event.kind,
        "delivery": str(event.delivery),
        "at": event.recorded_at.isoformat(timespec="seconds"),
    }


def _held_up(message: Message) -> dict[str, Any] | None:
    """Return why we have not sent it yet, as the finding and its facts; None while it is only its turn that it waits for."""
    if message.status not in (MessageStatus.QUEUED, MessageStatus.SENDING):
        return None
    now = sending_now()
    if not now.is_possible:
        return {"why": now.code, "why_facts": now.facts}
    if message.phone_number.sending_stopped_at is not None:
        return {"why": "number_stopped"}
    if message.waits_for:
        return {"why": "waits_for", "why_facts": {"reason": message.waits_for}}
    return None
