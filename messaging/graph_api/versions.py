"""Graph API versions and how long each can be used. Source: Graph API changelog, 2026-11-22."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

CURRENT_VERSION = "v26.0"


@dataclass(frozen=True, slots=True)
class GraphVersion:
    """One version; from `usable_until` on Meta serves it by an older survivor (None: not announced)."""

    version: str
    introduced: date
    usable_until: date | None


GRAPH_VERSIONS: tuple[GraphVersion, ...] = (
    GraphVersion("v26.0", date(2026, 7, 29), None),
    GraphVersion("v25.0", date(2026, 2, 18), date(2028, 7, 29)),
    GraphVersion("v24.0", date(2025, 10, 8), date(2028, 2, 18)),
    GraphVersion("v23.0", date(2025, 5, 29), date(2027, 10, 8)),
    GraphVersion("v22.0", date(2025, 1, 21), date(2027, 5, 20)),
    GraphVersion("v21.0", date(2024, 10, 2), date(2027, 1, 21)),
    GraphVersion("v20.0", date(2024, 5, 21), date(2026, 9, 24)),
    GraphVersion("v19.0", date(2024, 1, 23), date(2026, 5, 21)),
    GraphVersion("v18.0", date(2023, 9, 12), date(2026, 1, 26)),
    GraphVersion("v17.0", date(2023, 5, 23), date(2025, 9, 12)),
    GraphVersion("v16.0", date(2023, 2, 2), date(2025, 5, 14)),
)


@dataclass(frozen=True, slots=True)
class VersionProblem:
    version: str
    kind: Literal["expired", "expiring", "unknown"]
    usable_until: date | None


def version_problem(version: str, *, today: date, soon_days: int = 60) -> VersionProblem | None:
    """Say what is wrong with using `version` on `today`; None when nothing is."""
    known = next((row for row in GRAPH_VERSIONS if row.version == version), None)
    if known is None:
        return VersionProblem(version, "unknown", None)
    if known.usable_until is None:
        return None
    if today >= known.usable_until:
        return VersionProblem(version, "expired", known.usable_until)
    if today + timedelta(days=soon_days) >= known.usable_until:
        return VersionProblem(version, "expiring", known.usable_until)
    return None
