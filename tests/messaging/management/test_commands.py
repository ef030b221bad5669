from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging import demo
from messaging.models import Message, MessageTemplate
from messaging.statuses import MessageStatus
from tenants.models import (
    Membership,
    PhoneNumber,
    PhoneNumberAssignment,
    StaffRole,
    Tenant,
    User,
    WhatsAppBusinessAccount,
)
from tenants.services.number_use import number_use
from tenants.services.routing import sender_for
from tests.factories import AccountFactory, TenantFactory
from tests.messaging.conftest import GRAPH

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NUMBERS_URL = f"{GRAPH}/{demo.WABA_ID}/phone_numbers"
TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"
NUMBER = {
    "id": "1",
    "display_phone_number": "+34 612 345 678",
    "verified_name": "Bakery Platform",
    "quality_rating": "GREEN",
}


def run(*arguments):
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


# --- load_demo -----------------------------------------------------------------------------------


@pytest.fixture
def loaded(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "pan-de-prueba-1")
    return json.loads(run("load_demo", "--json"))


def test_the_demo_has_the_guides_ten_bakeries_and_numbers_and_a_free_one_for_all(loaded):
    assert Tenant.objects.count() == 10
    numbers = {number.display_phone_number: number for number in PhoneNumber.objects.all()}
    assert {f"+34612345{678 + place}" for place in range(10)} < set(numbers)
    standing = PhoneNumberAssignment.objects.open().select_related("tenant", "phone_number")
    holders = {row.phone_number.display_phone_number: row.tenant.name for row in standing}
    # The list of the guide's step 9.2.
    assert holders["+34612345678"] == "Panadería San Juan"
    assert holders["+34612345679"] == "Panadería Goiko"
    assert holders["+34612345680"] == "Bakery Artesano"
    assert numbers["+15550100678"].is_default
    assert numbers["+15550100678"].is_meta_free


def test_the_demo_has_spare_numbers_and_one_that_cannot_be_given(loaded):
    use = number_use(WhatsAppBusinessAccount.objects.get())
    assert [number.display_phone_number for number in use.usable] == [
        "+34612345687",
        "+34612345688",
    ]
    assert [number.display_phone_number for number in use.spare][-1] == "+34612345689"
    assert use.cap is not None
    assert (use.cap.numbers, use.cap.read_at is None) == (20, False)


def test_one_bakery_of_the_demo_sends_from_the_default_number(loaded):
    senders = [sender_for(tenant) for tenant in Tenant.objects.all()]
    assert [number.is_default for number in senders if number].count(True) == 1


def test_the_demo_has_the_two_templates_of_the_guide(loaded):
    found = MessageTemplate.objects.order_by("name").values_list("name", "language", "status")
    assert list(found) == [
        ("low_stock_alert", "es", "APPROVED"),
        ("po_notification", "es", "APPROVED"),
    ]


def test_the_demos_people_log_in_and_each_owner_has_one_bakery(loaded):
    admin = User.objects.get(username=loaded["admin"]["username"])
    assert admin.check_password("pan-de-prueba-1")
    assert admin.staff_role is StaffRole.PLATFORM_ADMIN
    for owner in loaded["owners"]:
        person = User.objects.get(username=owner["username"])
        assert person.check_password(owner["password"])
        assert not person.is_staff
        membership = Membership.objects.get(user=person)
        assert str(membership.tenant_id) == owner["tenant_id"]
        assert membership.role == Membership.Role.OWNER


def test_the_demos_messages_lie_behind_us_and_wait_for_nothing(loaded):
    now = timezone.now()
    assert set(Message.objects.values_list("tenant", flat=True)) == set(
        Tenant.objects.values_list("pk", flat=True)
    )
    assert not Message.objects.queued().exists()
    assert not Message.objects.filter(created_at__gt=now).exists()
    assert not Message.objects.filter(read_at__gt=now).exists()
    assert Message.objects.filter(status=MessageStatus.READ).exists()
    for message in Message.objects.prefetch_related("events")[:20]:
        assert message.events.order_by("at", "id")[0].kind == "queued"
        assert re.fullmatch(r"\+34600000\d{3}", message.recipient_phone)


def test_a_second_load_changes_nothing_and_tells_no_password(loaded, monkeypatch):
    monkeypatch.delenv("DEMO_PASSWORD")
    before = Message.objects.count()
    again = json.loads(run("load_demo", "--json"))
    assert (again["is_new"], again["admin"]["password"]) == (False, None)
    assert Message.objects.count() == before


def test_where_bakeries_are_nothing_is_loaded(monkeypatch):
    TenantFactory()
    assert "nothing was changed" in run("load_demo")
    assert not User.objects.exists()


def test_production_gets_no_demo(settings):
    settings.ENVIRONMENT = "production"
    with pytest.raises(CommandError):
        run("load_demo")
    assert not Tenant.objects.exists()


# --- sync_phone_numbers, sync_templates ----------------------------------------------------------


def test_numbers_are_read_and_what_changed_is_printed(meta):
    AccountFactory()
    meta.mock.get(NUMBERS_URL, json={"data": [NUMBER]})
    assert run("sync_phone_numbers") == "created: 1\nNumbers: 1 new, 0 changed, 0 gone at Meta.\n"
    assert json.loads(run("sync_phone_numbers", "--json")) == {
        "created": [],
        "updated": [],
        "gone": [],
    }


def test_templates_are_read_and_what_changed_is_printed(meta):
    AccountFactory()
    meta.mock.get(TEMPLATES_URL, json={"data": demo.TEMPLATES})
    assert "created: po_notification (es)\n" in run("sync_templates")
    assert "0 new, 0 changed, 0 gone" in run("sync_templates")


@pytest.mark.parametrize("command", ["sync_phone_numbers", "sync_templates"])
def test_what_meta_refuses_is_said_without_the_token(meta, command):
    AccountFactory(access_token="EAAinvented-token")
    for url in (NUMBERS_URL, TEMPLATES_URL):
        meta.mock.get(
            url,
            status=401,
            json={
                "error": {"code": 190, "message": "bad token EAAinvented-token", "fbtrace_id": "A"}
            },
        )
    with pytest.raises(CommandError, match="Nothing was changed") as raised:
        run(command)
    assert "EAA" not in str(raised.value)


@pytest.mark.parametrize("command", ["sync_phone_numbers", "sync_templates"])
def test_without_an_account_it_is_said_what_to_set(settings, command):
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = ""
    with pytest.raises(CommandError, match="WHATSAPP_BUSINESS_ACCOUNT_ID"):
        run(command)
