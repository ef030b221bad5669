"""The guide's monthly estimate, and the same with the price book."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from messaging import money
from messaging.admin.cost_words import source_words, trust_badge, validity_words
from messaging.models import PriceCategory
from messaging.months import billing_today
from messaging.services.prices import PriceBook

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

# Step 10.2 of the platform's setup guide: euros for a conversation, as Meta charged until 2025-06-30.
GUIDE_RANGE = (Decimal("0.0319"), Decimal("0.0699"))
_GUIDE_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class BookEstimate:
    """With the price book's utility rate for Spain."""

    rate: str
    cost: str
    validity: str
    source: str
    trust: SafeString
    is_outdated: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """`lowest` and `highest` are what the guide's range makes of the same messages."""

    a_day: str
    messages: str
    factors: str
    rate: str
    cost: str
    lowest: str
    highest: str
    lowest_rate: str
    highest_rate: str
    book: BookEstimate | None


def estimate(*, bakeries: int, orders: int, days: int, rate: Decimal) -> Estimate:
    count = bakeries * orders * days
    lowest, highest = GUIDE_RANGE
    return Estimate(
        a_day=money.number(bakeries * orders),
        messages=money.number(count),
        factors=" × ".join(money.number(factor) for factor in (bakeries, orders, days)),
        rate=money.price(rate, _GUIDE_CURRENCY, decimals=2),
        cost=money.money(count * rate, _GUIDE_CURRENCY),
        lowest=money.money(count * lowest, _GUIDE_CURRENCY),
        highest=money.money(count * highest, _GUIDE_CURRENCY),
        lowest_rate=money.price(lowest, _GUIDE_CURRENCY),
        highest_rate=money.price(highest, _GUIDE_CURRENCY),
        book=_with_the_book(count),
    )


def _with_the_book(count: int) -> BookEstimate | None:
    price = PriceBook.load().rate_of(
        market="Spain", category=PriceCategory.UTILITY, on=billing_today()
    )
    if price.amount is None or price.rate is None:
        return None
    return BookEstimate(
        rate=money.price(price.amount, price.currency),
        cost=money.money(count * price.amount, price.currency),
        validity=validity_words(price.rate),
        source=source_words(price.rate.source),
        trust=trust_badge(price.rate),
        is_outdated=price.certainty == "outdated",
    )
