from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import User
from tenants.services.assignments import assign_number
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MembershipFactory,
    PhoneNumberFactory,
    TenantFactory,
)

LIST = "/admin/tenants/tenant/"
BOARD = "/admin/tenants/phonenumberassignment/board/"


@pytest.fixture
def goiko(db):
    return TenantFactory.create(name="Panadería Goiko", slug="goiko")


@pytest.fixture
def default(db):
    return DefaultNumberFactory.create()


@pytest.fixture
def spare(db):
    return PhoneNumberFactory.create(display_phone_number="+34612345679", verified_name="Goiko")


def trainee(*codenames: str) -> Client:
    """A member of staff with the right to look at bakeries and these rights."""
    user = User.objects.create(username="trainee", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_tenant", *codenames]))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_list_shows_each_number_and_leads_to_the_board(paula, goiko, default, spare):
    page = paula.get(LIST).text
    assert f'href="{BOARD}#bakery-{goiko.pk}"' in page
    assert "uses the default number +34\u00a0612\u00a0345\u00a0678" in page
    assert "2 numbers" in page
    assert "0 with a bakery" in page
    assert "1 spare" in page
    assign_number(tenant=goiko, phone_number=spare, by="paula")
    page = paula.get(LIST).text
    assert "check_circle" in page
    assert ">+34\u00a0612\u00a0345\u00a0679</a>" in page


def test_without_the_right_the_list_does_not_lead_to_the_board(goiko, spare):
    assert f"{BOARD}#bakery-" not in trainee().get(LIST).text


def test_the_pages_of_bakery_and_number_tell_who_assigned_what_and_when(paula, goiko, spare):
    assign_number(tenant=goiko, phone_number=spare, by="paula")
    bakery = paula.get(reverse("admin:tenants_tenant_change", args=(goiko.pk,))).text
    assert "History of its numbers" in bakery
    assert ">paula<" in bakery.replace("\n", "").replace(" ", "")
    number = paula.get(reverse("admin:tenants_phonenumber_change", args=(spare.pk,))).text
    assert "History of its bakeries" in number
    assert "Panadería Goiko" in number


@pytest.mark.parametrize("term", ["goiko", "GOIKO", "Panadería", "345 679", "679"])
def test_a_bakery_is_found_by_name_and_by_digits_of_its_number(paula, goiko, spare, term):
    assign_number(tenant=goiko, phone_number=spare, by="paula")
    TenantFactory.create(name="Horno San Blas", slug="san-blas")
    page = paula.get(LIST, {"q": term}).text
    assert "Panadería Goiko" in page
    assert "Horno San Blas" not in page


def test_bakeries_are_filtered_by_whether_they_have_a_number(paula, goiko, default, spare):
    assign_number(tenant=goiko, phone_number=spare, by="paula")
    TenantFactory.create(name="Horno San Blas")
    own = paula.get(LIST, {"number": "own"}).text
    shared = paula.get(LIST, {"number": "default"}).text
    assert ("Panadería Goiko" in own, "Horno San Blas" in own) == (True, False)
    assert ("Panadería Goiko" in shared, "Horno San Blas" in shared) == (False, True)


def test_the_list_takes_the_same_queries_for_many_bakeries(
    paula, default, django_assert_max_num_queries
):
    for _ in range(12):
        MembershipFactory.create(tenant=AssignmentFactory.create().tenant)
    PhoneNumberFactory.create_batch(3)
    with django_assert_max_num_queries(14):
        assert paula.get(LIST).status_code == 200


def test_a_suspended_bakery_is_marked_with_a_word(paula, goiko):
    goiko.suspended_until = timezone.now() + timedelta(days=1)
    goiko.suspension_reason = "unpaid"
    goiko.save()
    assert ">suspended<" in paula.get(LIST).text
