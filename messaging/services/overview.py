"""What a bakery wants to know at a glance: who sends for it, whether all is well, what went out lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, prefetch_related_objects
from django.utils import timezone

from messaging.models import Message, MessageQuerySet
from messaging.services.failures import AT_MOST, FAILED, unresolved
from messaging.services.obstacles import Standing, standing_of
from messaging.services.quiet_hours import end_of_quiet_hours
from messaging.services.suppressions import blocked_phones
from messaging.services.switching import waiting_count
from messaging.statuses import TAKEN_BY_META, MessageStatus
from tenants.models import Tenant, User

RECENT = 5


class Group(StrEnum):
    """How a bakery counts its notices. A read one has also been delivered and sent."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    WAITING = "waiting"
    FAILED = "failed"


STATUSES_OF: dict[Group, frozenset[MessageStatus]] = {
    Group.SENT: TAKEN_BY_META,
    Group.DELIVERED: frozenset({MessageStatus.DELIVERED, MessageStatus.READ}),
    Group.READ: frozenset({MessageStatus.READ}),
    Group.WAITING: frozenset(
        {MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNCONFIRMED}
    ),
    Group.FAILED: FAILED,
}


@dataclass(frozen=True, slots=True)
class Overview:
    """`messages` are the latest beside the `unresolved`, which did not arrive and nobody has seen to, a limited number.

    `quiet_until` is when the quiet hours end that hold now. `still_waiting` counts what goes out although the switch is
    off. `blocked` as `blocked_phones` says.
    """

    standing: Standing
    quiet_until: datetime | None
    still_waiting: int
    unresolved: list[Message]
    last_sent_at: datetime | None
    today: dict[Group, int]
    messages: list[Message]
    blocked: dict[str, bool]


def overview_of(tenant: Tenant, *, user: User, only: Group | None = None) -> Overview:
    """`only` narrows the messages to today's of one group."""
    last, mine = _last_sent(tenant), Message.objects.visible_to(user).of(tenant)
    open_ones = list(unresolved(mine).select_related("template").newest_first()[:AT_MOST])
    messages = _recent(mine, tenant, but=[] if only else open_ones, only=only)
    shown = [*open_ones[:RECENT], *messages]
    prefetch_related_objects(shown, "replacements")
    return Overview(
        standing=standing_of(tenant),
        quiet_until=end_of_quiet_hours(tenant, timezone.now()),
        still_waiting=0 if tenant.whatsapp_enabled else waiting_count(tenant),
        unresolved=open_ones,
        last_sent_at=(last.sent_at or last.accepted_at) if last else None,
        today=_counts_of_today(tenant),
        messages=messages,
        blocked=blocked_phones(tenant, {message.recipient_phone for message in shown}),
    )


def _today_began(tenant: Tenant) -> datetime:
    local = timezone.now().astimezone(ZoneInfo(tenant.time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _last_sent(tenant: Tenant) -> Message | None:
    sent = Message.objects.of(tenant).notices().filter(status__in=TAKEN_BY_META)
    return sent.newest_first().only("sent_at", "accepted_at").first()


def _counts_of_today(tenant: Tenant) -> dict[Group, int]:
    today = Message.objects.of(tenant).notices().created_between(after=_today_began(tenant))
    counts = today.aggregate(
        **{
            group.value: Count("id", filter=Q(status__in=statuses))
            for group, statuses in STATUSES_OF.items()
        }
    )
    return {group: counts[group.value] for group in Group}


def _recent(
    mine: MessageQuerySet, tenant: Tenant, *, but: list[Message], only: Group | None
) -> list[Message]:
    found = mine.exclude(pk__in=[message.pk for message in but]) if but else mine
    if only is not None:
        found = found.notices().created_between(after=_today_began(tenant))
        found = found.filter(status__in=STATUSES_OF[only])
    return list(found.select_related("template").newest_first()[:RECENT])
