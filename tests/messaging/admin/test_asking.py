"""The button on a message's page that asks Meta what became of it."""

from __future__ import annotations

import re

import pytest
import requests
from django.contrib.auth.models import Permission
from django.test import Client

from messaging.statuses import MessageStatus
from tenants.models import User
from tests.factories import MembershipFactory, MessageFactory
from tests.messaging.conftest import GRAPH
from tests.meta import stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

HISTORY = re.compile(rf"{GRAPH}/\d+/message_history")


@pytest.fixture
def message():
    return MessageFactory(accepted=True, wamid="wamid.HBgLEXAMPLE0001")


def address(message):
    return f"/admin/messaging/message/{message.pk}/ask-meta/"


def test_the_answer_is_told_in_words_and_what_was_lost_is_here(paula, message, meta):
    meta.mock.get(HISTORY, json=stored("message_history"))
    assert "Ask Meta what became of it" in (
        paula.get(f"/admin/messaging/message/{message.pk}/change/").text
    )
    page = paula.post(address(message), follow=True).text
    assert "Meta knows: sent" in page
    assert "Meta tried to call bakery.example and got: HTTP 502 from the endpoint." in page
    assert "What the webhook had not brought" in page
    assert "secret" not in page
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert "All of it was here already." in paula.post(address(message), follow=True).text


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (422, {"error": {"code": 100}}, "Meta knows no message with this id"),
        (403, {"error": {"code": 200}}, "Meta does not tell:"),
        (200, {"data": []}, "nothing to report of it yet"),
        (
            200,
            {
                "data": [
                    {
                        "events": {
                            "data": [
                                {
                                    "delivery_status": "SENT",
                                    "timestamp": 1795341598,
                                    "webhook_update_state": "PENDING",
                                }
                            ]
                        }
                    }
                ]
            },
            "Meta has not yet called your URL about it.",
        ),
    ],
)
def test_whatever_meta_says_is_told(paula, message, meta, status, answer, words):
    meta.mock.get(HISTORY, json=answer, status=status)
    assert words in paula.post(address(message), follow=True).text


def healthy(meta, node, *, can_send="AVAILABLE", **entity):
    row = {"entity_type": "PHONE_NUMBER", "id": node, "can_send_message": can_send, **entity}
    status = {"can_send_message": can_send, "entities": [row]}
    return meta.mock.get(f"{GRAPH}/{node}", json={"id": node, "health_status": status})


def test_it_also_asks_how_number_and_template_are(paula, message, meta):
    type(message.template).objects.update(meta_template_id="777")
    meta.mock.get(HISTORY, json={"data": []})
    healthy(meta, message.phone_number.phone_number_id)
    problem = {"error_description": "Template is paused.", "possible_solution": "Edit it."}
    healthy(meta, "777", can_send="BLOCKED", errors=[problem])
    page = paula.post(address(message), follow=True).text
    assert "Meta calls the number healthy." in page
    assert "Meta says of the template: BLOCKED. Template is paused. Edit it." in page


def test_while_meta_is_down_it_says_so_once_and_asks_no_further(paula, message, meta):
    meta.mock.get(HISTORY, body=requests.ConnectionError("down"))
    page = paula.post(address(message), follow=True)
    assert page.status_code == 200
    assert page.text.count("Meta does not tell") == 1
    assert len(meta.mock.calls) == 1


def test_support_may_ask(sonia, message, meta):
    meta.mock.get(HISTORY, json={"data": []})
    assert "nothing to report of it yet" in sonia.post(address(message), follow=True).text


def test_a_message_without_an_id_has_no_button_and_says_why(paula, meta):
    waiting = MessageFactory()
    page = paula.get(f"/admin/messaging/message/{waiting.pk}/change/").text
    assert "Ask Meta what became of it" not in page
    assert "there is nothing to ask about" in paula.post(address(waiting), follow=True).text


def test_only_who_may_change_messages_asks_and_only_by_post(paula, message, meta):
    person = User.objects.create(username="trainee", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename="view_message"))
    trainee, owner = Client(), Client()
    trainee.force_login(person)
    owner.force_login(MembershipFactory().user)
    assert trainee.post(address(message)).status_code == 403
    assert owner.post(address(message)).status_code == 302
    assert Client().post(address(message)).status_code == 302
    assert paula.get(address(message)).status_code == 405
    assert len(meta.mock.calls) == 0
