"""The admin is the platform staff's: every address of it refuses everybody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from bakery_whatsapp.admin_site import BakeryAdminSite
from tenants.models import User
from tests.factories import MembershipFactory, StaffFactory

# Reached by everybody, and why.
OPEN = {"login": "people log in here"}


def names() -> Iterator[str]:
    root = next(
        row
        for row in get_resolver().url_patterns
        if isinstance(row, URLResolver) and row.namespace == "admin"
    )

    def walk(resolver: URLResolver) -> Iterator[str]:
        for row in resolver.url_patterns:
            if isinstance(row, URLPattern):
                if row.name and row.name not in OPEN:
                    yield row.name
            else:
                yield from walk(row)

    yield from sorted(set(walk(root)))


def address(name: str) -> str:
    """Return the address with arguments of the right kind; no such row has to exist."""
    for arguments in (
        [],
        ["1"],
        [str(uuid.UUID(int=1))],
        [1],
        [uuid.UUID(int=1)],
        ["tenants"],
        [1, 1],
    ):
        try:
            return reverse(f"admin:{name}", args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no arguments fit admin:{name}")


@pytest.fixture
def anonymous() -> Client:
    return Client()


@pytest.fixture
def owner(db: None) -> Client:
    client = Client()
    client.force_login(MembershipFactory.create().user)
    return client


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(StaffFactory.create())
    return client


ALL = list(names())
LISTS = [name for name in ALL if name.endswith("_changelist")]


def refuses(client: Client, name: str) -> bool:
    """Whether both ways in lead to a log-in; logging out leads to the front page, which does."""
    answers = (client.get(address(name)), client.post(address(name)))
    wanted = ("/admin/",) if name == "logout" else ("/admin/login/", "/login")
    return all(
        answer.status_code == 302 and answer.headers["location"].startswith(wanted)
        for answer in answers
    )


def test_the_walk_finds_the_admin():
    assert len(LISTS) >= 14
    assert "tenants_phonenumberassignment_board" in ALL


def test_nobody_enters_the_admin_without_a_log_in(db, anonymous):
    assert [name for name in ALL if not refuses(anonymous, name)] == []


def test_a_bakerys_owner_is_refused_everywhere_in_the_admin(owner):
    # Logging out ends the session, so it comes last.
    names = sorted(ALL, key=lambda name: name == "logout")
    assert [name for name in names if not refuses(owner, name)] == []


def test_platform_staff_enter_every_list(staff):
    pages = [*LISTS, "index"]
    assert [name for name in pages if staff.get(address(name)).status_code != 200] == []


def test_staff_without_rights_are_told_so(db):
    client = Client()
    client.force_login(User.objects.create(username="trainee", is_staff=True))
    for name in LISTS:
        assert client.get(address(name)).status_code == 403


def test_the_address_of_the_guide_leads_to_the_assignment_board(staff):
    answer = staff.get("/app/admin/whatsapp")
    assert answer.headers["location"] == reverse("admin:tenants_phonenumberassignment_board")


def test_our_own_site_serves_the_admin():
    assert isinstance(admin.site, BakeryAdminSite)


@pytest.mark.parametrize(
    "model",
    [*apps.get_app_config("tenants").get_models(), *apps.get_app_config("messaging").get_models()],
)
def test_every_model_is_in_the_admin(model):
    assert admin.site.is_registered(model)


HISTORY = {
    "Message", "MessageEvent", "MessageMail", "SendAttempt", "WebhookDelivery", "InboundMessage",
    "PhoneNumberAssignment", "AssignmentRound", "PhoneNumber", "MessageTemplate", "AccountEvent",
    "PersonAlias", "CallbackDelivery", "TemplateChange", "SettingChange", "NoticeChoice", "OwnPhone",
    "Recipient", "Erasure", "ProofLink",
    "TokenRotation", "CalendarFeed", "Mail", "Announcement", "FirstWeek", "FirstWeekAnswer",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HISTORY))
def test_history_and_what_meta_says_is_read_only_even_for_the_highest_admin(name, rf, db):
    request = rf.get("/")
    request.user = StaffFactory.create()
    page = next(page for model, page in admin.site._registry.items() if model.__name__ == name)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)
    assert page.has_view_permission(request)


def test_the_admin_allows_scripts_of_its_own_only(staff, anonymous):
    for client, path in ((staff, "/admin/"), (anonymous, "/admin/login/")):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http:" not in policy
        assert "https:" not in policy


def test_the_language_can_be_switched_on_every_page(staff):
    page = staff.get("/admin/", headers={"accept-language": "en"})
    assert 'action="/i18n/setlang"' in page.text
    staff.post("/i18n/setlang", {"language": "es", "next": "/admin/"})
    assert '<html lang="es"' in staff.get("/admin/").text


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_a_forged_choice_of_rows_is_no_error(model, staff):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    actions = admin.site.get_model_admin(model).actions or []
    for action in (*actions, "delete_selected"):
        form = {"action": getattr(action, "__name__", action), "_selected_action": ["x", "1e9", ""]}
        assert staff.post(reverse(name), form).status_code < 500, action


def test_an_app_has_a_page_of_its_lists_and_the_search_finds_them(paula):
    """Django's list of apps is made only where it is looked at, and it is looked at here."""
    assert "/admin/messaging/webhookdelivery/" in paula.get("/admin/messaging/").text
    assert paula.get("/admin/nothing/").status_code == 404
    assert "/admin/messaging/webhookdelivery/" in paula.get("/admin/search/?s=webhook").text
