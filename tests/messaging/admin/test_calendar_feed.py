"""The dates on screen and in calendars: who sees them, and an address that can be taken back and tells no secret."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from bakery_whatsapp.logs import masked
from messaging import demo
from tenants.models import User
from tests.factories import AccountFactory, MembershipFactory
from tests.messaging.admin.test_token_rotation import staff_with

PAGE = "/admin/messaging/calendarfeed/dates/"
DOWNLOAD = "/admin/messaging/calendarfeed/dates.ics"
SUBSCRIBE = f"{PAGE}subscribe/"
REVOKE = f"{PAGE}revoke/"


@pytest.fixture
def account(db, broker):
    return AccountFactory.create(token_issued_at=timezone.now() - timedelta(days=55))


def address_in(page):
    (address,) = re.findall(r"http://127\.0\.0\.1:8000(/calendar/[\w-]+\.ics)", page)
    return str(address)


def test_the_list_says_what_when_and_what_to_do(paula, account):
    page = paula.get(PAGE).text
    assert "Replace the WhatsApp access token" in page
    assert "in 5 days" in page
    assert "</span>soon</span>" in page
    assert "/admin/messaging/tokenrotation/now/" in page


def test_the_version_without_an_end_is_told_without_a_day(paula, account, settings):
    without = "Graph API v26.0: Meta has not announced its end."
    assert without in paula.get(PAGE).text
    assert without in paula.get(DOWNLOAD).text.replace("\r\n ", "")
    settings.WHATSAPP_API_VERSION = "v21.0"
    page = paula.get(PAGE).text
    assert "Meta ends the Graph API version v21.0" in page
    assert "not announced" not in page
    settings.WHATSAPP_API_VERSION = "v99.0"
    assert "v99.0: it is not in our table of versions" in paula.get(PAGE).text


@time_machine.travel("2026-11-26T10:00Z", tick=False)
def test_what_is_past_is_folded_away(paula, account):
    ahead, _summary, past = paula.get(PAGE).text.partition("What has changed lately")
    assert "Meta ends Embedded Signup v2" in past
    assert "Meta ends Embedded Signup v2" not in ahead
    assert "paid_messaging_account_id" in ahead


def test_the_list_stands_without_an_account_too(paula, settings):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    assert paula.get(PAGE).status_code == 200


def test_reminders_that_reach_nobody_are_told(paula, account):
    User.objects.update(email="")
    assert "No reminder goes out" in paula.get(PAGE).text
    User.objects.update(email="paula@platform.example")
    assert "No reminder goes out" not in paula.get(PAGE).text


def test_the_file_can_be_downloaded(paula, account):
    answer = paula.get(DOWNLOAD)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "Replace the WhatsApp access token" in answer.text
    assert demo.ACCESS_TOKEN not in answer.text


def test_an_address_is_shown_once_read_without_a_log_in_and_taken_back(paula, account):
    page = paula.post(SUBSCRIBE)
    assert "no-store" in page.headers["Cache-Control"]
    address = address_in(page.text)
    assert "/calendar/" not in paula.get(PAGE).text
    calendar = Client().get(address)
    assert calendar.status_code == 200
    assert "BEGIN:VEVENT" in calendar.text
    assert "paula" not in calendar.text
    assert address.split("/")[2].removesuffix(".ics") not in calendar.text
    assert "answers no more" in paula.post(REVOKE, follow=True).text
    assert Client().get(address).status_code == 404


def test_a_new_address_ends_the_earlier_one(paula, account):
    first, second = (address_in(paula.post(SUBSCRIBE).text) for _number in range(2))
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


@pytest.mark.parametrize("secret", ["x", "A" * 43, "ñ", "a" * 5000])
def test_a_guessed_address_is_not_found(account, secret):
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


def test_the_address_is_in_no_log_line(paula, account, log_lines):
    address = address_in(paula.post(SUBSCRIBE).text)
    secret = address.split("/")[2].removesuffix(".ics")
    written = log_lines()
    Client().get(address)
    Client().get(address.replace(".ics", "x.ics"))
    lines = "\n".join(written())
    assert secret not in lines
    assert masked(f"GET {address}") == "GET /calendar/…"


def test_who_may_what(account):
    owner = Client()
    owner.force_login(MembershipFactory().user)
    for client in (Client(), owner):
        assert {client.get(address).status_code for address in (PAGE, DOWNLOAD)} == {302}
        assert {client.post(address).status_code for address in (SUBSCRIBE, REVOKE)} == {302}
    trainee, viewer = staff_with(), staff_with("view_calendarfeed")
    for address in (PAGE, DOWNLOAD):
        assert trainee.get(address).status_code == 403
        assert viewer.get(address).status_code == 200
    for address in (SUBSCRIBE, REVOKE):
        assert trainee.post(address).status_code == 403
        assert viewer.post(address).status_code == 403
    assert "subscribe/" not in viewer.get(PAGE).text


def test_a_link_makes_no_address(paula, account):
    assert paula.get(SUBSCRIBE).status_code == 405
    assert paula.get(REVOKE).status_code == 405
