"""What recipients write to us: kept with the bakery that was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from messaging.graph_api.webhook_payload import InboundFact
from messaging.models import InboundMessage, Message
from messaging.services import callback_events
from messaging.services.verdicts import Reported
from tenants import phone_numbers
from tenants.models import PhoneNumber, PhoneNumberAssignment

# What somebody writes without quoting answers a message that is no older.
ANSWERS_WITHIN = timedelta(days=7)


def apply_inbound(replies: Sequence[Reported[InboundFact]]) -> None:
    """Keep these messages, each once, and judge them."""
    ids = {reply.change.phone_number_id for reply in replies}
    numbers = {
        row.phone_number_id: row
        for row in PhoneNumber.objects.filter(phone_number_id__in=ids - {None})
    }
    for reply in replies:
        number = numbers.get(reply.change.phone_number_id or "")
        if number is None:
            reply.judge("ignored", "The number it was sent to is none of ours.")
            continue
        message, created = InboundMessage.objects.get_or_create(
            wamid=reply.fact.wamid, defaults=_inbound_row(reply.fact, number)
        )
        callback_events.announce_replies([message] if created else [])
        reply.judge("applied" if created else "repeated")


def _inbound_row(fact: InboundFact, number: PhoneNumber) -> dict[str, Any]:
    sender = phone_numbers.from_digits(fact.sender or "")
    answered = _answered(fact, number, sender)
    owner = (
        PhoneNumberAssignment.objects.open()
        .filter(phone_number=number)
        .values_list("tenant", flat=True)
        .first()
    )
    return {
        "phone_number": number,
        # The bakery that was answered, which the number may have left since; else the one that has the number.
        "tenant_id": answered.tenant_id if answered else owner,
        "answers": answered,
        "sender_phone": sender,
        "sender_user_id": (fact.user_id or "")[:128],
        "kind": fact.type[:32],
        "text": fact.text,
        "content": fact.raw,
        "received_at": fact.at,
    }


def _answered(fact: InboundFact, number: PhoneNumber, sender: str) -> Message | None:
    """Return the message this one answers: the quoted one, else the number's last of these days to the person."""
    from_number = Message.objects.filter(phone_number=number)
    if fact.context_wamid:
        quoted = from_number.filter(wamid=fact.context_wamid).first()
        if quoted is not None:
            return quoted
    recent = from_number.created_between(after=fact.at - ANSWERS_WITHIN)
    return recent.filter(recipient_phone=sender).newest_first().first() if sender else None
