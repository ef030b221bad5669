"""What the cost page shows: each number with the list of its messages behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from messaging import money
from messaging.admin import charts
from messaging.admin.cost_words import capital, day_words, month_words
from messaging.models import PriceRate
from messaging.months import Month, billing_today
from tenants.display import list_url

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from messaging.services.costs import MonthReport, Totals
    from tenants.models import Tenant

COST_PAGE = "messaging_dailyusage"


@dataclass(frozen=True, slots=True)
class Count:
    """A number and where its messages are; without an address it is none."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a bakery, or all of them."""

    name: str
    url: str
    counts: list[Count]
    cost: str
    notes: list[str]
    csv_url: str


@dataclass(frozen=True, slots=True)
class DayRow:
    day: str
    counts: list[Count]
    cost: str


@dataclass(frozen=True, slots=True)
class MonthLink:
    name: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class CostPage:
    month: str
    of: str
    months: list[MonthLink]
    total: Row
    estimated: str
    bakeries: list[Row]
    days: list[DayRow]
    chart: str
    chart_options: str
    counted_at: datetime | None
    is_this_month: bool
    all_url: str


def cost_page(report: MonthReport, *, tenant: Tenant | None) -> CostPage:
    month = report.month
    current = Month.current()
    return CostPage(
        month=capital(month_words(month)),
        of=tenant.name if tenant else "",
        months=_months(month, tenant=tenant),
        total=_row(_("All bakeries"), report.totals, month=month, tenant=tenant),
        estimated=_estimated(report.totals),
        bakeries=[
            _row(bakery.tenant.name, bakery.totals, month=month, tenant=bakery.tenant)
            for bakery in report.bakeries
        ],
        days=[
            DayRow(day_words(day.day), counts_of(day.totals, day.day, tenant), _cost(day.totals))
            for day in report.days
            if not day.totals.is_empty
        ],
        chart=charts.by_fate(report.days, labels=[str(day.day.day) for day in report.days]),
        chart_options=charts.stacked(),
        counted_at=report.counted_at,
        is_this_month=month == current,
        all_url=list_url(COST_PAGE, month=month),
    )


def _months(month: Month, *, tenant: Tenant | None) -> list[MonthLink]:
    """The month before and the one after, as far as that has begun."""
    more = {"tenant": tenant.pk} if tenant else {}
    near = [month.previous, *([month.next] if month < Month.current() else [])]
    return [
        MonthLink(
            capital(month_words(each)), list_url(COST_PAGE, month=each, **more), each == month
        )
        for each in near
    ]


def _row(name: str, totals: Totals, *, month: Month, tenant: Tenant | None) -> Row:
    of = {"month": str(month)} | ({"tenant": str(tenant.pk)} if tenant else {})
    return Row(
        name=name,
        url=list_url(COST_PAGE, **of),
        counts=counts_of(totals, month, tenant),
        cost=_cost(totals),
        notes=_notes(totals),
        csv_url=f"{reverse('admin:messaging_dailyusage_csv')}?{urlencode(of)}",
    )


def counts_of(
    totals: Totals, when: Month | date | str, tenant: Tenant | None, *, of: Collection[str] = ()
) -> list[Count]:
    """Return how many there were of each kind, or of these, with the list of them; `when` is a value of MonthFilter."""
    labels = {
        "sent": pgettext("messages", "sent"),
        "delivered": pgettext("messages", "delivered"),
        "read": pgettext("messages", "read"),
        "failed": pgettext("messages", "failed"),
        "charged": pgettext("messages", "charged"),
        "free": pgettext("messages", "free"),
        "unknown": pgettext("messages", "unknown"),
    }
    found = []
    for name, label in labels.items():
        if of and name not in of:
            continue
        count: int = getattr(totals, name)
        filters = {"month": when, "counted": name} | ({"tenant": tenant.pk} if tenant else {})
        url = list_url("messaging_message", **filters) if count else ""
        found.append(Count(label, money.number(count), url))
    return found


def _cost(totals: Totals) -> str:
    amount = money.sums(totals.costs)
    return f"≈ {amount}" if totals.estimated or totals.without_price else amount


def _estimated(totals: Totals) -> str:
    if not totals.estimated:
        return ""
    share = money.number(round(100 * totals.estimated / totals.charged))
    return _("%(share)s %% estimated") % {"share": share}


def _notes(totals: Totals) -> list[str]:
    """What else keeps the cost from being Meta's own figure."""
    notes = []
    if totals.without_price:
        notes.append(_("%(count)s without a price") % {"count": money.number(totals.without_price)})
    if totals.later:
        notes.append(
            _("%(count)s delivered after the month") % {"count": money.number(totals.later)}
        )
    return notes


def unconfirmed_since() -> str:
    """The day from which the prices that hold today are unconfirmed; empty when all are Meta's own."""
    today = PriceRate.objects.valid_on(billing_today())
    begins = (
        today.filter(is_confirmed=False).order_by("valid_from").values_list("valid_from", flat=True)
    )
    first = begins.first()
    return day_words(first) if first else ""
