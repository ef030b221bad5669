from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from messaging.models import DeliveryOutcome, Message, WebhookDelivery
from messaging.services import receiving, replaying
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory
from tests.messaging.conftest import status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def delivery(payload=None, *, at=NOON, outcome=DeliveryOutcome.ERROR, **fields):
    body = json.dumps(payload or {}).encode()
    return WebhookDelivery.objects.create(
        body=body, size=len(body), received_at=at, processed_at=at, outcome=outcome, **fields
    )


def test_what_was_missed_is_settled_when_it_is_applied_again():
    message = MessageFactory(accepted=True)
    missed = delivery(status_webhook(message, "delivered"), traceback="invented")
    assert replaying.replay(WebhookDelivery.objects.all()) == 1
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED
    receiving.apply_waiting()
    message.refresh_from_db()
    missed.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert (missed.outcome, missed.traceback, missed.again_at) == ("applied", "", None)


def test_applying_again_leaves_when_it_was_applied_first():
    message = MessageFactory(accepted=True)
    with time_machine.travel(NOON, tick=False):
        receiving.store_delivery(json.dumps(status_webhook(message, "read")).encode())
        receiving.apply_waiting()
    first = WebhookDelivery.objects.get()
    assert (first.started_at, first.processed_at, first.repeated_at) == (NOON, NOON, None)
    later = NOON + timedelta(hours=3)
    with time_machine.travel(later, tick=False):
        replaying.replay_all_now(WebhookDelivery.objects.all())
    again = WebhookDelivery.objects.get()
    assert (again.started_at, again.processed_at, again.repeated_at) == (NOON, NOON, later)


def test_a_range_is_half_open_and_may_ask_for_one_outcome():
    inside = delivery(at=NOON)
    delivery(at=NOON, outcome=DeliveryOutcome.APPLIED)
    delivery(at=NOON + timedelta(hours=1))
    found = replaying.in_range(
        after=NOON, before=NOON + timedelta(hours=1), outcome=DeliveryOutcome.ERROR
    )
    assert list(found) == [inside]


def test_what_waits_or_is_marked_already_is_not_marked_again():
    delivery()
    WebhookDelivery.objects.create(body=b"{}")
    assert replaying.replay(WebhookDelivery.objects.all()) == 1
    assert replaying.replay(WebhookDelivery.objects.all()) == 0


def test_a_large_range_is_marked_in_batches(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(replaying, "_BATCH", 2)
    for _ in range(5):
        delivery()
    with django_assert_max_num_queries(7):
        assert replaying.replay(WebhookDelivery.objects.all()) == 5


def test_applying_everything_again_changes_no_message():
    message = MessageFactory(accepted=True)
    for status in ("read", "sent"):
        receiving.store_delivery(json.dumps(status_webhook(message, status)).encode())
    receiving.apply_waiting()
    before = Message.objects.filter(pk=message.pk).values().get()
    assert replaying.replay_all_now(WebhookDelivery.objects.all()) == 2
    assert Message.objects.filter(pk=message.pk).values().get() == before
