"""Opt-outs in the admin: staff add and lift them with a reason, and the history says who."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from messaging.models import Alert, AlertKind, InboundMessage, PersonAlias, Suppression
from tenants.models import User
from tests.factories import AssignmentFactory, MembershipFactory, TenantFactory
from tests.messaging.conftest import T0, inbound, receive

LIST = "/admin/messaging/suppression/"
ADD = f"{LIST}add/"
JUAN = "+34600000101"


def is_stopped(tenant):
    binding = Suppression.objects.binding(tenant.pk).against(is_marketing=False)
    return binding.filter(phone=JUAN).exists()


def add(client, **changes):
    form = {"phone": "+34 600 000 101", "tenant": "", "what": "all", "reason": "Said so by phone"}
    return client.post(ADD, form | changes, follow=True)


@pytest.fixture
def stopped(db, broker):
    number = AssignmentFactory(tenant__name="Panadería Goiko").phone_number
    receive(inbound(number, "baja"))
    return Suppression.objects.get()


def test_staff_add_an_opt_out_with_its_reason(paula, db):
    tenant = TenantFactory()
    page = add(paula, tenant=tenant.pk)
    assert page.status_code == 200
    row = Suppression.objects.get()
    assert (row.tenant, row.phone, row.source) == (tenant, JUAN, "staff")
    assert (row.asked_by, row.reason) == ("paula", "Said so by phone")
    assert is_stopped(tenant)
    assert not is_stopped(TenantFactory())
    assert LogEntry.objects.get().user.username == "paula"


def test_without_a_bakery_it_holds_for_all(paula, db):
    add(paula)
    assert is_stopped(TenantFactory())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone": "600 00"}, "This is no phone number."),
        ({"reason": " "}, "This field is required"),
        ({"what": "nothing"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_asked_for(paula, db, changes, words):
    assert words in add(paula, **changes).text
    assert not Suppression.objects.exists()


def test_the_same_opt_out_is_not_entered_twice(paula, db):
    add(paula)
    assert "opted out already" in add(paula).text
    assert Suppression.objects.count() == 1


def test_lifting_needs_a_reason_and_is_remembered(paula, stopped):
    address = f"{LIST}{stopped.pk}/lift/"
    assert "Write to +34" in paula.get(address).text
    assert "Give the reason" in paula.post(address, {"reason": " "}).text
    assert is_stopped(stopped.tenant)
    paula.post(address, {"reason": "Called and asked"})
    stopped.refresh_from_db()
    assert (stopped.lifted_by, stopped.lift_reason) == ("paula", "Called and asked")
    assert not is_stopped(stopped.tenant)
    assert LogEntry.objects.get().change_message == "Lifted: Called and asked"
    assert "lifted before" in paula.post(address, {"reason": "again"}, follow=True).text


def test_the_list_and_the_page_tell_who_asked_and_with_what(paula, stopped):
    page = paula.get(f"{LIST}?state=open").text
    assert "Panadería Goiko" in page
    assert "not to be written to" in page
    page = paula.get(f"{LIST}{stopped.pk}/change/").text
    inbound_page = f"/admin/messaging/inboundmessage/{stopped.asked_in_id}/change/"
    assert inbound_page in page
    assert "Lift it…" in page
    assert "no more messages" in paula.get(inbound_page).text
    assert f"/{stopped.pk}/change/" not in paula.get(f"{LIST}?state=lifted").text


@pytest.mark.parametrize("term", ["+34 600 000 101", "Panadería Go"])
def test_an_opt_out_is_found_by_number_and_by_bakery(paula, stopped, term):
    assert f"/{stopped.pk}/change/" in paula.get(LIST, {"q": term}, follow=True).text
    assert f"/{stopped.pk}/change/" not in paula.get(LIST, {"q": "+34600000999"}).text


def test_nobody_edits_or_deletes_an_opt_out(paula, stopped):
    paula.post(f"{LIST}{stopped.pk}/change/", {"phone": "+34600000999"})
    paula.post(f"{LIST}{stopped.pk}/delete/", {"post": "yes"})
    stopped.refresh_from_db()
    assert stopped.phone == JUAN


def test_who_may_only_look_may_not_add_or_lift(stopped):
    trainee = User.objects.create(username="trainee", is_staff=True)
    trainee.user_permissions.add(Permission.objects.get(codename="view_suppression"))
    client = Client()
    client.force_login(trainee)
    assert client.get(LIST).status_code == 200
    assert "Lift it…" not in client.get(f"{LIST}{stopped.pk}/change/").text
    assert client.post(ADD, {}).status_code == 403
    assert client.post(f"{LIST}{stopped.pk}/lift/", {"reason": "x"}).status_code == 403
    assert is_stopped(stopped.tenant)


def test_a_bakerys_owner_and_strangers_do_not_get_there(stopped):
    owner = Client()
    owner.force_login(MembershipFactory(tenant=stopped.tenant).user)
    for client in (Client(), owner):
        for address in (LIST, ADD, f"{LIST}{stopped.pk}/change/", f"{LIST}{stopped.pk}/lift/"):
            assert client.post(address, {"reason": "x"}).status_code == 302
    assert is_stopped(stopped.tenant)


def test_alerts_that_people_deal_with_are_closed_by_them_and_no_others(paula, db):
    refused = Alert.objects.create(kind=AlertKind.ORDER_REFUSED, subject="Goiko · …101")
    machine = Alert.objects.create(kind=AlertKind.NUMBER_STOPPED, subject="1")
    chosen = {"action": "close", "_selected_action": [refused.pk, machine.pk]}
    page = paula.post("/admin/messaging/alert/", chosen, follow=True).text
    assert "1 alert closed." in page
    assert list(Alert.objects.open()) == [machine]
    assert LogEntry.objects.get().object_id == str(refused.pk)
    assert "None was closed" in paula.post("/admin/messaging/alert/", chosen, follow=True).text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "–"),
        ({"answer_due_at": timezone.now()}, "waiting"),
        ({"answer_claimed_at": timezone.now()}, "no answer from Meta"),
        ({"answer_claimed_at": timezone.now(), "answer_wamid": "wamid.1"}, "accepted by Meta"),
        ({"answer_claimed_at": timezone.now(), "answer_error_code": 131047}, "refused (131047)"),
    ],
)
def test_the_page_of_a_received_message_tells_of_our_answer(paula, stopped, state, words):
    InboundMessage.objects.update(
        **{"answer_due_at": None, "answer_claimed_at": None, "answer_wamid": ""} | state
    )
    page = paula.get(f"/admin/messaging/inboundmessage/{stopped.asked_in_id}/change/").text
    assert words in page


def test_received_messages_are_filtered_by_what_they_ask_and_read_in_words(paula, stopped):
    number = stopped.phone_number
    receive(
        inbound(number, type="audio", audio={"id": "5", "voice": True}, wamid="wamid.2"),
        inbound(number, "alta", wamid="wamid.3", at=T0 + 9),
    )
    address = "/admin/messaging/inboundmessage/"
    assert "Voice message" in paula.get(address).text
    for kind, shown in (("stop", "baja"), ("start", "alta")):
        page = paula.get(f"{address}?kind={kind}").text
        assert shown in page
        assert "Voice message" not in page


def test_other_names_of_people_are_shown_to_staff(paula, stopped):
    PersonAlias.objects.create(phone_number=stopped.phone_number, alias="ES.42", phone=JUAN)
    assert "ES.42" in paula.get("/admin/messaging/personalias/").text
