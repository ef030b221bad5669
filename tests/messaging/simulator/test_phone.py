from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from messaging import demo
from messaging.graph_api import webhook_payload
from messaging.simulator import account, chats, replies, screen, switches, webhooks
from tests.messaging.simulator.conftest import GOIKO, po_notification

WITH_BUTTONS = {
    "id": "1200000000000399",
    "name": "pedido_con_botones",
    "language": "es",
    "category": "UTILITY",
    "status": "APPROVED",
    "parameter_format": "POSITIONAL",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Orden de compra"},
        {"type": "BODY", "text": "Hola {{1}}, tienes *una* orden."},
        {"type": "FOOTER", "text": "Mensaje automático"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Pedido recibido"},
                {"type": "URL", "text": "Ver", "url": "https://pedidos.example/"},
            ],
        },
    ],
}


@pytest.fixture
def chat(graph, deliver) -> chats.Chat:
    """A chat with one delivered message that nobody has opened."""
    graph.send()
    deliver()
    return chats.listed()[0]


def page_of(chat: chats.Chat, client: Client, query: str = "") -> str:
    return client.get(reverse("simulator:chat", args=[chat.chat_id]) + query).content.decode()


def test_an_empty_phone_says_how_to_get_a_message(graph, client):
    page = client.get("/simulator/", headers={"Accept-Language": "en"}).content.decode()
    assert "No message has arrived yet" in page
    assert "nothing leaves this machine" in page
    assert 'href="/admin/"' in page


def test_no_login_is_asked_for(state, client):
    for name in ("phone", "scenarios", "mail"):
        assert client.get(reverse(f"simulator:{name}")).status_code == 200


def test_the_list_shows_who_got_what_from_whom(chat, client):
    page = client.get("/simulator/").content.decode()
    for text in (
        "Juan García",
        "+34 600 000 101",
        "Panadería Goiko",
        "nueva orden de compra PO-12345",
    ):
        assert text in page


def test_addresses_hold_no_phone_number(chat, client):
    addresses = re.findall(r'(?:href|action)="([^"]*)"', page_of(chat, client))
    assert not [address for address in addresses if "600000101" in address]
    assert "600000101" not in reverse("simulator:chat", args=[chat.chat_id])


def test_opening_a_chat_reads_what_was_delivered_once(chat, client, endpoint, deliver):
    page_of(chat, client)
    page_of(chat, client)
    deliver()
    assert endpoint.statuses == ["sent", "delivered", "read"]
    assert chats.listed()[0].unread == 0


def test_read_receipts_can_be_off(chat, client, endpoint, deliver):
    switches.save(switches.Switches(reading=switches.Reading.NEVER))
    page_of(chat, client)
    deliver()
    assert endpoint.statuses == ["sent", "delivered"]


def test_the_ticks_are_words_for_screen_readers(chat, client):
    assert '<span class="visually-hidden">Leído</span>' in page_of(chat, client)


def test_a_reply_leaves_as_a_signed_inbound_message(chat, client, endpoint, deliver):
    address = reverse("simulator:reply", args=[chat.chat_id])
    answer = client.post(address, {"text": "  Recibido, gracias "})
    assert answer.headers["Location"] == reverse("simulator:chat", args=[chat.chat_id])
    deliver()
    message = endpoint.values[-1]["messages"][0]
    assert (message["type"], message["text"]) == ("text", {"body": "Recibido, gracias"})
    assert message["from"] == "34600000101"
    assert "context" not in message
    assert endpoint.well_signed[-1]
    assert "Recibido, gracias" in page_of(chat, client)


def test_a_quoting_reply_names_the_message_it_answers(chat, client, endpoint, deliver):
    wamid = chats.messages_of(chat.chat_id)[0].letter.wamid
    anchor = re.search(r'href="\?quote=(m\w+)#text"', page_of(chat, client))
    assert anchor is not None
    page = page_of(chat, client, f"?quote={anchor[1]}")
    assert f'name="context" value="{wamid}"' in page
    client.post(reverse("simulator:reply", args=[chat.chat_id]), {"text": "Sí", "context": wamid})
    deliver()
    context = endpoint.values[-1]["messages"][0]["context"]
    assert context == {"from": "34612345679", "id": wamid}


def test_a_quote_from_another_chat_is_not_one(chat, client, endpoint, deliver):
    other = replies.write_back(wa_id="34600000102", phone_number_id=GOIKO, text="Hola")
    address = reverse("simulator:reply", args=[chat.chat_id])
    client.post(address, {"text": "Sí", "context": other.wamid})
    deliver()
    assert "context" not in endpoint.values[-1]["messages"][0]


def test_an_empty_reply_says_so_and_sends_nothing(chat, client):
    page_of(chat, client)
    waiting = webhooks.waiting()
    answer = client.post(
        reverse("simulator:reply", args=[chat.chat_id]),
        {"text": "  "},
        follow=True,
        headers={"Accept-Language": "en"},
    )
    assert "Write something first." in answer.content.decode()
    assert webhooks.waiting() == waiting


class TestButtons:
    @pytest.fixture
    def wamid(self, graph, deliver, monkeypatch) -> str:
        monkeypatch.setattr(demo, "TEMPLATES", [*demo.TEMPLATES, WITH_BUTTONS])
        body = po_notification("+34600000101", "Juan")
        body["template"]["name"] = "pedido_con_botones"
        wamid = str(graph.send(body).json()["messages"][0]["id"])
        deliver()
        return wamid

    def test_header_body_footer_and_buttons_stand_in_the_bubble(self, wamid, client):
        page = page_of(chats.listed()[0], client)
        for text in ("Orden de compra", "tienes <strong>una</strong> orden", "Mensaje automático"):
            assert text in page
        assert "Pedido recibido</button>" in page

    def test_a_pressed_button_comes_as_metas_button_reply(self, wamid, client, endpoint, deliver):
        address = reverse("simulator:reply", args=[chats.listed()[0].chat_id])
        client.post(address, {"context": wamid, "button": "0"})
        deliver()
        message = endpoint.values[-1]["messages"][0]
        assert message["type"] == "button"
        assert message["button"] == {"payload": "Pedido recibido", "text": "Pedido recibido"}
        assert message["context"]["id"] == wamid

    @pytest.mark.parametrize("button", ["1", "7"])
    def test_what_is_no_quick_reply_cannot_be_pressed(self, wamid, client, button):
        address = reverse("simulator:reply", args=[chats.listed()[0].chat_id])
        assert client.post(address, {"context": wamid, "button": button}).status_code == 404


def test_a_recipient_can_write_first(graph, client, endpoint, deliver):
    form = {"to": GOIKO, "sender": "+34 600 000 105", "name": "", "text": "¿Tenéis pan?"}
    answer = client.post(reverse("simulator:new_chat"), form, follow=True)
    assert "Azúcares Duero" in answer.content.decode()
    deliver()
    assert endpoint.values[-1]["messages"][0]["text"]["body"] == "¿Tenéis pan?"


def test_a_number_that_is_none_is_explained(state, client):
    form = {"to": GOIKO, "sender": "Juan", "text": "Hola"}
    answer = client.post(reverse("simulator:new_chat"), form, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "Write a phone number such as" in answer.content.decode()


class TestState:
    def ask(self, client: Client, chat_id: str = "", seen: str = ""):
        return client.get(reverse("simulator:state"), {"chat": chat_id, "seen": seen})

    def test_it_holds_the_parts_of_the_page(self, chat, client):
        parts = self.ask(client, chat.chat_id).json()["parts"]
        assert sorted(parts) == ["bubbles", "chats", "timeline"]
        assert "PO-12345" in parts["bubbles"]

    def test_it_is_silent_until_something_changes(self, chat, client):
        self.ask(client, chat.chat_id)
        seen = self.ask(client, chat.chat_id).json()["revision"]
        assert self.ask(client, chat.chat_id, seen).status_code == 204
        replies.write_back(wa_id=chat.wa_id, phone_number_id=GOIKO, text="Hola")
        assert self.ask(client, chat.chat_id, seen).status_code == 200

    def test_an_unknown_chat_gets_the_list_alone(self, chat, client):
        assert list(self.ask(client, "nobody").json()["parts"]) == ["chats"]


def test_an_unknown_chat_is_404(state, client):
    assert client.get("/simulator/chats/nobody").status_code == 404
    assert client.post("/simulator/chats/nobody/reply", {"text": "x"}).status_code == 404


def test_forms_are_protected_against_other_sites(state):
    strict = Client(enforce_csrf_checks=True)
    for name in ("new_chat", "switches", "event", "reset", "hurry"):
        assert strict.post(reverse(f"simulator:{name}"), {}).status_code == 403


def test_pages_hold_no_inline_script_or_style(chat, client):
    for page in (page_of(chat, client), client.get("/simulator/scenarios").content.decode()):
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", page)


def test_what_people_write_is_shown_and_never_run(chat, client):
    replies.write_back(
        wa_id=chat.wa_id, phone_number_id=GOIKO, text="<script>alert(1)</script> *<b>x</b>*"
    )
    page = page_of(chat, client)
    assert "<script>alert" not in page
    assert "<strong>&lt;b&gt;x&lt;/b&gt;</strong>" in page


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* b", "<strong>a</strong> b"),
        ("_a_ ~b~", "<em>a</em> <s>b</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("a\nb", "a<br>b"),
    ],
)
def test_whatsapps_marks_are_rendered(text, html):
    assert screen.formatted(text) == html


class TestScenarioPage:
    def test_switches_are_kept(self, state, client):
        form = {"scenario": "out_of_order", "latency_ms": "500", "reading": "auto"}
        client.post(reverse("simulator:switches"), form)
        assert switches.load() == switches.Switches("out_of_order", 500, switches.Reading.AUTO)
        assert "500 ms" in client.get(reverse("simulator:scenarios")).content.decode()

    def test_an_unknown_scenario_is_refused(self, state, client):
        form = {"scenario": "rain", "latency_ms": "500", "reading": "auto"}
        assert client.post(reverse("simulator:switches"), form).status_code == 422
        assert switches.load().scenario == "by_number"

    @pytest.mark.parametrize(
        ("event", "field"),
        [
            ("template_paused", "message_template_status_update"),
            ("category_marketing", "template_category_update"),
            ("announced_marketing", "template_category_update"),
            ("score_red", "message_template_quality_update"),
            ("name_rejected", "phone_number_name_update"),
            ("name_approved", "phone_number_name_update"),
            ("account_restricted", "account_update"),
            ("account_violation", "account_update"),
            ("account_disabled", "account_update"),
            ("account_reinstated", "account_update"),
        ],
    )
    def test_an_event_changes_the_account_and_tells_by_webhook(
        self, state, client, endpoint, deliver, event, field
    ):
        form = {"event": event, "phone_number_id": GOIKO, "rating": "RED"}
        client.post(reverse("simulator:event"), form | {"template_id": "1200000000000345"})
        deliver()
        (change,) = webhook_payload.parse(json.loads(endpoint.posts[0][0])).changes
        assert change.field == field
        assert change.problems == []
        assert len(change.news) == 1

    def test_the_quality_of_a_number_can_be_set(self, state, client):
        form = {"event": "quality", "phone_number_id": GOIKO, "rating": "YELLOW"}
        client.post(reverse("simulator:event"), form | {"template_id": "1200000000000345"})
        ratings = {row["id"]: row["quality_rating"] for row in account.phone_numbers()}
        assert ratings[GOIKO] == "YELLOW"

    def test_what_waits_can_be_hurried(self, chat, client, endpoint, deliver):
        endpoint.answers = [500]
        replies.write_back(wa_id=chat.wa_id, phone_number_id=GOIKO, text="Hola")
        deliver(after_s=0)
        assert deliver(after_s=0.1) == 0
        client.post(reverse("simulator:hurry"))
        assert deliver(after_s=0.1) == 1


def test_without_redis_the_screen_says_what_is_wrong(state, client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/simulator/", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "REDIS_URL" in answer.content.decode()


def test_the_screen_speaks_spanish(state, client):
    page = client.get("/simulator/", headers={"Accept-Language": "es"}).content.decode()
    assert "nada sale de este ordenador" in page
