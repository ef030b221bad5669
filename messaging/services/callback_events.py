"""What callbacks are told, written in the transaction of what happened: both stay or neither does.

The shapes are the API's own. A status tells no phone number, for the caller knows its `message_id` and `reference`; a reply
tells who wrote and what, which is the bakery's to know.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.db import connection
from django.utils import timezone

from messaging import queues
from messaging.models import (
    Callback,
    CallbackDelivery,
    CallbackEvent,
    EventKind,
    InboundMessage,
    Message,
)
from messaging.services.explaining import explain
from messaging.statuses import MessageStatus

STATUS, REPLY, PING = "message.status", "message.reply", "ping"
TRIED_FOR = timedelta(hours=24)
# Which lines of a timeline are told, as which status. The first one, queued, is the caller's own doing; after a retry the
# message is queued again. Lines of any other kind are no status.
_STATUS_OF: dict[str, MessageStatus] = {
    **{status.value: status for status in MessageStatus if status != MessageStatus.QUEUED},
    EventKind.RETRY.value: MessageStatus.QUEUED,
}

# Most lines by far, and nothing is to be explained about them.
_GOING_WELL = frozenset(
    {MessageStatus.ACCEPTED, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}
)
_WRITTEN_AT_ONCE = 1000

# Which callbacks want to hear of which of these messages: without any callback one look at an empty table. KEY SHARE holds
# off whoever is deleting a callback, so that its deliveries have one to belong to.
_WHO_WANTS = """
SELECT callback.id, message.id, message.tenant_id, message.reference, message.wamid, message.waits_for
FROM messaging_callback AS callback
JOIN messaging_message AS message
  ON callback.tenant_id IS NULL OR callback.tenant_id = message.tenant_id
WHERE callback.disabled_at IS NULL AND callback.events @> %(wanted)s::varchar[]
  AND message.id = ANY(%(messages)s::uuid[])
ORDER BY callback.id, message.id
FOR KEY SHARE OF callback
"""
_WHO_WANTS_REPLIES = """
SELECT id, tenant_id FROM messaging_callback
WHERE disabled_at IS NULL AND events @> %(wanted)s::varchar[]
ORDER BY id
FOR KEY SHARE
"""


class TimelineLine(Protocol):
    """A line of a message's timeline, as a row or as anything lighter."""

    @property
    def message_id(self) -> uuid.UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def code(self) -> int | None: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A callback and a message it is told of."""

    callback_id: uuid.UUID
    message_id: uuid.UUID
    tenant_id: uuid.UUID
    reference: str
    wamid: str | None
    waits_for: str


def announce_events(events: Sequence[TimelineLine]) -> int:
    """Let callbacks know of new lines in timelines; return how many deliveries wait for it.

    To be called in the transaction that wrote the lines.
    """
    news = [event for event in events if event.kind in _STATUS_OF]
    if not news:
        return 0
    by_message: dict[uuid.UUID, list[TimelineLine]] = {}
    for event in sorted(news, key=_in_a_messages_life):
        by_message.setdefault(event.message_id, []).append(event)
    deliveries = [
        _delivery(wanted.callback_id, STATUS, _status(event, wanted), message_id=wanted.message_id)
        for wanted in _who_wants(list(by_message))
        for event in by_message[wanted.message_id]
    ]
    return _store(deliveries)


def announce_replies(replies: Sequence[InboundMessage]) -> int:
    """Let callbacks know of new replies, in the transaction that stored them; return how many deliveries wait for it."""
    if not replies:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WHO_WANTS_REPLIES, {"wanted": [CallbackEvent.REPLIES.value]})
        wanting = cursor.fetchall()
    deliveries = [
        _delivery(pk, REPLY, _reply(reply), message_id=reply.answers_id)
        for reply in replies
        for pk, tenant_id in wanting
        if tenant_id in (None, reply.tenant_id)
    ]
    return _store(deliveries)


def ping(callback: Callback) -> CallbackDelivery:
    """Have a callback told that it is there; returns the delivery, which waits."""
    data = {
        "callback_id": str(callback.pk),
        "tenant_id": str(callback.tenant_id) if callback.tenant_id else None,
    }
    delivery = _delivery(callback.pk, PING, (timezone.now(), data))
    _store([delivery])
    return delivery


def _who_wants(message_ids: list[uuid.UUID]) -> list[_Wanted]:
    with connection.cursor() as cursor:
        cursor.execute(
            _WHO_WANTS, {"wanted": [CallbackEvent.STATUSES.value], "messages": message_ids}
        )
        return [_Wanted(*row) for row in cursor.fetchall()]


def _in_a_messages_life(event: TimelineLine) -> tuple[datetime, int]:
    """Meta's times are whole seconds; within one the order is that of a message's life."""
    return event.at.replace(microsecond=0), list(EventKind).index(EventKind(event.kind))


def _status(event: TimelineLine, wanted: _Wanted) -> tuple[datetime, dict[str, Any]]:
    status = _STATUS_OF[event.kind]
    explanation = None
    if status not in _GOING_WELL:
        then = Message(status=status, error_code=event.code, waits_for=wanted.waits_for)
        explanation = explain(then, "en")
    data = {
        "message_id": str(wanted.message_id),
        "tenant_id": str(wanted.tenant_id),
        "reference": wanted.reference,
        "whatsapp_message_id": wanted.wamid,
        "status": status.value,
        "at": _iso(event.at),
        "code": event.code,
        "error": _error(asdict(explanation)) if explanation else None,
    }
    return event.at, data


def _error(explanation: dict[str, Any]) -> dict[str, Any]:
    return {name: explanation[name] for name in ("code", "title", "who_acts", "action")}


def _reply(reply: InboundMessage) -> tuple[datetime, dict[str, Any]]:
    answered = reply.answers
    if answered is not None and answered.tenant_id != reply.tenant_id:
        answered = None  # One bakery's order is no other's business, whoever got the reply.
    data = {
        "reply_id": str(reply.pk),
        "tenant_id": str(reply.tenant_id) if reply.tenant_id else None,
        "message_id": str(answered.pk) if answered else None,
        "reference": answered.reference if answered else "",
        "whatsapp_message_id": reply.wamid,
        "phone_number_id": reply.phone_number.phone_number_id,
        "sender_phone": reply.sender_phone or None,
        "sender_user_id": reply.sender_user_id or None,
        "kind": reply.kind,
        "text": reply.text,
        "at": _iso(reply.received_at),
    }
    return reply.received_at, data


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _delivery(
    callback_id: uuid.UUID,
    event_type: str,
    what: tuple[datetime, dict[str, Any]],
    *,
    message_id: uuid.UUID | None = None,
) -> CallbackDelivery:
    at, data = what
    payload = {"type": event_type, "timestamp": _iso(at), "data": data}
    now = timezone.now()
    return CallbackDelivery(
        callback_id=callback_id,
        message_id=message_id,
        event_type=event_type,
        body=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
        next_attempt_at=now,
        gives_up_at=now + TRIED_FOR,
        created_at=now,
    )


def _store(deliveries: Sequence[CallbackDelivery]) -> int:
    if deliveries:
        CallbackDelivery.objects.bulk_create(deliveries, batch_size=_WRITTEN_AT_ONCE)
        queues.wake_callbacks()
    return len(deliveries)
