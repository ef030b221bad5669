"""Dates on which Meta changes something that concerns us. Source: Meta's changelogs and pricing pages, 2026-11-22."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class KnownDate:
    on: date
    kind: Literal["service_charged", "signup_v2_ends", "account_alias_ends"]


KNOWN_DATES: tuple[KnownDate, ...] = (
    # Also utility templates inside the 24-hour window, and service messages after a free allowance.
    KnownDate(date(2026, 10, 1), "service_charged"),
    KnownDate(date(2026, 10, 15), "signup_v2_ends"),
    # `paid_messaging_account_id`, which nothing of ours sends.
    KnownDate(date(2026, 12, 31), "account_alias_ends"),
)
