"""Callbacks through real workers: told what happens, and told again what a killed worker could not write down."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from bakery_whatsapp.celery import app
from messaging import queues
from messaging.models import CallbackDelivery, DeliveryStatus
from messaging.services import callbacks, receiving
from messaging.statuses import MessageStatus
from tests.conftest import wait_until
from tests.factories import MessageFactory
from tests.messaging.callback_server import callback_to
from tests.messaging.conftest import status_webhook

ALLOWED = {"CALLBACK_ALLOWED_NETWORKS": "127.0.0.0/8"}


def statuses():
    return set(CallbackDelivery.objects.values_list("status", flat=True))


def test_a_status_goes_through_a_real_worker_to_the_caller(
    product_environment, start_worker, receiver
):
    start_worker(**ALLOWED)
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    callback = callback_to(receiver, tenant=message.tenant)
    receiving.store_delivery(json.dumps(status_webhook(message, "delivered")).encode())
    wait_until(lambda: statuses() == {DeliveryStatus.DELIVERED})
    assert receiver.told == ["delivered"]
    assert receiver.posts[0].is_signed_with(callback.secret)


def test_a_worker_reaches_no_network_that_it_was_not_allowed(
    product_environment, start_worker, receiver
):
    """Its own settings count, whatever was allowed where the callback was registered."""
    start_worker()
    callbacks.send_ping(callback_to(receiver))
    wait_until(lambda: CallbackDelivery.objects.filter(attempted_at__isnull=False).exists())
    delivery = CallbackDelivery.objects.get()
    assert (delivery.status, delivery.response_status) == (DeliveryStatus.WAITING, None)
    assert receiver.connections == 0


@pytest.mark.faults
def test_a_worker_killed_before_it_could_write_down_an_answer_loses_nothing(
    product_environment, start_worker, receiver
):
    answered = threading.Event()
    receiver.before_answer = lambda: answered.wait(60)
    worker = start_worker(**ALLOWED)
    delivery = callbacks.send_ping(callback_to(receiver))
    wait_until(lambda: receiver.posts)
    worker.kill()
    answered.set()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.WAITING, 1)

    start_worker(**ALLOWED)
    # As if the time had passed after which nobody can still be posting it.
    CallbackDelivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    app.send_task(queues.SWEEP)
    wait_until(lambda: statuses() == {DeliveryStatus.DELIVERED})
    assert {post.headers["webhook-id"] for post in receiver.posts} == {str(delivery.pk)}
    assert len(receiver.posts) == 2
