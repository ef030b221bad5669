"""What a bakery does on its phone: log in, turn the notices on and off, look at what was sent."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from messaging.models import Message
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.factories import (
    DefaultNumberFactory,
    MembershipFactory,
    MessageFactory,
    message_in,
)

WORDS = {
    "es": {"switch": "Avisos por WhatsApp", "on": "Activados", "off": "Desactivados", "send": "Enviar y desactivar",
           "cancel": "Cancelar y desactivar", "other": "English", "goes": "Aún sale 1 aviso en espera.",
           "take back": "Cancelar lo que espera", "cancelled": "Se ha cancelado 1 aviso que esperaba."},
    "en": {"switch": "WhatsApp notices", "on": "On", "off": "Off", "send": "Send and switch off",
           "cancel": "Cancel and switch off", "other": "Español", "goes": "1 waiting notice still goes out.",
           "take back": "Cancel what waits", "cancelled": "1 waiting notice was cancelled."},
}  # fmt: skip
BROWSERS = [(language, script) for language in WORDS for script in (True, False)]


@pytest.fixture
def bakery(transactional_db: None) -> Tenant:
    DefaultNumberFactory.create()
    membership = MembershipFactory.create(
        user__username="ana", tenant__name="Panadería Goiko", tenant__slug="goiko",
        tenant__whatsapp_enabled=False,
    )  # fmt: skip
    tenant: Tenant = membership.tenant
    return tenant


def is_on(bakery: Tenant) -> bool:
    return Tenant.objects.get(pk=bakery.pk).whatsapp_enabled


@pytest.mark.parametrize(("language", "script"), BROWSERS)
def test_the_owner_turns_the_notices_on_and_off(bakery, phone, language, script):
    page, words = phone(language=language, script=script), WORDS[language]
    switch = page.get_by_role("switch", name=words["switch"])
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    expect(page.locator("#switch-state")).to_contain_text(words["on"])
    expect(page.get_by_role("status")).to_contain_text(words["switch"])
    assert is_on(bakery)
    switch.click()
    expect(switch).not_to_be_checked()
    expect(page.locator("#switch-state")).to_contain_text(words["off"])
    assert not is_on(bakery)


@pytest.mark.parametrize(
    ("language", "script", "choice"), [("es", True, "send"), ("en", False, "cancel")]
)
def test_what_waits_is_asked_about(bakery, phone, language, script, choice):
    Tenant.objects.update(whatsapp_enabled=True)
    message = MessageFactory.create(tenant=bakery)
    page, words = phone(language=language, script=script), WORDS[language]
    page.get_by_role("switch", name=words["switch"]).click()
    page.wait_for_url("**/bakery/goiko/switch")
    assert is_on(bakery)
    page.get_by_role("button", name=words[choice]).click()
    expect(page.get_by_role("switch", name=words["switch"])).not_to_be_checked()
    assert not is_on(bakery)
    expected = {"send": MessageStatus.QUEUED, "cancel": MessageStatus.CANCELLED}[choice]
    assert Message.objects.get(pk=message.pk).status == expected


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_what_still_goes_out_is_said_and_can_be_taken_back(bakery, phone, language, script):
    Tenant.objects.update(whatsapp_enabled=True)
    message = MessageFactory.create(tenant=bakery, send_after=timezone.now() + timedelta(hours=3))
    page, words = phone(language=language, script=script), WORDS[language]
    page.get_by_role("switch", name=words["switch"]).click()
    page.get_by_role("button", name=words["send"]).click()
    expect(page.locator("#switch-state")).to_contain_text(words["goes"])
    page.get_by_role("button", name=words["take back"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["cancelled"])
    expect(page.locator("#switch-state")).not_to_contain_text(words["goes"])
    assert Message.objects.get(pk=message.pk).status == MessageStatus.CANCELLED


def test_the_switch_is_turned_with_the_keyboard_alone(bakery, phone):
    page = phone(language="es", script=True)
    switch = page.get_by_role("switch")
    for _ in range(20):
        page.keyboard.press("Tab")
        if switch.evaluate("control => control === document.activeElement"):
            break
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(switch).to_be_focused()
    outline = switch.evaluate("control => getComputedStyle(control).outlineStyle")
    assert outline == "solid"


def test_a_session_that_ended_leads_to_the_log_in(bakery, phone):
    page = phone(language="es", script=True)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("switch").click()
    page.wait_for_url(re.compile("/login"))
    assert not is_on(bakery)


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_the_language_changes_on_the_page_and_stays(bakery, phone, language, script):
    other = "en" if language == "es" else "es"
    page = phone(language=language, script=script)
    page.get_by_role("button", name=WORDS[language]["other"]).click()
    expect(page.locator("html")).to_have_attribute("lang", other)
    page.goto("/bakery/goiko")
    expect(page.get_by_role("switch", name=WORDS[other]["switch"])).to_be_visible()


# Relative luminance and contrast as WCAG 2.2 defines them, of every text against what lies behind it.
LOW_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!text || !element.checkVisibility()) continue;
    const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) low.push(`${contrast.toFixed(2)} ${text}`);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(bakery, phone, scheme):
    Tenant.objects.update(whatsapp_enabled=True)
    for status in MessageStatus:
        failed = message_in(
            status, tenant=bakery, error_code=131026, reference="PO-2026-0000012345"
        )
    page = phone(language="es", script=True, scheme=scheme)
    paths = (
        "/bakery/goiko",
        f"/bakery/goiko/messages/{failed.pk}",
        "/bakery/goiko/switch",
        "/password/change",
    )
    for path in paths:
        page.goto(path)
        assert page.evaluate(LOW_CONTRAST) == [], path


def test_the_menu_is_used_with_the_keyboard_and_names_the_page_one_is_on(bakery, phone):
    page = phone(language="es", script=False)
    link = page.get_by_role("navigation", name="Menú").get_by_role("link", name="Ajustes")
    expect(link).to_have_attribute("aria-current", "page")
    message = message_in(MessageStatus.READ, tenant=bakery)
    page.goto(f"/bakery/goiko/messages/{message.pk}")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/bakery/goiko")


def test_no_control_is_hidden_behind_the_menu(bakery, phone):
    page = phone(language="es", script=True)
    last = page.get_by_role("button", name="Salir")
    last.focus()
    bar = page.get_by_role("navigation", name="Menú").bounding_box()
    box = last.bounding_box()
    assert bar is not None
    assert box is not None
    assert box["y"] + box["height"] <= bar["y"]
