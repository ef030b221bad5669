"""The home's pictures of the last days, and the same numbers as a table for who does not see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from messaging import money
from messaging.admin import charts
from tenants.date_forms import day_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from messaging.services.costs import DayTotals
    from messaging.services.latency import DeliveryTimes


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture of the last days and the words for who does not see it. `kind` is unfold's: bar or line."""

    title: str
    about: str
    kind: str
    data: str
    options: str


@dataclass(frozen=True, slots=True)
class DayRow:
    day: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class HomeCharts:
    """`columns` head the cells of each row."""

    charts: list[Chart]
    columns: list[str]
    rows: list[DayRow]


def charts_of(days: Sequence[DayTotals], times: Mapping[date, DeliveryTimes]) -> HomeCharts | None:
    """Return nothing while there is nothing to draw."""
    if all(day.totals.is_empty for day in days):
        return None
    labels = [date_format(day.day, day_form()) for day in days]
    rates = [_rate(day) for day in days]
    rows = [times.get(day.day) for day in days]
    half = [row.p50_s if row else None for row in rows]
    most = [row.p95_s if row else None for row in rows]
    return HomeCharts(
        charts=[
            Chart(
                _("Messages a day"),
                _("Messages of the last 14 days by what became of them."),
                "bar",
                charts.by_fate(days, labels=labels),
                charts.stacked(),
            ),
            Chart(
                _("Delivered, in percent"),
                _("How many of 100 sent messages were delivered, each of the last 14 days."),
                "line",
                charts.curves([(_("delivered"), rates)], labels=labels),
                charts.lines(unit="%", top=100),
            ),
            Chart(
                _("Time to the phone"),
                _("Seconds within which half and 95 of 100 messages were delivered, each day."),
                "line",
                charts.curves([(_("half of them"), half), (_("95 of 100"), most)], labels=labels),
                charts.lines(unit="s"),
            ),
        ],
        columns=_columns(),
        rows=[
            DayRow(label, [*_counts(day), _in("%", rate), _in("s", p50), _in("s", p95)])
            for label, day, rate, p50, p95 in zip(labels, days, rates, half, most, strict=True)
        ],
    )


def _columns() -> list[str]:
    return [
        pgettext("messages", "sent"),
        pgettext("messages", "delivered"),
        pgettext("messages", "read"),
        pgettext("messages", "failed"),
        _("delivered, in percent"),
        _("half of them"),
        _("95 of 100"),
    ]


def _counts(day: DayTotals) -> list[str]:
    totals = day.totals
    return [
        money.number(count) for count in (totals.sent, totals.delivered, totals.read, totals.failed)
    ]


def _in(unit: str, value: float | None) -> str:
    return "–" if value is None else f"{number_format(value, 1)} {unit}"


def _rate(day: DayTotals) -> float | None:
    totals = day.totals
    tried = totals.sent + totals.failed
    return round(100 * totals.delivered / tried, 1) if tried else None
