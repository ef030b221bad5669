from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import CountedDay
from messaging.months import billing_today
from messaging.services.latency import DeliveryTimes, Latency, latency
from messaging.statuses import MessageStatus
from tests.factories import message_at, message_in

pytestmark = pytest.mark.django_db


def delivered(after_s: float, *, ago: timedelta = timedelta(hours=1)) -> None:
    accepted_at = timezone.now() - ago
    message_at(
        accepted_at,
        MessageStatus.DELIVERED,
        accepted_at=accepted_at,
        delivered_at=accepted_at + timedelta(seconds=after_s),
    )


def times() -> Latency:
    today = billing_today()
    return latency(since=today - timedelta(days=1), until=today)


def test_without_a_delivery_there_are_no_times():
    message_in(MessageStatus.QUEUED)
    delivered(3, ago=timedelta(hours=25))
    assert times() == Latency(None, {})


def test_half_and_95_of_100_are_counted_over_the_messages_of_24_hours():
    for seconds in (1, 2, 3, 4, 5):
        delivered(seconds)
    lately = times().lately
    assert lately is not None
    assert lately.p50_s == 3.0
    assert lately.p95_s == pytest.approx(4.8)


def test_a_clock_of_metas_that_is_behind_ours_makes_no_negative_time():
    delivered(-0.4)
    assert times().lately == DeliveryTimes(0.0, 0.0)


def test_the_days_are_told_as_they_were_counted():
    today = billing_today()
    for age, seconds in ((0, 2.0), (1, None), (2, 4.0)):
        day = today - timedelta(days=age)
        CountedDay.objects.create(day=day, delivered_p50_s=seconds, delivered_p95_s=seconds)
    assert times() == Latency(None, {today: DeliveryTimes(2.0, 2.0)})
