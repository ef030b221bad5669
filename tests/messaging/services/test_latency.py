from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.services.latency import DeliveryTimes, delivery_times
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


def test_without_a_delivery_there_are_no_times():
    message_in(MessageStatus.QUEUED)
    delivered(3, ago=timedelta(hours=25))
    assert delivery_times() is None


def test_half_and_95_of_100_are_counted_over_the_messages_of_24_hours():
    for seconds in (1, 2, 3, 4, 5):
        delivered(seconds)
    times = delivery_times()
    assert times is not None
    assert (times.p50_s, times.messages) == (3.0, 5)
    assert times.p95_s == pytest.approx(4.8)


def test_a_clock_of_metas_that_is_behind_ours_makes_no_negative_time():
    delivered(-0.4)
    assert delivery_times() == DeliveryTimes(0.0, 0.0, 1)
