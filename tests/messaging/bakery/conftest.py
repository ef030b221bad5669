"""Ana owns a bakery, Bruno works there, Carla owns another, Paula is the platform's staff."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Membership, Tenant, User
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MembershipFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
)


@pytest.fixture
def bakery(db: None) -> Tenant:
    tenant: Tenant = TenantFactory.create(name="Panadería Goiko", slug="goiko")
    DefaultNumberFactory.create()
    AssignmentFactory.create(
        tenant=tenant,
        phone_number__display_phone_number="+34612345679",
        phone_number__verified_name="Panadería Goiko",
    )
    return tenant


@pytest.fixture
def ana(bakery: Tenant) -> User:
    user: User = UserFactory.create(username="ana", email="ana@bakery.example")
    MembershipFactory.create(tenant=bakery, user=user)
    return user


@pytest.fixture
def bruno(bakery: Tenant) -> User:
    user: User = UserFactory.create(username="bruno")
    MembershipFactory.create(tenant=bakery, user=user, role=Membership.Role.STAFF)
    return user


@pytest.fixture
def carla(bakery: Tenant) -> User:
    user: User = UserFactory.create(username="carla")
    MembershipFactory.create(tenant__name="Bakery Artesano", tenant__slug="artesano", user=user)
    return user


@pytest.fixture
def paula(db: None) -> User:
    user: User = StaffFactory.create(username="paula")
    return user


def look_at_goiko(client: Client) -> None:
    """Press "View as bakery" on its page in the admin, where there is one."""
    if tenant := Tenant.objects.filter(slug="goiko").first():
        client.post(f"/admin/tenants/tenant/{tenant.pk}/view-as/")


@pytest.fixture
def browse() -> Callable[..., Client]:
    """A client of one person (nobody without `user`) whose browser asks for `language`."""

    def browse(user: User | None = None, *, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        if user is not None:
            client.force_login(user)
            if user.is_staff:
                look_at_goiko(client)
        return client

    return browse
