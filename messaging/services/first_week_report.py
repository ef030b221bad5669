"""How the first week goes, day by day: counts, errors, the quality of the numbers, answers, and whom nobody asks."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from messaging.models import DailyUsage, FirstWeek, FirstWeekAnswer, Message
from messaging.months import begin_of, billing_day, billing_today
from messaging.services.costs import Totals
from tenants.display import UNRATED
from tenants.models import Membership, PhoneNumber, QualityReading, Tenant

DAYS = 7


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week: how many, what went wrong by Meta's code, and how each bakery did (without silent ones). No tests.

    `quality` counts the numbers by Meta's rating at the end of the day, today's by now; "" for those without one.
    """

    number: int
    day: date
    totals: Totals
    errors: list[tuple[int | None, int]]
    bakeries: list[tuple[Tenant, Totals]]
    quality: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """`unasked` are bakeries whose owners get no question for want of an e-mail address, with these owners' names."""

    week: FirstWeek
    days: list[Day]
    answers: list[FirstWeekAnswer]
    unasked: list[tuple[Tenant, list[str]]]

    @property
    def totals(self) -> Totals:
        return sum_of(day.totals for day in self.days)

    @property
    def quality(self) -> dict[str, int]:
        """As it stands now, or stood when the week was over."""
        return self.days[-1].quality

    @property
    def errors(self) -> list[tuple[int | None, int]]:
        counted: Counter[int | None] = Counter()
        for day in self.days:
            counted.update(dict(day.errors))
        return counted.most_common()


def report_of(week: FirstWeek) -> Report:
    """Return the days up to today; their counts follow the statuses that come in late."""
    first = billing_day(week.started_at)
    last = min(billing_today(), first + timedelta(days=DAYS - 1))
    days = [first + timedelta(days=age) for age in range((last - first).days + 1)]
    answers = week.answers.select_related("tenant", "user").order_by("day", "tenant__name", "id")
    ratings = _Ratings()
    return Report(
        week=week,
        days=[_day(number, day, ratings) for number, day in enumerate(days, start=1)],
        answers=list(answers),
        unasked=_unasked(week),
    )


def sum_of(parts: Iterable[Totals]) -> Totals:
    total = Totals()
    for part in parts:
        for name in ("sent", "delivered", "read", "failed"):
            setattr(total, name, getattr(total, name) + getattr(part, name))
    return total


def watched(week: FirstWeek) -> QuerySet[Tenant]:
    """Return the bakeries that use WhatsApp or were told of it."""
    switched_on = Q(whatsapp_enabled=True)
    if week.announcement is None:
        return Tenant.objects.filter(switched_on)
    told = week.announcement.mails.values("user")
    owning = Membership.objects.filter(role=Membership.Role.OWNER, user__in=told)
    return Tenant.objects.filter(switched_on | Q(pk__in=owning.values("tenant")))


def _day(number: int, day: date, ratings: _Ratings) -> Day:
    after = day + timedelta(days=1)
    counted = DailyUsage.objects.between(day, after).order_by()
    by_tenant: dict[uuid.UUID, Totals] = {}
    notices = Sum(F("messages") - F("trials"))
    for row in counted.values("tenant", "status").annotate(count=notices).filter(count__gt=0):
        by_tenant.setdefault(row["tenant"], Totals()).count(row["status"], row["count"])
    asked = Message.objects.notices().created_between(after=begin_of(day), before=begin_of(after))
    errors = asked.failed().order_by().values_list("error_code").annotate(count=Count("id"))
    tenants = Tenant.objects.filter(pk__in=by_tenant).by_name()
    return Day(
        number=number,
        day=day,
        totals=sum_of(by_tenant.values()),
        errors=sorted(errors, key=lambda row: -row[1]),
        bakeries=[(tenant, by_tenant[tenant.pk]) for tenant in tenants],
        quality=ratings.at(min(begin_of(after), timezone.now())),
    )


class _Ratings:
    """What Meta rated the numbers when: each rating stands until the next one."""

    def __init__(self) -> None:
        self._numbers = list(PhoneNumber.objects.only("pk", "quality_rating", "gone_at"))
        self._read: dict[int, list[tuple[datetime, str]]] = {}
        readings = QualityReading.objects.order_by("at", "id")
        for number, at, rating in readings.values_list("phone_number_id", "at", "rating"):
            self._read.setdefault(number, []).append((at, rating))

    def at(self, moment: datetime) -> dict[str, int]:
        """Count the numbers that were at Meta then by their rating; "" for those without one."""
        there = [
            self._of(number, moment)
            for number in self._numbers
            if number.gone_at is None or number.gone_at > moment
        ]
        return dict(Counter("" if rating in UNRATED else rating for rating in there))

    def _of(self, number: PhoneNumber, moment: datetime) -> str:
        if number.pk not in self._read:
            return number.quality_rating
        earlier = [rating for at, rating in self._read[number.pk] if at <= moment]
        return earlier[-1] if earlier else ""


def _unasked(week: FirstWeek) -> list[tuple[Tenant, list[str]]]:
    owning = Membership.objects.filter(role=Membership.Role.OWNER, user__is_active=True)
    reachable = owning.filter(tenant=OuterRef("pk")).exclude(user__email="")
    tenants = list(watched(week).filter(~Exists(reachable)).order_by("name", "id"))
    names: dict[uuid.UUID, list[str]] = {}
    for owner in owning.filter(tenant__in=tenants).select_related("user").order_by("id"):
        names.setdefault(owner.tenant_id, []).append(owner.user.get_username())
    return [(tenant, names.get(tenant.pk, [])) for tenant in tenants]
