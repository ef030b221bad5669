from __future__ import annotations

import json

import pytest
from django.db import connection, transaction
from django.utils import timezone

from messaging import queues
from messaging.graph_api.client import SentMessage
from messaging.models import (
    Callback,
    CallbackDelivery,
    CallbackEvent,
    EventKind,
    InboundMessage,
    MessageEvent,
    WaitsFor,
)
from messaging.services import callback_events, callbacks, receiving, recording, sending, timeline
from messaging.statuses import MessageStatus
from tests.factories import CallbackFactory, MessageFactory, TenantFactory, message_in
from tests.messaging.conftest import failure, messages_webhook, status_webhook

pytestmark = pytest.mark.django_db


def told(callback):
    """The bodies that wait for a callback, oldest first."""
    rows = CallbackDelivery.objects.filter(callback=callback).order_by("next_attempt_at", "id")
    return [json.loads(row.body) for row in rows]


def statuses(callback):
    return [body["data"]["status"] for body in told(callback)]


def apply(*webhooks):
    for webhook in webhooks:
        receiving.store_delivery(json.dumps(webhook).encode())
    receiving.apply_waiting()


def test_a_status_is_told_in_the_words_of_the_api():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED, reference="PO-1")
    callback = CallbackFactory(tenant=message.tenant)
    apply(status_webhook(message, "delivered"))
    (body,) = told(callback)
    assert body == {
        "type": "message.status",
        "timestamp": "2026-11-22T10:00:00Z",
        "data": {
            "message_id": str(message.pk),
            "tenant_id": str(message.tenant_id),
            "reference": "PO-1",
            "whatsapp_message_id": message.wamid,
            "status": "delivered",
            "at": "2026-11-22T10:00:00Z",
            "code": None,
            "error": None,
        },
    }
    assert list(body) == ["type", "timestamp", "data"]


def test_a_status_tells_no_phone_number():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    callback = CallbackFactory(tenant=message.tenant)
    apply(status_webhook(message, "failed", **failure(131026)))
    delivery = CallbackDelivery.objects.get(callback=callback)
    assert message.recipient_phone.removeprefix("+") not in delivery.body
    assert message.recipient_name not in delivery.body


def test_a_failure_is_told_with_what_to_do():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    callback = CallbackFactory(tenant=message.tenant)
    apply(status_webhook(message, "failed", **failure(131026)))
    (body,) = told(callback)
    error = body["data"]["error"]
    assert (body["data"]["code"], error["code"], error["who_acts"]) == (131026, 131026, "bakery")
    assert error["title"]
    assert error["action"]
    assert error.keys() == {"code", "title", "who_acts", "action"}


def test_a_status_that_comes_again_is_told_once():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    callback = CallbackFactory(tenant=message.tenant)
    for _ in range(3):
        apply(status_webhook(message, "delivered"))
    assert statuses(callback) == ["delivered"]


def test_statuses_that_come_together_are_told_in_the_order_of_a_messages_life():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    callback = CallbackFactory(tenant=message.tenant)
    apply(*(status_webhook(message, status) for status in ("read", "sent", "delivered")))
    assert statuses(callback) == ["sent", "delivered", "read"]


def test_what_sending_writes_down_is_told_too():
    message = message_in(MessageStatus.SENDING)
    callback = CallbackFactory(tenant=message.tenant)
    sent = SentMessage(wamid="wamid.A1", message_status="accepted", wa_id="34600000101", raw={})
    recording.record([recording.Outcome(message, timezone.now(), 12, sent=sent)])
    (body,) = told(callback)
    assert (body["data"]["status"], body["data"]["whatsapp_message_id"]) == ("accepted", "wamid.A1")


def test_a_message_that_expires_says_what_it_waited_for():
    message = MessageFactory(expires_at=timezone.now(), waits_for=WaitsFor.QUIET_HOURS)
    callback = CallbackFactory(tenant=message.tenant)
    sending.expire_overdue()
    (body,) = told(callback)
    assert body["data"]["status"] == "expired"
    assert "the end of the bakery's quiet hours" in body["data"]["error"]["title"]


def test_a_retry_is_told_as_what_it_is_a_message_that_is_queued_again():
    message = message_in(MessageStatus.UNCONFIRMED)
    callback = CallbackFactory(tenant=message.tenant)
    sending.requeue(type(message).objects.filter(pk=message.pk))
    assert statuses(callback) == ["queued"]


def test_the_first_line_of_all_is_not_told():
    message = MessageFactory()
    callback = CallbackFactory(tenant=message.tenant)
    timeline.write_events([MessageEvent(message=message, kind=EventKind.QUEUED)])
    assert told(callback) == []


def test_each_callback_is_told_of_its_own_bakery_and_the_platforms_of_all():
    ana, carla = MessageFactory(), MessageFactory()
    own = CallbackFactory(tenant=ana.tenant)
    others = CallbackFactory(tenant=carla.tenant)
    platform = CallbackFactory(tenant=None)
    off = CallbackFactory(tenant=ana.tenant)
    callbacks.disable(off)
    replies_only = CallbackFactory(tenant=ana.tenant, events=[CallbackEvent.REPLIES])
    timeline.write_events(
        [MessageEvent(message=message, kind=EventKind.CANCELLED) for message in (ana, carla)]
    )
    of_whom = [body["data"]["tenant_id"] for body in told(own)]
    assert of_whom == [str(ana.tenant_id)]
    assert [body["data"]["tenant_id"] for body in told(others)] == [str(carla.tenant_id)]
    assert len(told(platform)) == 2
    assert told(off) == told(replies_only) == []


def test_what_is_taken_back_is_told_to_nobody():
    message = MessageFactory()
    callback = CallbackFactory(tenant=message.tenant)

    def broken():
        with transaction.atomic():
            timeline.write_events([MessageEvent(message=message, kind=EventKind.CANCELLED)])
            assert CallbackDelivery.objects.exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert told(callback) == []
    assert not MessageEvent.objects.filter(kind=EventKind.CANCELLED).exists()


def test_a_worker_is_woken_once_the_transaction_is_committed(
    broker, django_capture_on_commit_callbacks
):
    message = MessageFactory()
    CallbackFactory(tenant=message.tenant)
    with django_capture_on_commit_callbacks(execute=True):
        timeline.write_events([MessageEvent(message=message, kind=EventKind.CANCELLED)])
        assert broker.llen(queues.CALLBACKS) == 0
    assert broker.llen(queues.CALLBACKS) == 1


@pytest.mark.parametrize("count", [1, 50])
def test_without_callbacks_it_costs_one_statement_however_many_the_lines(
    count, django_assert_num_queries
):
    messages = MessageFactory.create_batch(count, tenant=TenantFactory())
    with django_assert_num_queries(2):
        timeline.write_events(
            [MessageEvent(message=message, kind=EventKind.CANCELLED) for message in messages]
        )


def test_with_callbacks_it_costs_two(django_assert_num_queries):
    messages = MessageFactory.create_batch(20, tenant=TenantFactory())
    CallbackFactory.create_batch(3, tenant=None)
    with django_assert_num_queries(3):
        timeline.write_events(
            [MessageEvent(message=message, kind=EventKind.CANCELLED) for message in messages]
        )
    assert CallbackDelivery.objects.count() == 60


def test_a_callback_that_is_deleted_meanwhile_stops_no_status():
    """Its row is held until the deliveries stand, so that none is written for a callback that is gone."""
    message = MessageFactory()
    callback = CallbackFactory(tenant=message.tenant)
    timeline.write_events([MessageEvent(message=message, kind=EventKind.CANCELLED)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmax::text::bigint FROM messaging_callback")
        (locked_by,) = cursor.fetchone()
    assert locked_by
    callbacks.remove(callback)
    assert not CallbackDelivery.objects.exists()


# --- Replies -----------------------------------------------------------------------------------------


def reply_to(message, **changes):
    digits = message.recipient_phone.removeprefix("+")
    row = {
        "from": digits,
        "id": "wamid.REPLY1",
        "timestamp": "1795341600",
        "type": "text",
        "text": {"body": "¿A qué hora? 🥐"},
        "context": {"from": "34612345678", "id": message.wamid},
    } | changes
    return messages_webhook(message.phone_number.phone_number_id, messages=[row])


def test_a_reply_is_told_with_its_text_and_what_it_answers():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED, reference="PO-1")
    callback = CallbackFactory(tenant=message.tenant, events=[CallbackEvent.REPLIES])
    apply(reply_to(message), status_webhook(message, "read"))
    (body,) = told(callback)
    reply = InboundMessage.objects.get()
    assert body["type"] == "message.reply"
    assert body["data"] == {
        "reply_id": str(reply.pk),
        "tenant_id": str(message.tenant_id),
        "message_id": str(message.pk),
        "reference": "PO-1",
        "whatsapp_message_id": "wamid.REPLY1",
        "phone_number_id": message.phone_number.phone_number_id,
        "sender_phone": "+34600000101",
        "sender_user_id": None,
        "kind": "text",
        "text": "¿A qué hora? 🥐",
        "at": "2026-11-22T10:00:00Z",
    }


def test_a_reply_that_comes_again_is_told_once_and_to_no_other_bakery():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    own, platform = CallbackFactory(tenant=message.tenant), CallbackFactory(tenant=None)
    CallbackFactory()
    for _ in range(2):
        apply(reply_to(message))
    assert CallbackDelivery.objects.count() == 2
    assert len(told(own)) == len(told(platform)) == 1


def test_a_reply_to_nobody_of_ours_is_told_to_the_platform_only():
    message = MessageFactory(accepted=True, status=MessageStatus.ACCEPTED)
    own, platform = CallbackFactory(tenant=message.tenant), CallbackFactory(tenant=None)
    stranger = {"from": "34600000999", "context": {}}
    apply(reply_to(message, **stranger))
    (body,) = told(platform)
    assert (body["data"]["tenant_id"], body["data"]["message_id"]) == (None, None)
    assert told(own) == []


def test_a_reply_names_no_other_bakerys_order():
    answered, other = MessageFactory(reference="PO-1"), TenantFactory()
    callback = CallbackFactory(tenant=other)
    reply = InboundMessage.objects.create(
        tenant=other,
        phone_number=answered.phone_number,
        answers=answered,
        wamid="wamid.R",
        kind="text",
    )
    callback_events.announce_replies([reply])
    (body,) = told(callback)
    assert (body["data"]["message_id"], body["data"]["reference"]) == (None, "")


def test_a_callback_belongs_to_its_bakery():
    ana = TenantFactory()
    mine = CallbackFactory(tenant=ana)
    CallbackFactory()
    assert list(Callback.objects.of(ana)) == [mine]
