"""What recipients write to us: kept once, with the bakery that was answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from messaging.graph_api.message_text import said_in
from messaging.graph_api.webhook_payload import InboundFact
from messaging.models import InboundMessage, Message
from messaging.services import callback_events, number_changes, opting_out, people
from messaging.services.opt_out_words import asked_in
from messaging.services.verdicts import Reported
from tenants.models import PhoneNumber, PhoneNumberAssignment

# What somebody writes without quoting answers a message that is no older.
ANSWERS_WITHIN = timedelta(days=7)


def apply_inbound(replies: Sequence[Reported[InboundFact]]) -> None:
    """Keep these messages, each once, and judge them. The only place where they are made."""
    # Before any answer without a number is looked at.
    numbers = people.learn_people(
        (
            reply.change.phone_number_id,
            people.from_meta(digits=reply.fact.sender, user_id=reply.fact.user_id),
        )
        for reply in replies
    )
    new: list[InboundMessage] = []
    # In the order of their unique ids, so that no two batches wait for each other.
    for reply in sorted(replies, key=lambda reply: reply.fact.wamid):
        number = numbers.get(reply.change.phone_number_id)
        if number is None:
            reply.judge("ignored", "The number it was sent to is none of ours.")
            continue
        message, created = _keep(reply.fact, number)
        reply.judge("applied" if created else "repeated")
        if created:
            new.append(message)
    if new:
        _heed(new)


def _keep(fact: InboundFact, number: PhoneNumber) -> tuple[InboundMessage, bool]:
    known = InboundMessage.objects.filter(wamid=fact.wamid).first()
    if known is not None:
        return known, False
    return InboundMessage.objects.get_or_create(
        wamid=fact.wamid, defaults=_inbound_row(fact, number)
    )


def _heed(new: list[InboundMessage]) -> None:
    """Do what follows from these messages beyond keeping them."""
    ordered = sorted(new, key=lambda message: (message.received_at, message.pk))
    # The words first, for a new number takes over what was asked under the old one.
    opting_out.heed_words(ordered)
    number_changes.heed(ordered)
    callback_events.announce_replies(ordered)


def _inbound_row(fact: InboundFact, number: PhoneNumber) -> dict[str, Any]:
    person = people.from_meta(digits=fact.sender, user_id=fact.user_id)
    phones = people.phones_of(person, phone_number=number.pk)
    answered = _answered(fact, number, phones)
    asked = asked_in(said_in(fact.raw))
    return {
        "phone_number": number,
        "tenant_id": answered.tenant_id if answered else _owner(number, phones),
        "answers": answered,
        "sender_phone": person.phone,
        "sender_user_id": person.user_id,
        "kind": fact.type[:32],
        "text": fact.text,
        "content": fact.raw,
        "received_at": fact.at,
        "asks": asked.what if asked else "",
    }


def _answered(fact: InboundFact, number: PhoneNumber, phones: Sequence[str]) -> Message | None:
    """Return the message this one answers: the quoted one, else the number's last of these days to the person."""
    if fact.context_wamid:
        quoted = Message.objects.filter(phone_number=number, wamid=fact.context_wamid).first()
        if quoted is not None:
            return quoted
    last = people.last_message_to(phones, number=number)
    if last is None or last.created_at < fact.at - ANSWERS_WITHIN:
        return None
    return last


def _owner(number: PhoneNumber, phones: Sequence[str]) -> uuid.UUID | None:
    """Return the bakery that has the number, unless only an earlier one ever wrote to this person from it.

    Then nobody can tell whom they mean, and a number that moved on must not show its new bakery another's supplier.
    """
    standing = PhoneNumberAssignment.objects.open().filter(phone_number=number)
    owner: uuid.UUID | None = standing.values_list("tenant", flat=True).first()
    last = people.last_message_to(phones, number=number) if owner else None
    return owner if last is None or last.tenant_id == owner else None
