"""What a message can be and which state may follow which. No queries here.

Meta repeats statuses, delivers them late and in any order, leaves `delivered` out when a message is read at once, and may
report `delivered` after `failed` when the recipient has several devices (Cloud API, webhook reference "status", read
2026-11-20). So each target lists all that it may follow, and what Meta reported never goes backwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENDING = "sending", _("being sent")
    ACCEPTED = "accepted", _("accepted by Meta")
    HELD = "held", _("held by Meta")
    UNCONFIRMED = "unconfirmed", _("unconfirmed")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


_S = MessageStatus

MAY_FOLLOW: dict[MessageStatus, frozenset[MessageStatus]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.UNCONFIRMED}),
    _S.SENDING: frozenset({_S.QUEUED}),
    _S.ACCEPTED: frozenset({_S.SENDING, _S.UNCONFIRMED}),
    _S.HELD: frozenset({_S.SENDING, _S.UNCONFIRMED}),
    _S.UNCONFIRMED: frozenset({_S.SENDING}),
    _S.SENT: frozenset({_S.SENDING, _S.ACCEPTED, _S.HELD, _S.UNCONFIRMED}),
    _S.DELIVERED: frozenset(
        {
            _S.QUEUED,
            _S.SENDING,
            _S.ACCEPTED,
            _S.HELD,
            _S.UNCONFIRMED,
            _S.SENT,
            _S.FAILED,
            _S.EXPIRED,
        }
    ),
    _S.READ: frozenset(
        {
            _S.QUEUED,
            _S.SENDING,
            _S.ACCEPTED,
            _S.HELD,
            _S.UNCONFIRMED,
            _S.SENT,
            _S.FAILED,
            _S.EXPIRED,
            _S.DELIVERED,
        }
    ),
    _S.FAILED: frozenset({_S.QUEUED, _S.SENDING, _S.ACCEPTED, _S.HELD, _S.UNCONFIRMED, _S.SENT}),
    _S.CANCELLED: frozenset({_S.QUEUED}),
    _S.EXPIRED: frozenset({_S.QUEUED}),
}

META_REPORTS = frozenset({_S.SENT, _S.DELIVERED, _S.READ, _S.FAILED})
FINAL = frozenset({_S.READ, _S.FAILED, _S.CANCELLED, _S.EXPIRED})
# What Meta has taken from us: a bakery counts these as sent.
TAKEN_BY_META = frozenset({_S.ACCEPTED, _S.HELD, _S.SENT, _S.DELIVERED, _S.READ})


def settle(current: MessageStatus, reported: Iterable[MessageStatus]) -> MessageStatus:
    """Return where a message stands after Meta's reports, in whatever order and number they came.

    The weaker report is applied first, so one pass ends where any order of single applications ends.
    """
    rank = [MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.DELIVERED, MessageStatus.READ]
    for status in sorted(set(reported), key=rank.index):
        if current in MAY_FOLLOW[status]:
            current = status
    return current
