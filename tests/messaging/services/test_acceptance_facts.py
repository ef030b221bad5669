from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import MessageTemplate, Suppression
from messaging.services.acceptance_facts import KeyChangedError, read_facts
from tenants import authentication
from tenants.models import ApiKey, PhoneNumber, Tenant
from tenants.services.assignments import assign_number, release_number
from tenants.services.routing import sender_for
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TemplateFactory,
    TenantFactory,
    make_api_key,
)

pytestmark = pytest.mark.django_db


def facts_of(tenant, **changes):
    asked = {
        "tenant_id": tenant.pk,
        "template_name": "po_notification",
        "language": "es",
        "idempotency_key": None,
        "recipient": None,
        "api_key": None,
    }
    return read_facts(**asked | changes)


# --- The number is the one routing names ---------------------------------------------------------


def test_the_sender_is_the_one_of_routing():
    DefaultNumberFactory()
    own, other = AssignmentFactory(), AssignmentFactory()
    released = AssignmentFactory()
    release_number(tenant=released.tenant, by="Paula")
    moved = AssignmentFactory()
    release_number(tenant=moved.tenant, by="Paula")
    assign_number(tenant=moved.tenant, phone_number=PhoneNumberFactory(), by="Paula")
    for tenant in (own.tenant, other.tenant, released.tenant, moved.tenant, TenantFactory()):
        assert facts_of(tenant).sender == sender_for(tenant)


def test_of_two_default_numbers_the_older_sends_as_in_routing():
    tenant = TenantFactory()
    for waba_id in ("102290129340398", "102290129340399"):
        PhoneNumberFactory(account=AccountFactory(waba_id=waba_id), is_default=True)
    assert PhoneNumber.objects.default().count() == 2
    assert facts_of(tenant).sender == sender_for(tenant)


def test_without_any_number_there_is_neither_sender_nor_template():
    TemplateFactory()
    facts = facts_of(TenantFactory())
    assert (facts.sender, facts.template) == (None, None)


# --- Opt-outs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", Suppression.What)
@pytest.mark.parametrize("whose", ["own", "the account's", "another's", "lifted", "nobody's"])
@pytest.mark.parametrize("is_marketing", [False, True])
def test_who_opted_out_is_whom_the_queryset_names(what, whose, is_marketing):
    tenant, phone = TenantFactory(), "+34600000101"
    if whose != "nobody's":
        Suppression.objects.create(
            tenant={"another's": TenantFactory(), "the account's": None}.get(whose, tenant),
            phone=phone,
            what=what,
            source=Suppression.Source.WORD,
            lifted_at=timezone.now() + timedelta(seconds=1) if whose == "lifted" else None,
        )
    # Somebody of whom only the user id is known.
    Suppression.objects.create(tenant=tenant, user_id="ES.1", source=Suppression.Source.WORD)
    binding = Suppression.objects.binding(tenant.pk).against(is_marketing=is_marketing)
    facts = facts_of(tenant, recipient=phone)
    assert facts.forbids(is_marketing=is_marketing) is binding.filter(phone=phone).exists()
    assert not facts_of(tenant).forbids(is_marketing=True)


# --- Rows come back as the ORM would give them ---------------------------------------------------


def test_the_rows_are_those_of_the_orm_field_by_field():
    number, template = DefaultNumberFactory(), TemplateFactory()
    tenant = TenantFactory(daily_cap=5, quiet_from="22:00", quiet_until="07:30")
    facts = facts_of(tenant)
    for read, model in (
        (facts.tenant, Tenant),
        (facts.sender, PhoneNumber),
        (facts.template, MessageTemplate),
    ):
        stored = model.objects.get(pk=read.pk)
        for field in model._meta.concrete_fields:
            assert getattr(read, field.attname) == getattr(stored, field.attname), field.name
    assert (facts.sender, facts.template) == (number, template)


def test_only_the_template_of_the_numbers_account_counts():
    DefaultNumberFactory()
    TemplateFactory(account=AccountFactory(waba_id="102290129340399"))
    assert facts_of(TenantFactory()).template is None


def test_another_bakerys_message_with_the_same_key_is_not_the_first():
    theirs = MessageFactory(idempotency_key="k")
    tenant = TenantFactory()
    assert facts_of(tenant, idempotency_key="k").first_id is None
    mine = MessageFactory(idempotency_key="k", tenant=tenant)
    assert facts_of(tenant, idempotency_key="k").first_id == mine.pk
    assert facts_of(theirs.tenant, idempotency_key="k").first_id == theirs.pk


# --- Whose key asks ------------------------------------------------------------------------------


def test_a_bakerys_key_finds_no_other_bakery():
    mine, other = TenantFactory(), TenantFactory()
    api_key = make_api_key("bw_a", tenant=mine)
    api_key.row_version = row_version(api_key)
    assert facts_of(mine, api_key=api_key).tenant == mine
    assert facts_of(other, api_key=api_key) is None


def test_a_key_that_changed_since_it_was_read_is_noticed():
    api_key = make_api_key("bw_a")
    api_key.row_version = row_version(api_key)
    tenant = TenantFactory()
    assert facts_of(tenant, api_key=api_key)
    ApiKey.objects.update(label="other")
    with pytest.raises(KeyChangedError):
        facts_of(tenant, api_key=api_key)
    ApiKey.objects.all().delete()
    with pytest.raises(KeyChangedError):
        facts_of(tenant, api_key=api_key)


def row_version(api_key) -> str:
    """As the API's door reads it."""
    read = authentication._key_with(api_key.secret_digest)
    assert read is not None
    return read.row_version
