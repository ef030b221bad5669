from __future__ import annotations

import pytest

from messaging.models import Alert, AlertKind
from messaging.services.numbers import make_default, sync_phone_numbers
from messaging.services.spare_numbers import watch_spare_numbers
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
)
from tests.messaging.services.test_syncing import NUMBERS_URL, lists, number_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def is_told():
    return Alert.objects.open().filter(kind=AlertKind.NO_SPARE_NUMBER).exists()


def test_the_alert_stands_while_no_number_can_be_given():
    DefaultNumberFactory()
    AssignmentFactory()
    PhoneNumberFactory(name_status="PENDING_REVIEW")
    watch_spare_numbers()
    watch_spare_numbers()
    assert Alert.objects.count() == 1
    assert is_told()
    PhoneNumberFactory()
    watch_spare_numbers()
    assert not is_told()


def test_a_new_account_without_numbers_is_no_alert():
    AccountFactory()
    watch_spare_numbers()
    assert not is_told()


def test_a_sync_that_finds_a_new_number_closes_the_alert_and_one_that_finds_it_unusable_opens_it(
    meta,
):
    AssignmentFactory()
    lists(meta, NUMBERS_URL, number_row("3", status="CONNECTED"))
    watch_spare_numbers()
    sync_phone_numbers()
    assert not is_told()
    meta.mock.reset()
    lists(meta, NUMBERS_URL, number_row("3", status="BANNED"))
    sync_phone_numbers()
    assert is_told()


def test_making_the_last_spare_number_the_default_one_opens_the_alert():
    number = PhoneNumberFactory()
    make_default(number)
    assert is_told()
