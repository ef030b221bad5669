"""What a bakery does on its phone: log in, turn the notices on and off, look at what was sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from messaging.models import Message
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.factories import (
    PASSWORD,
    DefaultNumberFactory,
    MembershipFactory,
    MessageFactory,
    message_in,
)

WORDS = {
    "es": {"switch": "Avisos por WhatsApp", "on": "Activados", "off": "Desactivados", "send": "Enviar y desactivar",
           "cancel": "Cancelar y desactivar", "other": "English"},
    "en": {"switch": "WhatsApp notices", "on": "On", "off": "Off", "send": "Send and switch off",
           "cancel": "Cancel and switch off", "other": "Español"},
}  # fmt: skip
Scheme = Literal["light", "dark"]
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


@pytest.fixture
def phone(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Ana's phone, logged in. Errors of scripts and breaches of the content security policy fail the test."""
    contexts, errors = [], []

    def open_phone(*, language: str, script: bool, scheme: Scheme = "light") -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            color_scheme=scheme,
            has_touch=True,
            java_script_enabled=script,
            locale=language,
            viewport={"width": 390, "height": 844},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto("/")
        page.locator("#id_username").fill("ana")
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main button").click()
        page.wait_for_url("**/bakery/goiko")
        return page

    yield open_phone
    for context in contexts:
        context.close()
    assert not errors, errors


def is_on(bakery: Tenant) -> bool:
    return Tenant.objects.get(pk=bakery.pk).whatsapp_enabled


def fits_the_screen(page: Page) -> bool:
    scrolls: int = page.locator("html").evaluate("page => page.scrollWidth - page.clientWidth")
    return scrolls <= 0


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
def test_every_page_fits_a_phone_and_can_be_read(bakery, phone, scheme):
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
        assert fits_the_screen(page), path
        assert page.evaluate(LOW_CONTRAST) == [], path
