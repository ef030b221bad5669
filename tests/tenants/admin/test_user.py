"""People in the admin: one choice of role, given by platform admins only, and never lost altogether."""

from __future__ import annotations

import re

import pytest
from auditlog.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from tenants.models import SecondFactor, StaffRole, User
from tests.factories import StaffFactory, SupportFactory, UserFactory

LIST = "/admin/tenants/user/"


def page_of(user: User) -> str:
    return reverse("admin:tenants_user_change", args=(user.pk,))


def form(user: User, **changes: str | None) -> dict[str, str]:
    """What the browser would send of the person's page."""
    sent: dict[str, str | None] = {
        "username": user.username,
        "first_name": "",
        "last_name": "",
        "email": user.email,
        "is_active": "on",
        "role": user.staff_role or "",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_the_page_asks_for_one_role_instead_of_djangos_boxes(paula):
    page = paula.get(page_of(SupportFactory.create())).text
    assert re.search(r'<option value="support" selected>', page)
    for box in ("is_superuser", "is_staff", "user_permissions", 'name="groups"'):
        assert box not in page


@pytest.mark.parametrize("role", StaffRole)
def test_a_platform_admin_gives_a_role(paula, role):
    user = UserFactory.create()
    assert paula.post(page_of(user), form(user, role=role)).status_code == 302
    assert fresh(user).staff_role is role
    assert [group.name for group in fresh(user).groups.all()] == [role]


def test_a_platform_admin_takes_a_role_away(paula):
    user = SupportFactory.create()
    assert paula.post(page_of(user), form(user, role="")).status_code == 302
    assert fresh(user).staff_role is None
    assert not fresh(user).is_staff
    assert not fresh(user).groups.exists()


def test_a_superuser_who_becomes_support_is_no_superuser_any_more(paula):
    user = UserFactory.create(is_staff=True, is_superuser=True)
    paula.post(page_of(user), form(user, role="support"))
    assert fresh(user).staff_role is StaffRole.SUPPORT
    assert not fresh(user).is_superuser


@pytest.mark.parametrize("change", [{"role": ""}, {"role": "support"}, {"is_active": None}])
def test_the_last_platform_admin_keeps_the_role(paula, change):
    user = User.objects.get(username="paula")
    page = paula.post(page_of(user), form(user, **change))
    assert "This is the last platform admin." in page.text
    assert fresh(user).staff_role is StaffRole.PLATFORM_ADMIN
    assert fresh(user).is_active


def test_the_last_platform_admin_cannot_be_deleted_and_one_of_two_can(paula):
    user = User.objects.get(username="paula")
    delete = reverse("admin:tenants_user_delete", args=(user.pk,))
    assert paula.post(delete, {"post": "yes"}).status_code == 403
    StaffFactory.create()
    assert paula.post(delete, {"post": "yes"}).status_code == 302


def test_the_list_says_who_has_which_role_and_filters_by_it(paula):
    SupportFactory.create(username="sonia")
    UserFactory.create(username="ana")
    page = paula.get(LIST).text
    assert "support_agent" in page
    assert "shield_person" in page
    only = paula.get(LIST, {"role": "support"}).text
    assert "sonia" in only
    assert ">ana<" not in only
    bakery = paula.get(LIST, {"role": "bakery"}).text
    assert "ana" in bakery
    assert ">sonia<" not in bakery


def test_support_sees_a_person_and_neither_form_nor_password(sonia):
    page = sonia.get(page_of(UserFactory.create(username="ana"))).text
    assert "ana" in page
    assert 'name="role"' not in page
    assert "assword" not in page.partition("<main")[2].partition("</main>")[0]


def test_support_gives_nobody_a_role(sonia):
    user = User.objects.get(username="sonia")
    assert sonia.post(page_of(user), form(user, role="platform-admin")).status_code == 403
    assert fresh(user).staff_role is StaffRole.SUPPORT


def test_a_new_person_has_no_role(paula):
    sent = {
        "username": "new",
        "password1": "an-invented-long-word",
        "password2": "an-invented-long-word",
        "usable_password": "true",
    }
    assert paula.post(f"{LIST}add/", sent).status_code == 302
    assert User.objects.get(username="new").staff_role is None


def test_the_list_takes_few_queries(paula, django_assert_max_num_queries):
    UserFactory.create_batch(5)
    SupportFactory.create_batch(5)
    paula.get(LIST)
    with django_assert_max_num_queries(10):
        paula.get(LIST)


def test_somebody_who_deletes_themselves_stays_in_the_log_by_name(paula):
    StaffFactory.create()
    user = User.objects.get(username="paula")
    paula.post(reverse("admin:tenants_user_delete", args=(user.pk,)), {"post": "yes"})
    entry = LogEntry.objects.get(action=LogEntry.Action.DELETE, object_pk=str(user.pk))
    assert entry.actor is None
    assert entry.additional_data == {"by": "paula"}


def test_staff_without_a_second_factor_are_listed(paula):
    safe, open_to_all = StaffFactory.create(username="safe"), StaffFactory.create(username="open")
    SecondFactor.objects.create(user=safe, secret="x", confirmed_at=timezone.now())
    SecondFactor.objects.create(user=open_to_all, secret="y")
    names = {
        value: set(paula.get(LIST, {"factor": value}).context["cl"].result_list)
        for value in ("yes", "no")
    }
    assert names["yes"] == {safe}
    assert open_to_all in names["no"]
    assert safe not in names["no"]
