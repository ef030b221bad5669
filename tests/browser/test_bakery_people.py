"""Who belongs to a bakery, and who gets its weekly mail: asked and answered on a phone."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from messaging.services import weekly_summary
from tenants.models import Membership, Tenant
from tests.browser.conftest import fits_the_screen
from tests.factories import DefaultNumberFactory, MembershipFactory

WORDS = {
    "es": {
        "people": "Personas", "email": "Correo electrónico", "invite": "Invitar", "invited": "La invitación va de camino",
        "name": "Tu nombre", "user": "Nombre de usuario", "password": "Contraseña", "join": "Crear la cuenta y unirme",
        "leave": "Dejar esta panadería", "go": "Salir de la panadería", "none": "Aún sin panadería", "owner": "Hacer dueño",
        "no more": "No enviarlo más", "off": "Ya no recibes el resumen", "on": "Activar el resumen semanal",
        "stop": "Desactivar el resumen semanal",
    },
    "en": {
        "people": "People", "email": "E-mail", "invite": "Invite", "invited": "The invitation is on its way",
        "name": "Your name", "user": "User name", "password": "Password", "join": "Make the account and join",
        "leave": "Leave this bakery", "go": "Leave", "none": "No bakery yet", "owner": "Make owner",
        "no more": "Send it no more", "off": "You get no weekly summary", "on": "Switch the weekly summary on",
        "stop": "Switch the weekly summary off",
    },
}  # fmt: skip


@pytest.fixture
def bakery(transactional_db: None) -> Tenant:
    DefaultNumberFactory.create()
    membership = MembershipFactory.create(
        user__username="ana", tenant__name="Panadería Goiko", tenant__slug="goiko"
    )
    tenant: Tenant = membership.tenant
    return tenant


def seen(page, accessible) -> None:
    assert fits_the_screen(page)
    assert accessible(page)


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_somebody_is_invited_joins_and_leaves(bakery, phone, accessible, language, script):
    words, page = WORDS[language], phone(language=language, script=script)
    page.get_by_role("navigation").get_by_role("link", name=words["people"]).click()
    page.get_by_label(words["email"]).fill("diego@elsewhere.example")
    page.get_by_role("button", name=words["invite"], exact=True).click()
    expect(page.locator(".flashes")).to_contain_text(words["invited"])
    seen(page, accessible)
    link = re.findall(r"(/invitation/\S+)", str(mail.outbox[-1].body))[0]

    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label(words["name"], exact=True).fill("Diego Ruiz")
    page.get_by_label(words["user"], exact=True).fill("diego")
    page.get_by_label(words["password"], exact=True).fill("an-invented-long-word")
    seen(page, accessible)
    page.get_by_role("button", name=words["join"]).click()
    page.wait_for_url("**/bakery/goiko")

    page.get_by_role("navigation").get_by_role("link", name=words["people"]).click()
    expect(page.get_by_role("button", name=words["invite"], exact=True)).to_have_count(0)
    page.get_by_role("link", name=words["leave"]).click()
    seen(page, accessible)
    page.get_by_role("button", name=words["go"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["none"])
    assert not Membership.objects.filter(user__username="diego").exists()


@pytest.mark.parametrize(("language", "script"), [("es", False), ("en", True)])
def test_a_role_is_changed_after_a_question(bakery, phone, accessible, language, script):
    bruno = MembershipFactory.create(tenant=bakery, user__username="bruno", role="staff")
    words, page = WORDS[language], phone(language=language, script=script)
    page.goto("/bakery/goiko/people")
    page.get_by_role("link", name=words["owner"]).click()
    seen(page, accessible)
    page.get_by_role("button", name=words["owner"]).click()
    page.wait_for_url("**/people")
    bruno.refresh_from_db()
    assert bruno.role == Membership.Role.OWNER


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_the_weekly_summary_is_ended_by_its_link_and_by_the_settings(
    bakery, phone, accessible, language, script
):
    words, page = WORDS[language], phone(language=language, script=script)
    reader = bakery.memberships.get()
    page.goto(f"/weekly-summary/{weekly_summary.signed(reader)}")
    seen(page, accessible)
    page.get_by_role("button", name=words["no more"]).click()
    expect(page.get_by_role("main")).to_contain_text(words["off"])
    assert not weekly_summary.gets_it(reader.user, bakery)

    page.goto("/bakery/goiko")
    page.get_by_role("button", name=words["on"]).click()
    expect(page.get_by_role("button", name=words["stop"])).to_be_visible()
    assert weekly_summary.gets_it(reader.user, bakery)
    page.get_by_role("button", name=words["stop"]).click()
    expect(page.get_by_role("button", name=words["on"])).to_be_visible()
    assert not weekly_summary.gets_it(reader.user, bakery)
