"""Our answer to an opt-out: once, in the person's language, while the window and the line are open."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.db import connection
from django.utils import timezone

from messaging.models import InboundMessage, Suppression, WebhookDelivery
from messaging.services import accounts, answering, replaying, suppressions
from messaging.services.people import Person
from messaging.services.service_window import window_open_until
from tests.factories import AssignmentFactory, DefaultNumberFactory, MessageFactory
from tests.messaging.conftest import T0, inbound, receive, status_webhook, verdicts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NOW = datetime.fromtimestamp(T0 + 5, UTC)
JUAN = Person("+34600000101")


@pytest.fixture(autouse=True)
def _soon_after():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def number():
    return AssignmentFactory(tenant__name="Panadería Goiko").phone_number


def accepts(meta, number, *, wamid="wamid.OUT1"):
    return meta.mock.post(
        meta.send_url(number.phone_number_id),
        json={"messaging_product": "whatsapp", "messages": [{"id": wamid}]},
    )


def refuses(meta, number, *, code, status=400):
    error = {"message": "no", "type": "OAuthException", "code": code}
    return meta.mock.post(
        meta.send_url(number.phone_number_id), status=status, json={"error": error}
    )


def sent(call):
    return json.loads(call.calls[-1].request.body)


def later(**by):
    return time_machine.travel(NOW + timedelta(**by), tick=False)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (
            "baja",
            "Has dado de baja los avisos de Panadería Goiko. Escribe ALTA para volver a recibirlos.",
        ),
        (
            "Stop!",
            "You will get no more notices from Panadería Goiko. Write START to get them again.",
        ),
    ],
)
def test_the_word_is_answered_in_its_language_in_the_name_of_the_bakery(meta, number, word, text):
    call = accepts(meta, number)
    receive(inbound(number, word))
    assert answering.answer_waiting() == 1
    body = sent(call)
    assert (body["type"], body["text"]["body"], body["to"]) == ("text", text, "+34600000101")
    reply = InboundMessage.objects.get()
    assert (reply.answer_wamid, reply.answer_due_at) == ("wamid.OUT1", None)
    assert body["biz_opaque_callback_data"] == f"answer:{reply.pk}"


def test_alta_is_answered_likewise(meta, number):
    call = accepts(meta, number)
    receive(
        inbound(number, "baja", wamid="wamid.1", at=T0),
        inbound(number, "Alta", wamid="wamid.2", at=T0 + 2),
    )
    assert answering.answer_waiting() == 2
    assert sent(call)["text"]["body"] == (
        "Volverás a recibir los avisos de Panadería Goiko. Escribe BAJA para dejar de recibirlos."
    )


def test_somebody_without_a_number_is_answered_by_user_id(meta, number):
    call = accepts(meta, number)
    receive(inbound(number, "baja", sender=None, user_id="ES.42"))
    answering.answer_waiting()
    assert sent(call)["recipient"] == "ES.42"
    assert "to" not in sent(call)


def test_the_answer_goes_to_the_number_as_the_bakery_writes_it(meta):
    message = MessageFactory(accepted=True, recipient_phone="+525512345678")
    call = accepts(meta, message.phone_number)
    receive(inbound(message.phone_number, "baja", sender="5215512345678"))
    answering.answer_waiting()
    assert sent(call)["to"] == "+525512345678"


def test_nothing_else_is_answered(meta, number):
    receive(
        inbound(number, "Recibido", wamid="wamid.1"),
        inbound(number, "alta", wamid="wamid.2"),
    )
    assert answering.answer_waiting() == 0


def test_the_same_wish_is_answered_once_so_that_two_machines_do_not_talk_for_ever(meta, number):
    call = accepts(meta, number)
    for place in range(3):
        receive(inbound(number, "baja", wamid=f"wamid.{place}", at=T0 + place))
        answering.answer_waiting()
    assert call.call_count == 1


def test_a_delivery_applied_again_is_not_answered_again(meta, number):
    call = accepts(meta, number)
    receive(inbound(number, "baja"))
    answering.answer_waiting()
    receive(inbound(number, "baja"))
    replaying.replay_now(list(WebhookDelivery.objects.values_list("pk", flat=True)))
    assert answering.answer_waiting() == 0
    assert call.call_count == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_answer(meta, number):
    call = accepts(meta, number)
    receive(inbound(number, "baja"))
    start = threading.Barrier(4)

    def work():
        start.wait(10)
        answering.answer_waiting()
        connection.close()

    workers = [threading.Thread(target=work) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert call.call_count == 1


def test_where_meta_does_not_answer_nothing_is_sent_again(meta, number):
    call = meta.mock.post(
        meta.send_url(number.phone_number_id), body=requests.ReadTimeout("silence")
    )
    receive(inbound(number, "baja"))
    answering.answer_waiting()
    with later(hours=2):
        answering.wake_for_waiting()
        assert answering.answer_waiting() == 0
    reply = InboundMessage.objects.get()
    assert (reply.answer_wamid, reply.answer_due_at) == ("", None)
    assert reply.answer_claimed_at is not None
    assert call.call_count == 1


def test_what_meta_could_not_take_is_tried_again_after_a_pause(meta, number):
    refuses(meta, number, code=131000, status=500)
    receive(inbound(number, "baja"))
    assert answering.answer_waiting() == 1
    assert answering.answer_waiting() == 0
    accepts(meta, number)
    with later(minutes=2):
        assert answering.answer_waiting() == 1
    assert InboundMessage.objects.get().answer_wamid == "wamid.OUT1"


def test_a_refusal_for_good_is_kept_with_its_code(meta, number):
    refuses(meta, number, code=131047)
    receive(inbound(number, "baja"))
    answering.answer_waiting()
    reply = InboundMessage.objects.get()
    assert (reply.answer_error_code, reply.answer_due_at) == (131047, None)


def test_a_refused_token_stops_the_line_and_the_answer_waits(meta, number):
    refuses(meta, number, code=190, status=401)
    receive(inbound(number, "baja"))
    assert answering.answer_waiting() == 1
    number.account.refresh_from_db()
    assert number.account.sending_stopped_code == 190
    assert answering.answer_waiting() == 0
    accepts(meta, number)
    accounts.resume_sending(number.account)
    assert answering.answer_waiting() == 1


def test_a_paused_line_keeps_the_answer_until_it_opens_or_is_too_late(meta, number):
    accounts.pause_sending(number.account)
    receive(inbound(number, "baja"))
    assert answering.answer_waiting() == 0
    with later(hours=24):
        answering.wake_for_waiting()
        accounts.resume_sending(number.account)
        assert answering.answer_waiting() == 0
    assert InboundMessage.objects.get().answer_due_at is None


def test_the_global_switch_silences_answers_too(meta, number, settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    receive(inbound(number, "baja"))
    assert answering.answer_waiting() == 0


def test_a_word_older_than_the_window_is_not_answered(meta, number):
    receive(inbound(number, "baja", at=T0 - 25 * 3600))
    assert answering.answer_waiting() == 0
    assert Suppression.objects.open().exists()


def test_no_untrue_promise_is_made_while_staff_keep_somebody_out(meta, number):
    call = accepts(meta, number)
    tenant = number.assignments.get().tenant
    suppressions.stop(
        suppressions.Request(JUAN, tenant.pk, "all", "staff", timezone.now(), by="paula")
    )
    receive(inbound(number, "baja", wamid="wamid.1", at=T0))
    receive(inbound(number, "alta", wamid="wamid.2", at=T0 + 2))
    answering.answer_waiting()
    assert call.call_count == 1


def test_a_status_of_an_answer_is_known_as_such(meta, number):
    accepts(meta, number)
    receive(inbound(number, "baja"))
    answering.answer_waiting()
    reply = InboundMessage.objects.get()
    message = MessageFactory(accepted=True, phone_number=number)
    receive(
        status_webhook(
            message, "delivered", wamid="wamid.OUT1", callback=False,
            biz_opaque_callback_data=f"answer:{reply.pk}",
        )
    )  # fmt: skip
    delivery = WebhookDelivery.objects.latest("id")
    assert delivery.verdicts[0]["why"] == "It is about our answer to an opt-out."
    assert verdicts()[-1] == ("delivered", "ignored")


# --- The window --------------------------------------------------------------------------------------


def test_a_message_opens_the_window_for_24_hours_from_metas_time_for_that_number_only(number):
    receive(inbound(number, "Hola", at=T0 - 3600))
    opened = datetime.fromtimestamp(T0 - 3600, UTC)
    assert window_open_until(number, JUAN) == opened + timedelta(hours=24)
    assert window_open_until(DefaultNumberFactory(), JUAN) is None
    assert window_open_until(number, Person("+34600000102")) is None
    with time_machine.travel(opened + timedelta(hours=24), tick=False):
        assert window_open_until(number, JUAN) is None


@pytest.mark.parametrize("kind", ["reaction", "system", "edit", "revoke"])
def test_what_is_no_message_opens_no_window(number, kind):
    content: dict[str, Any] = {"type": kind, kind: {}}
    receive(inbound(number, **content))
    assert window_open_until(number, JUAN) is None


def test_the_window_of_somebody_without_a_number_is_found_by_user_id(number):
    receive(inbound(number, "Hola", sender=None, user_id="ES.42"))
    assert window_open_until(number, Person("", "ES.42")) is not None
    assert window_open_until(number, Person()) is None


def test_a_clock_ahead_of_ours_opens_no_longer_window(number):
    receive(inbound(number, "Hola", at=T0 + 3600))
    assert window_open_until(number, JUAN) == NOW + timedelta(hours=24)
