from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import queues
from messaging.models import Alert, AlertKind, Message, MessageTemplate, WaitsFor
from messaging.services import holding, receiving, sending, sweeping, template_alerts
from messaging.statuses import MessageStatus
from tests.factories import DefaultNumberFactory, MessageFactory, TemplateFactory, message_in
from tests.messaging.conftest import failure, status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def send(message):
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    return message


def apply(*webhooks):
    for webhook in webhooks:
        receiving.store_delivery(json.dumps(webhook).encode())
    receiving.apply_waiting()


def alert(kind):
    return Alert.objects.open().get(kind=kind)


@pytest.mark.parametrize("status", ["PAUSED", "DISABLED", "PENDING", "A_NEW_WORD"])
def test_a_message_waits_untried_while_its_template_may_not_be_sent(meta, status):
    message = MessageFactory(template__status=status)
    other = MessageFactory(template=TemplateFactory(name="other"))
    meta.accepts(other)
    send(message)
    assert (message.status, message.waits_for) == (MessageStatus.QUEUED, WaitsFor.TEMPLATE)
    assert message.attempts == 0
    assert message.send_after > timezone.now()
    other.refresh_from_db()
    assert other.status == MessageStatus.ACCEPTED
    assert alert(AlertKind.TEMPLATE_STOPPED).subject == "po_notification (es)"


def test_what_waited_goes_out_once_the_template_is_approved_again(meta):
    message = MessageFactory(template__status="PAUSED")
    send(message)
    MessageTemplate.objects.update(status="APPROVED")
    Alert.objects.update(opened_at=timezone.now() - timedelta(hours=1))
    assert holding.let_approved_templates_go(message.phone_number.account) == 1
    template_alerts.follow_all(MessageTemplate.objects.all(), rated={})
    meta.accepts(message)
    assert send(message).status == MessageStatus.ACCEPTED
    assert not Alert.objects.open().exists()


def test_metas_refusal_of_a_paused_template_keeps_its_messages_waiting(meta, broker):
    first, second = MessageFactory(), MessageFactory(recipient_phone="+34600000102")
    call = meta.refuses(first, code=132015)
    send(first)
    tried = call.call_count
    send(second)
    assert call.call_count == tried
    assert {first.status, second.status} == {MessageStatus.QUEUED}
    assert first.waits_for == WaitsFor.TEMPLATE
    assert MessageTemplate.objects.get().status == "PAUSED"
    stopped = alert(AlertKind.TEMPLATE_STOPPED)
    assert (stopped.subject, stopped.code) == ("po_notification (es)", 132015)


def test_a_held_message_that_meta_drops_has_failed_and_its_template_is_looked_at(
    meta, broker, django_capture_on_commit_callbacks
):
    message = MessageFactory()
    meta.accepts(message, message_status="held_for_quality_assessment")
    assert send(message).status == MessageStatus.HELD
    assert alert(AlertKind.MESSAGES_HELD).subject == message.phone_number.account.waba_id
    with django_capture_on_commit_callbacks(execute=True):
        apply(*[status_webhook(message, "failed", **failure(132015))] * 2)
    message.refresh_from_db()
    assert (message.status, message.error_code) == (MessageStatus.FAILED, 132015)
    assert alert(AlertKind.TEMPLATE_STOPPED).code == 132015
    assert broker.exists(f"wake:{queues.SYNC_FROM_META}")


def test_another_failure_says_nothing_about_the_template(meta):
    message = MessageFactory(accepted=True)
    apply(status_webhook(message, "failed", **failure(131026)))
    assert not Alert.objects.exists()


def test_an_alert_of_a_moment_ago_is_kept_while_meta_still_says_approved():
    message = MessageFactory(accepted=True)
    apply(status_webhook(message, "failed", **failure(132015)))
    template_alerts.follow_all(MessageTemplate.objects.all(), rated={})
    assert Alert.objects.open().exists()


def test_the_alert_about_held_messages_closes_when_none_is_held(meta, broker):
    message = MessageFactory()
    meta.accepts(message, message_status="held_for_quality_assessment")
    send(message)
    holding.close_alert_of_held()
    assert Alert.objects.open().exists()
    apply(status_webhook(message, "delivered"))
    broker.delete(f"once:{AlertKind.MESSAGES_HELD}")
    holding.close_alert_of_held()
    assert not Alert.objects.open().exists()


LONG_AGO = timedelta(minutes=11)


def about_unconfirmed():
    return Alert.objects.filter(kind=AlertKind.MESSAGE_UNCONFIRMED)


def test_messages_unconfirmed_for_ten_minutes_open_one_alert():
    DefaultNumberFactory()
    message_in(MessageStatus.UNCONFIRMED)
    sweeping.sweep()
    assert not about_unconfirmed().exists()
    for _ in range(2):
        message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=timezone.now() - LONG_AGO)
        sweeping.sweep()
    assert alert(AlertKind.MESSAGE_UNCONFIRMED).subject == "unconfirmed"
    assert about_unconfirmed().count() == 1


def test_the_alert_closes_when_a_webhook_settles_the_last_one():
    message = message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=timezone.now() - LONG_AGO)
    sweeping.sweep()
    apply(status_webhook(message, "delivered"))
    sweeping.sweep()
    assert not about_unconfirmed().open().exists()


def test_a_message_that_was_left_keeps_its_state_and_is_not_alerted_again():
    message = message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=timezone.now() - LONG_AGO)
    waiting = MessageFactory(send_after=timezone.now() + timedelta(hours=1))
    sweeping.sweep()
    assert holding.leave(Message.objects.all()) == 1
    assert holding.leave(Message.objects.all()) == 0
    sweeping.sweep()
    message.refresh_from_db()
    waiting.refresh_from_db()
    assert message.status == MessageStatus.UNCONFIRMED
    assert waiting.acknowledged_at is None
    assert not about_unconfirmed().open().exists()


def test_a_left_message_that_is_sent_again_counts_anew(meta):
    message = message_in(MessageStatus.UNCONFIRMED, acknowledged_at=timezone.now())
    sending.requeue(Message.objects.all())
    meta.answers(message, status=502, body="<html>")
    assert send(message).status == MessageStatus.UNCONFIRMED
    assert message.acknowledged_at is None
