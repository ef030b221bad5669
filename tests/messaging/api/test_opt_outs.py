"""Sending to somebody who opted out: refused before anything is stored, and staff hear of it."""

from __future__ import annotations

import pytest

from messaging.models import Alert, AlertKind, InboundMessage, Message
from messaging.services import sending
from tests.factories import DefaultNumberFactory, MessageFactory, TemplateFactory
from tests.messaging.api.conftest import MESSAGES, refusal, template
from tests.messaging.conftest import inbound, preference, receive

OPTED_OUT = (422, "recipient_opted_out")


@pytest.fixture
def stopped_ana(ana):
    """Juan has told Ana's bakery to stop."""
    sent = MessageFactory(accepted=True, tenant=ana.tenant)
    receive(inbound(sent.phone_number, "baja"))
    return ana


def test_an_order_for_somebody_who_opted_out_is_refused_and_nothing_is_stored(stopped_ana):
    before = Message.objects.count()
    answer = stopped_ana.send()
    assert refusal(answer) == OPTED_OUT
    assert answer.json()["error"]["fields"] == {"recipient_phone": "Opted out."}
    assert Message.objects.count() == before


def test_the_refusal_opens_one_alert_that_names_no_number(stopped_ana):
    for _order in range(2):
        stopped_ana.send()
    alert = Alert.objects.get()
    assert (alert.kind, alert.subject) == (
        AlertKind.ORDER_REFUSED,
        f"{stopped_ana.tenant.name} · …101",
    )


def test_a_dry_run_is_refused_too_and_alarms_nobody(stopped_ana):
    assert refusal(stopped_ana.send(dry_run=True)) == OPTED_OUT
    assert not Alert.objects.exists()


def test_other_recipients_and_other_bakeries_are_not_concerned(stopped_ana, carla):
    assert stopped_ana.send(recipient_phone="+34600000102").status_code == 202
    assert carla.send().status_code == 202


def test_alta_lets_orders_go_again(stopped_ana):
    receive(inbound(DefaultNumberFactory(), "alta", wamid="wamid.2", at=1795341700))
    assert stopped_ana.send().status_code == 202
    assert not Alert.objects.open().exists()


def test_a_stop_in_whatsapp_refuses_marketing_and_takes_orders(ana):
    TemplateFactory(name="promo", category="MARKETING")
    receive(preference(DefaultNumberFactory(), "stop"))
    assert ana.send().status_code == 202
    promo = template(template_name="promo")
    assert refusal(ana.send(template=promo)) == OPTED_OUT


def test_what_holds_for_the_whole_account_is_refused_in_the_same_words(stopped_ana, carla):
    own = stopped_ana.send().json()
    receive(inbound(DefaultNumberFactory(), "baja", sender="34600000103", wamid="wamid.3"))
    assert carla.send(recipient_phone="+34600000103").json() == own


def test_a_cancelled_message_says_why(stopped_ana):
    message = MessageFactory(tenant=stopped_ana.tenant)
    sending.send_until_empty(message.phone_number_id)
    shown = stopped_ana.api.get(f"{MESSAGES}/{message.pk}").json()
    assert (shown["status"], shown["waits_for"]["code"]) == ("cancelled", "opt_out")
    assert shown["error"]["who_acts"] == "bakery"
    assert "does not want" in shown["error"]["title"]
    assert [event["kind"] for event in shown["events"]] == ["cancelled"]


def test_another_bakerys_key_does_not_see_the_reply(stopped_ana, carla, platform):
    address = f"{MESSAGES}/{InboundMessage.objects.get().answers_id}"
    assert refusal(carla.api.get(address)) == (404, "not_found")
    assert len(platform.get(address).json()["replies"]) == 1
