"""Sending: claim queued rows of one number, POST them to Meta outside any transaction, record each outcome."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from messaging import queues
from messaging.graph_api import errors, payloads
from messaging.graph_api.client import GraphApi, SentMessage
from messaging.graph_api.facts import ErrorClass, Scope
from messaging.models import EventKind, Message, MessageEvent, MessageQuerySet, SendAttempt
from messaging.services import accounts
from messaging.services.graph import CONCURRENCY, graph_api_for
from messaging.statuses import MessageStatus

log = structlog.get_logger(__name__)

BATCH = 50
TURN_S = 5
# No request lasts this long, so whoever claimed the row is gone and nobody knows whether Meta got the message.
CLAIM_LOST_AFTER = timedelta(minutes=2)
HELD = "held_for_quality_assessment"
# Errors of the account or number leave the message waiting; it is tried again this often until it expires.
RECHECK = timedelta(minutes=10)
_DETAILS_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: `sent` is set when Meta accepted the message, else `error`."""

    message: Message
    started_at: datetime
    duration_ms: int
    sent: SentMessage | None = None
    error: errors.GraphApiError | None = None


def send_until_empty(phone_number: int) -> int:
    """Send what is due on one number (our primary key); return how many messages were tried.

    A long queue is sent in turns, so that it does not keep the worker from its other tasks.
    """
    queues.is_awake(queues.SEND_QUEUED, phone_number)
    total = 0
    turn_ends = time.monotonic() + TURN_S
    while claimed := send_batch(phone_number, limit=BATCH):
        total += claimed
        if time.monotonic() > turn_ends:
            queues.wake_sender(phone_number)
            break
    return total


def send_batch(phone_number: int, *, limit: int) -> int:
    """Send up to `limit` due messages of one number; return how many were claimed. Harmless when others do the same."""
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return 0
    claimed = _claim(phone_number, limit=limit)
    if claimed:
        api = graph_api_for(claimed[0].phone_number.account)
        for outcome in _attempts(api, claimed):
            _record(outcome)
    return len(claimed)


def wake_due_numbers() -> int:
    """Wake a worker for each number with due messages: what the sweep does for lost wake-ups and for retries."""
    due = (
        Message.objects.due(now=timezone.now())
        .order_by()
        .values_list("phone_number_id", flat=True)
        .distinct()
    )
    numbers = list(due)
    for number in numbers:
        queues.wake_sender(number)
    return len(numbers)


def settle_lost_claims() -> int:
    """Mark as unconfirmed what a worker claimed and never settled; a status webhook may settle it yet."""
    lost = Message.objects.filter(claimed_at__lt=timezone.now() - CLAIM_LOST_AFTER)
    return _advance_each(lost, MessageStatus.UNCONFIRMED, EventKind.UNCONFIRMED)


def expire_overdue() -> int:
    """End messages that waited past their time."""
    overdue = Message.objects.queued().filter(expires_at__lte=timezone.now())
    return _advance_each(overdue, MessageStatus.EXPIRED, EventKind.EXPIRED)


def requeue(messages: QuerySet[Message]) -> int:
    """Send unconfirmed messages once more, at the admin's word; the recipient may get them twice."""
    now = timezone.now()
    expires_at = now + timedelta(hours=settings.WHATSAPP_MESSAGE_TTL_HOURS)
    unconfirmed = Message.objects.filter(
        pk__in=messages.values("pk"), status=MessageStatus.UNCONFIRMED
    )
    numbers = set(unconfirmed.values_list("phone_number_id", flat=True))
    count = _advance_each(
        unconfirmed, MessageStatus.QUEUED, EventKind.RETRY, send_after=now, expires_at=expires_at
    )
    for number in numbers:
        queues.wake_sender(number)
    return count


def cancel(messages: QuerySet[Message]) -> int:
    """Cancel messages that no worker has taken yet; return how many."""
    return _advance_each(
        Message.objects.filter(pk__in=messages.values("pk")),
        MessageStatus.CANCELLED,
        EventKind.CANCELLED,
    )


def _claim(phone_number: int, *, limit: int) -> list[Message]:
    now = timezone.now()
    with transaction.atomic():
        due = Message.objects.due(now=now).filter(phone_number=phone_number, expires_at__gt=now)
        ids = list(
            due.select_for_update(of=("self",), skip_locked=True, no_key=True)
            .order_by("send_after", "id")
            .values_list("pk", flat=True)[:limit]
        )
        Message.objects.filter(pk__in=ids).advance(
            MessageStatus.SENDING, claimed_at=now, attempts=F("attempts") + 1
        )
    return list(
        Message.objects.filter(pk__in=ids, claimed_at=now)
        .select_related("template", "phone_number__account")
        .order_by("id")
    )


def _attempts(api: GraphApi, messages: list[Message]) -> Iterator[Outcome]:
    """Yield outcomes as they come, so that one slow answer does not delay the record of the others."""
    with ThreadPoolExecutor(
        max_workers=min(CONCURRENCY, len(messages)), thread_name_prefix="graph"
    ) as pool:
        for done in as_completed([pool.submit(_attempt, api, message) for message in messages]):
            yield done.result()


def _attempt(api: GraphApi, message: Message) -> Outcome:
    """One request. Runs in a thread of its own and touches no database."""
    number = message.phone_number.phone_number_id
    log.info(
        "Using shared WhatsApp account",
        tenant_id=message.tenant_id,
        phone_number_id=number,
        message_id=message.pk,
    )
    payload = payloads.template_message(
        to=message.recipient_phone,
        name=message.template.name,
        language=message.template.language,
        components=message.components,
        callback_data=str(message.pk),
    )
    started_at = timezone.now()
    sent, error = None, None
    try:
        sent = api.send_message(number, payload)
    except errors.GraphApiError as failure:
        error = failure
    duration_ms = int((timezone.now() - started_at).total_seconds() * 1000)
    return Outcome(message, started_at, max(duration_ms, 0), sent, error)


def _record(outcome: Outcome) -> None:
    with transaction.atomic():
        SendAttempt.objects.create(**_attempt_row(outcome))
        if outcome.sent is not None:
            _record_accepted(outcome.message, outcome.sent)
        elif outcome.error is not None:
            _record_error(outcome.message, outcome.error)


def _attempt_row(outcome: Outcome) -> dict[str, object]:
    row: dict[str, object] = {
        "message": outcome.message,
        "started_at": outcome.started_at,
        "duration_ms": outcome.duration_ms,
    }
    if outcome.error is None:
        return row | {"outcome": "accepted", "http_status": 200}
    return row | {
        "outcome": outcome.error.error_class,
        "http_status": outcome.error.http_status,
        "error_code": outcome.error.code,
        "error_subcode": outcome.error.subcode,
        "error_details": outcome.error.details[:_DETAILS_LENGTH],
        "fbtrace_id": outcome.error.fbtrace_id[:64],
    }


def _record_accepted(message: Message, sent: SentMessage) -> None:
    now = timezone.now()
    held = sent.message_status == HELD
    to, kind = (
        (MessageStatus.HELD, EventKind.HELD)
        if held
        else (MessageStatus.ACCEPTED, EventKind.ACCEPTED)
    )
    one = Message.objects.filter(pk=message.pk)
    moved = one.advance(to, wamid=sent.wamid, accepted_at=now, error_code=None, error_details="")
    if not moved:
        # A status webhook overtook the answer and knows more.
        one.filter(wamid__isnull=True).update(wamid=sent.wamid)
        one.filter(accepted_at__isnull=True).update(accepted_at=now)
    _note(message, kind, at=now)
    log.info(
        "WhatsApp template message sent successfully",
        message_id=message.pk,
        whatsapp_message_id=sent.wamid,
    )


def _record_error(message: Message, error: errors.GraphApiError) -> None:
    facts = {
        "error_code": error.code,
        "error_details": error.details[:_DETAILS_LENGTH],
        "fbtrace_id": error.fbtrace_id[:64],
    }
    one = Message.objects.filter(pk=message.pk)
    if isinstance(error, errors.NoAnswerError):
        one.advance(MessageStatus.UNCONFIRMED, **facts)
        _note(message, EventKind.UNCONFIRMED)
        log.warning("WhatsApp did not answer", message_id=message.pk)
        return
    delay = _delay(message, error)
    if delay is None:
        if one.advance(MessageStatus.FAILED, failed_at=timezone.now(), **facts):
            _note(message, EventKind.FAILED, code=error.code)
        log.warning("WhatsApp refused a message", message_id=message.pk, error_code=error.code)
        return
    if _stops_the_line(error):
        accounts.stop_sending(message.phone_number.account, code=error.code)
    one.advance(MessageStatus.QUEUED, send_after=timezone.now() + delay, **facts)
    _note(message, EventKind.RETRY, code=error.code)
    log.info("WhatsApp message will be tried again", message_id=message.pk, error_code=error.code)


def _stops_the_line(error: errors.GraphApiError) -> bool:
    return error.error_class is ErrorClass.CREDENTIAL or (
        error.error_class is ErrorClass.ACCOUNT and error.facts.scope is Scope.ACCOUNT
    )


def _delay(message: Message, error: errors.GraphApiError) -> timedelta | None:
    """Return how long to wait before the next try; None where trying again changes nothing."""
    match error.error_class:
        case ErrorClass.CREDENTIAL:
            return timedelta(0)  # The line is stopped; once it opens the message goes first.
        case ErrorClass.ACCOUNT if error.facts.scope is Scope.ACCOUNT:
            return timedelta(0)
        case ErrorClass.ACCOUNT if error.facts.scope is Scope.NUMBER:
            return RECHECK
        case ErrorClass.RETRY_LATER:
            delays = error.facts.retry_delays_s or (60.0,)
            wait = error.retry_after_s or delays[min(message.attempts, len(delays)) - 1]
        case ErrorClass.RETRY:
            delays = error.facts.retry_delays_s
            if message.attempts > len(delays) and not isinstance(error, errors.NotSentError):
                return None
            wait = (
                error.retry_after_s
                or (delays or (60.0,))[min(message.attempts, max(len(delays), 1)) - 1]
            )
        case _:
            return None
    return timedelta(seconds=wait * random.uniform(1.0, 1.25))  # noqa: S311 (jitter, not a secret)


def _note(
    message: Message, kind: EventKind, *, code: int | None = None, at: datetime | None = None
) -> None:
    MessageEvent.objects.bulk_create(
        [MessageEvent(message=message, kind=kind, code=code, at=at or timezone.now())],
        ignore_conflicts=True,
    )


def _advance_each(
    messages: MessageQuerySet, to: MessageStatus, kind: EventKind, **changes: object
) -> int:
    """Move rows one by one, so that exactly those we moved get a line in their timeline."""
    moved = 0
    for message in messages.order_by("id").only("pk")[:1000]:
        with transaction.atomic():
            if messages.filter(pk=message.pk).advance(to, **changes):
                _note(message, kind)
                moved += 1
    return moved
