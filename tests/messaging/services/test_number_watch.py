from __future__ import annotations

import pytest

from messaging.models import Alert, AlertKind
from messaging.services.number_watch import watch_numbers
from messaging.services.numbers import make_default, sync_phone_numbers
from messaging.services.sweeping import sweep
from tenants.services.assignments import assign_number
from tenants.services.number_board import propose_changes, read_board
from tenants.services.number_use import capped_account, number_use
from tenants.services.provisioning import create_tenant
from tenants.services.usable_numbers import Unusable, why_unusable
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
    TenantFactory,
)
from tests.messaging.services.test_syncing import NUMBERS_URL, lists, number_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def is_told():
    return Alert.objects.open().filter(kind=AlertKind.NO_SPARE_NUMBER).exists()


def test_the_alert_stands_while_no_number_can_be_given():
    DefaultNumberFactory()
    AssignmentFactory()
    PhoneNumberFactory(name_status="PENDING_REVIEW")
    watch_numbers()
    watch_numbers()
    assert Alert.objects.count() == 1
    assert is_told()
    PhoneNumberFactory()
    watch_numbers()
    assert not is_told()


def test_a_new_account_without_numbers_is_no_alert():
    AccountFactory()
    watch_numbers()
    assert not is_told()


def test_a_sync_that_finds_a_new_number_closes_the_alert_and_one_that_finds_it_unusable_opens_it(
    meta,
):
    AssignmentFactory()
    lists(meta, NUMBERS_URL, number_row("3", status="CONNECTED"))
    watch_numbers()
    sync_phone_numbers()
    assert not is_told()
    meta.mock.reset()
    lists(meta, NUMBERS_URL, number_row("3", status="BANNED"))
    sync_phone_numbers()
    assert is_told()


def test_a_command_that_gives_the_last_number_away_is_seen_by_the_next_sweep(broker):
    number = PhoneNumberFactory()
    create_tenant(name="Goiko", by="test", phone_number_id=number.phone_number_id)
    sweep()
    assert is_told()
    assert broker.ttl(f"once:{AlertKind.NO_SPARE_NUMBER}") > 0


# --- Numbers that Meta no longer has ---------------------------------------------------------------
def missed() -> list[str]:
    alerts = Alert.objects.open().filter(kind=AlertKind.NUMBER_GONE)
    return list(alerts.order_by("subject").values_list("subject", flat=True))


def reads(meta, *ids: str):
    meta.mock.reset()
    lists(meta, NUMBERS_URL, *(number_row(one, status="CONNECTED") for one in ids))
    return sync_phone_numbers()


def test_a_number_that_is_gone_at_meta_is_neither_proposed_nor_counted(meta):
    PhoneNumberFactory(phone_number_id="1", is_default=True)
    gone, goiko = PhoneNumberFactory(phone_number_id="2"), TenantFactory()
    assert reads(meta, "1").gone == ["2"]
    gone.refresh_from_db()
    assert why_unusable(gone) is Unusable.GONE
    assert propose_changes(read_board(), []) == []
    use = number_use(capped_account())
    assert (use.total, use.spare, use.gone, use.usable) == (1, [], [gone], [])
    assert is_told()
    assert missed() == []
    assert reads(meta, "1").gone == []
    back = reads(meta, "1", "2")
    assert back.updated == ["2"]
    assert [change.tenant for change in propose_changes(read_board(), [])] == [goiko.pk]
    assert not is_told()


def test_a_gone_number_in_use_is_an_alert_until_it_is_back_or_nobody_has_it(meta):
    PhoneNumberFactory(phone_number_id="1", is_default=True)
    other = PhoneNumberFactory(phone_number_id="2")
    held = AssignmentFactory(phone_number__phone_number_id="3")
    reads(meta, "2")
    assert missed() == ["1", "3"]
    reads(meta, "1", "2")
    assert missed() == ["3"]
    assign_number(tenant=held.tenant, phone_number=other, by="test")
    watch_numbers()
    assert missed() == []


def test_making_the_last_spare_number_the_default_one_opens_the_alert():
    number = PhoneNumberFactory()
    make_default(number)
    assert is_told()
