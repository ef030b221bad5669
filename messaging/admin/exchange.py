"""What went over the wire for one line of a timeline: our request, Meta's answer, the webhook. Without tokens and numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from messaging.admin.pages import code_block
from messaging.admin.setup_curls import AS_SYSTEM_USER
from messaging.admin.wording import failure_words
from messaging.models import WebhookDelivery
from messaging.services.sending import payload_of
from tenants.phone_numbers import from_digits, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.utils.safestring import SafeString

    from messaging.models import Message, MessageEvent, SendAttempt

# A body of thousands of statuses is not worth reading for one of them; it is there in the inbox.
_LONGEST_BODY = 256 * 1024
_NUMBERS = frozenset({"recipient_id", "wa_id", "input", "to"})
# Stands for the number in a curl; no stored text can hold it.
_NUMBER = "\x00"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt as it went over the wire. `curl` is empty where the body is gone with its recipient.

    `why_none` says why no answer of Meta's came. `is_whole` is False where only its facts are left, not its words.
    """

    request: SafeString
    curl: str
    answer: SafeString | str
    why_none: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class RawWebhook:
    """The delivery that told of a line. `excerpt` is the part about the message, None where the delivery is gone or huge."""

    delivery: int
    excerpt: Any
    is_there: bool


def exchange_of(message: Message, attempt: SendAttempt) -> Exchange:
    """Return what an attempt sent and got. The body is made anew: it depends on nothing but the message."""
    path = attempt.path or f"/…/{message.phone_number.phone_number_id}/messages"
    head = [
        f"POST {settings.WHATSAPP_GRAPH_URL}{path}",
        "Authorization: Bearer •••",
        "Content-Type: application/json",
    ]
    is_erased = message.erased_at is not None
    body = _("Erased with the person.") if is_erased else _body_shown(message)
    return Exchange(
        request=code_block("\n".join([*head, "", body])),
        curl="" if is_erased else _curl(message, attempt),
        answer=_answer_shown(message, attempt),
        why_none=str(failure_words(attempt.failure)) if attempt.failure else "",
        is_whole=bool(attempt.response),
    )


def _body_shown(message: Message) -> str:
    body = payload_of(message) | {"to": masked(message.recipient_phone)}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _curl(message: Message, attempt: SendAttempt) -> str:
    """The request for a shell, in which token and number are variables."""
    version, number = settings.WHATSAPP_API_VERSION, message.phone_number.phone_number_id
    url = f"{settings.WHATSAPP_GRAPH_URL}{attempt.path or f'/{version}/{number}/messages'}"
    body = json.dumps(payload_of(message) | {"to": _NUMBER}, ensure_ascii=False)
    quoted = body.replace("'", "'\\''")
    # Only the first: "to" comes before all that others wrote.
    quoted = quoted.replace(json.dumps(_NUMBER)[1:-1], "'\"$RECIPIENT_PHONE\"'", 1)
    return "\n".join(
        (
            f'curl -X POST "{url}" \\',
            f"  {AS_SYSTEM_USER} \\",
            '  -H "Content-Type: application/json" \\',
            f"  -d '{quoted}'",
        )
    )


def _answer_shown(message: Message, attempt: SendAttempt) -> SafeString | str:
    """Meta's words while they are kept, else what is left of them; empty where nothing came."""
    if not attempt.response:
        known = _facts_of_answer(message, attempt)
        return "" if known is None else code_block(f"HTTP {attempt.http_status}\n\n{known}")
    try:
        words = json.dumps(json.loads(attempt.response), ensure_ascii=False, indent=2)
    except ValueError:  # cut, or none of Meta's
        words = attempt.response
    return code_block(f"HTTP {attempt.http_status}\n\n{words}")


def _facts_of_answer(message: Message, attempt: SendAttempt) -> str | None:
    if attempt.http_status is None:
        return None
    answer: dict[str, Any] = {
        "messages": [{"id": message.wamid, "message_status": attempt.outcome}]
    }
    if attempt.error_code is not None:
        error = {
            "code": attempt.error_code,
            "error_subcode": attempt.error_subcode,
            "error_data": {"details": attempt.error_details},
            "fbtrace_id": attempt.fbtrace_id,
        }
        answer = {
            "error": {name: value for name, value in error.items() if value not in (None, "")}
        }
    return json.dumps(answer, ensure_ascii=False, indent=2)


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
