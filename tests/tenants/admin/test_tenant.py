from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tenants.models import PhoneNumberAssignment, User
from tenants.services.assignments import assign_number
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MembershipFactory,
    PhoneNumberFactory,
    TenantFactory,
)

LIST = "/admin/tenants/tenant/"
ASSIGN = "/admin/tenants/tenant/assign-numbers/"


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


def test_the_list_offers_the_spare_numbers_to_a_bakery_without_one(paula, goiko, default, spare):
    page = paula.get(LIST).text
    assert "Assign phone number…" in page
    assert f'name="number-{goiko.pk}"' in page
    assert f'<option value="{spare.pk}">+34\u00a0612\u00a0345\u00a0679 · Goiko</option>' in page
    assert f'<option value="{default.pk}">' not in page
    assert "uses the default number +34\u00a0612\u00a0345\u00a0678" in page
    assert "0 of 2 numbers used" in page


def test_choosing_a_number_assigns_it_and_shows_a_check_mark(paula, goiko, default, spare):
    answer = paula.post(ASSIGN, {f"number-{goiko.pk}": spare.pk}, follow=True)
    assert "✓ Panadería Goiko now sends from +34\u00a0612\u00a0345\u00a0679." in answer.text
    assert "check_circle" in answer.text
    assignment = PhoneNumberAssignment.objects.get()
    assert (assignment.tenant, assignment.phone_number) == (goiko, spare)
    assert assignment.assigned_by == "paula"
    assert assignment.ended_at is None


def test_several_choices_are_taken_at_once(paula, goiko, default, spare):
    other = TenantFactory.create(name="Bakery Artesano")
    second = PhoneNumberFactory.create()
    chosen = {f"number-{goiko.pk}": spare.pk, f"number-{other.pk}": second.pk}
    answer = paula.post(ASSIGN, {**chosen, "back": "q=a"})
    assert answer.headers["location"].startswith(f"{LIST}?q=a#bakery-")
    assert PhoneNumberAssignment.objects.open().count() == 2


def test_a_number_taken_meanwhile_is_refused_with_its_holders_name(paula, goiko, spare):
    AssignmentFactory.create(tenant__name="Bakery Artesano", phone_number=spare)
    page = paula.post(ASSIGN, {f"number-{goiko.pk}": spare.pk}, follow=True).text
    assert "already belongs to Bakery Artesano. Release it there first." in page
    assert not goiko.assignments.exists()


def test_one_number_chosen_for_two_bakeries_goes_to_one_of_them(paula, goiko, spare):
    other = TenantFactory.create(name="Zuriñe")
    chosen = {f"number-{goiko.pk}": spare.pk, f"number-{other.pk}": spare.pk}
    page = paula.post(ASSIGN, chosen, follow=True).text
    assert "✓ Panadería Goiko" in page
    assert "already belongs to Panadería Goiko" in page
    assert PhoneNumberAssignment.objects.open().count() == 1


def test_the_default_number_is_given_to_nobody(paula, goiko, default):
    page = paula.post(ASSIGN, {f"number-{goiko.pk}": default.pk}, follow=True).text
    assert "is the default number" in page
    assert not PhoneNumberAssignment.objects.exists()


@pytest.mark.parametrize(
    "choice",
    [{}, {"number-x": "1"}, {"number-00000000-0000-0000-0000-000000000001": "1"}, {"number-": "x"}],
)
def test_a_choice_that_makes_no_sense_changes_nothing(paula, goiko, spare, choice):
    assert paula.post(ASSIGN, choice).status_code == 302
    assert not PhoneNumberAssignment.objects.exists()


def test_a_number_with_nineteen_digits_is_not_looked_up(paula, goiko):
    assert paula.post(ASSIGN, {f"number-{goiko.pk}": "9" * 19}).status_code == 302


def test_assigning_needs_its_right(goiko, spare):
    client = trainee()
    assert "Assign phone number…" not in client.get(LIST).text
    assert client.post(ASSIGN, {f"number-{goiko.pk}": spare.pk}).status_code == 403


def test_a_trainee_with_the_right_assigns(goiko, spare):
    trainee("add_phonenumberassignment").post(ASSIGN, {f"number-{goiko.pk}": spare.pk})
    assert goiko.assignments.open().get().assigned_by == "trainee"


def test_assigning_by_a_link_is_refused(paula):
    assert paula.get(ASSIGN).status_code == 405


def test_releasing_asks_first_and_keeps_who_and_why(paula, goiko, spare):
    assign_number(tenant=goiko, phone_number=spare, by="paula")
    address = reverse("admin:tenants_tenant_release", args=(goiko.pk,))
    assert "Release +34\u00a0612\u00a0345\u00a0679?" in paula.get(address).text
    assert goiko.assignments.open().exists()
    page = paula.post(address, {"reason": "moved"}, follow=True).text
    assert "is spare again" in page
    ended = PhoneNumberAssignment.objects.get()
    assert (ended.ended_by, ended.reason) == ("paula", "moved")
    assert f'<option value="{spare.pk}">' in page


def test_releasing_needs_its_right(goiko, spare):
    assign_number(tenant=goiko, phone_number=spare, by="paula")
    client = trainee("add_phonenumberassignment")
    address = reverse("admin:tenants_tenant_release", args=(goiko.pk,))
    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403
    assert goiko.assignments.open().exists()


def test_a_bakery_without_a_number_has_none_to_release(paula, goiko):
    address = reverse("admin:tenants_tenant_release", args=(goiko.pk,))
    assert "has no number of its own" in paula.get(address, follow=True).text


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
    goiko.suspended_until = "2099-01-01T00:00:00Z"
    goiko.suspension_reason = "unpaid"
    goiko.save()
    assert ">suspended<" in paula.get(LIST).text
