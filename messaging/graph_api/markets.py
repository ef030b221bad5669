"""Meta's markets: which rate a recipient's country falls under.

The rate follows the country calling code of the recipient (Cloud API, Pricing, read 2026-11-22), so +1 is North America and
+44 the United Kingdom, whoever uses the number. Europe's markets and the split of 2026-07-01 are Meta's; the countries of the
other regions are from third-party copies of its table (read 2026-11-25), which no European bakery needs.
"""

from __future__ import annotations

from datetime import date

import phonenumbers

OTHER = "Other"
WESTERN_EUROPE = "Rest of Western Europe"
EASTERN_EUROPE = "Rest of Central & Eastern Europe"
ASIA_PACIFIC = "Rest of Asia Pacific"
MIDDLE_EAST = "Rest of Middle East"

# Markets of one country each, by ISO code.
_OF_ONE_COUNTRY = {
    "ES": "Spain", "DE": "Germany", "FR": "France", "IT": "Italy", "NL": "Netherlands", "GB": "United Kingdom",
    "PL": "Poland", "HU": "Hungary", "RO": "Romania", "TR": "Turkey", "RU": "Russia",
    "AR": "Argentina", "BR": "Brazil", "CL": "Chile", "CO": "Colombia", "MX": "Mexico", "PE": "Peru",
    "EG": "Egypt", "NG": "Nigeria", "ZA": "South Africa", "IL": "Israel", "SA": "Saudi Arabia",
    "AE": "United Arab Emirates", "QA": "Qatar", "IN": "India", "ID": "Indonesia", "MY": "Malaysia", "PK": "Pakistan",
    "HK": "Hong Kong", "SG": "Singapore",
}  # fmt: skip
_OF_SEVERAL = {
    WESTERN_EUROPE: "AT BE DK FI IE NO PT SE CH",
    EASTERN_EUROPE: "AL AM AZ BY BG HR CZ GE GR LV LT MD MK RS SK SI UA",
    "North America": "US CA",
    "Rest of Africa": (
        "DZ AO BJ BW BF BI CM TD CG ER ET GA GM GH GW CI KE LS LR LY MG MW ML MR MA MZ NA NE RW SN SL SO SS SD SZ TZ "
        "TG TN UG ZM ZW"
    ),
    ASIA_PACIFIC: "AF AU BD KH CN JP LA MN NP NZ PG PH LK TW TJ TH TM UZ VN",
    "Rest of Latin America": "BO CR DO EC SV GT HT HN JM NI PA PY PR UY VE",
    MIDDLE_EAST: "BH IQ JO KW LB OM YE",
}
MARKET_OF_COUNTRY: dict[str, str] = _OF_ONE_COUNTRY | {
    country: market for market, countries in _OF_SEVERAL.items() for country in countries.split()
}
MARKETS: frozenset[str] = frozenset({*MARKET_OF_COUNTRY.values(), OTHER})

# Since then these are markets of their own; before, they belonged to a region.
SPLIT_ON = date(2026, 7, 1)
_BEFORE_SPLIT = {
    "Poland": EASTERN_EUROPE,
    "Hungary": EASTERN_EUROPE,
    "Romania": EASTERN_EUROPE,
    "Hong Kong": ASIA_PACIFIC,
    "Singapore": ASIA_PACIFIC,
    "Qatar": MIDDLE_EAST,
}

_CALLING_CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
# No calling code begins with another, so the first digit or the first two decide how long it is.
ONE_DIGIT = tuple(sorted(code for code in _CALLING_CODES if len(code) == 1))
TWO_DIGITS = tuple(sorted(code for code in _CALLING_CODES if len(code) == 2))


def calling_code_of(number: str) -> str:
    """Return "34" for +34600000101; three digits of what begins with no known code."""
    digits = number.removeprefix("+")
    if digits[:1] in ONE_DIGIT:
        return digits[:1]
    return digits[:2] if digits[:2] in TWO_DIGITS else digits[:3]


def country_of(calling_code: str) -> str:
    """Return the ISO code of a calling code's main country: GB for 44; empty for none."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code or 0), ())
    return str(regions[0]) if regions else ""


def market_of(calling_code: str, *, on: date) -> str:
    market = MARKET_OF_COUNTRY.get(country_of(calling_code), OTHER)
    return _BEFORE_SPLIT.get(market, market) if on < SPLIT_ON else market
