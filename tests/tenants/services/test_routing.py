from __future__ import annotations

import pytest

from tenants.services.assignments import assign_number, release_number
from tenants.services.routing import sender_for
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
    TenantFactory,
)

pytestmark = pytest.mark.django_db


def test_a_bakery_sends_from_its_own_number():
    DefaultNumberFactory()
    own = AssignmentFactory()
    AssignmentFactory()
    assert sender_for(own.tenant) == own.phone_number


def test_a_bakery_without_a_number_sends_from_the_default_one():
    default = DefaultNumberFactory()
    AssignmentFactory()
    assert sender_for(TenantFactory()) == default


def test_a_number_that_was_released_sends_no_more():
    default = DefaultNumberFactory()
    own = AssignmentFactory()
    assert release_number(tenant=own.tenant, by="Paula")
    assert sender_for(own.tenant) == default


def test_a_released_number_sends_for_the_bakery_that_has_it_now():
    DefaultNumberFactory()
    number = PhoneNumberFactory()
    first, second = TenantFactory(), TenantFactory()
    assign_number(tenant=first, phone_number=number, by="Paula")
    release_number(tenant=first, by="Paula")
    assign_number(tenant=second, phone_number=number, by="Paula")
    assert sender_for(second) == number
    assert sender_for(first) != number


def test_without_any_number_nobody_sends():
    assert sender_for(TenantFactory()) is None
