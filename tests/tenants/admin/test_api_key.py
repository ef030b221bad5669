from __future__ import annotations

import re

from django.urls import reverse

from tenants.models import ApiKey
from tenants.models.api_key import digest
from tests.factories import TenantFactory, make_api_key

ADD = "/admin/tenants/apikey/add/"
FORM = {"label": "order service", "scopes": ["messages:send"]}


def test_a_new_key_is_shown_once_and_stored_only_as_a_digest(paula, db):
    answer = paula.post(ADD, FORM)
    secret = re.search(r"bw_[\w-]{43}", answer.text)
    assert secret is not None
    key = ApiKey.objects.get()
    assert key.secret_digest == digest(secret[0])
    assert (key.label, key.scopes, key.tenant) == ("order service", ["messages:send"], None)
    assert "no-store" in answer.headers["Cache-Control"]
    address = reverse("admin:tenants_apikey_change", args=(key.pk,))
    later = paula.get("/admin/tenants/apikey/").text + paula.get(address).text
    assert secret[0] not in later
    assert key.secret_digest not in later


def test_a_bakerys_key_cannot_administer_the_platform(paula, db):
    tenant = TenantFactory.create()
    page = paula.post(ADD, {**FORM, "tenant": str(tenant.pk), "scopes": ["admin:write"]})
    assert "Only a key of the whole platform" in page.text
    assert not ApiKey.objects.exists()


def test_a_key_must_expire_in_the_future(paula, db):
    when = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}
    assert "must expire in the future" in paula.post(ADD, {**FORM, **when}).text
    assert not ApiKey.objects.exists()


def test_revoking_asks_first_and_then_refuses_the_key(paula, db):
    key = make_api_key("bw_invented")
    address = reverse("admin:tenants_apikey_revoke", args=(key.pk,))
    assert "Revoke the key" in paula.get(address).text
    key.refresh_from_db()
    assert key.revoked_at is None
    assert "is refused from now on" in paula.post(address, follow=True).text
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "was revoked before" in paula.post(address, follow=True).text


def test_keys_are_never_deleted(paula, db):
    key = make_api_key("bw_invented")
    address = reverse("admin:tenants_apikey_delete", args=(key.pk,))
    assert paula.post(address, {"post": "yes"}).status_code == 403


def test_what_a_key_may_do_is_not_changed_afterwards(paula, db):
    key = make_api_key("bw_invented")
    address = reverse("admin:tenants_apikey_change", args=(key.pk,))
    form = {"label": "renamed", "requests_per_minute": "10", "scopes": ["admin:write"]}
    assert paula.post(address, form).status_code == 302
    scopes = key.scopes
    key.refresh_from_db()
    assert (key.label, key.scopes) == ("renamed", scopes)
