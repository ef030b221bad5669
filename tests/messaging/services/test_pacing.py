from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from messaging import queues
from messaging.models import Message, WaitsFor
from messaging.services import pacing, sending
from messaging.statuses import MessageStatus
from tests.factories import DefaultNumberFactory, MessageFactory, PhoneNumberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def test_places_in_the_line_follow_each_other_whoever_asks(settings):
    settings.WHATSAPP_MPS_SHARE = 10.0
    number = PhoneNumberFactory()
    first, interval = pacing.reserve(number, 50)
    second, _interval = pacing.reserve(number, 1)
    assert first == 0.0
    assert interval >= 1 / 10
    assert second > 45 * interval


def test_workers_at_once_never_get_the_same_place(settings):
    settings.WHATSAPP_MPS_SHARE = 1.0
    number = PhoneNumberFactory()
    starts, lock = [], threading.Lock()

    def ask():
        wait, _interval = pacing.reserve(number, 1)
        with lock:
            starts.append(wait)

    workers = [threading.Thread(target=ask) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    starts.sort()
    assert all(later - earlier > 0.5 for earlier, later in pairwise(starts))


def test_another_number_has_a_line_of_its_own(settings):
    settings.WHATSAPP_MPS_SHARE = 1.0
    pacing.reserve(PhoneNumberFactory(), 5)
    assert pacing.reserve(PhoneNumberFactory(), 1)[0] == 0.0


def test_metas_upgrade_raises_the_share_alike(settings):
    settings.WHATSAPP_MPS_SHARE = 65.0
    assert pacing.rate_of(PhoneNumberFactory()) == 65.0
    assert pacing.rate_of(PhoneNumberFactory(throughput_level="HIGH")) == 812.5


def test_a_clock_that_was_set_back_does_not_stop_a_number(broker):
    number = PhoneNumberFactory()
    seconds, _micros = broker.time()
    broker.set(f"pace:{number.phone_number_id}", seconds + 3600)
    assert pacing.reserve(number, 1)[0] == 0.0


def test_one_recipient_gets_a_burst_and_then_one_in_six_seconds():
    number = PhoneNumberFactory()
    waits = pacing.pair_waits(number, ["+34600000101"] * (pacing.PAIR_BURST + 2))
    assert waits[: pacing.PAIR_BURST] == [0.0] * pacing.PAIR_BURST
    assert 0 < waits[pacing.PAIR_BURST] <= pacing.PAIR_INTERVAL_S
    assert pacing.pair_waits(number, ["+34600000102"]) == [0.0]
    assert pacing.pair_waits(PhoneNumberFactory(), ["+34600000101"]) == [0.0]


def test_without_redis_sending_goes_on_more_slowly(settings):
    number = PhoneNumberFactory()
    _wait, usual = pacing.reserve(number, 1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    pacing._script.cache_clear()
    try:
        wait, interval = pacing.reserve(number, 1)
        assert (wait, interval) == (0.0, usual * 4)
        assert pacing.pair_waits(number, ["+34600000101"]) == [0.0]
    finally:
        queues.client.cache_clear()
        pacing._script.cache_clear()


def test_what_is_over_the_pair_limit_waits_untried_and_says_why(meta):
    number = DefaultNumberFactory()
    pacing.pair_waits(number, ["+34600000101"] * pacing.PAIR_BURST)
    over, other = MessageFactory(), MessageFactory(recipient_phone="+34600000102")
    meta.accepts(other)
    sending.send_until_empty(number.pk)
    over.refresh_from_db()
    other.refresh_from_db()
    assert (over.status, over.waits_for) == (MessageStatus.QUEUED, WaitsFor.PAIR_LIMIT)
    assert over.attempts == 0
    assert other.status == MessageStatus.ACCEPTED
    assert Message.objects.due(now=over.send_after).count() == 1


@pytest.mark.parametrize(("code", "status"), [(130429, 400), (4, 429)])
def test_when_meta_says_too_fast_the_line_rests_and_nothing_is_lost(meta, code, status):
    first = MessageFactory()
    call = meta.refuses(first, code=code, status=status)
    sending.send_until_empty(first.phone_number_id)
    second = MessageFactory(recipient_phone="+34600000102")
    sending.send_until_empty(first.phone_number_id)
    assert call.call_count == 1
    second.refresh_from_db()
    assert (second.status, second.attempts) == (MessageStatus.QUEUED, 0)
    assert pacing.busy_for(first.phone_number) > 0


def test_a_limit_of_one_number_does_not_rest_another(meta):
    first = MessageFactory()
    other = MessageFactory(phone_number=PhoneNumberFactory())
    meta.refuses(first, code=130429)
    meta.accepts(other)
    sending.send_until_empty(first.phone_number_id)
    sending.send_until_empty(other.phone_number_id)
    other.refresh_from_db()
    assert other.status == MessageStatus.ACCEPTED


def test_a_line_that_other_workers_filled_is_left_to_them(meta, settings):
    settings.WHATSAPP_MPS_SHARE = 10.0
    message = MessageFactory()
    pacing.reserve(message.phone_number, 20)
    assert pacing.busy_for(message.phone_number) > 1
    assert sending.send_until_empty(message.phone_number_id) == 0
    message.refresh_from_db()
    assert (message.status, message.attempts) == (MessageStatus.QUEUED, 0)
