"""What waits on Meta or on a person: paused templates, messages Meta holds back, messages nobody knows the fate of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging import queues
from messaging.models import (
    Alert,
    AlertKind,
    IfUnconfirmed,
    Message,
    MessageTemplate,
    WaitsFor,
)
from messaging.models.message import first_id_at
from messaging.services import recording
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.recording import Outcome
from messaging.services.template_alerts import STATUS_AFTER
from messaging.statuses import MessageStatus
from tenants.models import WhatsAppBusinessAccount

_ASK_META_EVERY_S = 300
# Meta decides within an hour about what it holds; after a day we wait no longer to hear of it.
_HELD_SHOWN = timedelta(hours=24)
_LONGEST_LIFE = timedelta(days=8)
_LOOK_FOR_HELD_EVERY_S = 300
_UNCONFIRMED = "unconfirmed"


def with_sendable_template(messages: list[Message]) -> list[Message]:
    """Return the claimed messages whose template Meta lets us send; the others wait in the queue."""
    waiting = [message for message in messages if not message.template.is_sendable]
    if not waiting:
        return messages
    until = timezone.now() + recording.TEMPLATE_WAIT
    recording.hand_back(waiting, until=[until] * len(waiting), waits_for=WaitsFor.TEMPLATE)
    # What our own staff paused needs no alert.
    for template in {one.template for one in waiting if not one.template.is_approved}:
        open_alert(AlertKind.TEMPLATE_STOPPED, subject=str(template))
    return [message for message in messages if message.template.is_sendable]


def heed(account: WhatsAppBusinessAccount, outcomes: Sequence[Outcome]) -> None:
    """Tell the platform's staff what these answers of Meta's mean beyond their messages."""
    if any(sent.message_status == recording.HELD for outcome in outcomes if (sent := outcome.sent)):
        open_alert(AlertKind.MESSAGES_HELD, subject=account.waba_id)
    refused = {
        outcome.message.template: outcome.error.code
        for outcome in outcomes
        if outcome.error is not None and outcome.error.code in STATUS_AFTER
    }
    for template, code in refused.items():
        # What is queued need not be refused one by one; Meta itself is asked for the truth.
        sendable = MessageTemplate.objects.sendable().filter(pk=template.pk)
        sendable.update(status=STATUS_AFTER[code or 0])
        _template_stopped(template, code)


def heed_dropped(template_ids: Collection[int], *, code: int) -> None:
    """Meta dropped messages of these templates after it had accepted them."""
    # In one order, so that no two batches wait for each other's alerts.
    for template in MessageTemplate.objects.filter(pk__in=template_ids).order_by("pk"):
        _template_stopped(template, code)


def _template_stopped(template: MessageTemplate, code: int | None) -> None:
    open_alert(AlertKind.TEMPLATE_STOPPED, subject=str(template), code=code)
    if queues.is_first_within(_ASK_META_EVERY_S, f"template:{template.pk}"):
        queues.wake_sync()


def let_approved_templates_go(account: WhatsAppBusinessAccount) -> int:
    """After a sync: send what waited for templates that may be sent again. Return how many."""
    waiting = Message.objects.queued().filter(
        waits_for=WaitsFor.TEMPLATE,
        template__in=MessageTemplate.objects.sendable().filter(account=account),
    )
    with transaction.atomic():
        numbers = set(waiting.values_list("phone_number_id", flat=True))
        released = waiting.update(send_after=timezone.now())
        for number in numbers:
            queues.wake_sender(number)
    return released


def close_alert_of_held() -> None:
    """Close the alert once Meta holds nothing any more. The sweep asks."""
    alerts = Alert.objects.open().filter(kind=AlertKind.MESSAGES_HELD)
    if not alerts.exists():
        return
    if not queues.is_first_within(_LOOK_FOR_HELD_EVERY_S, AlertKind.MESSAGES_HELD):
        return
    since = timezone.now() - _HELD_SHOWN
    # `status` is in no index; the range of ids keeps this off the older millions.
    recent = Message.objects.filter(id__gte=first_id_at(since - _LONGEST_LIFE))
    if not recent.filter(status=MessageStatus.HELD, accepted_at__gt=since).exists():
        close_alerts(AlertKind.MESSAGES_HELD)


def watch_unconfirmed(*, shown_after: timedelta) -> None:
    """Open the alert for unconfirmed messages that a person has to decide on, close it when there is none."""
    overdue = Message.objects.filter(
        unconfirmed_at__lt=timezone.now() - shown_after,
        acknowledged_at__isnull=True,
        if_unconfirmed=IfUnconfirmed.LEAVE,
    )
    if overdue.exists():
        open_alert(AlertKind.MESSAGE_UNCONFIRMED, subject=_UNCONFIRMED)
    elif Alert.objects.open().filter(kind=AlertKind.MESSAGE_UNCONFIRMED).exists():
        close_alerts(AlertKind.MESSAGE_UNCONFIRMED, subject=_UNCONFIRMED)


def leave(messages: QuerySet[Message]) -> int:
    """Leave unconfirmed messages as they are, at somebody's word; return how many. A status may settle them yet."""
    unconfirmed = Message.objects.filter(
        pk__in=messages.values("pk"), unconfirmed_at__isnull=False, acknowledged_at__isnull=True
    )
    now = timezone.now()
    return unconfirmed.update(acknowledged_at=now, updated_at=now)
