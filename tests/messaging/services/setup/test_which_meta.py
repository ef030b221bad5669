"""From the simulator to the real account: what stays, what is forgotten, and that nothing is taken over as proved."""

from __future__ import annotations

import pytest

from messaging import demo
from messaging.models import Alert, AlertKind, Message, SetupCheck, SetupKey
from messaging.services import accounts
from messaging.services.setup import actions, checking, credentials
from messaging.services.setup.which_meta import SwitchStep, switch
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, Tenant, WhatsAppBusinessAccount
from tests.factories import MessageFactory, StaffFactory, TemplateFactory, TenantFactory, message_in
from tests.messaging.services.setup.conftest import check

pytestmark = pytest.mark.django_db

SIMULATOR = "http://127.0.0.1:8000/simulator/graph"
META = "https://graph.facebook.com"
REAL = "111222333444555"


def test_at_the_simulator_the_steps_lie_ahead(ready, settings):
    settings.WHATSAPP_GRAPH_URL = SIMULATOR
    found = switch()
    assert found.is_simulated
    assert not found.is_under_way
    assert found.done == {SwitchStep.NOTHING_WAITS}
    MessageFactory.create()
    message_in(MessageStatus.UNCONFIRMED)
    assert switch().waiting == 2
    assert switch().done == frozenset()


def test_with_the_real_meta_what_is_left_of_the_simulator_is_named(ready):
    found = switch()
    assert found.is_under_way
    assert found.done == {SwitchStep.NOTHING_WAITS, SwitchStep.ENVIRONMENT}


def test_the_real_accounts_id_begins_it_and_keeps_bakeries_and_templates(ready):
    template, bakeries = TemplateFactory.create(), Tenant.objects.count()
    MessageFactory.create()
    # Real Meta has refused the simulator's token meanwhile.
    accounts.stop_sending(WhatsAppBusinessAccount.objects.get(), code=190)
    credentials.save_waba_id(REAL, by=1)
    stopped = Alert.objects.open().filter(kind=AlertKind.ACCOUNT_STOPPED)
    assert not stopped.exists()
    account = WhatsAppBusinessAccount.objects.get()
    assert (account.waba_id, account.access_token, account.app_id) == (REAL, "", "")
    assert account.app_secret_list == []
    # What waits was written to the simulator's phones.
    assert account.sending_paused_at is not None
    assert Message.objects.get().status == MessageStatus.QUEUED
    template.refresh_from_db()
    assert template.components
    assert Tenant.objects.count() == bakeries + 1  # the factory's message has one of its own
    assert {SwitchStep.ACCOUNT, SwitchStep.CREDENTIALS} <= switch().done
    # It is done once: now this is an account like any other.
    with pytest.raises(credentials.AccountInUseError):
        credentials.save_waba_id("999888777666555", by=1)


def test_at_the_simulator_its_account_is_not_changed(ready, settings):
    checking.run_checks()
    settings.WHATSAPP_GRAPH_URL = SIMULATOR
    with pytest.raises(credentials.SimulatorsAccountError):
        credentials.save_waba_id(REAL, by=1)
    assert WhatsAppBusinessAccount.objects.get().access_token == demo.ACCESS_TOKEN


def test_the_end_is_told_by_what_is_here(ready):
    TemplateFactory.create()
    WhatsAppBusinessAccount.objects.update(waba_id=REAL, app_id="1", access_token="EAAreal")
    PhoneNumber.objects.filter(phone_number_id=demo.DEFAULT_PHONE_NUMBER_ID).update(
        phone_number_id="882000000000001"
    )
    found = switch()
    assert not found.is_under_way
    assert SwitchStep.PROOF not in found.done


def test_what_the_simulator_proved_is_proved_anew(ready, settings, broker):
    TenantFactory.create_batch(2)
    checking.run_checks()
    checking.confirm(SetupKey.ASSIGNED, by=StaffFactory.create())
    ready.templates = []
    check(SetupKey.TEMPLATE)
    SetupCheck.objects.update(was_simulated=True)
    assert Alert.objects.open().filter(kind=AlertKind.SETUP_BROKEN).exists()
    assert len(checking._due()) == 16
    rows = {row.key: row for row in checking.run_checks()}
    assert rows["assigned"].state == "by_hand"
    assert rows["assigned"].confirmed_at is None
    assert (rows["template"].state, rows["template"].proved_at) == ("needs_you", None)
    assert not Alert.objects.open().filter(kind=AlertKind.SETUP_BROKEN).exists()
    assert checking._due() == []


def test_a_test_at_the_simulator_proves_nothing_at_meta(ready):
    TemplateFactory.create()
    actions.send_test(to="+34600000101", requested_by="admin:paula")
    assert check(SetupKey.TEST).code == "test_on_its_way"
    SetupCheck.objects.update(was_simulated=True)
    assert check(SetupKey.TEST).code == "test_unsent"
    actions.send_test(to="+34600000101", requested_by="admin:paula")
    assert check(SetupKey.TEST).code == "test_on_its_way"
