"""What an owner decides on the phone: which notices, when, how many, and a test to their own number."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from messaging.models import Message, NoticeChoice
from tenants.models import OwnPhone, Tenant
from tests.factories import (
    DefaultNumberFactory,
    MembershipFactory,
    NoticeKindFactory,
    TemplateFactory,
)

pytestmark = pytest.mark.usefixtures("broker")
WORDS = {
    "es": {
        "low": "Stock bajo", "saved": "Guardado.", "quiet": "Cambiar las horas de silencio", "from": "Desde",
        "to": "Hasta", "save": "Guardar", "is quiet": "De 21:00 a 07:00 guardamos silencio",
        "limit": "Cambiar el límite mensual", "at most": "Como mucho, avisos al mes", "used": "Este mes 0 de 500 avisos.",
        "too much": "La plataforma permite menos.", "looks": "Así se ve: Pedidos a proveedores",
        "test": "Enviarme una prueba", "number": "Tu número de WhatsApp", "code": "Enviarme un código",
        "digits": "Las seis cifras", "mine": "Este es mi móvil", "on its way": "La prueba va de camino a tu móvil.",
        "menu": "Menú", "month": "Este mes", "cost": "Coste hasta ahora",
    },
    "en": {
        "low": "Low stock", "saved": "Saved.", "quiet": "Change the quiet hours", "from": "From",
        "to": "To", "save": "Save", "is quiet": "From 21:00 to 07:00 we are quiet",
        "limit": "Change the monthly limit", "at most": "At most, notices a month", "used": "This month 0 of 500 notices.",
        "too much": "The platform allows less than that.", "looks": "How it looks: Orders to suppliers",
        "test": "Send me a test", "number": "Your WhatsApp number", "code": "Send me a code",
        "digits": "The six digits", "mine": "This is my phone", "on its way": "The test is on its way to your phone.",
        "menu": "Menu", "month": "This month", "cost": "Cost so far",
    },
}  # fmt: skip
BROWSERS = [(language, script) for language in WORDS for script in (True, False)]


@pytest.fixture
def bakery(transactional_db: None) -> Tenant:
    DefaultNumberFactory.create()
    TemplateFactory.create()
    TemplateFactory.create(name="low_stock_alert")
    NoticeKindFactory.create(position=1)
    NoticeKindFactory.create(template_name="low_stock_alert", is_on_by_default=False, position=2)
    membership = MembershipFactory.create(
        user__username="ana", tenant__name="Panadería Goiko", tenant__slug="goiko",
        tenant__monthly_cap=1000,
    )  # fmt: skip
    tenant: Tenant = membership.tenant
    return tenant


def code_in(message: Message) -> str:
    _word, code = message.components[0]["parameters"][1]["text"].split()
    assert re.fullmatch(r"\d{6}", code)
    return str(code)


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_the_owner_decides_what_when_and_how_much(bakery, phone, language, script):
    page, words = phone(language=language, script=script), WORDS[language]
    switch = page.get_by_role("switch", name=words["low"])
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    expect(page.get_by_role("status")).to_contain_text(words["saved"])
    assert NoticeChoice.objects.get(tenant=bakery).is_on

    page.locator("summary", has_text=words["quiet"]).click()
    page.get_by_label(words["from"], exact=True).fill("21:00")
    page.get_by_label(words["to"], exact=True).fill("07:00")
    page.locator("#when").get_by_role("button", name=words["save"]).click()
    expect(page.locator("#when")).to_contain_text(words["is quiet"])

    page.locator("summary", has_text=words["limit"]).click()
    page.get_by_label(words["at most"]).fill("1001")
    page.locator("#how-much").get_by_role("button", name=words["save"]).click()
    expect(page.locator("#how-much")).to_contain_text(words["too much"])
    page.get_by_label(words["at most"]).fill("500")
    page.locator("#how-much").get_by_role("button", name=words["save"]).click()
    expect(page.locator("#how-much")).to_contain_text(words["used"])


@pytest.mark.parametrize(("language", "script"), BROWSERS)
def test_the_owner_has_a_test_sent_to_a_number_that_is_proved(bakery, phone, language, script):
    page, words = phone(language=language, script=script), WORDS[language]
    page.locator("summary", has_text=words["looks"]).click()
    page.locator("#what").get_by_role("button", name=words["test"]).first.click()
    page.get_by_label(words["number"]).fill("+34 600 000 199")
    page.get_by_role("button", name=words["code"]).click()
    page.get_by_label(words["digits"]).fill(code_in(Message.objects.get()))
    page.get_by_role("button", name=words["mine"]).click()
    page.wait_for_url("**/bakery/goiko")
    assert OwnPhone.objects.get().is_verified
    page.locator("summary", has_text=words["looks"]).click()
    page.locator("#what").get_by_role("button", name=words["test"]).first.click()
    expect(page.get_by_role("status")).to_contain_text(words["on its way"])
    test = Message.objects.order_by("-id")[0]
    assert (test.recipient_phone, test.reference) == ("+34600000199", "TEST")


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_the_month_is_one_step_away(bakery, phone, language, script):
    page, words = phone(language=language, script=script), WORDS[language]
    menu = page.get_by_role("navigation", name=words["menu"])
    menu.get_by_role("link", name=words["month"]).click()
    expect(page.get_by_role("heading", name=words["cost"])).to_be_visible()
    expect(menu.get_by_role("link", name=words["month"])).to_have_attribute("aria-current", "page")
