from __future__ import annotations

import json
import threading
from datetime import time, timedelta

import pytest
import requests
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from messaging.graph_api.catalogue import WRONG_PROOF
from messaging.models import (
    Alert,
    AlertKind,
    EventKind,
    Message,
    Priority,
    SendAttempt,
    WaitsFor,
)
from messaging.services import accounts, receiving, sending
from messaging.services.explaining import explain_code
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    MessageFactory,
    PhoneNumberFactory,
    TenantFactory,
    message_in,
)
from tests.messaging.conftest import status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def send(message):
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    return message


def kinds(message):
    return [event.kind for event in message.events.in_order()]


def test_an_accepted_message_carries_metas_id_and_our_own(meta):
    message = MessageFactory()
    call = meta.accepts(message, wamid="wamid.A1")
    send(message)
    assert (message.status, message.wamid) == (MessageStatus.ACCEPTED, "wamid.A1")
    assert message.accepted_at is not None
    body = call.calls[0].request.body
    assert f'"biz_opaque_callback_data": "{message.pk}"'.encode() in body
    assert b'"to": "+34600000101"' in body


def test_a_message_is_sent_once_however_often_the_task_runs(meta):
    message = MessageFactory()
    call = meta.accepts(message)
    send(message)
    send(message)
    assert call.call_count == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(meta):
    messages = MessageFactory.create_batch(20)
    lock, sent = threading.Lock(), []

    def answer(request):
        with lock:
            sent.append(request.body)
            number = len(sent)
        return 200, {}, f'{{"messages": [{{"id": "wamid.{number}"}}]}}'

    meta.mock.add_callback(
        "POST", meta.send_url(messages[0].phone_number.phone_number_id), callback=answer
    )

    def work():
        try:
            sending.send_until_empty(messages[0].phone_number_id)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(sent) == 20
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.ACCEPTED}


def test_each_attempt_and_each_success_leaves_the_guides_log_line(meta, log_lines):
    written = log_lines()
    message = MessageFactory()
    meta.accepts(message, wamid="wamid.A1")
    send(message)
    lines = written()
    number = message.phone_number.phone_number_id
    assert any(
        line.startswith(
            f"[INFO] Using shared WhatsApp account tenant_id={message.tenant_id} phone_number_id={number}"
        )
        for line in lines
    )
    assert any(
        line.startswith(
            f"[INFO] WhatsApp template message sent successfully message_id={message.pk} whatsapp_message_id=wamid.A1"
        )
        for line in lines
    )


def test_a_message_held_by_meta_says_so(meta):
    message = MessageFactory()
    meta.accepts(message, message_status="held_for_quality_assessment")
    assert send(message).status == MessageStatus.HELD
    assert SendAttempt.objects.get().outcome == "held"


def test_an_attempt_keeps_where_it_went_and_what_meta_answered(meta):
    message = MessageFactory()
    meta.accepts(message)
    send(message)
    attempt = SendAttempt.objects.get()
    assert attempt.path == f"/v26.0/{message.phone_number.phone_number_id}/messages"
    assert (attempt.http_status, attempt.failure) == (200, "")
    assert json.loads(attempt.response) == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "…101", "wa_id": "…101"}],
        "messages": [{"id": "wamid.A1", "message_status": "accepted"}],
    }


def test_a_refused_attempt_keeps_metas_error(meta):
    message = MessageFactory()
    meta.refuses(message, code=131009)
    send(message)
    attempt = SendAttempt.objects.get()
    assert (attempt.http_status, attempt.failure) == (400, "")
    assert json.loads(attempt.response)["error"]["message"] == "(#131009) Something"


@pytest.mark.parametrize(
    ("answer", "failure", "response"),
    [
        ({"status": 502, "body": "<p>Bad gateway</p>"}, "not_meta", "<p>Bad gateway</p>"),
        ({"status": 200, "body": "{}"}, "not_meta", "{}"),
        ({"body": requests.ReadTimeout("nothing came")}, "timeout", ""),
        ({"body": requests.ConnectTimeout("no one there")}, "connect_timeout", ""),
    ],
)
def test_an_attempt_without_an_answer_says_why(meta, answer, failure, response):
    message = MessageFactory()
    meta.answers(message, **answer)
    send(message)
    attempt = SendAttempt.objects.get()
    assert (attempt.failure, attempt.response) == (failure, response)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 502, "body": "<html><body>Bad gateway</body></html>"},
        {"status": 200, "body": '{"messaging_product": "whatsapp", "mess'},
        {"status": 200, "body": ""},
        {"status": 500, "body": ""},
        {"status": 200, "body": "{}"},
        {"body": requests.ReadTimeout("nothing came")},
    ],
    ids=["html", "half", "nothing", "empty 500", "no id", "timeout"],
)
def test_no_answer_is_no_failure_and_is_never_resent_blindly(meta, answer):
    message = MessageFactory()
    call = meta.answers(message, **answer)
    send(message)
    send(message)
    assert message.status == MessageStatus.UNCONFIRMED
    assert call.call_count == 1
    assert SendAttempt.objects.get().outcome == "unknown_outcome"
    assert kinds(message) == [EventKind.UNCONFIRMED]


@pytest.mark.parametrize("code", [131009, 132001, 132012, 131021, 999_999_999])
def test_an_understood_refusal_fails_the_message_with_its_code(meta, code):
    message = MessageFactory()
    meta.refuses(message, code=code)
    send(message)
    assert (message.status, message.error_code) == (MessageStatus.FAILED, code)
    assert message.failed_at is not None
    assert message.fbtrace_id == "AbCdEfGhIjK1234"


@pytest.mark.parametrize(("code", "status"), [(131000, 500), (131016, 500), (2, 503)])
def test_a_passing_trouble_of_metas_is_tried_again_later(meta, code, status):
    message = MessageFactory()
    meta.refuses(message, code=code, status=status)
    send(message)
    assert message.status == MessageStatus.QUEUED
    assert message.send_after > timezone.now()
    assert kinds(message) == [EventKind.RETRY]


@pytest.mark.parametrize(("code", "status"), [(130429, 400), (131056, 400), (4, 429), (80007, 400)])
def test_too_fast_waits_and_does_not_fail(meta, code, status):
    message = MessageFactory()
    meta.refuses(message, code=code, status=status)
    send(message)
    assert message.status == MessageStatus.QUEUED
    assert message.send_after > timezone.now()


def test_a_broken_token_stops_the_line_once_and_loses_nothing(meta, caplog):
    first, second = MessageFactory.create_batch(2)
    call = meta.refuses(first, code=190, status=401, subcode=463)
    send(first)
    tried = call.call_count
    send(second)
    account = first.phone_number.account
    account.refresh_from_db()
    assert account.sending_stopped_code == 190
    assert call.call_count == tried
    assert {send(first).status, send(second).status} == {MessageStatus.QUEUED}
    assert sum("WhatsApp sending stopped" in record.getMessage() for record in caplog.records) == 1


def test_after_the_token_is_mended_everything_that_waited_goes_out(
    meta, django_capture_on_commit_callbacks
):
    message = MessageFactory()
    meta.refuses(message, code=190, status=401)
    send(message)
    meta.mock.reset()
    meta.accepts(message)
    account = message.phone_number.account
    account.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        accounts.resume_sending(account)
    assert send(message).status == MessageStatus.ACCEPTED


WRONG_SECRET = json.dumps(
    {
        "error": {
            "message": "Invalid appsecret_proof provided in the API argument",
            "type": "GraphMethodException",
            "code": 100,
        }
    }
)


def test_a_wrong_app_secret_stops_the_line_once_and_loses_nothing(
    meta, django_capture_on_commit_callbacks
):
    first, second = MessageFactory.create_batch(2)
    call = meta.answers(first, status=400, body=WRONG_SECRET)
    send(first)
    tried = call.call_count
    send(second)
    assert call.call_count == tried
    assert {send(first).status, send(second).status} == {MessageStatus.QUEUED}
    alert = Alert.objects.open().get(kind=AlertKind.ACCOUNT_STOPPED)
    assert "app secret" in explain_code(alert.code, "en").title
    meta.mock.reset()
    meta.accepts(first)
    account = first.phone_number.account
    account.refresh_from_db()
    account.app_secrets = "the-right-one"
    account.save()
    with django_capture_on_commit_callbacks(execute=True):
        assert accounts.lift_secret_stop(account)
    assert send(first).status == MessageStatus.ACCEPTED
    assert not Alert.objects.open().exists()


def test_a_refusal_of_a_secret_that_was_replaced_meanwhile_stops_nothing(db, broker):
    as_used = AccountFactory.create(app_secrets="the-old-one")
    WhatsAppBusinessAccount.objects.update(app_secrets="the-new-one")
    assert not accounts.stop_sending(as_used, code=WRONG_PROOF)
    as_used.refresh_from_db()
    assert as_used.sending_stopped_at is None


def test_another_secret_mends_no_dead_token(db, broker):
    account = AccountFactory.create()
    accounts.stop_sending(account, code=190)
    account.refresh_from_db()
    assert not accounts.lift_secret_stop(account)
    account.refresh_from_db()
    assert account.sending_stopped_code == 190


def test_nothing_is_sent_while_an_admin_has_paused(meta):
    message = MessageFactory()
    accounts.pause_sending(message.phone_number.account)
    assert send(message).status == MessageStatus.QUEUED
    assert len(meta.mock.calls) == 0


def test_nothing_is_sent_while_the_environment_switches_whatsapp_off(meta, settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    message = MessageFactory()
    assert send(message).status == MessageStatus.QUEUED
    assert len(meta.mock.calls) == 0


@pytest.mark.django_db(transaction=True)
def test_a_status_that_overtook_the_answer_is_not_taken_back(meta):
    message = MessageFactory()

    def answer(request):
        receiving.store_delivery(json.dumps(status_webhook(message, "delivered")).encode())
        receiving.apply_waiting()
        connection.close()
        return 200, {}, '{"messages": [{"id": "wamid.A1"}]}'

    number = message.phone_number.phone_number_id
    meta.mock.add_callback("POST", meta.send_url(number), callback=answer)
    send(message)
    assert (message.status, message.wamid) == (MessageStatus.DELIVERED, "wamid.A1")
    assert message.accepted_at is not None


def test_what_a_lost_worker_claimed_becomes_unconfirmed_and_a_webhook_settles_it():
    message = message_in(MessageStatus.SENDING)
    Message.objects.filter(pk=message.pk).update(claimed_at=timezone.now() - timedelta(minutes=5))
    assert sending.settle_lost_claims() == 1
    message.refresh_from_db()
    assert message.status == MessageStatus.UNCONFIRMED
    receiving.store_delivery(json.dumps(status_webhook(message, "delivered")).encode())
    receiving.apply_waiting()
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED


def test_a_message_past_its_time_expires_instead_of_being_sent(meta):
    message = MessageFactory(expires_at=timezone.now() - timedelta(seconds=1))
    send(message)
    assert sending.expire_overdue() == 1
    message.refresh_from_db()
    assert message.status == MessageStatus.EXPIRED
    assert len(meta.mock.calls) == 0


def test_only_a_waiting_message_can_be_cancelled():
    waiting, sent = MessageFactory(), message_in(MessageStatus.SENT)
    assert sending.cancel(Message.objects.all()) == 1
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.status, sent.status) == (MessageStatus.CANCELLED, MessageStatus.SENT)


def test_an_unconfirmed_message_is_sent_again_at_the_admins_word_only(meta):
    message = message_in(MessageStatus.UNCONFIRMED)
    meta.accepts(message)
    assert send(message).status == MessageStatus.UNCONFIRMED
    assert sending.requeue(Message.objects.filter(pk=message.pk)) == 1
    assert send(message).status == MessageStatus.ACCEPTED


def test_an_error_of_one_number_stops_that_number_only(meta):
    message, other = MessageFactory(), MessageFactory(phone_number=PhoneNumberFactory())
    meta.refuses(message, code=133010)
    meta.accepts(other)
    assert send(message).status == MessageStatus.QUEUED
    assert send(other).status == MessageStatus.ACCEPTED
    number = PhoneNumber.objects.get(pk=message.phone_number_id)
    assert number.sending_stopped_code == 133010
    assert Alert.objects.open().get().kind == AlertKind.NUMBER_STOPPED


def test_a_number_that_works_again_opens_its_line_and_closes_the_alert(meta):
    message = MessageFactory()
    accounts.stop_number(message.phone_number, code=133010)
    long_ago = timezone.now() - timedelta(hours=1)
    PhoneNumber.objects.filter(pk=message.phone_number_id).update(sending_stopped_at=long_ago)
    meta.accepts(message)
    assert send(message).status == MessageStatus.ACCEPTED
    assert PhoneNumber.objects.get(pk=message.phone_number_id).sending_stopped_at is None
    assert not Alert.objects.open().exists()


def test_a_token_that_breaks_in_the_middle_of_a_batch_hands_the_rest_back_untried(meta, settings):
    settings.WHATSAPP_MPS_SHARE = 20.0
    messages = MessageFactory.create_batch(8)
    call = meta.refuses(messages[0], code=190, status=401)
    sending.send_until_empty(messages[0].phone_number_id)
    assert 1 <= call.call_count < 8
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.QUEUED}
    assert Message.objects.filter(attempts=0).count() == 8 - call.call_count
    assert Alert.objects.open().count() == 1


def test_a_fault_of_ours_loses_no_message(meta):
    message = MessageFactory(components="nonsense that no payload takes")
    meta.answers(message, body=RuntimeError("a fault of ours"))
    assert send(message).status == MessageStatus.UNCONFIRMED


def test_a_caller_who_wants_it_gets_an_unconfirmed_message_sent_again_once(meta):
    long_ago = timezone.now() - timedelta(minutes=11)
    wanted = message_in(MessageStatus.UNCONFIRMED, if_unconfirmed="resend", unconfirmed_at=long_ago)
    too_soon = message_in(MessageStatus.UNCONFIRMED, if_unconfirmed="resend")
    left = message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=long_ago)
    assert sending.resend_unconfirmed() == 1
    meta.answers(wanted, status=502, body="<html>")
    assert send(wanted).status == MessageStatus.UNCONFIRMED
    Message.objects.filter(pk=wanted.pk).update(unconfirmed_at=long_ago)
    assert sending.resend_unconfirmed() == 0
    for message in (too_soon, left):
        message.refresh_from_db()
        assert message.status == MessageStatus.UNCONFIRMED


@time_machine.travel("2026-11-24T23:30:00+01:00", tick=False)
def test_a_retry_does_not_go_out_in_quiet_hours_but_an_urgent_message_does(meta):
    asleep = TenantFactory(quiet_from=time(22), quiet_until=time(7))
    now = timezone.now()
    times = {"send_after": now, "expires_at": now + timedelta(hours=20)}
    retry = MessageFactory(tenant=asleep, attempts=1, **times)
    urgent = MessageFactory(tenant=asleep, priority=Priority.URGENT, **times)
    meta.accepts(urgent)
    send(urgent)
    retry.refresh_from_db()
    assert urgent.status == MessageStatus.ACCEPTED
    assert (retry.status, retry.waits_for) == (MessageStatus.QUEUED, WaitsFor.QUIET_HOURS)
    assert retry.attempts == 1
    assert timezone.localtime(retry.send_after).hour == 7


def test_when_the_database_breaks_after_the_claim_nothing_counts_as_tried(meta):
    message = MessageFactory()
    breaks = iter([OperationalError("the server closed the connection")])

    def broken_once(execute, sql, params, many, context):
        if "quiet_from" in sql:
            for error in breaks:
                raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(broken_once):
        send(message)
    assert next(breaks, None) is None
    assert (message.status, message.attempts) == (MessageStatus.QUEUED, 0)
    meta.accepts(message)
    assert send(message).status == MessageStatus.ACCEPTED
