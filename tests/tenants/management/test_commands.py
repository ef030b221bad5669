from __future__ import annotations

import json
import subprocess
import sys
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from tenants.models import ApiKey, PhoneNumberAssignment, StaffRole, Tenant, User
from tenants.models.api_key import digest
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
    TenantFactory,
)

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_a_script_finds_nothing_but_the_answer_on_stdout(product_environment):
    done = subprocess.run(
        [sys.executable, "manage.py", "create_tenant", "Panadería Goiko", "--json"],
        env=product_environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["id"] == str(Tenant.objects.get().pk)
    assert b"[INFO] Bakery created" in done.stderr


# --- create_tenant -------------------------------------------------------------------------------


def test_a_bakery_is_made_and_printed():
    assert json.loads(run("create_tenant", "Panadería Goiko", "--json")) == {
        "id": str(Tenant.objects.get().pk),
        "name": "Panadería Goiko",
        "slug": "panaderia-goiko",
        "phone_number_id": None,
    }
    assert Tenant.objects.get().whatsapp_enabled is False


def test_a_bakery_is_made_with_an_id_a_number_and_its_switch_on():
    number, key = PhoneNumberFactory(), uuid.uuid4()
    printed = run(
        "create_tenant", "Horno", "--id", str(key),
        "--phone-number-id", number.phone_number_id, "--enable",
    )  # fmt: skip
    assert str(key) in printed
    assert number.phone_number_id in printed
    assert Tenant.objects.get(pk=key).whatsapp_enabled is True
    assert PhoneNumberAssignment.objects.get().assigned_by == "create_tenant"


@pytest.mark.parametrize(
    "arguments",
    [
        ["", "--json"],
        ["x" * 201],
        ["Horno", "--id", "7"],
        ["Horno", "--phone-number-id", "1"],
    ],
)
def test_a_bakery_that_cannot_be_made_is_explained(arguments):
    with pytest.raises(CommandError, match=r"^[A-Z7].+\.$"):
        run("create_tenant", *arguments)
    assert not Tenant.objects.exists()


def test_a_bakery_is_not_made_without_the_number_it_was_to_have():
    taken, default = AssignmentFactory().phone_number, DefaultNumberFactory()
    for number in (taken, default):
        with pytest.raises(CommandError):
            run("create_tenant", "Horno", "--phone-number-id", number.phone_number_id)
    assert not Tenant.objects.filter(name="Horno").exists()


def test_an_existing_bakery_is_not_made_again_nor_renamed():
    tenant = TenantFactory(name="Horno")
    with pytest.raises(CommandError, match="exists"):
        run("create_tenant", "Trigal", "--id", str(tenant.pk))
    tenant.refresh_from_db()
    assert tenant.name == "Horno"


# --- create_api_key ------------------------------------------------------------------------------


def test_a_key_stands_alone_on_the_last_line():
    secret = run("create_api_key", "--label", "order service").splitlines()[-1]
    api_key = ApiKey.objects.get()
    assert api_key.secret_digest == digest(secret)
    assert secret.startswith(api_key.prefix)
    assert (len(secret), len(api_key.prefix)) == (46, 10)
    assert api_key.scopes == ["messages:read", "messages:send"]
    assert (api_key.tenant, api_key.label) == (None, "order service")


def test_a_key_is_printed_as_json():
    tenant = TenantFactory()
    printed = json.loads(
        run("create_api_key", "--label", "x", "--tenant", str(tenant.pk), "--expires-in-days", "7", "--json")
    )  # fmt: skip
    api_key = ApiKey.objects.get()
    assert api_key.expires_at is not None
    assert printed == {
        "id": str(api_key.pk),
        "key": printed["key"],
        "prefix": printed["key"][:10],
        "scopes": ["messages:read", "messages:send"],
        "tenant_id": str(tenant.pk),
        "expires_at": api_key.expires_at.isoformat(),
    }
    assert timedelta(days=6) < api_key.expires_at - timezone.now() <= timedelta(days=7)


def test_a_bakery_may_be_named_by_its_short_name():
    tenant = TenantFactory(slug="goiko")
    run("create_api_key", "--label", "x", "--tenant", "goiko")
    assert ApiKey.objects.get().tenant == tenant


def test_scopes_may_be_given_at_once_or_one_by_one():
    run("create_api_key", "--label", "x", "--scope", "admin:read", "admin:write")
    run("create_api_key", "--label", "x", "--scope", "admin:read", "--scope", "admin:write")
    assert [key.scopes for key in ApiKey.objects.all()] == [["admin:read", "admin:write"]] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--label", " "],
        ["--label", "x" * 101],
        ["--label", "x", "--scope", "everything"],
        ["--label", "x", "--tenant", "nobody"],
        ["--label", "x", "--tenant", "00000000-0000-0000-0000-000000000007"],
        ["--label", "x", "--tenant", "goiko", "--scope", "admin:read"],
        ["--label", "x", "--expires-in-days", "0"],
        ["--label", "x", "--expires-in-days", "999999999"],
    ],
)
def test_a_key_that_may_not_be_is_explained(arguments):
    TenantFactory(slug="goiko")
    with pytest.raises(CommandError, match=r"^[A-Z].+\.$"):
        run("create_api_key", *arguments)
    assert not ApiKey.objects.exists()


def test_no_secret_is_logged(caplog, capsys):
    secret = run("create_api_key", "--label", "x").splitlines()[-1]
    assert "API key created" in caplog.text
    assert secret not in caplog.text + capsys.readouterr().out


# --- create_platform_admin -----------------------------------------------------------------------


def test_a_platform_admin_logs_in_with_the_password_of_the_environment(monkeypatch):
    monkeypatch.setenv("PLATFORM_ADMIN_PASSWORD", "an-invented-long-word")
    printed = json.loads(
        run("create_platform_admin", "paula", "--email", "paula@platform.example", "--json")
    )
    paula = User.objects.get(username="paula")
    assert paula.check_password("an-invented-long-word")
    assert paula.staff_role is StaffRole.PLATFORM_ADMIN
    assert paula.has_perms(["tenants.change_user", "tenants.change_whatsappbusinessaccount"])
    assert printed == {"id": paula.pk, "username": "paula", "email": "paula@platform.example"}


def test_somebody_of_the_support_reads_and_changes_no_bakery(monkeypatch):
    monkeypatch.setenv("PLATFORM_ADMIN_PASSWORD", "an-invented-long-word")
    assert "Support sonia made." in run(
        "create_support_user", "sonia", "--email", "sonia@platform.example"
    )
    sonia = User.objects.get()
    assert sonia.staff_role is StaffRole.SUPPORT
    assert sonia.has_perm("tenants.view_tenant")
    assert not sonia.has_perm("tenants.change_tenant")


def test_a_platform_admin_is_asked_for_the_password_twice(monkeypatch):
    answers = iter(["an-invented-long-word", "another-long-word"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    with pytest.raises(CommandError, match="differ"):
        run("create_platform_admin", "paula", "--email", "paula@platform.example")


@pytest.mark.parametrize(
    ("username", "email", "password"),
    [
        ("paula", "paula@platform.example", "12345678"),
        ("paula", "paula@platform.example", ""),
        ("paula", "no address", "an-invented-long-word"),
        ("not a name!", "paula@platform.example", "an-invented-long-word"),
        ("taken", "paula@platform.example", "an-invented-long-word"),
    ],
)
def test_a_platform_admin_that_cannot_be_is_explained(monkeypatch, username, email, password):
    User.objects.create(username="taken")
    monkeypatch.setenv("PLATFORM_ADMIN_PASSWORD", password)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(CommandError):
        run("create_platform_admin", username, "--email", email)
    assert User.objects.count() == 1
