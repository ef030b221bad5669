from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from tenants.fields import UndecryptableError
from tenants.models import WhatsAppBusinessAccount
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

TOKEN = "EAAinvented-token"


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM tenants_whatsappbusinessaccount")
        return cursor.fetchone()[0]


def read():
    return WhatsAppBusinessAccount.objects.get().access_token


def test_a_secret_is_not_in_the_database_and_comes_back_whole():
    AccountFactory(access_token=TOKEN)
    assert TOKEN not in stored()
    assert read() == TOKEN


def test_the_same_secret_is_never_stored_alike():
    AccountFactory(access_token=TOKEN)
    before = stored()
    WhatsAppBusinessAccount.objects.update(access_token=TOKEN)
    assert stored() != before
    assert TOKEN not in stored()


def test_empty_stays_empty():
    AccountFactory(access_token="")
    assert (stored(), read()) == ("", "")


def test_old_keys_still_open_and_the_newest_encrypts(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    account = AccountFactory(access_token=TOKEN)
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert read() == TOKEN
    account.save()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert read() == TOKEN


def test_a_key_that_was_removed_too_early_is_said_without_the_secret(settings):
    AccountFactory(access_token=TOKEN)
    encrypted = stored()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(UndecryptableError) as raised:
        read()
    assert "access_token" in str(raised.value)
    assert encrypted not in str(raised.value)


def test_without_a_key_nothing_is_stored_in_the_clear(settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(ImproperlyConfigured):
        AccountFactory(access_token=TOKEN)
    assert not WhatsAppBusinessAccount.objects.exists()
