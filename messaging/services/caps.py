"""Daily and monthly caps of a bakery: whether a day or a month of its calendar has room for one message more.

A message counts in the day it is taken by Meta, and while it waits in the day it is due. Counting and storing are two
steps, so requests at the same moment may together pass a cap by their number; a cap is an agreement, not a wall, and
holding a lock for each message would cost every bakery its speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from messaging.models import Message, WaitsFor
from messaging.statuses import MessageStatus
from tenants.models import SettingChange, Tenant

MAX_TTL = timedelta(days=7)
_NEAR_PERCENT = 80
# How many of those above a limit are counted, for the page alone.
_COUNTED_BEYOND = 10_000
# What never reached Meta, or was refused there, costs nothing.
_NOT_COUNTED = (MessageStatus.CANCELLED, MessageStatus.EXPIRED, MessageStatus.FAILED)


@dataclass(frozen=True, slots=True)
class ReachedCap:
    waits_for: WaitsFor
    until: datetime


@dataclass(frozen=True, slots=True)
class MonthUse:
    """How much of a bakery's monthly limit is used; `until` is when the next month begins."""

    used: int
    limit: int
    until: datetime

    @property
    def near(self) -> int:
        """From how many on the limit counts as near."""
        return -(-self.limit * _NEAR_PERCENT // 100)

    @property
    def is_near(self) -> bool:
        return self.used >= self.near

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit


def month_use(tenant: Tenant) -> MonthUse | None:
    """Return how much of this month's limit is used, None for a bakery without one; one query, bounded.

    Who lowers the limit, or sends at the moment it is reached, has used more than it.
    """
    limit = tenant.monthly_limit
    if limit is None:
        return None
    now = timezone.now()
    month = now.astimezone(ZoneInfo(tenant.time_zone)).date().replace(day=1)
    start, end = _midnight(tenant, month), _midnight(tenant, _next_month(month))
    used = _count(tenant, limit + _COUNTED_BEYOND, start=start, end=end, now=now)
    return MonthUse(used, limit, end)


def reached_cap(tenant: Tenant, moment: datetime, *, now: datetime) -> ReachedCap | None:
    """Return the cap that leaves no room for a message going out at `moment`, None when there is room.

    One query for each cap the bakery has, bounded by the cap.
    """
    local_day = moment.astimezone(ZoneInfo(tenant.time_zone)).date()
    month = local_day.replace(day=1)
    periods = (
        # The month first: where both are reached, tomorrow does not help.
        (WaitsFor.MONTHLY_CAP, tenant.monthly_limit, month, _next_month(month)),
        (WaitsFor.DAILY_CAP, tenant.daily_cap, local_day, local_day + timedelta(days=1)),
    )
    for waits_for, cap, first_day, next_day in periods:
        if cap is not None:
            start, end = _midnight(tenant, first_day), _midnight(tenant, next_day)
            if _count(tenant, cap, start=start, end=end, now=now) >= cap:
                return ReachedCap(waits_for, end)
    return None


def month_full_since(tenant: Tenant, use: MonthUse) -> datetime:
    """Return when this month's limit was reached: by a message, or by an owner who lowered the limit."""
    first_day = timezone.now().astimezone(ZoneInfo(tenant.time_zone)).date().replace(day=1)
    since = _full_since(tenant, use.limit, start=_midnight(tenant, first_day), end=use.until)
    if use.limit != tenant.own_monthly_limit:
        return since
    limits = SettingChange.objects.of(tenant).filter(what=SettingChange.What.MONTHLY_LIMIT)
    lowered = limits.newest_first().values_list("changed_at", flat=True).first()
    return max(since, lowered) if lowered else since


def day_full_since(tenant: Tenant, cap: int, *, until: datetime) -> datetime:
    """Return when the daily cap was reached of the day that ends at `until`."""
    today = timezone.now().astimezone(ZoneInfo(tenant.time_zone)).date()
    return _full_since(tenant, cap, start=_midnight(tenant, today), end=until)


def _full_since(tenant: Tenant, cap: int, *, start: datetime, end: datetime) -> datetime:
    """Return when the message was asked for that took the last room, `start` where that was before."""
    now = timezone.now()
    counted = _counted(tenant, start=start, end=end, now=now).order_by("id")
    last = counted.values_list("created_at", flat=True)[max(cap, 1) - 1 : max(cap, 1)].first()
    return max(last or start, start)


def _count(tenant: Tenant, cap: int, *, start: datetime, end: datetime, now: datetime) -> int:
    """Return how many messages take room between the two, `cap` where there are more."""
    return _counted(tenant, start=start, end=end, now=now)[:cap].count()


def _counted(tenant: Tenant, *, start: datetime, end: datetime, now: datetime) -> QuerySet[Message]:
    # What is due now may have been asked for as long ago as a message may wait.
    longest = max(MAX_TTL, timedelta(hours=settings.WHATSAPP_MESSAGE_TTL_HOURS))
    return (
        Message.objects.of(tenant)
        .created_between(after=min(start, now) - longest)
        .exclude(status__in=_NOT_COUNTED)
        .filter(_falls_between(start, end, now=now))
    )


def _falls_between(start: datetime, end: datetime, *, now: datetime) -> Q:
    # Waiting messages that expire before their time comes take no room.
    waiting = Q(send_after__lt=end) & Q(send_after__lt=F("expires_at"))
    if start > now:
        waiting &= Q(send_after__gte=start)
    taken = Q(send_after__isnull=True, accepted_at__gte=start, accepted_at__lt=end)
    under_way = Q(send_after__isnull=True, accepted_at__isnull=True)
    return waiting | taken | (under_way & Q(created_at__gte=start, created_at__lt=end))


def _midnight(tenant: Tenant, day: date) -> datetime:
    """Return when the bakery's day begins; where the clock skips midnight, the first moment after it."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(tenant.time_zone)).astimezone(UTC)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
