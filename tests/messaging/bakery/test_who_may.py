"""Every page and action, tried by the one who may and by those who may not."""

from __future__ import annotations

import pytest

from messaging.models import Message
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.factories import MembershipFactory, TenantFactory, UserFactory, message_in

SETTINGS = "/bakery/goiko"
SWITCH = "/bakery/goiko/switch"
# Fixed: every test process must collect the same names.
UNKNOWN = "6ac5e28a-b97e-4867-868a-aa3fa07b0405"


@pytest.fixture
def message(bakery: Tenant) -> Message:
    return message_in(MessageStatus.READ, tenant=bakery)


def page_of(message: Message) -> str:
    return f"/bakery/goiko/messages/{message.pk}"


@pytest.mark.parametrize("path", ["/", SETTINGS, SWITCH, f"{SETTINGS}/messages/{UNKNOWN}"])
def test_nobody_sees_a_page_without_logging_in(bakery, browse, path):
    response = browse().get(path)
    assert response.status_code == 302
    assert response.url == f"/login?next={path}"


def test_nobody_turns_a_switch_without_logging_in(bakery, browse):
    response = browse().post(SWITCH, {"enabled": "off"})
    assert response.url.startswith("/login")
    bakery.refresh_from_db()
    assert bakery.whatsapp_enabled


@pytest.mark.parametrize("person", ["ana", "bruno", "paula"])
def test_owner_staff_and_platform_see_the_bakerys_pages(request, browse, message, person):
    client = browse(request.getfixturevalue(person))
    assert client.get(SETTINGS).status_code == 200
    assert client.get(page_of(message)).status_code == 200


def test_no_page_stays_in_a_browsers_cache(browse, ana, message):
    for path in (SETTINGS, page_of(message)):
        assert "no-store" in browse(ana).get(path).headers["cache-control"]


def test_another_bakerys_owner_finds_none_of_them(browse, carla, message):
    client = browse(carla)
    assert client.get(SETTINGS).status_code == 404
    assert client.get(SWITCH).status_code == 404
    assert client.get(page_of(message)).status_code == 404
    assert client.post(SWITCH, {"enabled": "off"}).status_code == 404
    message.tenant.refresh_from_db()
    assert message.tenant.whatsapp_enabled


def test_a_message_is_not_found_below_another_bakery(browse, carla, message):
    assert browse(carla).get(f"/bakery/artesano/messages/{message.pk}").status_code == 404


def test_somebody_of_two_bakeries_finds_a_message_below_its_own_only(browse, carla, ana, message):
    MembershipFactory.create(tenant=Tenant.objects.get(slug="artesano"), user=ana)
    assert browse(ana).get(f"/bakery/artesano/messages/{message.pk}").status_code == 404
    assert browse(ana).get(page_of(message)).status_code == 200


def test_the_owner_turns_the_switch(browse, ana, bakery):
    response = browse(ana).post(SWITCH, {"enabled": "off"})
    assert (response.status_code, response.url) == (302, SETTINGS)
    bakery.refresh_from_db()
    assert not bakery.whatsapp_enabled


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("bruno", "Only the owner of the bakery may do this."),
        ("paula", "You only look at this bakery."),
    ],
)
def test_others_are_told_why_they_do_not_turn_it(request, browse, bakery, person, words):
    response = browse(request.getfixturevalue(person)).post(SWITCH, {"enabled": "off"})
    assert response.status_code == 403
    assert words in response.text
    bakery.refresh_from_db()
    assert bakery.whatsapp_enabled


@pytest.mark.parametrize("person", ["bruno", "paula"])
def test_others_see_no_switch(request, browse, bakery, person):
    page = browse(request.getfixturevalue(person)).get(SETTINGS).text
    assert 'role="switch"' not in page
    assert "Only the owner of the bakery turns the notices on and off." in page


def test_somebody_who_left_the_bakery_finds_nothing(browse, ana, bakery):
    ana.memberships.all().delete()
    assert browse(ana).get(SETTINGS).status_code == 404


def test_home_leads_the_platform_to_the_admin(browse, paula):
    assert browse(paula).get("/").url == "/admin/"


def test_home_leads_a_member_to_their_bakery(browse, ana):
    assert browse(ana).get("/").url == SETTINGS


def test_home_lets_somebody_of_two_bakeries_choose(browse, ana):
    MembershipFactory.create(
        tenant=TenantFactory.create(name="Forn Roser", slug="forn-roser"), user=ana
    )
    page = browse(ana).get("/").text
    assert 'href="/bakery/goiko"' in page
    assert 'href="/bakery/forn-roser"' in page


def test_home_tells_somebody_of_no_bakery_whom_to_ask(browse, db):
    assert "Ask the platform to add you" in browse(UserFactory.create()).get("/").text


def test_a_foreign_form_cannot_turn_the_switch(bakery, ana):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.post(SWITCH, {"enabled": "off"}).status_code == 403
    bakery.refresh_from_db()
    assert bakery.whatsapp_enabled


@pytest.mark.parametrize(
    "data", [{}, {"enabled": "perhaps"}, {"enabled": "off", "waiting": "burn"}]
)
def test_a_broken_form_changes_nothing(browse, ana, bakery, data):
    assert browse(ana).post(SWITCH, data).status_code == 400
    bakery.refresh_from_db()
    assert bakery.whatsapp_enabled


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(browse, ana, bakery, method):
    assert getattr(browse(ana), method)(SWITCH).status_code == 405
    assert browse(ana).post(SETTINGS).status_code == 405


def test_the_language_can_be_changed_before_logging_in(db, client):
    response = client.post("/i18n/setlang", {"language": "en", "next": "/login"})
    assert response.url == "/login"
    assert "I have forgotten my password" in client.get("/login").text
