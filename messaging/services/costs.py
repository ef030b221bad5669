"""A month in numbers: what each bakery sent, what reached people, what Meta charges for it."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from messaging.graph_api.markets import country_of, market_of
from messaging.models import DailyUsage, Message
from messaging.models.usage import DailyUsageQuerySet
from messaging.months import Month, billing_day, billing_today
from messaging.services import usage
from messaging.services.overview import STATUSES_OF, Group
from messaging.services.prices import DELIVERED, Charge, Price, PriceBook, Volumes
from tenants.models import Tenant

_KEYS = ("category", "country_code", "pricing_type", "status", "delivered_on")


@dataclass(slots=True)
class Totals:
    """Messages by what became of them, and what the charged ones cost in each currency.

    A read message has also been delivered and sent. `unknown` were delivered and Meta has not said how it charges them;
    `unpriced` are charged and the price book has no rate. `later` were delivered after the month's end, so that they stand
    on Meta's next bill. `trials` are the tests among the delivered.
    """

    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    charged: int = 0
    free: int = 0
    unknown: int = 0
    unpriced: int = 0
    estimated: int = 0
    outdated: int = 0
    later: int = 0
    trials: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.sent or self.failed)

    @property
    def without_price(self) -> int:
        """Messages whose cost nobody knows yet."""
        return self.unknown + self.unpriced

    def add(self, row: dict[str, Any], price: Price, *, after: date) -> None:
        count: int = row["messages"]
        self.count(row["status"], count)
        if row["delivered_on"] is not None and row["delivered_on"] >= after:
            self.later += count
        if row["status"] in DELIVERED:
            self.trials += row["trials"]
        match price.charge:
            case Charge.CHARGED:
                self._add_charged(count, price)
            case Charge.FREE:
                self.free += count
            case Charge.UNKNOWN:
                self.unknown += count

    def count(self, status: str, messages: int) -> None:
        """Add messages by what became of them, whatever they cost."""
        for group in (Group.SENT, Group.DELIVERED, Group.READ, Group.FAILED):
            if status in STATUSES_OF[group]:
                setattr(self, group.value, getattr(self, group.value) + messages)

    def _add_charged(self, count: int, price: Price) -> None:
        self.charged += count
        if price.amount is None:
            self.unpriced += count
            return
        self.costs[price.currency] = (
            self.costs.get(price.currency, Decimal(0)) + count * price.amount
        )
        self.estimated += count if price.is_estimate else 0
        self.outdated += count if price.certainty == "outdated" else 0


@dataclass(frozen=True, slots=True)
class BakeryTotals:
    tenant: Tenant
    totals: Totals


@dataclass(frozen=True, slots=True)
class DayTotals:
    day: date
    totals: Totals


@dataclass(frozen=True, slots=True)
class MonthReport:
    """`bakeries` are those that sent something, by name; `days` are all days of the month."""

    month: Month
    totals: Totals
    bakeries: list[BakeryTotals]
    days: list[DayTotals]
    counted_at: datetime | None


def month_report(month: Month, *, tenant: Tenant | None = None) -> MonthReport:
    """Read a month, of all bakeries or of one; five queries, however many messages."""
    total, by_bakery = Totals(), defaultdict[Any, Totals](Totals)
    by_day = {day: Totals() for day in month.days}
    for row, price in _priced(month, tenant=tenant, by=("tenant_id", "day")):
        for totals in (total, by_bakery[row["tenant_id"]], by_day[row["day"]]):
            totals.add(row, price, after=month.after)
    tenants = Tenant.objects.filter(pk__in=by_bakery).by_name()
    bakeries = [BakeryTotals(bakery, by_bakery[bakery.pk]) for bakery in tenants]
    return MonthReport(
        month=month,
        totals=total,
        bakeries=[bakery for bakery in bakeries if not bakery.totals.is_empty],
        days=[DayTotals(day, totals) for day, totals in by_day.items()],
        counted_at=usage.counted_at(month.first, month.after),
    )


def month_totals(month: Month, *, tenant: Tenant | None = None) -> Totals:
    """Sum up a month, of all bakeries or of one; two queries."""
    total = Totals()
    for row, price in _priced(month, tenant=tenant):
        total.add(row, price, after=month.after)
    return total


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Charged messages of a month to one country at one price; `amount` is None where the price book has none."""

    country: str
    amount: Decimal | None
    currency: str
    messages: int

    @property
    def cost(self) -> Decimal | None:
        return None if self.amount is None else self.amount * self.messages


@dataclass(frozen=True, slots=True)
class BakeryMonth:
    """A month of one bakery: its totals, and of what its cost is made up, the most messages first.

    `notices` counts what became of them without tests, which are in the totals only.
    """

    totals: Totals
    notices: Totals
    lines: list[PricedLine]
    counted_at: datetime | None


def bakery_month(month: Month, *, tenant: Tenant) -> BakeryMonth:
    """Read a month of one bakery; three queries, however many messages."""
    total, notices = Totals(), Totals()
    counted: Counter[tuple[str, Decimal | None, str]] = Counter()
    for row, price in _priced(month, tenant=tenant):
        total.add(row, price, after=month.after)
        notices.count(row["status"], row["messages"] - row["trials"])
        if price.charge == Charge.CHARGED:
            key = (country_of(row["country_code"]), price.amount, price.currency)
            counted[key] += row["messages"]
    lines = [PricedLine(*key, messages) for key, messages in counted.most_common()]
    return BakeryMonth(total, notices, lines, usage.counted_at(month.first, month.after))


def first_month(tenant: Tenant) -> Month:
    """Return the month in which the bakery began: was entered, or had its first message."""
    oldest = Message.objects.of(tenant).order_by("id").values_list("created_at", flat=True)[:1]
    return min(Month.of(billing_day(moment)) for moment in (tenant.created_at, *oldest))


def month_and_recent_days(days: int) -> tuple[Totals, list[DayTotals]]:
    """Sum up the current month, and each of the last days up to today, the oldest first; two queries."""
    today, month = billing_today(), Month.current()
    first = today - timedelta(days=days - 1)
    in_month, by_day = Totals(), {first + timedelta(days=age): Totals() for age in range(days)}
    found = DailyUsage.objects.between(min(first, month.first), month.after)
    for row, price in _with_prices(found, by=("day",), book=book_for((month, month.next))):
        if row["day"] >= month.first:
            in_month.add(row, price, after=month.after)
        if row["day"] in by_day:
            by_day[row["day"]].count(row["status"], row["messages"])
    return in_month, [DayTotals(day, totals) for day, totals in by_day.items()]


def days_with(
    counted: str, *, first: date, after: date, tenant_id: uuid.UUID | None = None
) -> list[date]:
    """Return the days on which messages count as this (a column of the cost page), and those that still change.

    A list of rare messages then reads some days instead of a month; nothing in the table of messages leads to them.
    """
    found = DailyUsage.objects.between(first, after)
    if tenant_id is not None:
        found = found.filter(tenant=tenant_id)
    if counted in {"charged", "free", "unknown"}:
        found = found.filter(status__in=DELIVERED)
        is_free = Q(pricing_type__startswith="free_")
        is_charged = Q(pricing_type="regular")
        rule = {"charged": is_charged, "free": is_free, "unknown": ~(is_charged | is_free)}[counted]
        found = found.filter(rule)
    else:
        found = found.filter(status__in=STATUSES_OF[Group(counted)])
    days = set(found.values_list("day", flat=True).distinct())
    still_changing = billing_today() - timedelta(days=1)
    uncounted = usage.uncounted_days(first, after)
    return sorted(
        days
        | uncounted
        | {day for day in (still_changing, billing_today()) if first <= day < after}
    )


def volumes_of(months: Iterable[Month]) -> Volumes:
    """Count each month's charged messages by market and category, all bakeries together, by the day of delivery."""
    wanted = sorted(set(months))
    if not wanted:
        return {}
    charged = DailyUsage.objects.filter(
        status__in=DELIVERED,
        pricing_type="regular",
        delivered_on__gte=wanted[0].first,
        delivered_on__lt=wanted[-1].after,
        # No status comes later, so the index on the day of the request still serves.
        day__gte=wanted[0].previous.previous.first,
        day__lt=wanted[-1].after,
    )
    counted = charged.values("country_code", "category", "delivered_on")
    volumes: Counter[tuple[Month, str, str]] = Counter()
    for row in counted.annotate(messages=Sum("messages")).order_by():
        day = row["delivered_on"]
        if day is None:  # Impossible after the filter, which types do not know.
            continue
        market = market_of(row["country_code"], on=day)
        volumes[Month.of(day), market, row["category"]] += row["messages"]
    return volumes


def book_for(months: Iterable[Month]) -> PriceBook:
    """The price book that knows the volumes of these months, as far as any rate asks for them."""
    book = PriceBook.load()
    if book.has_tiers:
        book.volumes = volumes_of(months)
    return book


def _priced(
    month: Month, *, tenant: Tenant | None, by: tuple[str, ...] = ()
) -> Iterator[tuple[dict[str, Any], Price]]:
    counted = DailyUsage.objects.between(month.first, month.after)
    if tenant is not None:
        counted = counted.of(tenant)
    # What was requested on the last days may be delivered in the next month.
    return _with_prices(counted, by=by, book=book_for((month, month.next)))


def _with_prices(
    counted: DailyUsageQuerySet, *, by: tuple[str, ...], book: PriceBook
) -> Iterator[tuple[dict[str, Any], Price]]:
    grouped = counted.values(*by, *_KEYS).order_by()
    grouped = grouped.annotate(messages=Sum("messages"), trials=Sum("trials"))
    for row in grouped:
        yield (
            row,
            book.price_of(
                calling_code=row["country_code"],
                category=row["category"],
                pricing_type=row["pricing_type"],
                delivered_on=row["delivered_on"] if row["status"] in DELIVERED else None,
            ),
        )
