"""What the page of a first week shows: every number with the list behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import dateformat, translation
from django.utils.text import capfirst

from messaging.admin.cost_page import Count, counts_of
from messaging.services.explaining import explain_code
from tenants.date_forms import day_form
from tenants.display import list_url, page_url

if TYPE_CHECKING:
    from messaging.services.first_week_report import Day, Report

_COUNTED = ("sent", "delivered", "read", "failed")


@dataclass(frozen=True, slots=True)
class ErrorLine:
    count: int
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """`quality` has Meta's rating, "" for none, and how many numbers had it; `bakeries` a name, its page, its counts."""

    title: str
    counts: list[Count]
    quality: list[tuple[str, int]]
    errors: list[ErrorLine]
    bakeries: list[tuple[str, str, list[Count]]]


@dataclass(frozen=True, slots=True)
class WeekPage:
    """`unasked` has a bakery's name, its page, and the names of its owners."""

    counts: list[Count]
    heads: list[str]
    days: list[DayLine]
    unasked: list[tuple[str, str, str]]


def week_page(report: Report) -> WeekPage:
    span = f"{report.days[0].day}..{report.days[-1].day}"
    counts = counts_of(report.totals, span, None, of=_COUNTED)
    return WeekPage(
        counts=counts,
        heads=[capfirst(count.label) for count in counts],
        days=[_day(day) for day in report.days],
        unasked=[
            (tenant.name, page_url("tenants_tenant", tenant.pk), ", ".join(owners))
            for tenant, owners in report.unasked
        ],
    )


def _day(day: Day) -> DayLine:
    return DayLine(
        title=f"{day.number} · {dateformat.format(day.day, day_form())}",
        counts=counts_of(day.totals, day.day, None, of=_COUNTED),
        quality=sorted(day.quality.items(), key=lambda rated: (not rated[0], rated[0])),
        errors=[_error(day, code, count) for code, count in day.errors],
        bakeries=[
            (
                tenant.name,
                page_url("tenants_tenant", tenant.pk),
                counts_of(totals, day.day, tenant, of=_COUNTED),
            )
            for tenant, totals in day.bakeries
        ],
    )


def _error(day: Day, code: int | None, count: int) -> ErrorLine:
    """Without a code, which Meta's history does not tell, the list is that of all that failed."""
    title = explain_code(code, translation.get_language() or "en").title
    if code is None:
        url = list_url("messaging_message", month=day.day, counted="failed")
        return ErrorLine(count, title, url)
    url = list_url("messaging_message", month=day.day, code=code)
    return ErrorLine(count, f"{title} ({code})", url)
