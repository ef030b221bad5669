"""What is changed in the admin or by another system counts for the very next message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Message, MessageTemplate
from tenants.models import ApiKey, PhoneNumber, Scope, Tenant
from tenants.services.assignments import assign_number
from tests.factories import PhoneNumberFactory, TenantFactory
from tests.messaging.api.conftest import SEND, refusal


def switched_off(bakery):
    Tenant.objects.filter(pk=bakery.tenant.pk).update(whatsapp_enabled=False)
    return 409, "whatsapp_disabled"


def suspended(bakery):
    later = timezone.now() + timedelta(hours=1)
    Tenant.objects.filter(pk=bakery.tenant.pk).update(suspended_until=later, suspension_reason="x")
    return 409, "whatsapp_disabled"


def template_paused(bakery):
    MessageTemplate.objects.update(status="PAUSED")
    return 422, "template_not_approved"


def template_changed(bakery):
    components = [{"type": "BODY", "text": "Hola {{1}}"}]
    MessageTemplate.objects.update(components=components)
    return 422, "parameters_mismatch"


def number_gone(bakery):
    PhoneNumber.objects.all().delete()
    return 409, "no_phone_number"


def key_revoked(bakery):
    ApiKey.objects.update(revoked_at=timezone.now())
    return 401, "unauthenticated"


def key_expired(bakery):
    ApiKey.objects.update(expires_at=timezone.now())
    return 401, "unauthenticated"


def key_deleted(bakery):
    ApiKey.objects.all().delete()
    return 401, "unauthenticated"


def scope_taken(bakery):
    ApiKey.objects.update(scopes=[Scope.MESSAGES_READ])
    return 403, "forbidden"


def key_moved(bakery):
    ApiKey.objects.update(tenant=TenantFactory())
    return 404, "unknown_tenant"


CHANGES = [
    switched_off,
    suspended,
    template_paused,
    template_changed,
    number_gone,
    key_revoked,
    key_expired,
    key_deleted,
    scope_taken,
    key_moved,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_change_counts_for_the_very_next_message(ana, change, dry_run):
    answer = ana.send(dry_run=True)
    assert answer.status_code == 200
    expected = change(ana)
    answer = ana.send(dry_run=dry_run)
    assert refusal(answer) == expected
    assert ("WWW-Authenticate" in answer.headers) == (expected[0] == 401)
    assert not Message.objects.exists()


def test_a_switch_turned_on_counts_for_the_very_next_message(ana):
    switched_off(ana)
    assert ana.send().status_code == 409
    Tenant.objects.filter(pk=ana.tenant.pk).update(whatsapp_enabled=True)
    assert ana.send().status_code == 202


def test_a_scope_that_is_given_counts_at_once(ana):
    scope_taken(ana)
    assert ana.send().status_code == 403
    ApiKey.objects.update(scopes=[Scope.MESSAGES_SEND])
    assert ana.send().status_code == 202


def test_a_changed_label_costs_the_caller_nothing(ana):
    ana.send()
    ApiKey.objects.update(label="renamed")
    assert ana.send().status_code == 202
    assert Message.objects.newest_first()[0].requested_by == "renamed (bw_ana…)"


def test_a_new_number_of_the_bakery_sends_the_very_next_message(ana):
    ana.send()
    own = PhoneNumberFactory()
    assign_number(tenant=ana.tenant, phone_number=own, by="Paula")
    ana.send()
    assert Message.objects.newest_first()[0].phone_number == own


def test_accepting_costs_two_statements(ana, django_assert_num_queries):
    ana.send()
    ana.send()  # reads the key again, for the first one wrote its last use
    with django_assert_num_queries(2):
        assert ana.api.post(SEND, ana.order()).status_code == 202
