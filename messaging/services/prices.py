"""What a message costs: Meta's pricing facts and the price book, looked up when it is asked.

The rule (Cloud API, Pricing and webhook reference "status", read 2026-11-22): a delivered message whose pricing type is
`regular` costs the rate of its recipient's market and its category on the day of delivery, `free_…` costs nothing, and
without a known type nobody knows. A message that was not delivered costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.conf import settings

from messaging.graph_api.markets import calling_code_of, market_of
from messaging.models import Message, PriceCategory, PriceRate
from messaging.months import Month, billing_day, billing_today
from messaging.statuses import MessageStatus

DELIVERED = frozenset({MessageStatus.DELIVERED, MessageStatus.READ})
# Since then free-form messages are charged, at the market's rate of utility ones.
SERVICE_CHARGED_FROM = date(2026, 10, 1)
# Before, Meta charged conversations and not messages.
PER_MESSAGE_FROM = date(2025, 7, 1)
_REGULAR = "regular"
_SIX_PLACES = Decimal("0.000001")


class Charge(StrEnum):
    """What Meta does with a message; UNDECIDED while it may still be delivered."""

    NOT_DELIVERED = "not_delivered"
    CHARGED = "charged"
    FREE = "free"
    UNKNOWN = "unknown"
    UNDECIDED = "undecided"


class Certainty(StrEnum):
    """How far a price is to be trusted."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    # The price book has none for the day; this is the last one before.
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True)
class Price:
    """`amount` is None while nobody can say: Meta has not told the type, or the price book has no rate."""

    charge: Charge
    amount: Decimal | None = None
    currency: str = ""
    certainty: Certainty | None = None
    rate: PriceRate | None = None

    @property
    def is_estimate(self) -> bool:
        return self.certainty in {Certainty.UNCONFIRMED, Certainty.OUTDATED}


_NOTHING = Decimal(0)
_NOT_DELIVERED = Price(Charge.NOT_DELIVERED, _NOTHING)
_UNDECIDED = Price(Charge.UNDECIDED)
_NEVER_DELIVERED = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.EXPIRED})
# Charged messages of a month, market and category, all bakeries together: they decide the volume tier.
Volumes = Mapping[tuple[Month, str, str], int]


@dataclass(slots=True)
class PriceBook:
    """All rates, read once. `volumes` is only asked for where a rate has volume tiers."""

    rates: dict[tuple[str, str], list[PriceRate]]
    volumes: Volumes = field(default_factory=dict)
    _known: dict[tuple[str, str, str, date], Price] = field(default_factory=dict)

    @classmethod
    def load(cls) -> PriceBook:
        rates: dict[tuple[str, str], list[PriceRate]] = defaultdict(list)
        for rate in PriceRate.objects.in_order():
            rates[rate.market, rate.category].append(rate)
        return cls(dict(rates))

    @property
    def has_tiers(self) -> bool:
        return any(rate.volume_from for rates in self.rates.values() for rate in rates)

    def price_of(
        self, *, calling_code: str, category: str, pricing_type: str, delivered_on: date | None
    ) -> Price:
        """Price one message; `delivered_on` is None for one that was not delivered."""
        if delivered_on is None:
            return _NOT_DELIVERED
        if pricing_type != _REGULAR:
            return _uncharged(pricing_type)
        key = (calling_code, category, pricing_type, delivered_on)
        if key not in self._known:
            market = market_of(calling_code, on=delivered_on)
            self._known[key] = self.rate_of(market=market, category=category, on=delivered_on)
        return self._known[key]

    def euro_rate(self, category: str, market: str) -> Decimal | None:
        """What a charged message of Meta's category costs in a market today; None where no rate in euros is known."""
        price = self.rate_of(market=market, category=category.lower(), on=billing_today())
        return price.amount if price.currency == "EUR" else None

    def rate_of(self, *, market: str, category: str, on: date) -> Price:
        """Price a charged message of this market, in the account's currency where the book has it."""
        for name in _rated_as(category, on):
            for rates in self._candidates(self.rates.get((market, name), []), on):
                # Service messages have no volume tiers.
                volume_key = (Month.of(on), market, category if name == category else "")
                return _price(rates, volume=self.volumes.get(volume_key, 0), on=on)
        return Price(Charge.CHARGED)

    def _candidates(self, rates: list[PriceRate], on: date) -> Iterable[list[PriceRate]]:
        """Yield the tiers to price by: valid ones before outdated ones, the account's currency first."""
        begun = [rate for rate in rates if rate.valid_from <= on]
        currencies = sorted({rate.currency for rate in begun}, key=_by_preference)
        for only_valid in (True, False):
            for currency in currencies:
                found = [rate for rate in begun if rate.currency == currency]
                if only_valid:
                    found = [rate for rate in found if rate.is_valid_on(on)]
                else:
                    newest = max(rate.valid_from for rate in found)
                    found = [rate for rate in found if rate.valid_from == newest]
                if found:
                    yield found


def _price(tiers: list[PriceRate], *, volume: int, on: date) -> Price:
    if not tiers[0].is_valid_on(on):
        certainty = Certainty.OUTDATED
    elif all(tier.is_confirmed for tier in tiers):
        certainty = Certainty.CONFIRMED
    else:
        certainty = Certainty.UNCONFIRMED
    amount = blended(tiers, volume=volume)
    return Price(Charge.CHARGED, amount, tiers[0].currency, certainty, tiers[0])


def _uncharged(pricing_type: str) -> Price:
    if pricing_type.startswith("free_"):
        return Price(Charge.FREE, _NOTHING)
    return Price(Charge.UNKNOWN)


def _rated_as(category: str, on: date) -> list[str]:
    """The rates to look for, the best first: service messages cost what utility ones cost, where they have no own."""
    if category == PriceCategory.SERVICE and on >= SERVICE_CHARGED_FROM:
        return [category, PriceCategory.UTILITY]
    return [category]


def _by_preference(currency: str) -> tuple[int, str]:
    order = [settings.WHATSAPP_BILLING_CURRENCY, "EUR", "USD"]
    return (order.index(currency) if currency in order else len(order), currency)


def blended(tiers: Sequence[PriceRate], *, volume: int) -> Decimal:
    """Return what one of `volume` messages costs on average, so that no bakery pays for having been the first."""
    ordered = sorted(tiers, key=lambda tier: tier.volume_from)
    total, counted = _NOTHING, 0
    for tier in ordered:
        upper = volume if tier.volume_to is None else min(volume, tier.volume_to)
        within = max(0, upper - tier.volume_from)
        total += within * tier.amount
        counted += within
    return (total / counted).quantize(_SIX_PLACES) if counted else ordered[0].amount


def normalised_category(category: object) -> str:
    """Meta writes `authentication-international` in webhooks and UTILITY in templates; we write one form."""
    return str(category or "").replace("-", "_").lower()[:32]


def cost_of(message: Message, *, book: PriceBook | None = None) -> Price:
    """Price one message as its month's sums do, but for volume tiers, whose first one counts here."""
    if message.status not in DELIVERED | _NEVER_DELIVERED:
        return _UNDECIDED
    pricing = message.pricing or {}
    pricing_type = str(pricing.get("type") or "")
    at = message.delivered_at or message.read_at
    delivered_on = billing_day(at) if at and message.status in DELIVERED else None
    if book is None:
        # What Meta does not charge needs no rates.
        is_charged = delivered_on is not None and pricing_type == _REGULAR
        book = PriceBook.load() if is_charged else PriceBook({})
    return book.price_of(
        calling_code=calling_code_of(message.recipient_phone),
        category=normalised_category(pricing.get("category") or message.template.category),
        pricing_type=pricing_type,
        delivered_on=delivered_on,
    )
