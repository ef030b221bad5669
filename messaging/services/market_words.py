"""Meta's markets in the reader's language. The price book and the API keep Meta's own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_NAMES: dict[str, StrPromise] = {
    "Spain": pgettext_lazy("market", "Spain"),
    "Germany": pgettext_lazy("market", "Germany"),
    "France": pgettext_lazy("market", "France"),
    "Italy": pgettext_lazy("market", "Italy"),
    "Netherlands": pgettext_lazy("market", "Netherlands"),
    "United Kingdom": pgettext_lazy("market", "United Kingdom"),
    "Poland": pgettext_lazy("market", "Poland"),
    "Hungary": pgettext_lazy("market", "Hungary"),
    "Romania": pgettext_lazy("market", "Romania"),
    "Turkey": pgettext_lazy("market", "Turkey"),
    "Russia": pgettext_lazy("market", "Russia"),
    "Argentina": pgettext_lazy("market", "Argentina"),
    "Brazil": pgettext_lazy("market", "Brazil"),
    "Chile": pgettext_lazy("market", "Chile"),
    "Colombia": pgettext_lazy("market", "Colombia"),
    "Mexico": pgettext_lazy("market", "Mexico"),
    "Peru": pgettext_lazy("market", "Peru"),
    "Egypt": pgettext_lazy("market", "Egypt"),
    "Nigeria": pgettext_lazy("market", "Nigeria"),
    "South Africa": pgettext_lazy("market", "South Africa"),
    "Israel": pgettext_lazy("market", "Israel"),
    "Saudi Arabia": pgettext_lazy("market", "Saudi Arabia"),
    "United Arab Emirates": pgettext_lazy("market", "United Arab Emirates"),
    "Qatar": pgettext_lazy("market", "Qatar"),
    "India": pgettext_lazy("market", "India"),
    "Indonesia": pgettext_lazy("market", "Indonesia"),
    "Malaysia": pgettext_lazy("market", "Malaysia"),
    "Pakistan": pgettext_lazy("market", "Pakistan"),
    "Hong Kong": pgettext_lazy("market", "Hong Kong"),
    "Singapore": pgettext_lazy("market", "Singapore"),
    "Rest of Western Europe": pgettext_lazy("market", "Rest of Western Europe"),
    "Rest of Central & Eastern Europe": pgettext_lazy("market", "Rest of Central & Eastern Europe"),
    "North America": pgettext_lazy("market", "North America"),
    "Rest of Africa": pgettext_lazy("market", "Rest of Africa"),
    "Rest of Asia Pacific": pgettext_lazy("market", "Rest of Asia Pacific"),
    "Rest of Latin America": pgettext_lazy("market", "Rest of Latin America"),
    "Rest of Middle East": pgettext_lazy("market", "Rest of Middle East"),
    "Other": pgettext_lazy("market", "Other"),
}


def market_name(market: str) -> str:
    """Return the market as the reader calls it; one that Meta made since stays in Meta's word."""
    return str(_NAMES.get(market, market))
