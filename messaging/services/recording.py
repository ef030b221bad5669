"""How attempts ended, written down: one statement moves all the rows of a batch."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from messaging.graph_api import errors
from messaging.graph_api.client import SentMessage
from messaging.graph_api.facts import ErrorClass, Scope
from messaging.graph_api.kept_answers import kept
from messaging.models import EventKind, Message, MessageEvent, SendAttempt, WaitsFor
from messaging.services import timeline
from messaging.statuses import MAY_FOLLOW, MessageStatus

log = structlog.get_logger(__name__)

HELD = "held_for_quality_assessment"
# Meta resumes a paused template by itself or after it was edited; until then its messages are looked at this often.
TEMPLATE_PAUSED = 132015
TEMPLATE_WAIT = timedelta(minutes=5)
_DETAILS_LENGTH = 500
_TRACE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: `sent` when Meta accepted the message, else `error`. `path` is where it was posted."""

    message: Message
    started_at: datetime
    duration_ms: int
    sent: SentMessage | None = None
    error: errors.GraphApiError | None = None
    path: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the message surely did not go out."""
        return self.error is not None and not isinstance(self.error, errors.NoAnswerError)


@dataclass(slots=True)
class Move:
    """Where a message goes and what is written beside it."""

    message_id: uuid.UUID
    to: MessageStatus
    event: EventKind | None = None
    wamid: str | None = None
    accepted_at: datetime | None = None
    failed_at: datetime | None = None
    send_after: datetime | None = None
    waits_for: str = ""
    error_code: int | None = None
    error_details: str = ""
    fbtrace_id: str = ""
    counts: bool = True  # whether the attempt is counted

    @property
    def may_follow(self) -> str:
        return ",".join(sorted(MAY_FOLLOW[self.to]))


# The rows are locked in the order of their ids, as everywhere, so that no two batches wait for each other. What a
# webhook already moved further keeps its status and only learns its wamid.
_APPLY = """
WITH moves AS (
  SELECT * FROM unnest(
    %(id)s::uuid[], %(to)s::text[], %(may_follow)s::text[], %(wamid)s::text[],
    %(accepted_at)s::timestamptz[], %(failed_at)s::timestamptz[], %(send_after)s::timestamptz[],
    %(waits_for)s::text[], %(error_code)s::bigint[], %(error_details)s::text[], %(fbtrace_id)s::text[],
    %(uncounted)s::int[]
  ) AS move(id, status, may_follow, wamid, accepted_at, failed_at, send_after, waits_for,
            error_code, error_details, fbtrace_id, uncounted)
), locked AS (
  SELECT message.id, message.status = ANY(string_to_array(moves.may_follow, ',')) AS moves_on
  FROM messaging_message message JOIN moves ON moves.id = message.id
  ORDER BY message.id
  FOR NO KEY UPDATE OF message
)
UPDATE messaging_message AS message SET
  wamid = COALESCE(message.wamid, moves.wamid),
  accepted_at = COALESCE(message.accepted_at, moves.accepted_at),
  attempts = message.attempts - CASE WHEN moves_on THEN moves.uncounted ELSE 0 END,
  status = CASE WHEN moves_on THEN moves.status ELSE message.status END,
  send_after = CASE WHEN moves_on THEN moves.send_after ELSE message.send_after END,
  claimed_at = CASE WHEN moves_on THEN NULL ELSE message.claimed_at END,
  unconfirmed_at = CASE WHEN NOT moves_on THEN message.unconfirmed_at
                        WHEN moves.status = 'unconfirmed' THEN %(now)s END,
  waits_for = CASE WHEN moves_on THEN moves.waits_for ELSE message.waits_for END,
  failed_at = CASE WHEN moves_on THEN moves.failed_at ELSE message.failed_at END,
  error_code = CASE WHEN moves_on THEN moves.error_code ELSE message.error_code END,
  error_details = CASE WHEN moves_on THEN moves.error_details ELSE message.error_details END,
  fbtrace_id = CASE WHEN moves_on THEN moves.fbtrace_id ELSE message.fbtrace_id END,
  updated_at = %(now)s
FROM moves JOIN locked ON locked.id = moves.id
WHERE message.id = moves.id
"""


def apply(moves: Sequence[Move]) -> None:
    """Move all these messages that may still go where their move says."""
    if not moves:
        return
    columns: dict[str, Any] = {
        "id": [move.message_id for move in moves],
        "to": [move.to.value for move in moves],
        "may_follow": [move.may_follow for move in moves],
        "wamid": [move.wamid for move in moves],
        "accepted_at": [move.accepted_at for move in moves],
        "failed_at": [move.failed_at for move in moves],
        "send_after": [move.send_after for move in moves],
        "waits_for": [move.waits_for for move in moves],
        "error_code": [move.error_code for move in moves],
        "error_details": [move.error_details for move in moves],
        "fbtrace_id": [move.fbtrace_id for move in moves],
        "uncounted": [int(not move.counts) for move in moves],
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPLY, columns | {"now": timezone.now()})


def record(outcomes: Sequence[Outcome]) -> None:
    """Write down how these attempts ended. One that the database refuses costs only itself."""
    try:
        _record(outcomes)
    except (DataError, IntegrityError):
        if len(outcomes) > 1:
            for outcome in outcomes:
                record([outcome])
            return
        message_id = outcomes[0].message.pk
        log.exception("Outcome could not be recorded", message_id=message_id)
        apply([Move(message_id, MessageStatus.UNCONFIRMED)])


def _record(outcomes: Sequence[Outcome]) -> None:
    moves = [_move(outcome) for outcome in outcomes]
    now = timezone.now()
    with transaction.atomic():
        apply(moves)
        timeline.write_attempts([_attempt(outcome) for outcome in outcomes])
        timeline.write_events(
            [
                MessageEvent(message_id=move.message_id, kind=move.event, code=_code(move), at=now)
                for move in moves
                if move.event is not None
            ]
        )
    for outcome, move in zip(outcomes, moves, strict=True):
        _log(outcome, move)


def hand_back(messages: Sequence[Message], *, until: Sequence[datetime], waits_for: str) -> None:
    """Return claimed messages to the queue untried."""
    apply(
        [
            Move(
                message.pk,
                MessageStatus.QUEUED,
                send_after=moment,
                waits_for=waits_for,
                error_code=message.error_code,
                error_details=message.error_details,
                fbtrace_id=message.fbtrace_id,
                counts=False,
            )
            for message, moment in zip(messages, until, strict=True)
        ]
    )


def cancel_opted_out(messages: Sequence[Message]) -> None:
    """Cancel claimed messages whose recipient wants none; each keeps why."""
    now = timezone.now()
    with transaction.atomic():
        # What a worker has in its hands cannot be cancelled by anybody, so it goes back first.
        hand_back(messages, until=[now] * len(messages), waits_for="")
        apply(
            [
                Move(message.pk, MessageStatus.CANCELLED, waits_for=WaitsFor.OPT_OUT)
                for message in messages
            ]
        )
        timeline.write_events(
            [
                MessageEvent(message_id=message.pk, kind=EventKind.CANCELLED, at=now)
                for message in messages
            ]
        )
    for message in messages:
        log.info("WhatsApp message cancelled, its recipient has opted out", message_id=message.pk)


def stops_account(error: errors.GraphApiError) -> bool:
    return error.error_class is ErrorClass.CREDENTIAL or (
        error.error_class is ErrorClass.ACCOUNT and error.facts.scope is Scope.ACCOUNT
    )


def stops_number(error: errors.GraphApiError) -> bool:
    return error.error_class is ErrorClass.ACCOUNT and error.facts.scope is Scope.NUMBER


def is_too_fast(error: errors.GraphApiError) -> bool:
    """Whether a rate limit concerns more than this one recipient."""
    return error.error_class is ErrorClass.RETRY_LATER and error.facts.scope in {
        Scope.NUMBER,
        Scope.ACCOUNT,
        Scope.APP,
    }


def _move(outcome: Outcome) -> Move:
    if outcome.sent is not None:
        return _accepted(outcome.message, outcome.sent)
    error = outcome.error
    if error is None:
        raise ValueError("An outcome is either sent or an error.")
    move = _refused(outcome.message, error)
    move.error_code = error.code
    move.error_details = error.details[:_DETAILS_LENGTH]
    move.fbtrace_id = error.fbtrace_id[:_TRACE_LENGTH]
    return move


def _accepted(message: Message, sent: SentMessage) -> Move:
    is_held = sent.message_status == HELD
    return Move(
        message.pk,
        MessageStatus.HELD if is_held else MessageStatus.ACCEPTED,
        event=EventKind.HELD if is_held else EventKind.ACCEPTED,
        wamid=sent.wamid,
        accepted_at=timezone.now(),
    )


def _refused(message: Message, error: errors.GraphApiError) -> Move:
    if isinstance(error, errors.NoAnswerError):
        return Move(message.pk, MessageStatus.UNCONFIRMED, event=EventKind.UNCONFIRMED)
    now = timezone.now()
    if error.code == TEMPLATE_PAUSED:
        return Move(
            message.pk,
            MessageStatus.QUEUED,
            event=EventKind.RETRY,
            send_after=now + TEMPLATE_WAIT,
            waits_for=WaitsFor.TEMPLATE,
        )
    delay = _delay(message, error)
    if delay is None:
        return Move(message.pk, MessageStatus.FAILED, event=EventKind.FAILED, failed_at=now)
    return Move(
        message.pk,
        MessageStatus.QUEUED,
        event=EventKind.RETRY,
        send_after=now + delay,
        waits_for=WaitsFor.RETRY,
        # A rate limit says nothing about the message.
        counts=error.error_class is not ErrorClass.RETRY_LATER,
    )


def _delay(message: Message, error: errors.GraphApiError) -> timedelta | None:
    """Return how long to wait before the next try; None where trying again changes nothing."""
    match error.error_class:
        case ErrorClass.CREDENTIAL:
            return timedelta(0)  # The line is stopped; once it opens the message goes first.
        case ErrorClass.ACCOUNT if error.facts.scope in {Scope.ACCOUNT, Scope.NUMBER}:
            return timedelta(0)
        case ErrorClass.RETRY_LATER:
            delays = error.facts.retry_delays_s or (60.0,)
        case ErrorClass.RETRY:
            delays = error.facts.retry_delays_s or (60.0,)
            if message.attempts > len(delays) and not isinstance(error, errors.NotSentError):
                return None
        case _:
            return None
    wait = error.retry_after_s or delays[min(max(message.attempts, 1), len(delays)) - 1]
    return timedelta(seconds=wait * random.uniform(1.0, 1.25))  # noqa: S311 (jitter, not a secret)


def _attempt(outcome: Outcome) -> SendAttempt:
    attempt = SendAttempt(
        message_id=outcome.message.pk,
        started_at=outcome.started_at,
        duration_ms=outcome.duration_ms,
        path=outcome.path,
    )
    error, sent = outcome.error, outcome.sent
    if sent is not None:
        attempt.outcome = "held" if sent.message_status == HELD else "accepted"
        attempt.http_status = sent.http_status
        attempt.response = kept(sent.raw)
    if error is None:
        return attempt
    attempt.outcome = error.error_class
    attempt.http_status = error.http_status
    attempt.error_code, attempt.error_subcode = error.code, error.subcode
    attempt.error_details = error.details[:_DETAILS_LENGTH]
    attempt.fbtrace_id = error.fbtrace_id[:_TRACE_LENGTH]
    attempt.failure = error.failure or ""
    attempt.response = error.answer
    return attempt


def _code(move: Move) -> int | None:
    """Only what Meta refused carries a code in the timeline; a silence has none."""
    return move.error_code if move.event in {EventKind.FAILED, EventKind.RETRY} else None


def _log(outcome: Outcome, move: Move) -> None:
    message_id = outcome.message.pk
    if outcome.sent is not None:
        log.info(
            "WhatsApp template message sent successfully",
            message_id=message_id,
            whatsapp_message_id=outcome.sent.wamid,
        )
    elif move.to is MessageStatus.UNCONFIRMED:
        log.warning("WhatsApp did not answer", message_id=message_id)
    elif move.to is MessageStatus.FAILED:
        log.warning("WhatsApp refused a message", message_id=message_id, error_code=move.error_code)
    else:
        log.info(
            "WhatsApp message will be tried again",
            message_id=message_id,
            error_code=move.error_code,
        )
