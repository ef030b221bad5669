from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from messaging import queues
from messaging.models import (
    Alert,
    AlertKind,
    CallbackDelivery,
    DeliveryStatus,
    DisabledReason,
    EventKind,
    MessageEvent,
)
from messaging.services import (
    callback_delivery,
    callback_events,
    callback_recording,
    callbacks,
    sweeping,
    timeline,
)
from messaging.services.callback_delivery import LEASE, claim, deliver_waiting
from tests.factories import CallbackFactory, MessageFactory
from tests.messaging.callback_server import callback_to, serving, waits_for

pytestmark = pytest.mark.django_db


def state_of(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.attempts, delivery.response_status


def seconds_between(first, second):
    return (second - first).total_seconds()


def later(time_machine, **step):
    """Let time pass, as far as a callback rests or a delivery waits."""
    now = timezone.now() + timedelta(**step)
    time_machine.move_to(now, tick=False)
    return now


def test_what_waits_is_posted_signed_and_noted(receiver, broker):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    assert deliver_waiting() == 1
    (post,) = receiver.posts
    assert post.headers["webhook-id"] == str(delivery.pk)
    assert post.is_signed_with(callback.secret)
    assert state_of(delivery) == (DeliveryStatus.DELIVERED, 1, 200)
    assert delivery.delivered_at
    assert delivery.next_attempt_at is None
    callback.refresh_from_db()
    assert callback.last_success_at
    assert deliver_waiting() == 0


def test_the_news_of_a_message_arrives_in_order(receiver, broker):
    messages = MessageFactory.create_batch(5)
    callback_to(receiver, tenant=None)
    kinds = [EventKind.ACCEPTED, EventKind.SENT, EventKind.DELIVERED, EventKind.READ]
    for kind in kinds:
        timeline.write_events([MessageEvent(message=message, kind=kind) for message in messages])
    assert deliver_waiting() == 20
    for message in messages:
        data = [post.body["data"] for post in receiver.posts]
        seen = [row["status"] for row in data if row["message_id"] == str(message.pk)]
        assert seen == [kind.value for kind in kinds]


def test_everything_that_waits_is_posted_in_one_turn(receiver, broker):
    callback = callback_to(receiver)
    count = callback_delivery.SHARE * 2 + 5
    waits_for(callback, count)
    assert deliver_waiting() == count
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == count


@pytest.mark.parametrize("status", [301, 408, 429, 500, 502, 503])
def test_what_may_go_well_later_is_tried_again(receiver, broker, time_machine, status):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    receiver.answers = [status]
    now = later(time_machine)
    deliver_waiting()
    assert state_of(delivery) == (DeliveryStatus.WAITING, 1, status)
    assert 5 <= seconds_between(now, delivery.next_attempt_at) <= 6.25
    assert deliver_waiting() == 0
    later(time_machine, seconds=7)
    assert deliver_waiting() == 1
    assert state_of(delivery) == (DeliveryStatus.DELIVERED, 2, 200)
    assert receiver.posts[0].headers["webhook-id"] == receiver.posts[1].headers["webhook-id"]
    assert receiver.posts[0].raw == receiver.posts[1].raw
    callback.refresh_from_db()
    assert (callback.failing_since, callback.failures, callback.retry_at) == (None, 0, None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422, 499])
def test_what_the_other_side_refuses_is_given_up_at_once(receiver, broker, status):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    receiver.answers = [(status, {}, b"No such order")]
    deliver_waiting()
    assert state_of(delivery) == (DeliveryStatus.FAILED, 1, status)
    assert delivery.response_text == "No such order"
    callback.refresh_from_db()
    assert callback.is_enabled
    assert callback.retry_at is None


def test_a_retry_after_is_kept_to_within_an_hour(receiver, broker, time_machine):
    for asked, waited in ((120, 120), (999_999, 3600), (1, 5)):
        callback = callback_to(receiver)
        (delivery,) = waits_for(callback)
        receiver.answers = [(429, {"Retry-After": str(asked)}, b"")]
        now = later(time_machine)
        deliver_waiting()
        delivery.refresh_from_db()
        callback.refresh_from_db()
        for moment in (delivery.next_attempt_at, callback.retry_at):
            assert waited <= seconds_between(now, moment) <= max(waited, 6.25)


def test_410_ends_the_callback(receiver, broker):
    callback = callback_to(receiver)
    first, _second = waits_for(callback, 2)
    receiver.answers = [410, 410]
    deliver_waiting()
    assert state_of(first) == (DeliveryStatus.FAILED, 1, 410)
    callback.refresh_from_db()
    assert callback.disabled_reason == DisabledReason.GONE
    assert Alert.objects.open().get().kind == AlertKind.CALLBACK_DISABLED


def test_a_failing_callback_rests_ever_longer_and_is_tried_with_a_single_post(
    receiver, broker, time_machine
):
    callback = callback_to(receiver)
    waits_for(callback, 12)
    later(time_machine)
    receiver.answers = [503] * 100
    deliver_waiting()
    first_round = len(receiver.posts)
    assert first_round <= callback_delivery.LINES_OF_A_CALLBACK
    for rests_s in (30, 120, 600, 1800, 3600, 3600):
        callback.refresh_from_db()
        assert deliver_waiting() == 0
        time_machine.move_to(callback.retry_at, tick=False)
        now = timezone.now()
        assert deliver_waiting() == 1
        callback.refresh_from_db()
        rest = seconds_between(now, callback.retry_at)
        assert rests_s <= rest <= rests_s * 1.25


def test_an_untried_delivery_loses_no_attempt(receiver, broker):
    callback = callback_to(receiver)
    message = MessageFactory(tenant=callback.tenant)
    for kind in (EventKind.SENT, EventKind.DELIVERED):
        timeline.write_events([MessageEvent(message=message, kind=kind)])
    receiver.answers = [500]
    assert deliver_waiting() == 1
    rows = CallbackDelivery.objects.order_by("id").values_list("attempts", "response_status")
    assert list(rows) == [(1, 500), (0, None)]


def test_after_a_day_a_delivery_is_given_up(receiver, broker, time_machine):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    later(time_machine, hours=23, minutes=59, seconds=58)
    receiver.answers = [500]
    deliver_waiting()
    assert state_of(delivery) == (DeliveryStatus.FAILED, 1, 500)


def test_what_waits_for_a_resting_callback_is_given_up_after_its_day_too(receiver, time_machine):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    callbacks.disable(callback)
    later(time_machine, hours=23)
    assert callback_delivery.give_up_overdue() == 0
    later(time_machine, hours=1)
    assert callback_delivery.give_up_overdue() == 1
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.FAILED
    assert delivery.error == "It could not be delivered in time."


def test_a_callback_that_fails_for_a_day_is_switched_off_with_an_alert(
    receiver, broker, time_machine
):
    callback = callback_to(receiver)
    receiver.answers = [500] * 100
    later(time_machine)
    for _hour in range(26):
        waits_for(callback)
        deliver_waiting()
        callback.refresh_from_db()
        if not callback.is_enabled:
            break
        later(time_machine, hours=1)
    assert callback.disabled_reason == DisabledReason.FAILING
    assert seconds_between(callback.failing_since, callback.disabled_at) == 24 * 3600
    alert = Alert.objects.open().get()
    assert (alert.kind, alert.subject) == (AlertKind.CALLBACK_DISABLED, str(callback))
    callbacks.enable(callback)
    assert not Alert.objects.open().exists()
    assert (callback.failing_since, callback.failures) == (None, 0)


def test_a_callback_that_refuses_everything_is_switched_off(receiver, broker, monkeypatch):
    monkeypatch.setattr(callback_recording, "BROKEN_AFTER_GIVEN_UP", 3)
    callback = callback_to(receiver)
    waits_for(callback, 10)
    receiver.answers = [404] * 10
    deliver_waiting()
    callback.refresh_from_db()
    assert callback.disabled_reason == DisabledReason.FAILING


def test_a_success_in_between_forgets_the_failures(receiver, broker, time_machine):
    callback = callback_to(receiver)
    waits_for(callback)
    receiver.answers = [404]
    deliver_waiting()
    callback.refresh_from_db()
    assert (callback.given_up, bool(callback.failing_since)) == (1, True)
    waits_for(callback)
    deliver_waiting()
    callback.refresh_from_db()
    assert (callback.given_up, callback.failing_since) == (0, None)


def test_a_callback_that_is_off_is_told_nothing_and_what_waited_is_told_when_it_is_on_again(
    receiver, broker
):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    callbacks.disable(callback)
    assert deliver_waiting() == 0
    callbacks.enable(callback)
    assert deliver_waiting() == 1
    assert state_of(delivery)[0] == DeliveryStatus.DELIVERED


def test_a_slow_callback_and_a_dead_one_hold_up_nobody(receiver, broker):
    release = threading.Event()
    with serving() as slow:
        slow.before_answer = lambda: release.wait(30)
        waits_for(callback_to(slow), 20)
        waits_for(CallbackFactory(url="http://127.0.0.1:1/"), 20)

        # The quick one lets go of the slow one only when it has all of its own.
        def count():
            if len(receiver.posts) == 100:
                release.set()

        receiver.before_answer = count
        waits_for(callback_to(receiver), 100)
        deliver_waiting()
    assert len(receiver.posts) == 100
    assert release.is_set()


def test_many_slow_callbacks_leave_the_quick_one_its_turn(receiver, broker):
    release = threading.Event()
    with serving() as slow:
        slow.before_answer = lambda: release.wait(30)
        for _place in range(callback_delivery.CONCURRENCY // 4):
            waits_for(callback_to(slow))
        receiver.before_answer = release.set
        waits_for(callback_to(receiver))
        deliver_waiting()
    assert len(receiver.posts) == 1
    assert release.is_set()


def test_a_turn_whose_time_is_over_wakes_the_next(
    receiver, broker, monkeypatch, django_capture_on_commit_callbacks
):
    waits_for(callback_to(receiver))
    with monkeypatch.context() as patched, django_capture_on_commit_callbacks(execute=True):
        patched.setattr(callback_delivery, "TURN_S", 0.0)
        assert deliver_waiting() == 0
    assert broker.llen(queues.CALLBACKS) == 1
    assert deliver_waiting() == 1


def test_a_killed_workers_deliveries_are_posted_again(receiver, broker, time_machine):
    """It had them posted and died before it could write that down."""
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    later(time_machine)
    ((_callback, (claimed,)),) = claim()
    assert claimed == delivery
    assert claim() == []
    assert deliver_waiting() == 0
    time_machine.move_to(timezone.now() + LEASE, tick=False)
    assert deliver_waiting() == 1
    assert state_of(delivery) == (DeliveryStatus.DELIVERED, 2, 200)


def test_a_fault_of_ours_loses_nothing(receiver, broker, monkeypatch):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)

    def broken(**kwargs):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("messaging.services.callback_posts.signature_headers", broken)
        deliver_waiting()
    assert state_of(delivery) == (DeliveryStatus.WAITING, 1, None)
    assert delivery.error == "A fault of ours; it is in our log."


def test_while_a_secret_is_replaced_both_sign(receiver, broker, time_machine):
    callback = callback_to(receiver)
    old = callback.secret
    later(time_machine)
    new = callbacks.rotate_secret(callback).secret
    waits_for(callback)
    deliver_waiting()
    assert receiver.posts[0].is_signed_with(old)
    assert receiver.posts[0].is_signed_with(new)
    later(time_machine, hours=24)
    assert callback_delivery.forget_previous_secrets() == 1
    waits_for(callback)
    deliver_waiting()
    assert len(receiver.posts[1].headers["webhook-signature"].split()) == 1
    assert receiver.posts[1].is_signed_with(new)
    callback.refresh_from_db()
    assert callback.previous_secret == ""


def test_a_delivery_can_be_told_again_under_the_same_id(receiver, broker, time_machine):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    receiver.answers = [404]
    later(time_machine)
    deliver_waiting()
    later(time_machine, days=3)
    delivery.refresh_from_db()
    callbacks.redeliver(delivery)
    deliver_waiting()
    assert state_of(delivery) == (DeliveryStatus.DELIVERED, 1, 200)
    callbacks.redeliver(delivery)
    deliver_waiting()
    assert {post.headers["webhook-id"] for post in receiver.posts} == {str(delivery.pk)}
    assert len(receiver.posts) == 3


def test_telling_again_waits_for_no_rest(receiver, broker, time_machine):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    receiver.answers = [500]
    later(time_machine)
    deliver_waiting()
    delivery.refresh_from_db()
    callbacks.redeliver(delivery)
    assert deliver_waiting() == 1


def test_nothing_is_told_again_to_a_callback_that_is_off(receiver):
    callback = callback_to(receiver)
    (delivery,) = waits_for(callback)
    callbacks.disable(callback)
    delivery.refresh_from_db()
    with pytest.raises(callbacks.CallbackDisabledError):
        callbacks.redeliver(delivery)
    with pytest.raises(callbacks.CallbackDisabledError):
        callbacks.send_ping(callback)
    assert callbacks.redeliver_all(CallbackDelivery.objects.all()) == 0


def test_a_log_line_names_no_address_and_no_secret(receiver, broker, log_lines):
    callback = callback_to(receiver)
    waits_for(callback)
    receiver.answers = [500]
    written = log_lines()
    deliver_waiting()
    lines = [line for line in written() if "Callback could not be told" in line]
    assert len(lines) == 1
    assert f"callback_id={callback.pk}" in lines[0]
    assert str(receiver.port) not in lines[0]
    assert callback.secret not in lines[0]


# --- What the sweep does -----------------------------------------------------------------------------


def test_the_sweep_wakes_a_worker_for_what_is_due(
    receiver, broker, time_machine, django_capture_on_commit_callbacks
):
    callback = callback_to(receiver)
    waits_for(callback)
    receiver.answers = [500]
    later(time_machine)
    deliver_waiting()
    assert not callback_delivery.wake_for_waiting()
    later(time_machine, seconds=7)
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.sweep()
    assert broker.llen(queues.CALLBACKS) == 1


def test_the_log_is_forgotten_after_its_time_but_for_what_waits(
    receiver, broker, time_machine, settings
):
    settings.CALLBACK_RETENTION_DAYS = 2
    callback = callback_to(receiver)
    waits_for(callback, 3)
    deliver_waiting()
    (waiting,) = waits_for(callback)
    later(time_machine, days=1, hours=23)
    assert callback_delivery.forget_old() == 0
    later(time_machine, hours=2)
    assert callback_delivery.forget_old() == 3
    assert list(CallbackDelivery.objects.all()) == [waiting]


def test_a_long_log_is_forgotten_in_batches(receiver, monkeypatch, time_machine):
    monkeypatch.setattr(callback_delivery, "_FORGOTTEN_AT_ONCE", 2)
    callback = callback_to(receiver)
    waits_for(callback, 5)
    CallbackDelivery.objects.update(status=DeliveryStatus.DELIVERED, next_attempt_at=None)
    later(time_machine, days=31)
    assert callback_delivery.forget_old() == 5


def test_a_ping_names_the_callback(receiver, broker):
    callback = callback_to(receiver)
    callbacks.send_ping(callback)
    deliver_waiting()
    body = receiver.posts[0].body
    assert body["type"] == callback_events.PING
    assert body["data"] == {
        "callback_id": str(callback.pk),
        "tenant_id": str(callback.tenant_id),
    }


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_no_delivery_twice(receiver):
    callback = callback_to(receiver)
    deliveries = set(waits_for(callback, 10))
    taken: list[CallbackDelivery] = []

    def other_worker():
        try:
            taken.extend(row for _callback, rows in claim() for row in rows)
        finally:
            connection.close()

    with transaction.atomic():
        ((_callback, mine),) = claim()
        thread = threading.Thread(target=other_worker)
        thread.start()
        thread.join()
    assert set(mine) == deliveries
    assert taken == []
