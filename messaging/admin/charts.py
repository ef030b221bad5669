"""Data and options for unfold's charts, which draw on light and on dark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from messaging.admin.cost_words import capital
from messaging.services.costs import DayTotals

_QUIET = "#8b93a1"  # readable on white and on black
_TICKS = {"color": _QUIET, "precision": 0}
_GOOD, _SOFT, _PALE, _BAD = (
    "var(--color-primary-600)",
    "var(--color-primary-300)",
    "var(--color-base-400)",
    "#d92d20",
)


def _options(*, is_stacked: bool, unit: str = "", top: float | None = None) -> dict[str, Any]:
    y: dict[str, Any] = {"stacked": is_stacked, "ticks": _TICKS, "grid": {"lineWidth": 1}}
    y |= {"border": {"width": 0}, "beginAtZero": True}
    if unit:
        y["title"] = {"display": True, "text": unit, "color": _QUIET}
    if top is not None:
        y["max"] = top
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "maxBarThickness": 18,
        "spanGaps": True,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {
                "position": "bottom",
                "labels": {"color": _QUIET, "boxWidth": 10, "boxHeight": 10, "padding": 16},
            }
        },
        "scales": {
            "x": {"stacked": is_stacked, "ticks": _TICKS, "grid": {"display": False}},
            "y": y,
        },
    }


def stacked() -> str:
    """Options of bars one on another."""
    return json.dumps(_options(is_stacked=True))


def lines(*, unit: str, top: float | None = None) -> str:
    """Options of lines beside each other; `unit` names the upright axis."""
    return json.dumps(_options(is_stacked=False, unit=unit, top=top))


def by_fate(days: Sequence[DayTotals], *, labels: Sequence[str]) -> str:
    """Each day's messages by what became of them, one bar on another."""
    totals = [day.totals for day in days]
    parts = (
        (pgettext("messages", "read"), [day.read for day in totals], _GOOD),
        (_("delivered, not read"), [day.delivered - day.read for day in totals], _SOFT),
        (_("sent, not delivered"), [day.sent - day.delivered for day in totals], _PALE),
        (pgettext("messages", "failed"), [day.failed for day in totals], _BAD),
    )
    datasets = [
        {"label": capital(label), "data": counts, "backgroundColor": color}
        for label, counts, color in parts
    ]
    return json.dumps({"labels": list(labels), "datasets": datasets})


def curves(parts: Sequence[tuple[str, Sequence[float | None]]], *, labels: Sequence[str]) -> str:
    """One line for each part: its name and a value for each label, None where there is none."""
    # The second line is dashed too, for colour never speaks alone.
    looks: tuple[tuple[str, list[int]], ...] = ((_GOOD, []), (_PALE, [6, 4]))
    datasets = [
        {
            "label": capital(label),
            "data": list(values),
            "borderColor": color,
            "backgroundColor": color,
            "borderDash": dash,
            "tension": 0.2,
            "pointRadius": 2,
            "clip": False,  # A line at the very top keeps its whole width.
        }
        for (label, values), (color, dash) in zip(parts, looks, strict=False)
    ]
    return json.dumps({"labels": list(labels), "datasets": datasets})
