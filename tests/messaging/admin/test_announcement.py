"""Informing bakeries in the admin: chosen already, looked at in both languages, sent once, and what became of each."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from messaging.models import Announcement, FirstWeek, Mail
from messaging.months import billing_today
from messaging.services import announcements, mails, usage
from messaging.statuses import MessageStatus
from tests.factories import (
    AssignmentFactory,
    MembershipFactory,
    TenantFactory,
    UserFactory,
    message_at,
)
from tests.messaging.admin.test_token_rotation import staff_with

NEW = "/admin/messaging/announcement/new/"
WEEKS = "/admin/messaging/firstweek/"

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def ana(db):
    tenant = TenantFactory(name="Panadería Ana", whatsapp_enabled=False)
    AssignmentFactory(tenant=tenant)
    return MembershipFactory(tenant=tenant, user=UserFactory(username="ana")).user


@pytest.fixture
def dora(db):
    """An owner without an address."""
    return MembershipFactory(user=UserFactory(username="dora", email="")).user


def form(do, *people, **more):
    words = {
        f"{field}_{code}": text
        for code, texts in announcements.copy_of_ours().items()
        for field, text in texts.items()
    }
    return words | {"do": do, "owner": [person.pk for person in people]} | more


def test_the_form_holds_our_copy_and_says_who_cannot_be_written_to(paula, ana, dora):
    page = paula.get(NEW).text
    assert "Los avisos por WhatsApp ya están disponibles" in page
    assert "WhatsApp notices are now available" in page
    assert re.search(rf'value="{ana.pk}" checked', page)
    assert re.search(rf'value="{dora.pk}" disabled', page)
    assert "no e-mail address" in page


def test_the_mail_is_looked_at_in_both_languages_before_anything_is_sent(paula, ana):
    page = paula.post(NEW, form("preview", ana)).text
    assert "Abrir mi página" in page
    assert "Open my page" in page
    assert "Send it to 1 owner?" in page
    assert not Announcement.objects.exists()


def test_going_back_to_change_something_loses_nothing(paula, ana):
    page = paula.post(NEW, form("edit", ana, subject_en="My own subject")).text
    assert 'value="My own subject"' in page
    assert re.search(rf'value="{ana.pk}" checked', page)


def test_sending_tells_what_became_of_each(paula, ana):
    key = "6d0f3f34-3f6c-4a53-8a52-6f8b3f4b1a11"
    page = paula.post(NEW, form("send", ana, key=key, watch="1"), follow=True).text
    assert "1 mail is on its way." in page
    assert "The first week is watched from today on." in page
    mails.send_waiting()
    announcement = Announcement.objects.get()
    page = paula.get(f"/admin/messaging/announcement/{announcement.pk}/change/").text
    assert "check_circle</span>sent" in page
    assert "1 of 1 sent" in paula.get("/admin/messaging/announcement/").text
    paula.post(NEW, form("send", ana, key=key, watch="1"))
    assert Mail.objects.filter(kind="announcement").count() == 1
    assert FirstWeek.objects.count() == 1


def test_what_failed_is_shown_and_sent_again(paula, ana):
    paula.post(NEW, form("send", ana))
    ana.email = ""
    ana.save()
    mails.send_waiting()
    announcement = Announcement.objects.get()
    address = f"/admin/messaging/announcement/{announcement.pk}/"
    assert "has no e-mail address" in paula.get(f"{address}change/").text
    ana.email = "ana@bakery.example"
    ana.save()
    assert "1 mail is sent again." in paula.post(f"{address}again/", follow=True).text
    assert paula.get(f"{address}again/").status_code == 405


@pytest.mark.parametrize("do", ["preview", "send"])
def test_bad_input_is_said_and_nothing_is_sent(paula, ana, dora, do):
    assert "Choose at least one owner" in paula.post(NEW, form(do)).text
    assert "Choose at least one owner" in paula.post(NEW, form(do, dora)).text
    strange = form(do) | {"owner": ["x", "٣", "9" * 40]}
    assert "Choose at least one owner" in paula.post(NEW, strange).text
    page = paula.post(NEW, form(do, ana, text_en=" ")).text
    assert "Write subject and text in English too." in page
    assert not Announcement.objects.exists()


def test_the_first_week_begins_and_ends_by_a_button(paula, ana):
    page = paula.post(f"{WEEKS}begin/", follow=True).text
    assert "The week so far" in page
    assert "goes on" in paula.post(f"{WEEKS}begin/", follow=True).text
    week = FirstWeek.objects.get()
    assert "End the watch over the first week?" in paula.get(f"{WEEKS}{week.pk}/end/").text
    assert "no more mails come" in paula.post(f"{WEEKS}{week.pk}/end/", follow=True).text
    assert FirstWeek.objects.get().ended_at is not None


def test_who_uses_it_already_is_not_chosen_beforehand(paula, ana):
    tenant = ana.memberships.get().tenant
    chosen = f'value="{ana.pk}" checked'
    type(tenant).objects.filter(pk=tenant.pk).update(whatsapp_enabled=True)
    page = paula.get(NEW).text
    assert chosen not in page
    assert "uses it already" in page
    type(tenant).objects.filter(pk=tenant.pk).update(whatsapp_enabled=False)
    assert chosen in paula.get(NEW).text


def test_a_form_sent_twice_with_other_words_sends_nothing_and_says_so(paula, ana):
    key = str(uuid.uuid4())
    paula.post(NEW, form("send", ana, key=key))
    again = paula.post(NEW, form("send", ana, key=key), follow=True).text
    assert "1 mail is on its way." in again
    other = paula.post(NEW, form("send", ana, key=key, subject_es="Otro"), follow=True).text
    assert "These mails went out before, with other words or to others" in other
    assert Announcement.objects.count() == Mail.objects.count() == 1


def test_a_subject_is_one_line(paula, ana):
    paula.post(NEW, form("send", ana, subject_es="Ya disponible\nBcc: x@example.org"))
    assert Mail.objects.get().subject == "Ya disponible Bcc: x@example.org"


def test_each_number_of_the_week_leads_to_its_messages(paula, ana):
    tenant = ana.memberships.get().tenant
    now = timezone.now()
    failed = message_at(now, MessageStatus.FAILED, tenant=tenant, error_code=131026, failed_at=now)
    read = message_at(now, MessageStatus.READ)
    usage.count_days([billing_today()])
    page = paula.post(f"{WEEKS}begin/", follow=True).text
    today = billing_today()
    expected = {
        f"month={today}..{today}&counted=sent": {read},
        f"month={today}&counted=read": {read},
        f"month={today}&counted=failed&tenant={tenant.pk}": {failed},
        f"month={today}&code=131026": {failed},
    }
    for query, found in expected.items():
        address = f"/admin/messaging/message/?{query}"
        assert f'href="{escape(address)}"' in page
        rows = paula.get(address).context["cl"].result_list
        assert set(rows) == found
    assert "1 × WhatsApp could not deliver the message to this number. (131026)" in page


def test_bakeries_nobody_asks_are_named_on_the_page(paula, ana):
    tenant = TenantFactory.create(name="Panadería Muda")
    page = paula.post(f"{WEEKS}begin/", follow=True).text
    assert "Not asked: nobody with an e-mail address" in page
    assert f"{tenant.name}</a> · no owner yet" in page


def test_who_may_what(sonia, ana):
    owner = Client()
    owner.force_login(ana)
    paths = (NEW, f"{WEEKS}begin/")
    for client in (Client(), owner):
        assert {client.post(path).status_code for path in paths} == {302}
    for client in (sonia, staff_with(), staff_with("view_announcement", "view_firstweek")):
        assert {client.post(path).status_code for path in paths} == {403}
        assert client.get(NEW).status_code == 403
    assert "Inform bakeries" not in sonia.get("/admin/messaging/announcement/").text
    sender = staff_with("view_announcement", "send_announcement")
    page = sender.post(NEW, form("preview", ana)).text
    assert "Watch the first week" not in page
