"""What did not arrive and nobody has seen to: it stays in front of the bakery until somebody does, also over midnight.

Seen to is what was sent again or surely by e-mail, and what somebody marked as done. After a week an order is past helping,
and nobody can be told anything for a person who was erased.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from messaging.models import Message, MessageMailState, MessageQuerySet, WaitsFor
from messaging.services.sending import UNCONFIRMED_SHOWN_AFTER
from messaging.statuses import MessageStatus
from tenants.models import User

log = structlog.get_logger(__name__)

SHOWN_FOR = timedelta(days=7)
AT_MOST = 20
FAILED = frozenset({MessageStatus.FAILED, MessageStatus.EXPIRED})
NEEDS_ATTENTION = FAILED | {MessageStatus.UNCONFIRMED}
_DID_NOT_ARRIVE = Q(status__in=FAILED) | Q(
    status=MessageStatus.CANCELLED, waits_for=WaitsFor.OPT_OUT
)


def unresolved(messages: MessageQuerySet) -> MessageQuerySet:
    lately = messages.notices().created_between(after=timezone.now() - SHOWN_FOR)
    # Until then a status may tell what became of it.
    nobody_knows = Q(unconfirmed_at__lt=timezone.now() - UNCONFIRMED_SHOWN_AFTER)
    open_ones = lately.filter(
        _DID_NOT_ARRIVE | nobody_knows,
        replacements__isnull=True,
        acknowledged_at__isnull=True,
        erased_at__isnull=True,
    )
    return open_ones.exclude(mails__state=MessageMailState.SENT)


def is_unresolved(message: Message) -> bool:
    return unresolved(Message.objects.filter(pk=message.pk)).exists()


def mark_done(message: Message, *, by: User) -> bool:
    """Take the message off the list of what did not arrive, at somebody's word. False when it stood on it no more."""
    now = timezone.now()
    open_one = Message.objects.filter(pk__in=unresolved(Message.objects.filter(pk=message.pk)))
    done = open_one.update(acknowledged_at=now, updated_at=now) > 0
    if done:
        log.info("Failed message marked as done", message_id=message.pk, user_id=by.pk)
    return done
