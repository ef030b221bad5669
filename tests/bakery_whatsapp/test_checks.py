from __future__ import annotations

import pytest
import time_machine
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from bakery_whatsapp.checks import ensure_startable
from messaging.services import accounts
from tests.factories import AccountFactory, DefaultNumberFactory


@pytest.fixture
def production(settings):
    """Settings with which production starts."""
    settings.ENVIRONMENT = "production"
    settings.WHATSAPP_SIMULATOR = False
    settings.DEBUG = False
    return settings


def found(check_id):
    return [message for message in checks.run_checks() if message.id == check_id]


@pytest.mark.django_db
def test_production_with_all_secrets_starts(production):
    ensure_startable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WHATSAPP_APP_SECRETS", []),
        ("FIELD_ENCRYPTION_KEYS", []),
        ("FIELD_ENCRYPTION_KEYS", ["too-short"]),
        ("FIELD_ENCRYPTION_KEYS", ["ñ" * 44]),
        ("SECRET_KEY", ""),
        ("WHATSAPP_SIMULATOR", True),
        ("DEBUG", True),
        ("ENVIRONMENT", "prodution"),
        ("WHATSAPP_LANGUAGE_FALLBACK", "es=es_ES"),
        ("WHATSAPP_BILLING_TIME_ZONE", "Madrid"),
        ("WHATSAPP_BILLING_CURRENCY", "euro"),
        ("CALLBACK_ALLOWED_NETWORKS", ["10.0.0.0/8", "ten"]),
        ("CALLBACK_ALLOWED_NETWORKS", ["10.0.0.1/8"]),
    ],
)
@pytest.mark.django_db
def test_production_refuses_to_start(production, name, value):
    setattr(production, name, value)
    with pytest.raises(ImproperlyConfigured):
        ensure_startable()


@pytest.mark.parametrize("name", ["WHATSAPP_APP_SECRETS", "FIELD_ENCRYPTION_KEYS"])
@pytest.mark.django_db
def test_elsewhere_the_same_is_a_warning(settings, name):
    setattr(settings, name, [])
    ensure_startable()
    assert any(message.level == checks.WARNING for message in checks.run_checks())


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v18.0", "v18.0 expired on 2026-01-26"),
        ("v21.0", "v21.0 expires on 2027-01-21"),
        ("v99.0", "not in our table"),
    ],
)
@time_machine.travel("2026-11-24", tick=False)
def test_an_old_graph_version_is_accepted_and_reported_with_its_date(settings, version, words):
    settings.WHATSAPP_API_VERSION = version
    (message,) = found("bakery_whatsapp.W007")
    assert words in message.msg
    assert message.level == checks.WARNING
    assert message.hint == "Set it to v26.0."


def test_the_current_graph_version_is_fine(settings):
    assert not found("bakery_whatsapp.W007")


def stored():
    return [
        message
        for message in checks.run_checks(databases=["default"])
        if message.id in {"bakery_whatsapp.W009", "bakery_whatsapp.W010"}
    ]


@pytest.mark.django_db
def test_the_environment_fills_an_empty_database_once_and_the_database_wins(settings):
    account = accounts.current_account()
    assert account.access_token == settings.WHATSAPP_ACCESS_TOKEN
    assert (
        account.phone_numbers.get(is_default=True).phone_number_id
        == settings.WHATSAPP_PHONE_NUMBER_ID
    )
    assert stored() == []
    settings.WHATSAPP_ACCESS_TOKEN = "EAAanother"
    assert accounts.current_account().access_token != "EAAanother"
    (message,) = stored()
    assert message.msg.startswith("WHATSAPP_ACCESS_TOKEN differs")
    assert "EAA" not in message.msg


@pytest.mark.django_db
def test_a_token_of_the_dashboard_is_reported_as_temporary():
    DefaultNumberFactory()
    AccountFactory()
    account = accounts.current_account()
    account.token_type = "USER"
    account.save()
    assert [message.id for message in stored()] == ["bakery_whatsapp.W010"]
