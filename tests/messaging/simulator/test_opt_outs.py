"""Opt-outs tried on the phone screen: what the person does there, and what Meta makes of it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from messaging.simulator import account, chats

JUAN = "34600000101"


@pytest.fixture
def chat(graph, deliver) -> chats.Chat:
    graph.send()
    deliver()
    return chats.listed()[0]


def does(client, chat, habit):
    return client.post(reverse("simulator:habit", args=[chat.chat_id]), {"habit": habit})


def text_to(**address):
    return {
        "messaging_product": "whatsapp", "type": "text", "text": {"body": "Has dado de baja los avisos."},
        **address,
    }  # fmt: skip


def test_stopping_and_resuming_marketing_is_told_by_webhook(chat, client, endpoint, deliver):
    for habit in ("stop", "resume"):
        does(client, chat, habit)
        deliver()
        (preference,) = endpoint.values[-1]["user_preferences"]
        assert (preference["value"], preference["wa_id"]) == (habit, JUAN)
        assert isinstance(preference["timestamp"], int)
    assert endpoint.well_signed[-1]


def test_marketing_to_somebody_who_stopped_it_fails_with_131050(
    chat, graph, client, endpoint, deliver
):
    does(client, chat, "stop")
    template = next(one for one in account.templates() if one["name"] == "po_notification")
    account.change_template(template["id"], category="MARKETING")
    graph.send()
    deliver()
    assert endpoint.statuses[-1] == "failed"
    assert endpoint.values[-1]["statuses"][0]["errors"][0]["code"] == 131050


def test_orders_to_somebody_who_stopped_marketing_go(chat, graph, client, endpoint, deliver):
    does(client, chat, "stop")
    graph.send()
    deliver()
    assert endpoint.statuses[-1] == "delivered"


def test_somebody_who_hides_the_number_writes_with_the_user_id_alone(
    chat, client, endpoint, deliver
):
    does(client, chat, "hide")
    client.post(reverse("simulator:reply", args=[chat.chat_id]), {"text": "BAJA"})
    deliver()
    value = endpoint.values[-1]
    assert "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == chats.user_id_of(JUAN)
    assert "wa_id" not in value["contacts"][0]


def test_free_text_reaches_the_chat_within_24_hours_by_number_and_by_user_id(chat, graph, client):
    assert graph.refusal(text_to(to=f"+{JUAN}")) == (400, 131047)
    client.post(reverse("simulator:reply", args=[chat.chat_id]), {"text": "BAJA"})
    assert graph.send(text_to(to=f"+{JUAN}")).status_code == 200
    user_id = chats.user_id_of(JUAN)
    answer = graph.send(text_to(recipient=user_id)).json()
    assert answer["contacts"] == [{"input": user_id, "user_id": user_id}]
    page = client.get(reverse("simulator:chat", args=[chat.chat_id])).text
    assert page.count("Has dado de baja los avisos.") >= 2
    assert graph.refusal(text_to(recipient="ES.1")) == (400, 131009)
    assert graph.refusal(text_to()) == (400, 100)


def test_the_chat_shows_what_the_person_decided(chat, client):
    address = reverse("simulator:chat", args=[chat.chat_id])
    english = {"accept-language": "en"}
    assert "Accepts offers" in client.get(address, headers=english).text
    does(client, chat, "stop")
    does(client, chat, "hide")
    page = client.get(address, headers=english).text
    assert "Wants no offers" in page
    assert "Hides the number" in page


def test_an_unknown_habit_is_not_found(chat, client):
    assert does(client, chat, "sing").status_code == 404
    assert client.get(reverse("simulator:habit", args=[chat.chat_id])).status_code == 405
