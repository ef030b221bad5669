"""Statuses that never arrived, read from Meta's `message_history` where Meta offers it.

Source: Cloud API, message_history reference, 2026-11-22: for a message id we know, without recipient or content.
Whether an account has it, Meta says when it is asked; who has it not is asked again a day later.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
import structlog
from django.db import transaction
from django.utils import timezone

from messaging import queues
from messaging.graph_api.catalogue import ErrorClass
from messaging.graph_api.client import DeliveryEvent
from messaging.graph_api.errors import GraphApiError
from messaging.graph_api.webhook_payload import Change, StatusFact
from messaging.models import AccountEvent, Aspect, Message
from messaging.models.message import first_id_at
from messaging.services.graph import graph_api_for
from messaging.services.status_reports import apply_status_reports
from messaging.services.verdicts import Reported, verdict_line
from messaging.statuses import META_REPORTS, MessageStatus

log = structlog.get_logger(__name__)

FIELD = "message_history"
# At these ages of a message; one that is only sent may be for a phone that is off, so it is asked about once.
_ROUNDS: tuple[tuple[timedelta, frozenset[str]], ...] = (
    (timedelta(minutes=30), frozenset({MessageStatus.ACCEPTED})),
    (timedelta(hours=6), frozenset({MessageStatus.ACCEPTED})),
    (timedelta(hours=48), frozenset({MessageStatus.ACCEPTED, MessageStatus.SENT})),
)
_LOOKED_BACK = timedelta(days=3)
# An account may ask 5,000 times an hour for everything (Rate limits, 2026-11-22): these are 1,800.
_ASKED_AT_ONCE = 30
_SCANNED_AT_ONCE = 20_000
_EVERY_S = 55
_UNAVAILABLE_S = 86_400
_TOO_FAST_S = 3600
_PLACE_KEPT_S = 7 * 86_400
_NO_SUCH_MESSAGE = (422, 100)
# No such field or edge, or not with this token.
_NOT_OFFERED = frozenset({3, 10, 12, 100, 2500, *range(200, 300)})
_RESTS = "history:rests"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Meta told of one message; `is_known` is False where Meta knows no such message. `news` were not here yet."""

    events: Sequence[DeliveryEvent]
    is_known: bool
    news: Sequence[DeliveryEvent]


class NotAskableError(Exception):
    """Meta never gave this message an id, so there is nothing to ask about."""


def ask(message: Message) -> Answer:
    """Ask Meta what became of one message and take what was missing. Raises GraphApiError and NotAskableError."""
    if not message.wamid:
        raise NotAskableError("Meta gave this message no id.")
    answer = _answer(message)
    _take([(message, answer)])
    return answer


def recover() -> int:
    """Ask about messages that should have a status by now; return how many got one. Once a minute, a few at a time."""
    if not queues.is_first_within(_EVERY_S, FIELD):
        return 0
    found: list[tuple[Message, Answer]] = []
    try:
        if not queues.client().exists(_RESTS):
            _ask_round_by_round(found)
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)
    _take(found)
    return sum(bool(answer.news) for _message, answer in found)


def _ask_round_by_round(found: list[tuple[Message, Answer]]) -> None:
    budget = _ASKED_AT_ONCE
    for age, statuses in _ROUNDS:
        place = _Place(age)
        for message in place.due(statuses):
            if budget <= 0:
                return
            budget -= 1
            try:
                found.append((message, _answer(message)))
            except GraphApiError as error:
                _heed(error)
                return
            place.passed(message.pk)
        place.passed(place.scanned_to)


class _Place:
    """How far a round has come, as a message id: ids are in the order of time, so no index of statuses is needed."""

    def __init__(self, age: timedelta) -> None:
        self.key = f"history:place:{int(age.total_seconds())}"
        now = timezone.now()
        self.end = first_id_at(now - age)
        self.scanned_to = self.end
        earliest = first_id_at(now - _LOOKED_BACK)
        kept = queues.client().get(self.key)
        start = uuid.UUID(bytes(kept).decode()) if isinstance(kept, bytes) else None
        if start is None:
            # Only the first round looks back, lest a restart ask of the same ones in each.
            start = earliest if age == _ROUNDS[0][0] else self.end
        self.start = max(start, earliest)

    def due(self, statuses: Iterable[str]) -> list[Message]:
        accepted_before = timezone.now() - _ROUNDS[0][0]
        scanned = list(
            Message.objects.filter(id__gt=self.start, id__lt=self.end)
            .order_by("id")
            .values_list("id", "status", "wamid", "accepted_at")[:_SCANNED_AT_ONCE]
        )
        if len(scanned) == _SCANNED_AT_ONCE:
            self.scanned_to = scanned[-1][0]
        wanted = [
            pk
            for pk, status, wamid, accepted_at in scanned
            if status in statuses and wamid and accepted_at and accepted_at < accepted_before
        ]
        # One more than may be asked, so that the caller notices the rest.
        rows = Message.objects.filter(pk__in=wanted[: _ASKED_AT_ONCE + 1]).order_by("id")
        return list(rows.select_related("phone_number__account"))

    def passed(self, message_id: uuid.UUID) -> None:
        queues.client().set(self.key, str(message_id), ex=_PLACE_KEPT_S)


def _heed(error: GraphApiError) -> None:
    """Rest a day when Meta does not offer this to us, an hour or as long as it asks when we were too fast."""
    if error.code in _NOT_OFFERED:
        seconds = float(_UNAVAILABLE_S)
    elif error.error_class is ErrorClass.RETRY_LATER:
        seconds = error.retry_after_s or float(_TOO_FAST_S)
    else:
        return  # The next minute tries again where this one stopped.
    queues.client().set(_RESTS, 1, ex=max(1, int(seconds)))
    log.warning("Message history not read", error_code=error.code, rest_s=int(seconds))


def _answer(message: Message) -> Answer:
    number = message.phone_number
    try:
        events = graph_api_for(number.account).message_history(
            number.phone_number_id, message.wamid or ""
        )
    except GraphApiError as error:
        if (error.http_status, error.code) == _NO_SUCH_MESSAGE:
            return Answer((), is_known=False, news=())
        raise
    known = set(message.events.values_list("kind", flat=True))
    news = [
        event
        for event in events
        if event.status.lower() in META_REPORTS and event.status.lower() not in known
    ]
    return Answer(events, is_known=True, news=news)


def _take(found: Sequence[tuple[Message, Answer]]) -> None:
    """Apply what was missing as if the webhook had brought it, and leave a line in the history of each number."""
    by_number: dict[int, list[tuple[Message, Answer]]] = defaultdict(list)
    for message, answer in found:
        if answer.news:
            by_number[message.phone_number_id].append((message, answer))
    for rows in by_number.values():
        reports = [_report(message, event) for message, answer in rows for event in answer.news]
        with transaction.atomic():
            apply_status_reports(reports)
            _write_down(rows[0][0], [report.line for report in reports])
        log.info(
            "Statuses recovered from Meta",
            phone_number_id=rows[0][0].phone_number.phone_number_id,
            messages=len(rows),
            statuses=len(reports),
        )


def _report(message: Message, event: DeliveryEvent) -> Reported[StatusFact]:
    number = message.phone_number
    change = Change(
        index=str(message.pk),
        entry_id=number.account.waba_id,
        field=FIELD,
        phone_number_id=number.phone_number_id,
    )
    fact = StatusFact(
        wamid=message.wamid or "",
        status=event.status.lower(),
        at=event.at,
        recipient_id="",
        callback_data=None,
        error_code=None,
        error_details=event.error if event.status == "FAILED" else "",
        pricing=None,
    )
    return Reported(change, fact, verdict_line(change.index, fact.status, "kept"))


def _write_down(message: Message, lines: list[dict[str, str]]) -> None:
    number, now = message.phone_number, timezone.now()
    AccountEvent.objects.create(
        at=now,
        aspect=Aspect.RECOVERY,
        field=FIELD,
        event="RECOVERED",
        account=number.account,
        phone_number=number,
        subject=f"number {number.phone_number_id}",
        is_applied=True,
        details={"statuses": lines},
        digest=_digest(lines, now),
    )


def _digest(lines: list[dict[str, str]], now: datetime) -> str:
    return hashlib.sha256(f"{now.isoformat()} {lines}".encode()).hexdigest()
