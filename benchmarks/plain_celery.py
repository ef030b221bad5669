"""What we are measured against: the plain design, one Celery task a message, written as well as that design allows.

The same pooled session, the same database pool, the same client and threads; two small UPDATEs a message. It keeps no pace,
is not fair and writes no timeline.
"""

from __future__ import annotations

from functools import cache

import structlog
from celery import shared_task
from django.utils import timezone

from messaging.graph_api import payloads
from messaging.graph_api.client import GraphApi
from messaging.models import Message
from messaging.services.graph import graph_api_for
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber

log = structlog.get_logger(__name__)

NEEDED = (
    "tenant_id",
    "phone_number_id",
    "recipient_phone",
    "components",
    "template__name",
    "template__language",
)


@cache
def line_of(number: int) -> tuple[GraphApi, str]:
    """The client and Meta's id of a number; a fresh client for each task would decrypt the token each time."""
    found = PhoneNumber.objects.select_related("account").get(pk=number)
    return graph_api_for(found.account), found.phone_number_id


@shared_task(name="benchmarks.send_one")
def send_one(message_id: str) -> None:
    claimed = Message.objects.filter(pk=message_id).advance(
        MessageStatus.SENDING, claimed_at=timezone.now()
    )
    if not claimed:
        return
    message = Message.objects.select_related("template").only(*NEEDED).get(pk=message_id)
    payload = payloads.template_message(
        to=message.recipient_phone,
        name=message.template.name,
        language=message.template.language,
        components=message.components,
        callback_data=str(message.pk),
    )
    api, phone_number_id = line_of(message.phone_number_id)
    sent = api.send_message(phone_number_id, payload)
    Message.objects.filter(pk=message_id).advance(
        MessageStatus.ACCEPTED, wamid=sent.wamid, accepted_at=timezone.now()
    )
    log.info("WhatsApp template message sent successfully", message_id=message_id)
