"""Links out of mails: they work without a log-in, opening one keeps nothing, and they stand in no log."""

from __future__ import annotations

import re

import pytest
from django.core import mail as outbox
from django.test import Client

from bakery_whatsapp.logs import masked
from messaging.models import FirstWeekAnswer, MailKind
from messaging.services import first_week, mails, weekly_summary
from tests.factories import MembershipFactory, StaffFactory, TenantFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


@pytest.fixture
def question():
    membership = MembershipFactory(tenant=TenantFactory(name="Panadería Ana"))
    week = first_week.begin(by=StaffFactory().pk)
    return FirstWeekAnswer.objects.create(
        first_week=week, tenant=membership.tenant, user=membership.user, day=3
    )


@pytest.fixture
def browser():
    return Client(headers={"accept-language": "en"})


def address(question):
    return f"/how-is-it-going/{first_week.signed(question)}"


@pytest.mark.parametrize(("goes", "is_good"), [("well", True), ("badly", False)])
def test_opening_the_link_asks_and_sending_the_form_answers(browser, question, goes, is_good):
    page = browser.get(f"{address(question)}?goes={goes}").text
    assert re.search(rf'value="{goes}"[^>]*checked', page)
    assert "Panadería Ana" in page
    question.refresh_from_db()
    assert question.answered_at is None
    answer = browser.post(address(question), {"goes": goes, "comment": "The oven <b>"})
    assert "Thank you" in answer.text
    question.refresh_from_db()
    assert (question.is_good, question.comment) == (is_good, "The oven <b>")


def test_an_answer_without_a_choice_is_asked_for_it(browser, question):
    page = browser.post(address(question), {"comment": "x"})
    assert "Choose one of the two." in page.text
    question.refresh_from_db()
    assert question.answered_at is None


@pytest.mark.parametrize("link", ["x", "MQ:1w:zz", "x" * 3000])
def test_a_broken_link_says_so(browser, link):
    answer = browser.get(f"/how-is-it-going/{link}")
    assert answer.status_code == 404
    assert "This link no longer works" in answer.text


def test_the_mail_leads_there(browser, question):
    mails.write(
        MailKind.QUESTION,
        occasion="x",
        to=question.user,
        tenant=question.tenant,
        letter=lambda: first_week._question(question, question.tenant),
    )
    mails.send_waiting()
    links = re.findall(
        r"http://127\.0\.0\.1:8000(/how-is-it-going/\S+)", str(outbox.outbox[0].body)
    )
    assert len(links) == 2
    for link in links:
        assert browser.get(link).status_code == 200


def test_a_forged_answer_from_another_page_is_refused(question):
    client = Client(enforce_csrf_checks=True)
    assert client.post(address(question), {"goes": "well"}).status_code == 403


def test_links_are_masked_in_logs(question):
    assert masked(f"POST {address(question)}") == "POST /how-is-it-going/…"


# --- The weekly summary --------------------------------------------------------------------------


def test_the_weekly_summary_ends_by_a_button_and_by_a_mail_programs_click(browser):
    reader = MembershipFactory(tenant=TenantFactory(name="Panadería Ana"))
    link = f"/weekly-summary/{weekly_summary.signed(reader)}"
    page = browser.get(link).text
    assert "Do you want it no more?" in page
    reader.refresh_from_db()
    assert reader.gets_weekly_summary
    mail_program = Client(enforce_csrf_checks=True)
    answer = mail_program.post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    reader.refresh_from_db()
    assert not reader.gets_weekly_summary
    assert "You get no weekly summary of Panadería Ana any more." in browser.get(link).text
    assert masked(link) == "/weekly-summary/…"


def test_a_weekly_summarys_link_of_somebody_who_left_says_so(browser):
    reader = MembershipFactory()
    link = f"/weekly-summary/{weekly_summary.signed(reader)}"
    reader.delete()
    assert browser.get(link).status_code == 404
    assert browser.post(link).status_code == 404


def test_the_settings_page_switches_it():
    ana = MembershipFactory(tenant=TenantFactory(slug="ana"))
    staff = MembershipFactory(tenant=ana.tenant, role="staff")
    carla = MembershipFactory()
    address = "/bakery/ana/weekly-summary"
    for person, status in ((staff.user, 403), (carla.user, 404), (StaffFactory(), 403)):
        client = Client()
        client.force_login(person)
        assert client.post(address, {"wanted": "off"}).status_code == status
    assert Client().post(address, {"wanted": "off"}).status_code == 302
    own = Client(headers={"accept-language": "en"})
    own.force_login(ana.user)
    assert "Switch the weekly summary off" in own.get("/bakery/ana").text
    page = own.post(address, {"wanted": "off"}, follow=True).text
    assert "Switch the weekly summary on" in page
    assert own.post(address, {"wanted": "perhaps"}).status_code == 400
    assert own.get(address).headers["location"] == "/bakery/ana#weekly"
    ana.refresh_from_db()
    assert not ana.gets_weekly_summary
