"""Sending: take queued messages of one number, POST them to Meta at the number's pace, record how each ended.

HTTP happens between transactions. One turn of one worker keeps many requests in flight; any number of workers may take
turns on the same number at once, for rows are claimed with SKIP LOCKED and the pace is kept in Redis.
"""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import count

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from messaging import queues
from messaging.graph_api import errors, payloads
from messaging.graph_api.client import GraphApi
from messaging.graph_api.facts import Scope
from messaging.graph_api.failures import Failure
from messaging.models import (
    EventKind,
    IfUnconfirmed,
    Message,
    MessageEvent,
    MessageQuerySet,
    Priority,
    WaitsFor,
)
from messaging.services import accounts, holding, limits, opting_out, pacing, recording, timeline
from messaging.services.claiming import claim
from messaging.services.graph import CONCURRENCY, graph_api_for
from messaging.services.quiet_hours import end_of_quiet_hours
from messaging.services.recording import Outcome
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, Tenant

log = structlog.get_logger(__name__)

# A turn is short, so that a worker with few threads serves many numbers; whoever has more to send gets another.
TURN_S = 2.0
# Claimed ahead of their slot: enough to keep the line busy, little enough for an urgent order to pass soon.
AHEAD_S = 0.5
# A turn that falls behind its slots makes up this much of them at once; the rest of its line moves back, so that no second
# gets more than the number's share. It is what pacing spaces the slots too wide.
CATCH_UP_S = 0.03
# Outcomes are written together when they come close upon each other.
RECORD_AT_LEAST = 50
RECORD_WITHIN_S = 0.2
# Outcomes are kept this long for a PostgreSQL that is restarted; it is asked again this often.
DATABASE_AWAY_S = 60.0
DATABASE_PAUSE_S = 0.5
# No request lasts this long, so whoever claimed the row is gone and nobody knows whether Meta got the message: two
# minutes with the usual time-out.
CLAIM_LOST_AFTER = 8 * timedelta(seconds=settings.WHATSAPP_TIMEOUT_S)
# Who waited longer for a free connection is not sent any more, lest the claim be taken for lost meanwhile.
SENT_WITHIN = CLAIM_LOST_AFTER / 2
# By now a status webhook would have told what became of a message without an answer.
UNCONFIRMED_SHOWN_AFTER = timedelta(minutes=10)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=CONCURRENCY, thread_name_prefix="graph")


def send_until_empty(phone_number: int) -> int:
    """Take a turn at the queue of one number (our primary key); return how many messages were tried.

    Harmless when others do the same. What is still due after the turn gets another one.
    """
    queues.is_awake(queues.SEND_QUEUED, phone_number)
    number = PhoneNumber.objects.select_related("account").filter(pk=phone_number).first()
    if number is None or not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return 0
    turn = _Turn(number)
    turn.run()
    if turn.has_more:
        queues.wake_sender(number.pk)
    return turn.tried


class _Turn:
    """One worker's turn at one number. Only the thread that runs it talks to the database."""

    def __init__(self, number: PhoneNumber) -> None:
        self.number = number
        self.api = graph_api_for(number.account)
        self.gate = limits.Gate(number)
        self.ahead = max(1, round(pacing.rate_of(number) * AHEAD_S))
        self.ends = time.monotonic() + TURN_S
        self.scheduled: list[tuple[float, int, Message]] = []
        self.outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.unrecorded: list[Outcome] = []
        self.in_flight = 0
        self.behind = 0.0
        self.tried = 0
        self.is_stopped = False
        self.has_more = False
        self._order = count()

    def run(self) -> None:
        while True:
            if not self.scheduled:
                self._schedule()
            if not self.scheduled and not self.in_flight:
                break
            self._send_what_is_due()
            self._collect()
            if self._is_time_to_record():
                self._record()
        self._record()

    def _schedule(self) -> None:
        """Claim the next messages and give each its slot in the number's line."""
        if self.is_stopped:
            return
        if pacing.busy_for(self.number) > AHEAD_S:
            # Meta wants a rest, or others have filled the line; whoever is due then is woken then.
            self.is_stopped = True
            return
        if time.monotonic() > self.ends:
            self.has_more = True
            return
        # Also while all connections are busy, so that the next is used at once and a claim takes many.
        room = min(self.ahead, CONCURRENCY)
        admitted = self._next_messages(limit=room)
        if not admitted:
            # What came meanwhile has had its own wake-up.
            self.ends = 0.0
            return
        wait, interval = pacing.reserve(self.number, len(admitted))
        start, self.behind = time.monotonic() + wait, 0.0
        for place, message in enumerate(admitted):
            heapq.heappush(self.scheduled, (start + place * interval, next(self._order), message))

    def _next_messages(self, *, limit: int) -> list[Message]:
        """Claim messages that may go now; empty when none is due."""
        while True:
            claimed: list[Message] = []
            try:
                claimed = claim(self.number, limit=limit)
                admitted = self._admitted(claimed)
            except (OperationalError, InterfaceError):
                # Drain what is in flight; the sweep finds the rest once PostgreSQL is back.
                log.exception("Database did not answer")
                self._hand_back(claimed, until=timezone.now())
                return []
            if admitted or not claimed:
                return admitted

    def _admitted(self, claimed: list[Message]) -> list[Message]:
        """Return what nothing keeps from going now; the others wait in the queue again, with the reason."""
        wanted = opting_out.without_opted_out(claimed)
        awake = _outside_quiet_hours(holding.with_sendable_template(wanted))
        return _within_pair_limit(self.number, self.gate.admit(awake))

    def _send_what_is_due(self) -> None:
        now = time.monotonic()
        while self.scheduled and self._next_slot <= now and self.in_flight < CONCURRENCY:
            self.behind += max(0.0, now - self._next_slot - CATCH_UP_S)
            message = heapq.heappop(self.scheduled)[2]
            self.in_flight += 1
            self.tried += 1
            # Logged here: the threads would wait for each other at the log's lock.
            log.info(
                "Using shared WhatsApp account",
                tenant_id=message.tenant_id,
                phone_number_id=self.number.phone_number_id,
                message_id=message.pk,
            )
            _pool().submit(self._attempt, message)

    @property
    def _next_slot(self) -> float:
        return self.scheduled[0][0] + self.behind

    def _attempt(self, message: Message) -> None:
        self.outcomes.put(_attempt(self.api, self.number, message))

    def _collect(self) -> None:
        """Wait for an outcome, for the next slot or for the time to record, whichever comes first."""
        pauses = [RECORD_WITHIN_S] if self.unrecorded or not self.in_flight else [1.0]
        if self.scheduled and self.in_flight < CONCURRENCY:
            pauses.append(self._next_slot - time.monotonic())
        try:
            self._take(self.outcomes.get(timeout=max(0.0, min(pauses))))
            while True:
                self._take(self.outcomes.get_nowait())
        except queue.Empty:
            return

    def _take(self, outcome: Outcome) -> None:
        self.in_flight -= 1
        self.unrecorded.append(outcome)
        if outcome.error is None:
            return
        if self._stops_the_line(outcome.error):
            self._stop(until=timezone.now())
        elif recording.is_too_fast(outcome.error):
            self._rest(outcome.error)

    def _is_time_to_record(self) -> bool:
        if not self.unrecorded:
            return False
        oldest = self.unrecorded[0]
        age = timezone.now() - oldest.started_at - timedelta(milliseconds=oldest.duration_ms)
        return (
            not (self.in_flight or self.scheduled)
            or len(self.unrecorded) >= RECORD_AT_LEAST
            or not timedelta(0) <= age < timedelta(seconds=RECORD_WITHIN_S)
        )

    def _record(self) -> None:
        if self.unrecorded:
            _persistently(partial(recording.record, self.unrecorded))
            if any(outcome.sent for outcome in self.unrecorded):
                accounts.number_works(self.number)
            self.gate.release([row.message for row in self.unrecorded if row.is_refused])
            holding.heed(self.number.account, self.unrecorded)
            opting_out.heed_outcomes(self.unrecorded, number=self.number)
            self.unrecorded = []

    def _stops_the_line(self, error: errors.GraphApiError) -> bool:
        if recording.stops_account(error):
            accounts.stop_sending(self.number.account, code=error.code)
            return True
        if recording.stops_number(error):
            accounts.stop_number(self.number, code=error.code)
            return True
        return False

    def _rest(self, error: errors.GraphApiError) -> None:
        seconds = error.retry_after_s or next(iter(error.facts.retry_delays_s), 5.0)
        pacing.rest(self.number, seconds, whole_account=error.facts.scope is not Scope.NUMBER)
        self._stop(until=timezone.now() + timedelta(seconds=seconds))

    def _stop(self, *, until: datetime) -> None:
        """Hand back what was claimed and not yet tried; it waits until the line opens again."""
        self.is_stopped = True
        messages = [message for _slot, _order, message in self.scheduled]
        self.scheduled = []
        self._hand_back(messages, until=until)

    def _hand_back(self, messages: list[Message], *, until: datetime) -> None:
        if messages:
            times = [until] * len(messages)
            _persistently(partial(recording.hand_back, messages, until=times, waits_for=""))
            self.gate.release(messages)


def _persistently(write: Callable[[], None]) -> None:
    """Write what only this process knows, also when PostgreSQL is away for a while."""
    gives_up = time.monotonic() + DATABASE_AWAY_S
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > gives_up:
                raise
            log.error("Database did not answer", error=type(error).__name__)
            close_old_connections()
            time.sleep(DATABASE_PAUSE_S)


def _outside_quiet_hours(messages: list[Message]) -> list[Message]:
    """Return the messages whose bakery is not silent now, and the urgent ones: a retry must not wake anybody either."""
    normal = {message.tenant_id for message in messages if message.priority == Priority.NORMAL}
    silent = Tenant.objects.filter(pk__in=normal, quiet_from__isnull=False)
    now = timezone.now()
    ends = {tenant.pk: end_of_quiet_hours(tenant, now) for tenant in silent} if normal else {}
    later = [
        (message, end)
        for message in messages
        if message.priority == Priority.NORMAL and (end := ends.get(message.tenant_id))
    ]
    if not later:
        return messages
    waiting = {message.pk for message, _end in later}
    recording.hand_back(
        [message for message, _end in later],
        until=[end for _message, end in later],
        waits_for=WaitsFor.QUIET_HOURS,
    )
    return [message for message in messages if message.pk not in waiting]


def _within_pair_limit(number: PhoneNumber, messages: list[Message]) -> list[Message]:
    """Return the messages whose recipient may be written to now; the others wait their time in the queue."""
    if not messages:
        return []
    waits = pacing.pair_waits(number, [message.recipient_phone for message in messages])
    later = [(message, wait) for message, wait in zip(messages, waits, strict=True) if wait > 0]
    if later:
        now = timezone.now()
        recording.hand_back(
            [message for message, _wait in later],
            until=[now + timedelta(seconds=wait) for _message, wait in later],
            waits_for=WaitsFor.PAIR_LIMIT,
        )
    return [message for message, wait in zip(messages, waits, strict=True) if wait <= 0]


def _attempt(api: GraphApi, number: PhoneNumber, message: Message) -> Outcome:
    """One request. Runs in a thread of its own, touches no database and never raises."""
    started_at, started = timezone.now(), time.monotonic()
    sent, error = None, None
    try:
        if message.claimed_at and started_at - message.claimed_at > SENT_WITHIN:
            raise errors.NotSentError(
                "No connection to Meta was free in time", failure=Failure.NO_CONNECTION
            )
        sent = api.send_message(number.phone_number_id, payload_of(message))
    except errors.GraphApiError as failure:
        error = failure
    except Exception as failure:  # A message must never be lost to a fault of ours.
        log.exception("Sending broke", message_id=message.pk)
        error = errors.NoAnswerError(type(failure).__name__, failure=Failure.OURS)
    duration_ms = round((time.monotonic() - started) * 1000)
    path = api.messages_path(number.phone_number_id)
    return Outcome(message, started_at, duration_ms, sent, error, path)


def payload_of(message: Message) -> dict[str, object]:
    """Return what is posted to Meta for this message."""
    return payloads.template_message(
        to=message.recipient_phone,
        name=message.template.name,
        language=message.template.language,
        components=message.components,
        callback_data=str(message.pk),
    )


# --- What the sweep and people do --------------------------------------------------------------------


def wake_due_numbers() -> int:
    """Wake a worker for each number with due messages: what the sweep does for lost wake-ups and for retries."""
    due = Message.objects.due(now=timezone.now()).filter(phone_number=OuterRef("pk"))
    numbers = list(PhoneNumber.objects.filter(Exists(due)).values_list("pk", flat=True))
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
    return _advance_each(
        overdue,
        MessageStatus.EXPIRED,
        EventKind.EXPIRED,
        waits_for=F("waits_for"),  # why it never went
    )


def shown_before() -> datetime:
    """Return the moment before which a message must have become unconfirmed for a person to decide on it."""
    return timezone.now() - UNCONFIRMED_SHOWN_AFTER


def resend_unconfirmed() -> int:
    """Send again what its caller wants sent again when nobody knows its fate after ten minutes."""
    overdue = Message.objects.filter(
        unconfirmed_at__lt=shown_before(),
        if_unconfirmed=IfUnconfirmed.RESEND,
    )
    return requeue(overdue)


def requeue(messages: QuerySet[Message]) -> int:
    """Send unconfirmed messages once more, at somebody's word; the recipient may get them twice.

    Not those whose recipient was erased: of them nothing is left to send.
    """
    now = timezone.now()
    expires_at = now + timedelta(hours=settings.WHATSAPP_MESSAGE_TTL_HOURS)
    unconfirmed = Message.objects.filter(
        pk__in=messages.values("pk"), unconfirmed_at__isnull=False, erased_at__isnull=True
    )
    numbers = set(unconfirmed.values_list("phone_number_id", flat=True))
    moved = _advance_each(
        unconfirmed,
        MessageStatus.QUEUED,
        EventKind.RETRY,
        send_after=now,
        expires_at=expires_at,
        if_unconfirmed=IfUnconfirmed.LEAVE,
        acknowledged_at=None,
    )
    for number in numbers:
        queues.wake_sender(number)
    return moved


def cancel(messages: QuerySet[Message]) -> int:
    """Cancel messages that no worker has taken yet; return how many."""
    return _advance_each(
        Message.objects.filter(pk__in=messages.values("pk")),
        MessageStatus.CANCELLED,
        EventKind.CANCELLED,
    )


def _advance_each(
    messages: MessageQuerySet, to: MessageStatus, kind: EventKind, **changes: object
) -> int:
    """Move rows one by one, so that exactly those we moved get a line in their timeline."""
    moved = 0
    ids = list(messages.order_by("id").values_list("pk", flat=True)[:1000])
    for pk in ids:
        with transaction.atomic():
            if messages.filter(pk=pk).advance(to, **changes):
                event = MessageEvent(message_id=pk, kind=kind)
                timeline.write_events([event])
                moved += 1
    return moved
