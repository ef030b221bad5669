"""What we are measured against: the plain design, one Celery task a message, written as well as that design allows.

The same pooled session, the same database pool, the same client and threads; two small UPDATEs a message. It keeps no pace,
is not fair and writes no timeline.
"""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from messaging.graph_api import payloads
from messaging.models import Message
from messaging.services.graph import graph_api_for
from messaging.statuses import MessageStatus

log = structlog.get_logger(__name__)


@shared_task(name="benchmarks.send_one")
def send_one(message_id: str) -> None:
    claimed = Message.objects.filter(pk=message_id).advance(
        MessageStatus.SENDING, claimed_at=timezone.now()
    )
    if not claimed:
        return
    message = Message.objects.select_related("template", "phone_number__account").get(pk=message_id)
    payload = payloads.template_message(
        to=message.recipient_phone,
        name=message.template.name,
        language=message.template.language,
        components=message.components,
        callback_data=str(message.pk),
    )
    number = message.phone_number
    sent = graph_api_for(number.account).send_message(number.phone_number_id, payload)
    Message.objects.filter(pk=message_id).advance(
        MessageStatus.ACCEPTED, wamid=sent.wamid, accepted_at=timezone.now()
    )
    log.info("WhatsApp template message sent successfully", message_id=message_id)
