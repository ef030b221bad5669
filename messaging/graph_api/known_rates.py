"""Rates that are known without Meta's own card, so that a new installation can estimate. None of them is confirmed.

Meta gives its card as a CSV file for each currency (Cloud API, Pricing, read 2026-11-22). These are third-party copies: the
dollars of January to June 2026, and the euros of July 2026, in which four copies agree. Meta's card replaces them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from messaging.graph_api.markets import EASTERN_EUROPE, WESTERN_EUROPE


@dataclass(frozen=True, slots=True)
class KnownRate:
    """What one delivered message costs from `valid_from` until the day before `valid_to` (None: no end known)."""

    market: str
    category: str
    currency: str
    amount: Decimal
    valid_from: date
    valid_to: date | None
    source: str


_DOLLARS = "third-party copy, Jan–Jun 2026, unconfirmed"
_UNSURE = "third-party copy, Jan–Jun 2026, unconfirmed and uncertain"
_EUROS = "third-party copies, since 2026-07-01, unconfirmed"
# Market, marketing, utility; authentication costs what utility costs.
_IN_DOLLARS = (
    ("Spain", "0.0615", "0.0200", _DOLLARS),
    ("Germany", "0.1365", "0.0550", _DOLLARS),
    ("Italy", "0.0691", "0.0300", _DOLLARS),
    ("Netherlands", "0.1597", "0.0500", _DOLLARS),
    ("United Kingdom", "0.0529", "0.0220", _DOLLARS),
    (WESTERN_EUROPE, "0.0592", "0.0171", _DOLLARS),
    (EASTERN_EUROPE, "0.0860", "0.0212", _DOLLARS),
    ("France", "0.0859", "0.0300", _UNSURE),
)
_IN_EUROS = (
    ("Spain", "0.0585", "0.0166", _EUROS),
    ("Germany", "0.1131", "0.0456", _EUROS),
    ("Italy", "0.0658", "0.0248", _EUROS),
    ("Netherlands", "0.1323", "0.0414", _EUROS),
    ("United Kingdom", "0.0526", "0.0182", _EUROS),
    ("France", "0.0712", "0.0248", _EUROS),
    ("Poland", "0.0303", "0.0101", _EUROS),
    ("Hungary", "0.0712", "0.0289", _EUROS),
    ("Romania", "0.0712", "0.0239", _EUROS),
    (WESTERN_EUROPE, "0.0490", "0.0142", _EUROS),
    (EASTERN_EUROPE, "0.0712", "0.0175", _EUROS),
)


def known_rates() -> Iterator[KnownRate]:
    half_year, july = date(2026, 1, 1), date(2026, 7, 1)
    for currency, rows, begins, ends in (
        ("USD", _IN_DOLLARS, half_year, july),
        ("EUR", _IN_EUROS, july, None),
    ):
        for market, marketing, utility, source in rows:
            amounts = {"marketing": marketing, "utility": utility, "authentication": utility}
            for category, amount in amounts.items():
                yield KnownRate(market, category, currency, Decimal(amount), begins, ends, source)
