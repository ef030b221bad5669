"""Sending a message again at somebody's word, to the same number or a corrected one, and why that may not be.

What is final stays final: a new message goes out in its place and names the one it replaces, so that both tell of each
other. Only a message whose fate nobody knows goes back into the queue itself.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.models import IfUnconfirmed, Message, Priority, Recipient
from messaging.services import holding, interventions, recipients, sending
from messaging.services.queueing import MessageRequest, queue_message
from messaging.statuses import MessageStatus
from tenants import phone_numbers
from tenants.models import User

log = structlog.get_logger(__name__)

_LABEL_LENGTH = 120


class Hurdle(StrEnum):
    """Why a message is not sent again: it could arrive twice, or it is in somebody's hands already."""

    WAITS = "waits"
    BEING_SENT = "being_sent"
    UNDECIDED = "undecided"
    ON_ITS_WAY = "on_its_way"
    ARRIVED = "arrived"
    SENT_AGAIN = "sent_again"
    SAME_NUMBER = "same_number"
    ERASED = "erased"
    TRIAL = "trial"


# Whoever has a message already would get it twice; a corrected number is somebody else's.
_HURDLES: dict[str, Hurdle] = {
    MessageStatus.QUEUED: Hurdle.WAITS,
    MessageStatus.SENDING: Hurdle.BEING_SENT,
    MessageStatus.ACCEPTED: Hurdle.ON_ITS_WAY,
    MessageStatus.HELD: Hurdle.ON_ITS_WAY,
    MessageStatus.SENT: Hurdle.ON_ITS_WAY,
    MessageStatus.DELIVERED: Hurdle.ARRIVED,
    MessageStatus.READ: Hurdle.ARRIVED,
}
_TO_THE_SAME_NUMBER = frozenset({Hurdle.ON_ITS_WAY, Hurdle.ARRIVED})


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`until` is when an UNDECIDED message can be sent again, `replacement` the message a SENT_AGAIN one became."""

    hurdle: Hurdle
    until: datetime | None = None
    replacement: uuid.UUID | None = None


class CannotResendError(Exception):
    """The message is not sent again; `why` says why not. Nothing has changed."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(f"cannot be sent again: {why.hurdle}")
        self.why = why


class OtherRecipientError(Exception):
    """The corrected number is that of another recipient of the bakery, `recipient`. Nothing has changed."""

    def __init__(self, recipient: Recipient) -> None:
        super().__init__("the number is another recipient's")
        self.recipient = recipient


def resend(message: Message, *, to: str = "", even_to: str = "", by: User) -> Message:
    """Send the message again, to the number `to` when one is given; return the message that waits now.

    That is a new one, checked like every other; the same one only where nobody knows its fate and its number stays.
    However often it is asked for, it is done once. `even_to` is a number that is meant although another recipient has it.
    Raises CannotResendError, OtherRecipientError and RefusedError.
    """
    asked, to = to, _corrected(message, to)
    with transaction.atomic():
        # Nobody else sends it again meanwhile, and no status moves it.
        locked = Message.objects.select_for_update(no_key=True, of=("self",))
        message = locked.select_related("tenant", "template").get(pk=message.pk)
        if why := why_not(message, is_corrected=bool(to)):
            raise CannotResendError(why)
        if asked and not to:
            # Whoever corrects a number means another one; sending to this one again would cost the same failure.
            raise CannotResendError(WhyNot(Hurdle.SAME_NUMBER))
        other = _whose(message, to) if to else None
        if other is not None and _other_number(phone_numbers.as_typed(even_to), than=to):
            raise OtherRecipientError(other)
        if message.unconfirmed_at is not None and not to:
            interventions.resend_message(message)
            message.refresh_from_db()
            return message
        replacement = queue_message(_request(message, to or message.recipient_phone, by)).message
        holding.leave(Message.objects.filter(pk=message.pk))
    log.info("WhatsApp message replaced", message_id=replacement.pk, replaces=message.pk)
    return replacement


def why_not(message: Message, *, is_corrected: bool = False) -> WhyNot | None:
    """Return why the message cannot be sent again, None when it can. One query, unless `replacements` were prefetched.

    `is_corrected` asks for another number.
    """
    if message.erased_at is not None:
        return WhyNot(Hurdle.ERASED)
    if message.is_trial:
        return WhyNot(Hurdle.TRIAL)
    known = next(iter(message.replacements.all()), None)
    if known is not None:
        return WhyNot(Hurdle.SENT_AGAIN, replacement=known.pk)
    if message.unconfirmed_at is not None:
        until = message.unconfirmed_at + sending.UNCONFIRMED_SHOWN_AFTER
        return WhyNot(Hurdle.UNDECIDED, until=until) if until >= timezone.now() else None
    hurdle = _HURDLES.get(message.status)
    if hurdle is None or (is_corrected and hurdle in _TO_THE_SAME_NUMBER):
        return None
    return WhyNot(hurdle)


def _corrected(message: Message, to: str) -> str:
    """Return the other number, empty for one that is no other. What is no number is refused with the message."""
    try:
        number = phone_numbers.normalised(to) if to else ""
    except phone_numbers.InvalidPhoneNumberError:
        return to
    return number if _other_number(number, than=message.recipient_phone) else ""


def _other_number(number: str, *, than: str) -> bool:
    return phone_numbers.comparable(number) != phone_numbers.comparable(than)


def _whose(message: Message, to: str) -> Recipient | None:
    """Return the bakery's recipient of that number where it is somebody else than the message was for."""
    other = recipients.having(message.tenant, [to]).get(to)
    if other is None:
        return None
    same_number = any(not _other_number(message.recipient_phone, than=one) for one in other.phones)
    same_name = other.name.casefold() == message.recipient_name.casefold()
    return None if same_number or (same_name and other.name) else other


def _request(message: Message, to: str, by: User) -> MessageRequest:
    place = "admin" if by.is_staff else "bakery"
    return MessageRequest(
        tenant_id=message.tenant_id,
        recipient_phone=to,
        recipient_name=message.recipient_name,
        template_name=message.template.name,
        language=message.template.language,
        components=message.components,
        reference=message.reference,
        requested_by=f"{place}:{by.get_username()}"[:_LABEL_LENGTH],
        priority=Priority(message.priority),
        if_unconfirmed=IfUnconfirmed(message.if_unconfirmed),
        replaces=message.pk,
    )
