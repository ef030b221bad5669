"""What messaging adds to the assignment board: the reading from Meta, the alert, the queue that follows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from messaging.models import Alert, AlertKind, DailyUsage, Message
from messaging.months import billing_today
from messaging.services.claiming import claim
from messaging.statuses import MessageStatus
from tenants.models import User
from tenants.services.pasted_list import read_pasted_list
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    MembershipFactory,
    MessageFactory,
    PhoneNumberFactory,
    TemplateFactory,
    TenantFactory,
    make_api_key,
)
from tests.messaging.services.test_syncing import NUMBERS_URL, lists, number_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]
BOARD = "/admin/tenants/phonenumberassignment/board/"


def is_told():
    return Alert.objects.open().filter(kind=AlertKind.NO_SPARE_NUMBER).exists()


def test_syncing_reads_the_numbers_from_meta_and_keeps_the_choices(paula, meta):
    AccountFactory()
    goiko, number = TenantFactory(), PhoneNumberFactory()
    new = number_row("1", display_phone_number="+34 612 345 999")
    lists(meta, NUMBERS_URL, new, number_row(number.phone_number_id))
    page = paula.post(BOARD, {f"number-{goiko.pk}-0": str(number.pk), "do": "sync"})
    assert "Read from Meta: 1 new" in page.text
    assert "+34\u00a0612\u00a0345\u00a0999" in page.text
    assert 'data-state="changed"' in page.text


def test_when_meta_is_down_the_board_opens_and_says_so(paula, meta):
    AccountFactory()
    PhoneNumberFactory()
    meta.mock.get(NUMBERS_URL, status=503, body="")
    page = paula.post(BOARD, {"do": "sync"})
    assert page.status_code == 200
    assert "Meta could not be read, nothing was changed" in page.text
    assert paula.get(BOARD).status_code == 200


def test_giving_the_last_number_away_opens_the_alert_and_undoing_closes_it(paula):
    goiko, number = TenantFactory(), PhoneNumberFactory()
    page = paula.post(BOARD, {f"number-{goiko.pk}-0": str(number.pk), "do": "save"}, follow=True)
    assert is_told()
    assert "No spare number is left" in paula.get("/admin/").text
    undo = reverse("admin:tenants_phonenumberassignment_undo", args=[page.context["rounds"][0].pk])
    paula.post(undo)
    assert not is_told()


def test_the_api_watches_the_spare_numbers_too(client):
    goiko, number = TenantFactory(), PhoneNumberFactory()
    make_api_key("bw_platform", scopes=["admin:write"])
    address = f"/api/v1/admin/whatsapp/tenants/{goiko.pk}/assign-phone"
    bearer = {"authorization": "Bearer bw_platform"}
    body = {"phone_number_id": number.phone_number_id}
    client.post(address, body, content_type="application/json", headers=bearer)
    assert is_told()
    client.delete(address, headers=bearer)
    assert not is_told()


def test_what_waits_follows_its_bakery_to_the_number_the_board_gives_it(paula):
    default, number = DefaultNumberFactory(), PhoneNumberFactory()
    message = MessageFactory()
    sent = {f"number-{message.tenant.pk}-0": str(number.pk), "do": "save"}
    paula.post(BOARD, sent)
    assert claim(default, limit=10) == []
    assert claim(number, limit=10) == [message]
    message.refresh_from_db()
    assert (message.status, message.phone_number) == (MessageStatus.SENDING, number)


def test_messages_of_two_bakeries_that_swap_go_out_from_the_right_numbers(paula):
    one, other = PhoneNumberFactory(), PhoneNumberFactory()
    first, second = MessageFactory(phone_number=one), MessageFactory(phone_number=other)
    rows = [message.tenant.assignments.open().get() for message in (first, second)]
    sent = {
        f"number-{first.tenant.pk}-{rows[0].pk}": str(other.pk),
        f"number-{second.tenant.pk}-{rows[1].pk}": str(one.pk),
    }
    paula.post(BOARD, {**sent, "do": "save"})
    # The first look at each number sends its queue after the bakery; the next ones find it there.
    claimed = [claim(number, limit=10) for number in (one, other, one, other)]
    assert {message.pk for batch in claimed for message in batch} == {first.pk, second.pk}
    for message, number in ((first, other), (second, one)):
        message.refresh_from_db()
        assert message.phone_number == number


# --- What each bakery sends, as a spreadsheet, and a test of what was given --------------------------
def test_a_bakery_says_how_many_messages_a_day_it_sends(paula):
    busy, calm = TenantFactory(), TenantFactory()
    number, yesterday = PhoneNumberFactory(), billing_today() - timedelta(days=1)
    for tenant, days, count in ((busy, 1, 30), (busy, 2, 20), (calm, 4, 1)):
        DailyUsage.objects.create(
            day=yesterday - timedelta(days=days),
            tenant=tenant,
            phone_number=number,
            country_code="34",
            status=MessageStatus.READ,
            messages=count,
        )
    text = paula.get(BOARD).text
    assert f"?tenant={busy.pk}&amp;when=month" in text
    assert "17 messages a day" in text
    assert "less than one message a day" in text


def test_the_board_is_had_as_a_file_that_can_be_pasted_back(paula):
    held = AssignmentFactory(tenant__name="Panadería Goiko")
    TenantFactory(name="Bakery Artesano")
    answer = paula.get(f"{BOARD}csv/", headers={"accept-language": "es"})
    text = answer.getvalue().decode().removeprefix("\ufeff")
    heading, *lines = text.splitlines()
    assert heading.startswith("Panadería;Número;")
    assert any(line.startswith("Bakery Artesano;;") for line in lines)
    pasted = read_pasted_list(text, tenants=[held.tenant], numbers=[held.phone_number])
    assert pasted.choices == {held.tenant.pk: held.phone_number.pk}


def test_after_saving_a_test_goes_to_one_phone_from_each_number(paula):
    default, template = DefaultNumberFactory(), TemplateFactory()
    goiko, off = TenantFactory(), TenantFactory(whatsapp_enabled=False)
    numbers = [PhoneNumberFactory(account=default.account) for _ in range(2)]
    choices = {
        f"number-{tenant.pk}-0": str(number.pk)
        for tenant, number in zip((goiko, off), numbers, strict=True)
    }
    saved = paula.post(BOARD, {**choices, "do": "save"}, follow=True)
    address = saved.context["trial_url"]
    assert address in saved.text
    assert "2 messages go to one phone" in paula.get(address).text
    page = paula.post(address, {"to": "+34 600 000 101", "template": str(template.pk)})
    message = Message.objects.get()
    assert (message.tenant, message.phone_number) == (goiko, numbers[0])
    assert reverse("admin:messaging_message_change", args=[message.pk]) in page.text
    assert "No bakery with WhatsApp switched on" in page.text


def test_only_who_may_change_numbers_sends_the_tests(paula):
    goiko, number = TenantFactory(), PhoneNumberFactory()
    saved = paula.post(BOARD, {f"number-{goiko.pk}-0": str(number.pk), "do": "save"}, follow=True)
    address = saved.context["trial_url"]
    trainee = User.objects.create(username="trainee", is_staff=True)
    trainee.user_permissions.set(
        Permission.objects.filter(codename__in=["view_phonenumberassignment"])
    )
    for person, status in (
        (None, 302),
        (MembershipFactory.create().user, 302),
        (trainee, 403),
    ):
        client = Client()
        if person:
            client.force_login(person)
        assert client.get(address).status_code == status
        assert client.post(address).status_code == status
        assert client.get(f"{BOARD}csv/").status_code == (200 if person == trainee else 302)
    assert paula.get(f"{BOARD}999/test/").status_code == 404
