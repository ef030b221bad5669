from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db.models import Sum
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from messaging.graph_api.markets import calling_code_of
from messaging.models import CountedDay, DailyUsage, Message
from messaging.months import billing_day
from messaging.services import usage
from messaging.services.prices import normalised_category
from messaging.statuses import MessageStatus
from messaging.tasks import count_usage
from tests.factories import TemplateFactory, TenantFactory, message_at

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 11, tzinfo=UTC)


def rows(*fields):
    summed = DailyUsage.objects.values_list(*fields).annotate(sum=Sum("messages")).order_by()
    return sorted(summed, key=repr)


def test_messages_alike_are_one_row_and_different_ones_are_apart():
    tenant = TenantFactory(name="A")
    message_at(NOON, tenant=tenant)
    message_at(NOON, tenant=tenant, recipient_phone="+34600000102")
    message_at(NOON, tenant=tenant, recipient_phone="+351910000000")
    message_at(NOON, MessageStatus.FAILED, tenant=tenant)
    message_at(NOON, tenant=tenant, pricing={"type": "free_entry_point", "category": "marketing"})
    message_at(NOON, tenant=TenantFactory(name="B"))
    assert usage.count_days([DAY]) == 1
    assert rows("tenant__name", "country_code", "category", "pricing_type", "status") == [
        ("A", "34", "marketing", "free_entry_point", "read", 1),
        ("A", "34", "utility", "", "failed", 1),
        ("A", "34", "utility", "regular", "read", 2),
        ("A", "351", "utility", "regular", "read", 1),
        ("B", "34", "utility", "regular", "read", 1),
    ]


def test_a_day_is_one_of_the_accounts_time_zone():
    # Madrid is an hour ahead of UTC in winter, and two in summer.
    message_at(datetime(2026, 11, 1, 22, 59, tzinfo=UTC))
    message_at(datetime(2026, 11, 1, 23, 0, tzinfo=UTC))
    message_at(datetime(2026, 11, 2, 22, 59, tzinfo=UTC))
    message_at(datetime(2026, 11, 2, 23, 0, tzinfo=UTC))
    message_at(datetime(2026, 8, 1, 22, 0, tzinfo=UTC))
    usage.count_days([DAY, date(2026, 8, 2)])
    assert rows("day", "delivered_on") == [
        (DAY, DAY, 2),
        (date(2026, 8, 2), date(2026, 8, 2), 1),
    ]


def test_a_day_with_25_hours_has_them_all():
    for hour in range(25):
        message_at(datetime(2026, 10, 24, 22, 30, tzinfo=UTC) + timedelta(hours=hour))
    usage.count_days([date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)])
    assert rows("day") == [(date(2026, 10, 25), 25)]


def test_counting_again_changes_nothing():
    message_at(NOON)
    usage.count_days([DAY])
    before = list(DailyUsage.objects.values())
    usage.count_days([DAY])
    assert list(DailyUsage.objects.values()) == before


def test_a_late_status_moves_a_message_to_its_new_row():
    message = message_at(NOON, MessageStatus.SENT)
    usage.count_days([DAY])
    later = NOON + timedelta(days=20)
    Message.objects.filter(pk=message.pk).update(
        status=MessageStatus.DELIVERED,
        delivered_at=later,
        pricing={"type": "regular", "category": "utility"},
    )
    usage.count_days([DAY])
    assert rows("day", "status", "delivered_on", "pricing_type") == [
        (DAY, "delivered", later.date(), "regular", 1)
    ]


def test_messages_that_are_gone_leave_the_count_only_when_their_day_is_counted_again():
    message_at(NOON)
    usage.count_days([DAY])
    Message.objects.all().delete()
    usage.count_days([DAY + timedelta(days=1)])
    assert rows("day") == [(DAY, 1)]
    usage.count_days([DAY])
    assert rows("day") == []


@pytest.mark.parametrize(
    "pricing",
    [
        None,
        {},
        {"type": None, "category": None},
        {"type": {"a": 1}, "category": ["x"] * 40},
        {"type": "x" * 300, "category": "y" * 300},
        {"category": "authentication-international", "type": 5},
    ],
)
def test_whatever_meta_puts_into_the_pricing_is_counted(pricing):
    message_at(NOON, pricing=pricing)
    usage.count_days([DAY])
    assert DailyUsage.objects.get().messages == 1


def test_category_and_country_are_those_that_python_reads():
    numbers = ["+34600000101", "+12025550100", "+79000000000", "+351910000000", "+999123456"]
    for number in numbers:
        message_at(NOON, recipient_phone=number, pricing={"category": "Group-Utility"})
    usage.count_days([DAY])
    assert {row[0] for row in rows("country_code")} == {calling_code_of(each) for each in numbers}
    assert DailyUsage.objects.values_list("category", flat=True).distinct().get() == (
        normalised_category("Group-Utility")
    )


def test_without_pricing_the_templates_category_counts():
    message_at(NOON, MessageStatus.SENT, template=TemplateFactory(name="x", category="MARKETING"))
    usage.count_days([DAY])
    assert DailyUsage.objects.get().category == "marketing"


# --- Which days are counted ----------------------------------------------------------------------------


class Clock:
    """Stops time where a test says."""

    def __init__(self) -> None:
        self.stopped: time_machine.travel | None = None

    def move_to(self, moment: datetime) -> None:
        self.stop()
        self.stopped = time_machine.travel(moment, tick=False)
        self.stopped.start()

    def stop(self) -> None:
        if self.stopped:
            self.stopped.stop()


@pytest.fixture
def clock():
    clock = Clock()
    yield clock
    clock.stop()


@pytest.fixture
def today(clock):
    clock.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC))
    return date(2026, 11, 25)


def test_without_messages_nothing_is_counted(today):
    assert usage.count_stale_days() == 0


def test_all_days_are_counted_the_newest_first_and_not_all_in_one_run(today):
    message_at(timezone.now() - timedelta(days=12))
    message_at(timezone.now())
    assert usage.count_stale_days() == 10
    assert CountedDay.objects.newest_first()[0].day == today
    assert DailyUsage.objects.count() == 1
    assert usage.count_stale_days() == 3
    assert usage.count_stale_days() == 0
    assert DailyUsage.objects.count() == 2


@pytest.mark.parametrize(
    ("later", "ages"),
    [
        (timedelta(minutes=4), []),
        (timedelta(minutes=5), [0, 1]),
        (timedelta(hours=1), [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_the_newer_a_day_the_sooner_it_is_counted_again(clock, today, later, ages):
    message_at(timezone.now() - timedelta(days=60))
    usage.count_days(usage.days_since(today - timedelta(days=60)))
    clock.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC) + later)
    assert [(today - day).days for day in usage._stale_days()] == ages


def test_days_older_than_late_statuses_stand_as_they_are(clock, today):
    message_at(timezone.now() - timedelta(days=60))
    usage.count_days(usage.days_since(today - timedelta(days=60)))
    clock.move_to(datetime(2026, 11, 26, 12, tzinfo=UTC))
    stale = usage._stale_days()
    assert [(date(2026, 11, 26) - day).days for day in stale] == list(range(36))


def test_the_periodic_task_counts(today):
    message_at(timezone.now())
    count_usage()
    assert DailyUsage.objects.get().day == today


class CountsAreMessages(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(list(MessageStatus)), st.integers(0, 3), st.booleans()),
            max_size=6,
        )
    )
    def test_however_often_days_are_counted_the_sums_are_those_of_the_messages(self, plan):
        Message.objects.all().delete()
        days = [DAY + timedelta(days=n) for n in range(4)]
        for status, day, counts in plan:
            message_at(NOON + timedelta(days=day), status)
            if counts:
                usage.count_days([days[day]])
        usage.count_days(days)
        counted = DailyUsage.objects.values_list("day").annotate(sum=Sum("messages")).order_by()
        expected: dict[date, int] = {}
        for at in Message.objects.values_list("created_at", flat=True):
            expected[billing_day(at)] = expected.get(billing_day(at), 0) + 1
        assert dict(counted) == expected


def test_a_counted_day_tells_how_long_the_way_to_the_phone_took():
    for seconds in range(1, 101):
        message_at(NOON, accepted_at=NOON, delivered_at=NOON + timedelta(seconds=seconds))
    message_at(NOON, MessageStatus.FAILED)
    usage.count_days([DAY])
    day = CountedDay.objects.get(day=DAY)
    assert (day.delivered_p50_s, day.delivered_p95_s) == pytest.approx((50.5, 95.05))


def test_a_day_without_a_delivery_has_no_times():
    message_at(NOON, MessageStatus.FAILED)
    usage.count_days([DAY])
    day = CountedDay.objects.get(day=DAY)
    assert (day.delivered_p50_s, day.delivered_p95_s) == (None, None)
