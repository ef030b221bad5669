from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.graph_api.markets import calling_code_of, country_of, market_of
from messaging.models import PriceRate
from messaging.services.prices import Certainty, Charge, PriceBook, blended, cost_of
from messaging.statuses import MessageStatus
from tests.factories import PriceRateFactory, message_at, message_in

pytestmark = pytest.mark.usefixtures("no_prices")
NOVEMBER = date(2026, 11, 2)


def price(pricing_type="regular", *, code="34", category="utility", on=NOVEMBER):
    return PriceBook.load().price_of(
        calling_code=code, category=category, pricing_type=pricing_type, delivered_on=on
    )


# --- Markets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "market"),
    [
        ("+34600000101", "Spain"),
        ("+4915100000000", "Germany"),
        ("+33600000000", "France"),
        ("+393000000000", "Italy"),
        ("+31600000000", "Netherlands"),
        ("+447700900000", "United Kingdom"),
        ("+351910000000", "Rest of Western Europe"),
        ("+41790000000", "Rest of Western Europe"),
        ("+420600000000", "Rest of Central & Eastern Europe"),
        ("+12025550100", "North America"),
        ("+79000000000", "Russia"),
        ("+376300000", "Other"),
        ("+999123456", "Other"),
        ("", "Other"),
    ],
)
def test_the_market_follows_the_recipients_calling_code(number, market):
    assert market_of(calling_code_of(number), on=NOVEMBER) == market


@pytest.mark.parametrize(
    ("code", "market"), [("48", "Poland"), ("36", "Hungary"), ("40", "Romania")]
)
def test_three_countries_became_markets_of_their_own_in_july_2026(code, market):
    assert market_of(code, on=date(2026, 6, 30)) == "Rest of Central & Eastern Europe"
    assert market_of(code, on=date(2026, 7, 1)) == market


def test_a_code_that_exists_is_found_at_the_beginning_of_any_number():
    for code in ("1", "7", "34", "44", "351", "420", "971"):
        assert calling_code_of(f"+{code}600000101") == code
        assert country_of(code)


# --- The database refuses what would make a price ambiguous ------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_refused"),
    [
        ({}, True),
        ({"valid_from": date(2026, 6, 1)}, True),
        ({"valid_from": date(2025, 1, 1), "valid_to": date(2026, 1, 2)}, True),
        ({"valid_from": date(2025, 1, 1), "valid_to": date(2026, 1, 1)}, False),
        ({"market": "Italy"}, False),
        ({"category": "marketing"}, False),
        ({"currency": "USD"}, False),
        ({"volume_from": 100}, True),
    ],
)
def test_two_rates_never_hold_for_the_same_message(fields, is_refused):
    PriceRateFactory()
    if not is_refused:
        PriceRateFactory(**fields)
        return
    with pytest.raises(IntegrityError, match="price_rate_no_overlap"), transaction.atomic():
        PriceRateFactory(**fields)


def test_tiers_may_follow_each_other_and_not_overlap():
    PriceRateFactory(volume_to=1000)
    PriceRateFactory(volume_from=1000)
    with pytest.raises(IntegrityError, match="price_rate_no_overlap"), transaction.atomic():
        PriceRateFactory(volume_from=999, volume_to=1001)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"valid_to": date(2026, 1, 1)}, "price_rate_ends_after_it_begins"),
        ({"volume_from": 5, "volume_to": 5}, "price_rate_tier_is_no_empty_range"),
        ({"amount": Decimal("-0.01")}, "price_rate_not_negative"),
    ],
)
def test_a_rate_that_makes_no_sense_is_refused(fields, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        PriceRateFactory(**fields)


# --- What one message costs ----------------------------------------------------------------------------


def test_a_charged_message_costs_the_rate_of_the_day_it_was_delivered():
    PriceRateFactory(amount="0.02", valid_to=date(2026, 7, 1))
    PriceRateFactory(amount="0.03", valid_from=date(2026, 7, 1), is_confirmed=False)
    before, after = price(on=date(2026, 6, 30)), price(on=date(2026, 7, 1))
    assert (before.amount, before.certainty) == (Decimal("0.02"), Certainty.CONFIRMED)
    assert (after.amount, after.certainty) == (Decimal("0.03"), Certainty.UNCONFIRMED)
    assert (after.charge, after.currency, after.is_estimate) == (Charge.CHARGED, "EUR", True)


def test_before_the_first_rate_nobody_knows_and_after_the_last_it_is_outdated():
    PriceRateFactory(valid_from=date(2026, 1, 1), valid_to=date(2026, 7, 1))
    assert price(on=date(2025, 12, 31)).amount is None
    late = price()
    assert (late.amount, late.certainty, late.is_estimate) == (
        Decimal("0.05"),
        Certainty.OUTDATED,
        True,
    )


@pytest.mark.parametrize(
    "free", ["free_customer_service", "free_entry_point", "free_group_customer_service", "free_new"]
)
def test_what_meta_calls_free_costs_nothing(free):
    PriceRateFactory()
    assert (price(free).charge, price(free).amount) == (Charge.FREE, 0)


@pytest.mark.parametrize("unknown", ["", "something", "REGULAR"])
def test_without_a_known_type_nobody_knows(unknown):
    PriceRateFactory()
    assert (price(unknown).charge, price(unknown).amount) == (Charge.UNKNOWN, None)


def test_a_message_that_was_not_delivered_costs_nothing():
    PriceRateFactory()
    assert price(on=None).charge == Charge.NOT_DELIVERED


@pytest.mark.parametrize("status", MessageStatus)
def test_what_may_still_be_delivered_is_not_decided(status):
    over = {MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.EXPIRED}
    arrived = {MessageStatus.DELIVERED, MessageStatus.READ}
    charge = cost_of(message_at(datetime(2026, 11, 2, tzinfo=UTC), status)).charge
    assert (charge == Charge.NOT_DELIVERED) == (status in over)
    assert (charge == Charge.UNDECIDED) == (status not in over | arrived)


def test_another_market_or_category_has_another_price():
    PriceRateFactory()
    PriceRateFactory(market="Italy", amount="0.0248")
    PriceRateFactory(category="marketing", amount="0.0585")
    assert price(code="39").amount == Decimal("0.0248")
    assert price(category="marketing").amount == Decimal("0.0585")
    assert price(code="48").amount is None
    assert price(category="marketing_lite").amount is None


def test_since_october_2026_a_service_message_costs_what_a_utility_one_costs():
    PriceRateFactory()
    assert price(category="service", on=date(2026, 9, 30)).amount is None
    assert price(category="service", on=date(2026, 10, 1)).amount == Decimal("0.05")
    PriceRateFactory(category="service", amount="0.01")
    assert price(category="service").amount == Decimal("0.01")


def test_the_accounts_currency_comes_first_and_a_valid_rate_before_an_outdated_one(settings):
    PriceRateFactory(currency="USD", amount="0.02")
    PriceRateFactory(currency="EUR", amount="0.0166", valid_to=date(2026, 8, 1))
    assert (price(on=date(2026, 7, 31)).currency, price().currency) == ("EUR", "USD")
    settings.WHATSAPP_BILLING_CURRENCY = "USD"
    assert price(on=date(2026, 7, 31)).currency == "USD"


@pytest.mark.parametrize(
    ("volume", "amount"),
    [(0, "0.05"), (1, "0.05"), (1000, "0.05"), (2000, "0.045"), (4000, "0.0425")],
)
def test_in_volume_tiers_every_message_costs_the_average(volume, amount):
    tiers = [
        PriceRateFactory.build(amount=Decimal("0.05"), volume_to=1000),
        PriceRateFactory.build(amount=Decimal("0.04"), volume_from=1000),
    ]
    assert blended(tiers, volume=volume) == Decimal(amount)


@settings(deadline=None)
@given(st.lists(st.integers(1, 500), max_size=4), st.integers(1, 3000))
def test_the_average_is_never_dearer_than_the_dearest_tier(steps, volume):
    tiers, lower = [], 0
    for place, step in enumerate(steps):
        tiers.append(
            PriceRate(amount=Decimal(f"0.0{9 - place}"), volume_from=lower, volume_to=lower + step)
        )
        lower += step
    tiers.append(PriceRate(amount=Decimal("0.01"), volume_from=lower))
    amounts = [tier.amount for tier in tiers]
    assert min(amounts) <= blended(tiers, volume=volume) <= max(amounts)


def test_the_cost_of_a_message_is_read_from_its_own_facts():
    PriceRateFactory()
    PriceRateFactory(market="Italy", category="authentication_international", amount="0.07")
    at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert cost_of(message_at(at)).amount == Decimal("0.05")
    abroad = message_at(
        at,
        recipient_phone="+393000000000",
        pricing={"type": "regular", "category": "authentication-international"},
    )
    assert cost_of(abroad).amount == Decimal("0.07")
    assert cost_of(message_in(MessageStatus.FAILED)).charge == Charge.NOT_DELIVERED
    assert cost_of(message_at(at, pricing=None)).charge == Charge.UNKNOWN
    assert cost_of(message_at(at, pricing={"type": "regular"})).amount == Decimal("0.05")


def test_a_message_is_priced_by_the_accounts_own_day():
    PriceRateFactory(valid_to=date(2026, 7, 1))
    PriceRateFactory(amount="0.06", valid_from=date(2026, 7, 1))
    # Half past eleven in London, half past midnight in Madrid.
    message = message_at(datetime(2026, 6, 30, 22, 30, tzinfo=UTC))
    assert cost_of(message).amount == Decimal("0.06")


def test_what_another_category_costs_today_is_told_in_euros_or_not_at_all(db):
    PriceRateFactory(market="Spain", category="utility", currency="EUR", amount="0.02")
    PriceRateFactory(market="Spain", category="marketing", currency="USD", amount="0.06")
    book = PriceBook.load()
    assert book.euro_rate("UTILITY", "Spain") == Decimal("0.02")
    assert book.euro_rate("MARKETING", "Spain") is None
    assert book.euro_rate("UTILITY", "Atlantis") is None
