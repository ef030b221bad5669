"""How posts to callbacks ended, written down: what is tried again and when, and which callback is switched off."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from messaging.models import (
    AlertKind,
    Callback,
    CallbackDelivery,
    DeliveryStatus,
    DisabledReason,
)
from messaging.services import alerts
from messaging.services.callback_posts import Answer
from tenants.audit import unlogged

log = structlog.get_logger(__name__)

# From one attempt to the next; then hourly until the delivery's time is over. A callback rests alike.
DELAYS_S = (5, 30, 120, 600, 1800, 3600)
# However long a Retry-After asks for.
LONGEST_REST_S = 3600.0
BROKEN_AFTER = timedelta(hours=24)
BROKEN_AFTER_GIVEN_UP = 100
# A working callback's row is not written more often than this.
_SUCCESS_RESOLUTION = timedelta(seconds=5)
GONE = 410
# Client errors that say something of the moment, not of what was posted.
_PASSING = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claimed delivery and its answer; None when it was not tried after all."""

    delivery: CallbackDelivery
    answer: Answer | None


def is_to_be_repeated(answer: Answer) -> bool:
    """Whether the same post may go well later: no answer, a fault or a redirect of the other side, or too fast."""
    if answer.is_success:
        return False
    return answer.status is None or answer.status in _PASSING or not 400 <= answer.status < 500


def record(outcomes: Sequence[Outcome]) -> None:
    """Write down how these ended, and what it says of their callbacks."""
    if not outcomes:
        return
    now = timezone.now()
    by_callback: dict[uuid.UUID, list[Outcome]] = {}
    for outcome in outcomes:
        _settle(outcome, now)
        by_callback.setdefault(outcome.delivery.callback_id, []).append(outcome)
    with transaction.atomic():
        # Locked in the order of ids, as everywhere: first the callbacks, then their deliveries.
        locked = Callback.objects.filter(pk__in=by_callback).select_for_update(no_key=True)
        for callback in locked.order_by("id"):
            _judge(callback, by_callback[callback.pk], now)
        _write([outcome.delivery for outcome in outcomes])


def _settle(outcome: Outcome, now: datetime) -> None:
    """Bring the delivery to where its answer puts it."""
    delivery, answer = outcome.delivery, outcome.answer
    if answer is None:
        delivery.attempts -= 1
        delivery.next_attempt_at = now
        return
    delivery.attempted_at = now
    delivery.response_status, delivery.response_text = answer.status, answer.text
    delivery.error = answer.error
    if answer.is_success:
        _end(delivery, DeliveryStatus.DELIVERED)
        delivery.delivered_at = now
        return
    again = now + _delay(delivery.attempts, answer)
    if is_to_be_repeated(answer) and again < delivery.gives_up_at:
        delivery.next_attempt_at = again
    else:
        _end(delivery, DeliveryStatus.FAILED)
    log.warning(
        "Callback could not be told",
        callback_id=delivery.callback_id,
        delivery_id=delivery.pk,
        http_status=answer.status,
        error=answer.error or None,
        attempts=delivery.attempts,
        delivery_status=delivery.status,
    )


def _end(delivery: CallbackDelivery, status: DeliveryStatus) -> None:
    delivery.status, delivery.next_attempt_at = status, None


def _delay(failures: int, answer: Answer) -> timedelta:
    """Return how long to wait after so many failures; longer where the other side asks for it, within bounds."""
    seconds = DELAYS_S[min(max(failures, 1), len(DELAYS_S)) - 1] * random.uniform(1.0, 1.25)  # noqa: S311 (jitter)
    asked = min(answer.retry_after_s or 0.0, LONGEST_REST_S)
    return timedelta(seconds=max(seconds, asked))


# --- What it says of the callback --------------------------------------------------------------------


def _judge(callback: Callback, outcomes: Sequence[Outcome], now: datetime) -> None:
    answers = [outcome.answer for outcome in outcomes if outcome.answer is not None]
    if any(answer.is_success for answer in answers):
        _works(callback, now)
    elif answers:
        ended = sum(outcome.delivery.status == DeliveryStatus.FAILED for outcome in outcomes)
        _fails(callback, answers, now, given_up=ended)
    if any(answer.status == GONE for answer in answers):
        switch_off(callback, DisabledReason.GONE)


def _works(callback: Callback, now: datetime) -> None:
    last = callback.last_success_at
    if callback.failing_since is None and last and now - last < _SUCCESS_RESOLUTION:
        return
    recover(callback)
    callback.last_success_at = now
    with unlogged():
        callback.save(update_fields=[*HEALTH, "last_success_at"])


HEALTH = ("failing_since", "failures", "given_up", "retry_at")


def recover(callback: Callback) -> None:
    """Forget earlier failures; the caller saves HEALTH."""
    callback.failing_since = callback.retry_at = None
    callback.failures = callback.given_up = 0


def _fails(callback: Callback, answers: Sequence[Answer], now: datetime, *, given_up: int) -> None:
    callback.last_failure_at = now
    callback.failing_since = callback.failing_since or now
    callback.given_up += given_up
    passing = [answer for answer in answers if is_to_be_repeated(answer)]
    # What was under way when it began to rest says nothing new.
    is_resting = callback.retry_at is not None and callback.retry_at > now
    if passing and not is_resting:
        callback.failures += 1
        callback.retry_at = now + max(_delay(callback.failures, answer) for answer in passing)
    with unlogged():
        callback.save(update_fields=[*HEALTH, "last_failure_at"])
    if now - callback.failing_since >= BROKEN_AFTER or callback.given_up >= BROKEN_AFTER_GIVEN_UP:
        switch_off(callback, DisabledReason.FAILING)


def switch_off(callback: Callback, reason: DisabledReason) -> None:
    """Tell it nothing more until somebody enables it again. Raises an alert unless it was done by hand."""
    if callback.disabled_at is not None:
        return
    callback.disabled_at, callback.disabled_reason = timezone.now(), reason
    callback.save(update_fields=["disabled_at", "disabled_reason"])
    if reason == DisabledReason.BY_HAND:
        return
    alerts.open_alert(AlertKind.CALLBACK_DISABLED, subject=str(callback))
    log.error("Callback switched off", callback_id=callback.pk, reason=reason)


_WRITE = """
UPDATE messaging_callbackdelivery AS delivery SET
  status = outcome.status, attempts = outcome.attempts, next_attempt_at = outcome.next_attempt_at,
  response_status = outcome.response_status, response_text = outcome.response_text, error = outcome.error,
  attempted_at = outcome.attempted_at, delivered_at = outcome.delivered_at
FROM unnest(
  %(id)s::uuid[], %(status)s::text[], %(attempts)s::int[], %(next_attempt_at)s::timestamptz[],
  %(response_status)s::int[], %(response_text)s::text[], %(error)s::text[],
  %(attempted_at)s::timestamptz[], %(delivered_at)s::timestamptz[]
) AS outcome(id, status, attempts, next_attempt_at, response_status, response_text, error, attempted_at, delivered_at)
WHERE delivery.id = outcome.id
"""
_COLUMNS = (
    "id",
    "status",
    "attempts",
    "next_attempt_at",
    "response_status",
    "response_text",
    "error",
    "attempted_at",
    "delivered_at",
)


def _write(deliveries: Sequence[CallbackDelivery]) -> None:
    columns: dict[str, Any] = {
        name: [getattr(delivery, name) for delivery in deliveries] for name in _COLUMNS
    }
    columns["status"] = [str(status) for status in columns["status"]]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, columns)
