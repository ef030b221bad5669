"""What a bakery sees of opt-outs: its own suppliers', and of others only that it cannot write."""

from __future__ import annotations

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.models import Recipient, Suppression
from messaging.services import recipient_learning, sending, suppressions
from messaging.services.people import Person
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory, message_in
from tests.messaging.bakery.test_pages import text_of
from tests.messaging.conftest import inbound, receive

SETTINGS = "/bakery/goiko"
OWN, SHARED = "Does not want WhatsApp", "Cannot be reached by WhatsApp"


@pytest.fixture
def message(bakery, broker):
    return MessageFactory(
        accepted=True, tenant=bakery, phone_number=bakery.assignments.get().phone_number
    )


def stop(tenant_id):
    request = suppressions.Request(
        Person("+34600000101"),
        tenant_id,
        "all",
        "staff",
        timezone.now(),
        by="paula",
        reason="Secret",
    )
    suppressions.stop(request)


def test_a_supplier_who_opted_out_is_shown_so_in_the_list_and_on_the_messages_page(
    browse, ana, message
):
    receive(inbound(message.phone_number, "Baja"))
    client = browse(ana)
    for address in (SETTINGS, f"{SETTINGS}/messages/{message.pk}"):
        assert OWN in client.get(address).text
    assert "No quiere WhatsApp" in browse(ana, language="es").get(SETTINGS).text


def test_what_holds_for_the_whole_account_is_shown_without_its_cause(browse, ana, message):
    stop(None)
    for address in (SETTINGS, f"{SETTINGS}/messages/{message.pk}"):
        page = browse(ana).get(address).text
        assert SHARED in page
        assert OWN not in page
        assert "paula" not in page
        assert "Secret" not in page


def test_another_bakerys_opt_out_shows_nowhere(browse, ana, message):
    other = MessageFactory(accepted=True)
    stop(other.tenant_id)
    page = browse(ana).get(SETTINGS).text
    assert OWN not in page
    assert SHARED not in page
    assert not Suppression.objects.visible_to(ana).exists()


def test_the_suppliers_page_says_it_once_and_not_beside_each_notice(browse, ana, bakery, message):
    for _ in range(3):
        message_in(MessageStatus.READ, tenant=bakery)
    recipient_learning.learn()
    stop(bakery.pk)
    supplier = Recipient.objects.of(bakery).get()
    page = browse(ana).get(f"{SETTINGS}/suppliers/{supplier.pk}").text
    assert page.count(OWN) == 1
    assert page.count('class="line"') == 4


def test_a_cancelled_notice_says_to_call(browse, ana, message):
    receive(inbound(message.phone_number, "Baja"))
    waiting = MessageFactory(tenant=message.tenant, phone_number=message.phone_number)
    sending.send_until_empty(message.phone_number_id)
    text = text_of(browse(ana).get(f"{SETTINGS}/messages/{waiting.pk}").text)
    assert "It was not sent: the supplier cannot be written to by WhatsApp." in text
    assert "Tell the supplier yourself." in text


def test_an_answer_that_is_no_text_is_told_in_words(browse, ana, message):
    receive(
        inbound(
            message.phone_number, type="system", context={"id": message.wamid},
            system={"type": "user_changed_number", "body": "x", "wa_id": "34600000909"},
        )
    )  # fmt: skip
    address = f"{SETTINGS}/messages/{message.pk}"
    assert "Has a new number: +34 600 000 909" in browse(ana).get(address).text


def test_nobody_else_sees_the_page(browse, bruno, carla, message):
    receive(inbound(message.phone_number, "Baja"))
    address = f"{SETTINGS}/messages/{message.pk}"
    assert OWN in browse(bruno).get(address).text
    assert browse(carla).get(address).status_code == 404
    assert browse().get(address).status_code == 302


def test_the_suppliers_page_says_when_they_asked_by_both_clocks(browse, ana, message):
    with travel("2026-11-20T23:30:05Z", tick=False):
        recipient_learning.learn()
        stop(message.tenant_id)
        recipient = Recipient.objects.get()
        text = text_of(browse(ana).get(f"{SETTINGS}/suppliers/{recipient.pk}").text)
    assert "Asked on 21 Nov, 00:30 2026-11-20 23:30:05 UTC" in text
