"""What went over the wire for one line of a timeline: our request, Meta's answer, the webhook. Without tokens and numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from messaging.models import WebhookDelivery
from messaging.services.sending import payload_of
from tenants.phone_numbers import from_digits, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from messaging.models import Message, MessageEvent, SendAttempt

# A body of thousands of statuses is not worth reading for one of them; it is there in the inbox.
_LONGEST_BODY = 256 * 1024
_NUMBERS = frozenset({"recipient_id", "wa_id", "input", "to"})


@dataclass(frozen=True, slots=True)
class RawWebhook:
    """The delivery that told of a line. `excerpt` is the part about the message, None where the delivery is gone or huge."""

    delivery: int
    excerpt: Any
    is_there: bool


def request_of(message: Message, attempt: SendAttempt) -> dict[str, Any]:
    """Return the request of an attempt as it was made: it depends on nothing but the message."""
    payload = payload_of(message)
    return {
        "POST": f"/{message.phone_number.phone_number_id}/messages",
        "headers": {"Authorization": "Bearer •••", "Content-Type": "application/json"},
        "body": payload | {"to": masked(message.recipient_phone)},
    }


def response_of(message: Message, attempt: SendAttempt) -> dict[str, Any] | None:
    """Return what is kept of Meta's answer; None where there was none."""
    if attempt.error_code is not None:
        error = {
            "code": attempt.error_code,
            "error_subcode": attempt.error_subcode,
            "error_data": {"details": attempt.error_details},
            "fbtrace_id": attempt.fbtrace_id,
        }
        known = {name: value for name, value in error.items() if value not in (None, "")}
        return {"HTTP": attempt.http_status, "body": {"error": known}}
    if attempt.http_status is None:
        return None
    sent = {"id": message.wamid, "message_status": attempt.outcome}
    return {"HTTP": attempt.http_status, "body": {"messages": [sent]}}


def raw_webhooks(message: Message, events: Iterable[MessageEvent]) -> dict[int, RawWebhook]:
    """Return the webhook of each event that one told of, by the event's id. One query."""
    told = [(event, event.delivery) for event in events if event.delivery is not None]
    if not told:
        return {}
    rows = WebhookDelivery.objects.filter(pk__in={pk for _event, pk in told}).only("body", "size")
    there = {row.pk: row for row in rows}
    return {
        event.pk: RawWebhook(pk, _excerpt(there.get(pk), message, event.kind), pk in there)
        for event, pk in told
    }


def _excerpt(delivery: WebhookDelivery | None, message: Message, status: str) -> Any:
    if delivery is None or delivery.size > _LONGEST_BODY:
        return None
    try:
        payload = json.loads(delivery.body_text)
    except (ValueError, RecursionError):
        return None
    about = (message.wamid, str(message.pk))
    found = [
        row
        for row in _statuses(payload)
        if row.get("status") == status
        and (row.get("id") in about or row.get("biz_opaque_callback_data") in about)
    ]
    return _without_numbers(found) or None


def _statuses(payload: Any) -> Iterator[dict[str, Any]]:
    for entry in _rows(payload, "entry"):
        for change in _rows(entry, "changes"):
            yield from _rows(change.get("value"), "statuses")


def _rows(holder: Any, name: str) -> list[dict[str, Any]]:
    rows = holder.get(name) if isinstance(holder, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _without_numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_numbers(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: masked(from_digits(one))
        if name in _NUMBERS and isinstance(one, str)
        else _without_numbers(one)
        for name, one in value.items()
    }
