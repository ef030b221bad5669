"""Pausing and resuming, the banner on every page, the default number, syncing."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import responses
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import demo
from messaging.graph_api.catalogue import WRONG_PROOF
from tenants.models import PhoneNumber, WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
)
from tests.messaging.token_meta import NEW, TokenMeta, dead, said_of
from tests.tenants.admin.test_account import FORM

META = Path(__file__).resolve().parents[2] / "meta"
PAGES = [
    "/admin/",
    "/admin/tenants/tenant/",
    "/admin/messaging/message/",
    "/admin/tenants/user/add/",
]


@pytest.fixture
def account(db):
    return AccountFactory.create()


def stop(code: int | None) -> None:
    WhatsAppBusinessAccount.objects.update(
        sending_stopped_at=timezone.now(), sending_stopped_code=code
    )


def test_a_wrong_app_secret_leads_to_its_line_of_the_set_up(paula, account):
    stop(WRONG_PROOF)
    said = banner(paula.get("/admin/").text)
    assert "Meta does not accept our app secret" in said
    assert "/admin/messaging/setupcheck/?open=app_secret#line-app_secret" in said


def test_no_banner_stands_while_messages_go_out(paula, account):
    assert 'role="alert"' not in paula.get("/admin/").text


@pytest.mark.parametrize("page", PAGES)
def test_a_stopped_account_shows_on_every_page_why_and_what_to_do(paula, account, page):
    stop(190)
    text = paula.get(page).text
    assert "Sending has stopped." in text
    assert "(190)" in text
    assert "Since <time" in text
    assert reverse("admin:messaging_tokenrotation_page") in banner(text)


@pytest.mark.parametrize("code", [None, 0, 190, 131031, 999999])
def test_the_banner_stands_whatever_the_code(paula, account, code):
    stop(code)
    assert "Sending has stopped." in paula.get("/admin/").text


def test_the_accounts_page_says_why_sending_stopped(paula, account):
    stop(190)
    page = paula.get(f"/admin/tenants/whatsappbusinessaccount/{account.pk}/change/").text
    facts = page[page.index("hy sending stopped") :]
    assert "(190)" in facts[: facts.index("estrictions")]


def test_the_banner_is_not_for_those_who_are_logged_out(account):
    stop(190)
    assert 'role="alert"' not in Client().get("/admin/login/").text


def test_a_platform_switched_off_in_the_environment_is_shown(paula, account, settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert "switched off for the whole platform" in paula.get("/admin/").text


def test_pausing_and_resuming_ask_first(paula, account, broker):
    pause = reverse("admin:tenants_whatsappbusinessaccount_pause", args=(account.pk,))
    resume = reverse("admin:tenants_whatsappbusinessaccount_resume", args=(account.pk,))
    assert "Pause sending?" in paula.get(pause).text
    account.refresh_from_db()
    assert account.is_sending
    assert "Sending is paused." in paula.post(pause, follow=True).text
    account.refresh_from_db()
    assert not account.is_sending
    assert "Resume sending?" in paula.get(resume).text
    assert "what waited goes out" in paula.post(resume, follow=True).text
    account.refresh_from_db()
    assert account.is_sending


@pytest.fixture
def token_meta(meta, account):
    return TokenMeta(meta.mock)


def paste(paula, account, token):
    address = reverse("admin:tenants_whatsappbusinessaccount_change", args=(account.pk,))
    return paula.post(address, {**FORM, "new_access_token": token}, follow=True).text


def test_a_new_token_lets_sending_go_on_after_a_credential_error(
    paula, account, token_meta, broker
):
    stop(190)
    page = paste(paula, account, f" {NEW} ")
    assert "With the new token sending goes on" in page
    assert "The old one is revoked at Meta after" in page
    account.refresh_from_db()
    assert account.is_sending
    assert (account.access_token, account.previous_token_list) == (NEW, [demo.ACCESS_TOKEN])


def test_a_new_token_does_not_resume_what_a_person_paused(paula, account, token_meta, broker):
    stop(190)
    WhatsAppBusinessAccount.objects.update(sending_paused_at=timezone.now())
    assert "With the new token sending goes on" not in paste(paula, account, NEW)
    account.refresh_from_db()
    assert not account.is_sending


def test_what_is_wrong_with_a_pasted_token_stands_beside_the_field(
    paula, account, token_meta, broker
):
    stop(190)
    token_meta.tokens[NEW] = said_of(timedelta(hours=24), scopes=[])
    page = paste(paula, account, NEW)
    assert "This is a 24-hour token" in page
    assert "The token lacks the permission whatsapp_business_messaging" in page
    assert NEW not in page
    account.refresh_from_db()
    assert account.access_token == demo.ACCESS_TOKEN
    assert not account.is_sending


def test_the_guides_troubleshooting_stands_beside_a_token_that_is_refused(
    paula, account, token_meta, broker
):
    help_ = "Troubleshooting: “Invalid OAuth access token”"
    address = reverse("admin:tenants_whatsappbusinessaccount_change", args=(account.pk,))
    token_meta.tokens[NEW] = dead()
    assert help_ not in paula.get(address).text
    assert help_ in paste(paula, account, NEW)
    # Another field's error has nothing to do with it.
    wrong = {**FORM, "waba_id": "", "new_access_token": NEW}
    assert help_ not in paula.post(address, wrong).text
    # The same on the page where the first account is written.
    WhatsAppBusinessAccount.objects.all().delete()
    new = reverse("admin:tenants_whatsappbusinessaccount_add")
    assert help_ in paula.post(new, {**FORM, "new_access_token": NEW}).text


def test_a_refusal_of_the_new_token_says_that_the_old_one_is_kept(
    paula, account, token_meta, broker
):
    paste(paula, account, NEW)
    stop(190)
    assert "It is the new token that was refused" in paula.get("/admin/").text


def banner(page):
    return page[page.index("bw-banner ") : page.index("</section>")]


def test_of_a_refused_token_the_banner_leads_to_the_token_page_with_one_order(
    paula, account, token_meta, broker
):
    stop(190)
    says = banner(paula.get("/admin/").text)
    assert reverse("admin:messaging_tokenrotation_page") in says
    assert "paste it on the page Access token" in says
    assert "Go back" not in says
    paste(paula, account, NEW)
    stop(190)
    says = banner(paula.get("/admin/").text)
    assert "Go back to the previous one on the token page" in says
    assert "Create a new system user token" not in says


def test_of_a_locked_account_the_banner_leads_to_the_account(paula, account):
    stop(131031)
    says = banner(paula.get("/admin/").text)
    assert reverse("admin:tenants_whatsappbusinessaccount_change", args=(account.pk,)) in says
    assert reverse("admin:messaging_tokenrotation_page") not in says


def test_a_spare_number_becomes_the_default_after_asking(paula, account):
    before, spare = DefaultNumberFactory.create(), PhoneNumberFactory.create()
    address = reverse("admin:tenants_phonenumber_set_default", args=(spare.pk,))
    assert "Make" in paula.get(address).text
    assert "is the default number now." in paula.post(address, follow=True).text
    assert PhoneNumber.objects.default().get() == spare
    before.refresh_from_db()
    assert not before.is_default


def test_a_bakerys_number_cannot_become_the_default(paula, account):
    assignment = AssignmentFactory.create(tenant__name="Panadería Goiko")
    address = reverse("admin:tenants_phonenumber_set_default", args=(assignment.phone_number_id,))
    assert "belongs to Panadería Goiko" in paula.post(address, follow=True).text
    assert not PhoneNumber.objects.default().exists()


SYNC_NUMBERS = "/admin/tenants/phonenumber/sync/"
SYNC_TEMPLATES = "/admin/messaging/messagetemplate/sync/"


@pytest.mark.parametrize("address", [SYNC_NUMBERS, SYNC_TEMPLATES])
def test_syncing_by_a_link_is_refused(paula, address):
    assert paula.get(address).status_code == 405


@pytest.mark.parametrize("address", [SYNC_NUMBERS, SYNC_TEMPLATES])
def test_syncing_without_an_account_says_what_to_do(paula, settings, address):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    assert "There is no account yet." in paula.post(address, follow=True).text


@pytest.mark.parametrize("address", [SYNC_NUMBERS, SYNC_TEMPLATES])
def test_what_meta_answers_to_a_sync_is_put_into_our_words(paula, account, address):
    body = json.loads((META / "error_190_463.json").read_text())
    with responses.RequestsMock() as mock:
        mock.get(
            re.compile("https://graph.facebook.com/.*"), json=body.get("body", body), status=401
        )
        page = paula.post(address, follow=True).text
    assert "Meta could not be read, nothing was changed" in page
    assert "Session has expired" not in page


def test_syncing_numbers_tells_what_changed(paula, account):
    rows = {"data": [{"id": "123456789012345", "display_phone_number": "+34 612 345 678",
                      "verified_name": "Bakery Platform", "quality_rating": "RED"}]}  # fmt: skip
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(re.compile("https://graph.facebook.com/.*"), json=rows)
        page = paula.post(SYNC_NUMBERS, follow=True).text
    assert "Read from Meta: 1 new, 0 changed, 0 no longer there." in page
    assert "RED" in page
    assert "cancel</span>RED" in page  # the icon beside the word
