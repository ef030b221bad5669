"""Erasing a person from a bakery's records: messages keep their facts, and nothing tells whose they are.

An opt-out stays with the number it is about, for without it the person would be written to again. A message keeps the
calling code, by which it was priced. What Meta posted is kept raw for a while, and gone through by erasing_copies.py.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from messaging.graph_api.markets import calling_code_of
from messaging.models import (
    Erasure,
    IfUnconfirmed,
    InboundMessage,
    Mail,
    Message,
    MessageMail,
    PersonAlias,
    Recipient,
    SendAttempt,
)
from messaging.models.message import first_id_at
from messaging.services import erasing_copies, recipient_learning, recipients, sending
from messaging.statuses import MessageStatus
from tenants.models import Tenant, User

log = structlog.get_logger(__name__)

_SHOWN = 5
_UNDER_WAY = (MessageStatus.QUEUED, MessageStatus.SENDING)

# What callbacks were told, or still wait to be told, without the person: the keys stay, so that callers can read it.
_ERASE_CALLBACKS = """
UPDATE messaging_callbackdelivery AS delivery SET response_text = '', body = (
  SELECT jsonb_set(delivery.body::jsonb, '{data}', jsonb_object_agg(
    key, CASE WHEN key IN ('sender_phone', 'sender_user_id', 'whatsapp_message_id') THEN 'null'
         WHEN key = 'text' THEN '""' ELSE value END
  ))::text FROM jsonb_each(delivery.body::jsonb -> 'data')
)
WHERE message_id = ANY(%(messages)s::uuid[]) OR (
  id >= %(since)s AND event_type = 'message.reply' AND (body::jsonb #>> '{data,reply_id}') = ANY(%(replies)s)
)
"""


class BeingSentError(Exception):
    """A message to this person is being sent at this moment. Nothing has been erased; in a minute it can be."""


def erase(recipient: Recipient, *, by: User) -> Erasure | None:
    """Erase this person, and cancel what waits for them. None where somebody else has done it. Raises BeingSentError."""
    sending.cancel(recipients.messages_to(recipient).queued())
    with transaction.atomic():
        recipient_learning.lock()
        locked = Recipient.objects.select_for_update().select_related("tenant")
        found = locked.filter(pk=recipient.pk).first()
        if found is None:
            return None
        erasure = _erase(found, by=by)
    log.info(
        "Recipient erased",
        erasure_id=erasure.pk,
        tenant_id=erasure.tenant_id,
        user_id=by.pk,
        messages=erasure.messages,
    )
    return erasure


def _erase(recipient: Recipient, *, by: User) -> Erasure:
    tenant, phones = recipient.tenant, recipients.numbers_of(recipient)
    messages = recipients.messages_to(recipient).select_for_update(no_key=True).order_by("id")
    sent = list(messages.only("pk", "status", "phone_number_id", "recipient_name"))
    if any(message.status in _UNDER_WAY for message in sent):
        raise BeingSentError
    replies = list(recipients.replies_of(recipient).only("pk", "received_at", "phone_number_id"))
    erasure = Erasure(tenant=tenant, erased_by=by.get_username())
    erasure.messages, erasure.replies = len(sent), len(replies)
    erasing_copies.ask_for(
        erasure,
        phones=phones,
        told_to={message.phone_number_id for message in sent}
        | {reply.phone_number_id for reply in replies},
    )
    _erase_from_mails(tenant, {recipient.name, *(message.recipient_name for message in sent)})
    _erase_messages(tenant, phones, [message.pk for message in sent])
    _erase_callbacks(sent, replies)
    _erase_replies([reply.pk for reply in replies])
    recipient.delete()
    _forget_aliases(phones)
    return erasure


def _erase_messages(tenant: Tenant, phones: Iterable[str], ids: list[uuid.UUID]) -> None:
    now = timezone.now()
    for phone in phones:
        Message.objects.of(tenant).filter(recipient_phone=phone).update(
            recipient_phone=f"+{calling_code_of(phone)}",
            recipient_name="",
            components=[],
            rendered_text="",
            warnings=[],
            error_details="",
            wamid=None,  # holds the number, in base64
            if_unconfirmed=IfUnconfirmed.LEAVE,
            erased_at=now,
        )
    MessageMail.objects.filter(message__in=ids).update(masked_address="")
    # Meta's id of the message is in the answer too.
    SendAttempt.objects.filter(message__in=ids).update(error_details="", response="")


def _erase_from_mails(tenant: Tenant, names: Iterable[str]) -> None:
    """Take the names out of what the bakery's people were mailed; those mails are kept as they were sent."""
    words = [re.escape(" ".join(name.split())) for name in names if name.strip()]
    if not words:
        return
    named = re.compile(rf"\b(?:{'|'.join(words)})(?!\w)")
    for mail in Mail.objects.of(tenant).select_for_update(no_key=True).order_by("id"):
        content = _without(mail.content, named)
        if content != mail.content:
            Mail.objects.filter(pk=mail.pk).update(content=content)


def _without(content: Any, named: re.Pattern[str]) -> Any:
    match content:
        case str():
            return named.sub("…", content)
        case dict():
            return {key: _without(value, named) for key, value in content.items()}
        case list():
            return [_without(value, named) for value in content]
    return content


def _erase_replies(ids: list[int]) -> None:
    InboundMessage.objects.filter(pk__in=ids).update(
        sender_phone="",
        sender_user_id="",
        text="",
        content={},
        answer_due_at=None,
        answer_wamid="",
        # As unique as before, and the person's number is not in it.
        wamid=Concat(Value("erased."), Cast("pk", TextField())),
    )


def _erase_callbacks(messages: Sequence[Message], replies: Sequence[InboundMessage]) -> None:
    since = min((reply.received_at for reply in replies), default=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            _ERASE_CALLBACKS,
            {
                "messages": [message.pk for message in messages],
                "replies": [str(reply.pk) for reply in replies],
                "since": first_id_at(since),
            },
        )


def _forget_aliases(phones: list[str]) -> None:
    """Forget the person's other names, unless another bakery writes to them: its replies may come under those."""
    others = Recipient.objects.filter(phone__in=phones)
    alone = set(phones) - set(others.values_list("phone", flat=True))
    PersonAlias.objects.filter(Q(phone__in=alone) | Q(alias__in=alone)).delete()


def erasures_of(tenant: Tenant, *, user: User) -> list[Erasure]:
    """Return the bakery's latest erasures."""
    return list(Erasure.objects.visible_to(user).of(tenant).newest_first()[:_SHOWN])
