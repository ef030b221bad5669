"""All that a bakery holds of one person, to be handed to that person."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from messaging.models import (
    InboundMessage,
    Message,
    MessageEvent,
    MessageMail,
    Recipient,
    Suppression,
)
from messaging.services import recipients
from messaging.services.suppressions import blocked_phones
from tenants.models import User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """`stops` are the person's wishes towards this bakery. `is_blocked` also tells of what holds for all bakeries.

    `mails` are those by which messages were told as well.
    """

    recipient: Recipient
    messages: list[Message]
    events: dict[uuid.UUID, list[MessageEvent]]
    mails: dict[uuid.UUID, list[MessageMail]]
    replies: list[InboundMessage]
    stops: list[Suppression]
    is_blocked: bool


def data_of(recipient: Recipient, *, by: User) -> PersonalData:
    """Gather everything, oldest first."""
    messages = list(recipients.messages_to(recipient).select_related("template").order_by("id"))
    lines: dict[uuid.UUID, list[MessageEvent]] = defaultdict(list)
    for event in MessageEvent.objects.filter(message__in=messages).in_order():
        lines[event.message_id].append(event)
    mails: dict[uuid.UUID, list[MessageMail]] = defaultdict(list)
    for mail in MessageMail.objects.filter(message__in=messages).in_order():
        mails[mail.message_id].append(mail)
    log.info(
        "Personal data exported",
        recipient_id=recipient.pk,
        tenant_id=recipient.tenant_id,
        user_id=by.pk,
    )
    return PersonalData(
        recipient=recipient,
        messages=messages,
        events=lines,
        mails=mails,
        replies=list(recipients.replies_of(recipient).order_by("received_at", "id")),
        stops=list(recipients.stops_of(recipient).order_by("asked_at", "id")),
        is_blocked=bool(blocked_phones(recipient.tenant, [recipient.phone])),
    )


def as_json(data: PersonalData) -> dict[str, Any]:
    """Return it for machines, in the words of the API; times are UTC."""
    recipient = data.recipient
    return {
        "bakery": recipient.tenant.name,
        "recipient": {
            "phone": recipient.phone,
            "former_phones": recipient.former_phones,
            "name": recipient.name,
            "email": recipient.email,
            "note": recipient.note,
            "known_since": _iso(recipient.created_at),
            "consent": {
                "how": recipient.consent_how,
                "date": recipient.consent_date.isoformat() if recipient.consent_date else None,
                "noted_by": recipient.consent_by,
            },
            "can_be_written_to": not data.is_blocked,
        },
        "opt_outs": [
            {"from": _iso(stop.asked_at), "until": _iso(stop.lifted_at), "source": stop.source}
            for stop in data.stops
        ],
        "messages": [
            _message(message, data.events[message.pk], data.mails[message.pk])
            for message in data.messages
        ],
        "replies": [
            {
                "received_at": _iso(reply.received_at),
                "kind": reply.kind,
                "text": reply.text,
                "content": reply.content,
                "answers": str(reply.answers_id) if reply.answers_id else None,
            }
            for reply in data.replies
        ],
    }


def _message(
    message: Message, events: list[MessageEvent], mails: list[MessageMail]
) -> dict[str, Any]:
    return {
        "message_id": str(message.pk),
        "whatsapp_message_id": message.wamid,
        "recipient_phone": message.recipient_phone,
        "recipient_name": message.recipient_name,
        "reference": message.reference,
        "template": message.template.name,
        "language": message.template.language,
        "text": message.rendered_text,
        "status": message.status,
        "pricing": message.pricing,
        "events": [
            {"kind": event.kind, "at": _iso(event.at), "code": event.code} for event in events
        ],
        "mails": [
            {"at": _iso(mail.sent_at), "to": mail.masked_address, "is_sure": mail.is_sure}
            for mail in mails
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
