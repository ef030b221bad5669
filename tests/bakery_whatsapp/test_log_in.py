"""Where people land after their log-in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from messaging.models import SetupCheck, SetupKey, SetupState
from tenants.models import StaffRole, User
from tenants.services.staff import give_role
from tests.factories import MembershipFactory

PASSWORD = "a-long-invented-password"
SETUP = "/admin/messaging/setupcheck/"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def person(name: str, role: StaffRole | None = None) -> User:
    user = User.objects.create(username=name, is_staff=role is not None)
    user.set_password(PASSWORD)
    user.save()
    if role is not None:
        give_role(user, role)
    return user


def lands(name: str, path: str = "/login", **more: str) -> str:
    return str(Client().post(path, {"username": name, "password": PASSWORD, **more})["Location"])


def finish() -> None:
    for key in SetupKey:
        SetupCheck.objects.create(key=key, state=SetupState.DONE, proved_at=timezone.now())


@pytest.mark.parametrize("path", ["/login", "/admin/login/"])
def test_who_sets_the_platform_up_lands_on_the_set_up_until_it_is_done(path):
    person("paula", StaffRole.PLATFORM_ADMIN)
    assert lands("paula", path) == SETUP
    assert lands("paula", path, next="/admin/") == SETUP
    assert lands("paula", path, next="/admin/tenants/tenant/") == "/admin/tenants/tenant/"
    finish()
    assert lands("paula", path, next="/admin/") == "/admin/"
    # What broke later has its alert at home.
    SetupCheck.objects.filter(key=SetupKey.TOKEN).update(state=SetupState.BROKEN)
    assert lands("paula", path, next="/admin/") == "/admin/"


def test_everybody_else_lands_at_home():
    person("sonia", StaffRole.SUPPORT)
    MembershipFactory.create(user=person("ana"))
    assert lands("sonia", "/admin/login/", next="/admin/") == "/admin/"
    assert lands("sonia") == lands("ana") == "/"


def test_a_wrong_password_stays_where_it_is():
    person("paula", StaffRole.PLATFORM_ADMIN)
    for path in ("/login", "/admin/login/"):
        answer = Client().post(path, {"username": "paula", "password": "wrong"})
        assert answer.status_code == 200
