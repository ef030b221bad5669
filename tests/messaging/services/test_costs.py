from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine

from messaging.models import PriceRate
from messaging.months import Month, NoMonthError
from messaging.services import usage
from messaging.services.costs import book_for, days_with, month_report, month_totals
from messaging.services.prices import cost_of
from messaging.statuses import MessageStatus
from tests.factories import PriceRateFactory, TenantFactory, message_at

pytestmark = pytest.mark.usefixtures("no_prices")
NOVEMBER = Month(2026, 11)
NOON = datetime(2026, 11, 2, 11, tzinfo=UTC)
FREE = {"type": "free_customer_service", "category": "utility"}


def count():
    usage.count_days([*NOVEMBER.previous.days, *NOVEMBER.days])


def test_a_month_is_summed_up_by_what_became_of_its_messages():
    PriceRateFactory()
    for status in MessageStatus:
        message_at(NOON, status)
    message_at(NOON, pricing=FREE)
    message_at(NOON, pricing=None)
    message_at(NOON, recipient_phone="+41790000000")
    message_at(datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    count()
    totals = month_totals(NOVEMBER)
    assert (totals.sent, totals.delivered, totals.read, totals.failed) == (8, 5, 4, 2)
    assert (totals.charged, totals.free, totals.unknown, totals.unpriced) == (3, 1, 1, 1)
    assert totals.costs == {"EUR": Decimal("0.10")}
    assert totals.without_price == 2


def test_each_bakery_has_its_own_sums_and_together_they_are_the_whole():
    PriceRateFactory()
    goiko, espiga = TenantFactory(name="Goiko"), TenantFactory(name="Espiga")
    for tenant, messages in ((goiko, 3), (espiga, 2)):
        for _number in range(messages):
            message_at(NOON, tenant=tenant)
    count()
    report = month_report(NOVEMBER)
    assert [(found.tenant.name, found.totals.sent) for found in report.bakeries] == [
        ("Espiga", 2),
        ("Goiko", 3),
    ]
    assert report.totals.costs == {"EUR": Decimal("0.25")}
    assert month_totals(NOVEMBER, tenant=goiko).costs == {"EUR": Decimal("0.15")}
    assert [day.totals.sent for day in report.days] == [0, 5, *[0] * 28]
    assert report.counted_at is not None


def test_a_card_that_comes_later_prices_what_was_counted_before():
    PriceRateFactory(is_confirmed=False)
    message_at(NOON)
    count()
    before = month_totals(NOVEMBER)
    assert (before.costs, before.estimated) == ({"EUR": Decimal("0.05")}, 1)
    PriceRate.objects.update(amount="0.0166", is_confirmed=True)
    after = month_totals(NOVEMBER)
    assert (after.costs, after.estimated) == ({"EUR": Decimal("0.0166")}, 0)


def test_a_message_delivered_after_the_months_end_has_that_days_price_and_is_told():
    PriceRateFactory(valid_to=date(2026, 11, 1))
    PriceRateFactory(valid_from=date(2026, 11, 1), amount="0.06")
    message_at(
        datetime(2026, 10, 31, 20, tzinfo=UTC),
        delivered_at=datetime(2026, 11, 1, 8, tzinfo=UTC),
    )
    count()
    october = month_totals(NOVEMBER.previous)
    assert (october.costs, october.later) == ({"EUR": Decimal("0.06")}, 1)


def test_two_currencies_are_never_added():
    PriceRateFactory()
    PriceRateFactory(market="Rest of Western Europe", currency="USD", amount="0.0171")
    message_at(NOON)
    message_at(NOON, recipient_phone="+41790000000")
    count()
    assert month_totals(NOVEMBER).costs == {"EUR": Decimal("0.05"), "USD": Decimal("0.0171")}


def test_volume_tiers_count_all_bakeries_of_the_month_together():
    PriceRateFactory(amount="0.05", volume_to=2)
    PriceRateFactory(amount="0.03", volume_from=2)
    goiko = TenantFactory()
    message_at(NOON, tenant=goiko)
    message = message_at(NOON)
    message_at(NOON)
    message_at(NOON, pricing=FREE)
    message_at(datetime(2026, 10, 20, 9, tzinfo=UTC))
    count()
    # Two for 0.05 and one for 0.03, shared by all three.
    assert month_totals(NOVEMBER).costs == {"EUR": Decimal("0.129999")}
    assert month_totals(NOVEMBER, tenant=goiko).costs == {"EUR": Decimal("0.043333")}
    assert month_totals(NOVEMBER.previous).costs == {"EUR": Decimal("0.05")}
    assert cost_of(message).amount == Decimal("0.05")
    assert cost_of(message, book=book_for([NOVEMBER])).amount == Decimal("0.043333")


def test_a_month_takes_few_queries_however_much_it_holds(django_assert_max_num_queries):
    PriceRateFactory(volume_to=100)
    PriceRateFactory(volume_from=100, amount="0.03")
    for _number in range(4):
        message_at(NOON)
    count()
    with django_assert_max_num_queries(5):
        assert month_report(NOVEMBER).totals.sent == 4
    with django_assert_max_num_queries(3):
        month_totals(NOVEMBER)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "1999-12", "2026-1", "x", "2026-11-02", "２026-11"]
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(NoMonthError):
        Month.parse(text)


def test_months_follow_each_other():
    assert Month.parse("2026-12").next == Month(2027, 1)
    assert Month(2027, 1).previous == Month(2026, 12)
    assert str(Month(2027, 1)) == "2027-01"
    assert (len(Month(2028, 2).days), Month(2028, 2).after) == (29, date(2028, 3, 1))


def test_rare_messages_are_looked_for_on_their_days_and_on_those_not_counted_yet():
    message_at(NOON, MessageStatus.FAILED)
    message_at(NOON, pricing=FREE)
    message_at(datetime(2026, 11, 5, 11, tzinfo=UTC), pricing=None)
    first, after = date(2026, 11, 1), date(2026, 11, 6)
    assert len(days_with("failed", first=first, after=after)) == 5
    usage.count_days([date(2026, 11, day) for day in range(1, 6)])
    second, fifth = date(2026, 11, 2), date(2026, 11, 5)
    with time_machine.travel(datetime(2026, 12, 24, tzinfo=UTC)):
        for counted, days in (
            ("failed", [second]),
            ("free", [second]),
            ("unknown", [fifth]),
            ("charged", []),
            ("read", [second, fifth]),
        ):
            assert days_with(counted, first=first, after=after) == days
    with time_machine.travel(datetime(2026, 11, 4, 12, tzinfo=UTC)):
        assert days_with("charged", first=first, after=after) == [
            date(2026, 11, 3),
            date(2026, 11, 4),
        ]
