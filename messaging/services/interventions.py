"""What a caller may still do with an accepted message: cancel it, or have a lost one sent again."""

from __future__ import annotations

from datetime import UTC

import structlog

from messaging.models import Message
from messaging.services import sending
from messaging.services.queueing import refuse_when_off
from messaging.services.refused import Refusal, RefusedError
from messaging.statuses import MessageStatus

log = structlog.get_logger(__name__)


def cancel_message(message: Message) -> None:
    """Cancel a message that no worker has taken; a repeat is harmless. Raises RefusedError."""
    if sending.cancel(Message.objects.filter(pk=message.pk)):
        log.info("WhatsApp message cancelled", message_id=message.pk, tenant_id=message.tenant_id)
        return
    status = _status_now(message)
    if status != MessageStatus.CANCELLED:
        raise RefusedError(
            Refusal.NOT_CANCELLABLE,
            f"Only a queued message can be cancelled; this one is {status}.",
            {"status": status},
        )


def resend_message(message: Message) -> None:
    """Send a message again whose fate nobody knows; the recipient may get it twice. Raises RefusedError.

    Not before ten minutes have passed, for until then a status webhook may settle it.
    """
    refuse_when_off(message.tenant)
    overdue = Message.objects.filter(pk=message.pk, unconfirmed_at__lt=sending.shown_before())
    if sending.requeue(overdue):
        log.info("WhatsApp message sent again", message_id=message.pk, tenant_id=message.tenant_id)
        return
    message.refresh_from_db(fields=("status", "unconfirmed_at"))
    raise _not_resendable(message)


def _not_resendable(message: Message) -> RefusedError:
    if message.unconfirmed_at is None:
        return RefusedError(
            Refusal.NOT_RESENDABLE,
            f"Only an unconfirmed message can be sent again; this one is {message.status}.",
            {"status": message.status},
        )
    possible_at = message.unconfirmed_at + sending.UNCONFIRMED_SHOWN_AFTER
    after = f"{possible_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return RefusedError(
        Refusal.NOT_RESENDABLE,
        f"WhatsApp may still say what became of it. It can be sent again after {after}.",
        {"status": message.status, "resendable_after": after},
    )


def _status_now(message: Message) -> str:
    return Message.objects.values_list("status", flat=True).get(pk=message.pk)
