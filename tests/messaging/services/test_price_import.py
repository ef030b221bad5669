from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from messaging.models import PriceRate
from messaging.services import price_import
from messaging.services.price_import import Effect, PlanChangedError
from messaging.services.rate_card import CardRate
from tests.factories import PriceRateFactory
from tests.messaging.conftest import empty_price_book

JANUARY, APRIL, JULY, OCTOBER = (date(2026, month, 1) for month in (1, 4, 7, 10))
pytestmark = pytest.mark.usefixtures("no_prices")


def rate(amount="0.02", **fields):
    common: dict[str, Any] = {
        "line": 2,
        "market": "Spain",
        "category": "utility",
        "currency": "EUR",
    }
    return CardRate(**(common | {"amount": Decimal(amount)} | fields))


def save(*rates, since=JANUARY, is_confirmed=True, **options):
    return price_import.save_import(
        rates, valid_from=since, is_confirmed=is_confirmed, source="card", **options
    )


def book():
    return [
        (str(found.amount.normalize()), found.valid_from, found.valid_to)
        for found in PriceRate.objects.in_order()
    ]


def test_a_new_card_ends_the_prices_before_it():
    save(rate("0.02"))
    plan = save(rate("0.03"), since=JULY)
    assert book() == [("0.02", JANUARY, JULY), ("0.03", JULY, None)]
    assert [(line.effect, line.before) for line in plan.lines] == [
        (Effect.CHANGED, Decimal("0.02"))
    ]
    assert len(plan.ends) == 1


def test_an_older_card_ends_where_the_next_one_begins():
    save(rate("0.03"), since=JULY)
    save(rate("0.02"), since=JANUARY)
    save(rate("0.025"), since=APRIL)
    assert book() == [("0.02", JANUARY, APRIL), ("0.025", APRIL, JULY), ("0.03", JULY, None)]


def test_the_same_card_twice_changes_nothing():
    save(rate())
    before = list(PriceRate.objects.values())
    plan = save(rate())
    assert plan.changes_nothing
    assert list(PriceRate.objects.values()) == before


def test_a_corrected_card_of_the_same_day_takes_the_place_of_the_first():
    save(rate("0.02"), rate("0.06", category="marketing"))
    save(rate("0.021"), rate("0.06", category="marketing"))
    assert [row[0] for row in book()] == ["0.06", "0.021"]


def test_metas_own_card_confirms_what_a_copy_said():
    save(rate(), is_confirmed=False)
    assert not save(rate()).changes_nothing
    assert PriceRate.objects.get().is_confirmed


def test_tiers_are_replaced_together():
    save(rate("0.05"))
    save(rate("0.05", volume_to=1000), rate("0.04", volume_from=1000), since=JULY)
    save(rate("0.03"), since=OCTOBER)
    assert book() == [
        ("0.05", JANUARY, JULY),
        ("0.05", JULY, OCTOBER),
        ("0.04", JULY, OCTOBER),
        ("0.03", OCTOBER, None),
    ]


def test_another_currency_stays_as_it_is():
    PriceRateFactory(currency="USD")
    save(rate(), since=JULY)
    assert PriceRate.objects.get(currency="USD").valid_to is None


def test_a_plan_writes_nothing():
    plan = price_import.plan_import([rate()], valid_from=JANUARY, is_confirmed=True, source="card")
    assert plan.count(Effect.NEW) == 1
    assert book() == []


def test_what_was_looked_at_is_saved_or_nothing():
    plan = price_import.plan_import([rate()], valid_from=JANUARY, is_confirmed=True, source="card")
    PriceRateFactory(amount="0.07")
    with pytest.raises(PlanChangedError):
        save(rate(), digest=plan.digest)
    assert [row[0] for row in book()] == ["0.07"]


def test_nothing_is_half_saved_when_one_price_cannot_be(monkeypatch):
    too_long = rate(market="Italy", amount="12345")
    with pytest.raises(Exception, match="numeric"):
        save(rate(), too_long)
    assert book() == []


def test_the_shipped_rates_are_marked_and_entered_where_there_are_none():
    PriceRateFactory(market="Spain", currency="USD")
    entered = price_import.enter_known_rates()
    assert entered > 40
    assert price_import.enter_known_rates() == 0
    shipped = PriceRate.objects.exclude(source="a test")
    assert not shipped.filter(is_confirmed=True).exists()
    assert all("unconfirmed" in source for source in shipped.values_list("source", flat=True))
    assert set(shipped.filter(currency="USD").values_list("valid_from", "valid_to")) == {
        (JANUARY, JULY)
    }
    assert set(
        PriceRate.objects.filter(market="Spain", currency="USD").values_list("category", flat=True)
    ) == {"utility", "marketing", "authentication"}


class ImportsInAnyOrder(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from([JANUARY, APRIL, JULY, OCTOBER]), st.integers(1, 9)),
            max_size=7,
        )
    )
    def test_in_whatever_order_cards_come_each_day_has_the_price_of_its_newest_card(self, cards):
        empty_price_book()
        newest: dict[date, str] = {}
        for since, cents in cards:
            save(rate(f"0.0{cents}"), since=since)
            newest[since] = f"0.0{cents}"
        for day in (JANUARY, APRIL, JULY, OCTOBER):
            begun = [since for since in newest if since <= day]
            expected = [Decimal(newest[max(begun)])] if begun else []
            assert [found.amount for found in PriceRate.objects.valid_on(day)] == expected
