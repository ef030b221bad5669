from __future__ import annotations

import pytest
from django.urls import reverse

from messaging import demo
from tenants.models import WhatsAppBusinessAccount
from tests.factories import AccountFactory
from tests.messaging.conftest import meta
from tests.messaging.token_meta import NEW, TokenMeta

__all__ = ["meta"]

FORM = {
    "name": "Bakery Platform",
    "waba_id": "987654321098765",
    "app_id": "993000000000004",
    "new_access_token": "",
    "new_app_secrets": "",
    "new_webhook_verify_token": "",
}


@pytest.fixture
def account(db):
    return AccountFactory.create(
        access_token="EAAoldInvented", app_secrets="oldsecret", webhook_verify_token="oldword"
    )


@pytest.fixture
def address(account):
    return reverse("admin:tenants_whatsappbusinessaccount_change", args=(account.pk,))


def test_secrets_are_never_shown_only_whether_they_are_stored(paula, address, account):
    pages = paula.get(address).text + paula.get(address.replace(f"{account.pk}/change/", "")).text
    assert "stored" in pages
    for secret in ("EAAoldInvented", "oldsecret", "oldword"):
        assert secret not in pages


def test_an_empty_field_keeps_the_stored_secret(paula, address):
    assert paula.post(address, {**FORM, "name": "New name"}).status_code == 302
    account = WhatsAppBusinessAccount.objects.get()
    assert account.name == "New name"
    assert account.access_token == "EAAoldInvented"
    assert account.app_secrets == "oldsecret"
    assert account.token_issued_at is None


def test_new_secrets_replace_the_old_ones_and_stay_unseen(paula, address, meta, broker):
    TokenMeta(meta.mock)
    new = {
        "new_access_token": NEW,
        "new_app_secrets": f"{demo.APP_SECRET}, second",
        "new_webhook_verify_token": "newword",
    }
    page = paula.post(address, {**FORM, **new, "_continue": "1"}, follow=True).text
    account = WhatsAppBusinessAccount.objects.get()
    assert account.access_token == NEW
    assert account.app_secret_list == [demo.APP_SECRET, "second"]
    assert account.webhook_verify_token == "newword"
    assert account.token_issued_at is not None
    history = paula.get(address.replace("change", "history")).text
    for secret in (NEW, demo.APP_SECRET, "newword"):
        assert secret not in page + history


def test_a_refused_form_does_not_send_a_pasted_secret_back(paula, address):
    page = paula.post(address, {**FORM, "waba_id": "", "new_access_token": "EAApastedInvented"})
    assert page.status_code == 200
    assert "EAApastedInvented" not in page.text


def test_the_account_cannot_be_deleted(paula, address):
    assert paula.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403
