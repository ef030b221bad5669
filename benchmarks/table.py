"""What the benchmarks share: rows, medians, and the table they print."""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    value: float
    unit: str
    goal: str = ""


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def ratio(figures: dict[str, list[float]], one: str, other: str) -> float:
    """Return the median of the ratios round by round, so that what disturbs a round disturbs both sides."""
    return median([a / b for a, b in zip(figures[one], figures[other], strict=True)])


def run(
    measurements: Mapping[str, Callable[[int], list[Row]]],
    *,
    about: str | None,
    only_asked: Sequence[str] = (),
) -> None:
    """Read --rounds and --only, measure and print. What takes too long is measured only when asked."""
    usual = [name for name in measurements if name not in only_asked]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(usual))
    given = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores shared by all processes,"
    )
    print(f"median of {given.rounds}, load before {os.getloadavg()[0]:.1f}\n")
    print("| measured | result | goal |\n| --- | --- | --- |")
    for name in given.only.split(","):
        for row in measurements[name](given.rounds):
            digits = 2 if row.unit == "×" else 0
            print(f"| {row.what} | {row.value:,.{digits}f} {row.unit} | {row.goal} |", flush=True)
