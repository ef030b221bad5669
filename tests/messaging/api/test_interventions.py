"""Cancelling a message that waits, and sending a lost one again."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import EventKind, Message
from messaging.services import sending
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory, message_in
from tests.messaging.api.conftest import MESSAGES, refusal

LONG_AGO = timedelta(minutes=11)


def call(api, message, what):
    return api.post(f"{MESSAGES}/{getattr(message, 'pk', message)}/{what}")


def cancel(api, message):
    return call(api, message, "cancel")


def resend(api, message):
    return call(api, message, "resend")


def unconfirmed(tenant, ago=LONG_AGO, **fields):
    since = timezone.now() - ago
    return message_in(MessageStatus.UNCONFIRMED, tenant=tenant, unconfirmed_at=since, **fields)


@pytest.mark.parametrize("what", ["cancel", "resend"])
def test_another_bakerys_message_is_not_found(ana, carla, what):
    theirs = MessageFactory(tenant=carla.tenant) if what == "cancel" else unconfirmed(carla.tenant)
    assert refusal(call(ana.api, theirs, what)) == (404, "not_found")
    assert refusal(call(ana.api, uuid.uuid4(), what)) == (404, "not_found")
    assert refusal(call(ana.api, "x", what)) == (422, "validation_error")
    before = theirs.status
    theirs.refresh_from_db()
    assert theirs.status == before


def test_a_queued_message_is_cancelled_once_and_a_repeat_is_harmless(ana, caplog):
    message = MessageFactory(tenant=ana.tenant)
    first, again = cancel(ana.api, message), cancel(ana.api, message)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json() == ana.api.get(f"{MESSAGES}/{message.pk}").json()
    assert first.json()["status"] == "cancelled"
    assert first.json()["send_after"] is None
    assert message.events.filter(kind=EventKind.CANCELLED).count() == 1
    assert caplog.text.count("WhatsApp message cancelled") == 1


def test_a_key_of_the_platform_cancels_for_any_bakery(ana, platform):
    assert cancel(platform, MessageFactory(tenant=ana.tenant)).status_code == 200


@pytest.mark.parametrize(
    "status", sorted(set(MessageStatus) - {MessageStatus.QUEUED, MessageStatus.CANCELLED})
)
def test_what_is_not_queued_any_more_is_not_cancelled(ana, status):
    message = message_in(status, tenant=ana.tenant)
    answer = cancel(ana.api, message)
    assert refusal(answer) == (409, "not_cancellable")
    assert answer.json()["error"]["fields"] == {"status": status.value}
    message.refresh_from_db()
    assert message.status == status


def test_a_cancelled_message_is_never_sent(ana, meta):
    message = MessageFactory(tenant=ana.tenant)
    call_to_meta = meta.accepts(message)
    cancel(ana.api, message)
    sending.send_until_empty(message.phone_number_id)
    assert call_to_meta.call_count == 0


def test_a_bakery_that_switched_off_may_still_cancel(ana):
    message = MessageFactory(tenant=ana.tenant)
    type(ana.tenant).objects.update(whatsapp_enabled=False)
    assert cancel(ana.api, message).status_code == 200


def test_a_message_lost_for_ten_minutes_is_sent_again(ana, meta):
    message = unconfirmed(ana.tenant)
    answer = resend(ana.api, message)
    assert answer.status_code == 200
    assert answer.json()["status"] == "queued"
    call_to_meta = meta.accepts(message)
    sending.send_until_empty(message.phone_number_id)
    assert call_to_meta.call_count == 1


def test_a_message_lost_just_now_says_from_when_it_can_be_sent_again(ana):
    message = unconfirmed(ana.tenant, ago=timedelta(minutes=9))
    answer = resend(ana.api, message)
    assert refusal(answer) == (409, "not_resendable")
    possible_at = message.unconfirmed_at + timedelta(minutes=10)
    after = f"{possible_at:%Y-%m-%dT%H:%M:%SZ}"
    error = answer.json()["error"]
    assert error["fields"] == {"status": "unconfirmed", "resendable_after": after}
    assert after in error["message"]
    assert Message.objects.get().status == MessageStatus.UNCONFIRMED


@pytest.mark.parametrize("status", sorted(set(MessageStatus) - {MessageStatus.UNCONFIRMED}))
def test_only_what_nobody_knows_the_fate_of_is_sent_again(ana, status):
    message = message_in(status, tenant=ana.tenant)
    answer = resend(ana.api, message)
    assert refusal(answer) == (409, "not_resendable")
    assert answer.json()["error"]["fields"] == {"status": status.value}


def test_a_message_is_sent_again_only_once_however_often_it_is_asked(ana):
    message = unconfirmed(ana.tenant)
    codes = [resend(ana.api, message).status_code for _ in range(3)]
    assert codes == [200, 409, 409]


def test_nothing_is_sent_again_while_whatsapp_is_off(ana, settings):
    message = unconfirmed(ana.tenant)
    type(ana.tenant).objects.update(whatsapp_enabled=False)
    assert refusal(resend(ana.api, message)) == (409, "whatsapp_disabled")
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert refusal(resend(ana.api, message)) == (503, "sending_disabled")
    message.refresh_from_db()
    assert message.status == MessageStatus.UNCONFIRMED
