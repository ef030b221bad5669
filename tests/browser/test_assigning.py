"""Step 9 of the guide, as the platform's admin does it: open the address, choose a number, see the check mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tenants.models import PhoneNumber, Tenant
from tests.factories import (
    PASSWORD,
    DefaultNumberFactory,
    PhoneNumberFactory,
    StaffFactory,
    TenantFactory,
)

WORDS = {
    "es": {"choose": "Asignar número…", "assign": "Asignar", "release": "Liberar"},
    "en": {"choose": "Assign phone number…", "assign": "Assign", "release": "Release"},
}
NUMBER = "+34\u00a0612\u00a0345\u00a0679"


@pytest.fixture
def goiko(transactional_db: None) -> Tenant:
    DefaultNumberFactory.create()
    PhoneNumberFactory.create(display_phone_number="+34612345679", verified_name="Panadería Goiko")
    StaffFactory.create(username="paula")
    TenantFactory.create(name="Bakery Artesano", slug="artesano")
    tenant: Tenant = TenantFactory.create(name="Panadería Goiko", slug="goiko")
    return tenant


@pytest.fixture
def desk(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Paula's browser. Errors of scripts and breaches of the content security policy fail the test."""
    contexts, errors = [], []

    def open_desk(*, language: str, script: bool = True, width: int = 1280) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            java_script_enabled=script,
            locale=language,
            viewport={"width": width, "height": 900},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: (
                errors.append(line.text) if "Content Security Policy" in line.text else None
            ),
        )
        return page

    yield open_desk
    for context in contexts:
        context.close()
    assert not errors, errors


def log_in(page: Page) -> None:
    """Open the guide's address and log in where it leads."""
    page.goto("/app/admin/whatsapp")
    page.locator("[name=username]").fill("paula")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("#result_list")).to_be_visible()


def holder() -> str | None:
    number = PhoneNumber.objects.get(display_phone_number="+34612345679")
    standing = number.assignments.open().select_related("tenant").first()
    return standing.tenant.name if standing else None


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_number_is_assigned_from_the_list_and_released_again(goiko, desk, language, script):
    words = WORDS[language]
    page = desk(language=language, script=script)
    log_in(page)
    cell = page.locator(f"[id='bakery-{goiko.pk}']")
    select = cell.locator("select")
    expect(select.locator("option").first).to_have_text(words["choose"])
    select.select_option(label=f"{NUMBER} · Panadería Goiko")
    cell.get_by_role("button", name=words["assign"]).click()
    expect(cell.locator(".bw-badge--good")).to_contain_text(NUMBER)
    expect(cell.locator(".bw-badge--good")).to_contain_text("check_circle")
    assert holder() == "Panadería Goiko"
    cell.get_by_role("link", name=words["release"]).click()
    page.locator("[name=reason]").fill("moved")
    page.locator(".bw-confirm button[type=submit]").click()
    expect(cell.locator("select")).to_be_visible()
    assert holder() is None


@pytest.mark.parametrize("width", [390, 1280])
def test_a_number_is_assigned_with_the_keyboard_alone(goiko, desk, width):
    page = desk(language="en", width=width)
    log_in(page)
    cell = page.locator(f"[id='bakery-{goiko.pk}']")
    cell.locator("select").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(cell.get_by_role("button", name="Assign")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cell.locator(".bw-badge--good")).to_contain_text(NUMBER)
    assert holder() == "Panadería Goiko"


def test_a_number_that_somebody_else_took_meanwhile_is_named_with_its_holder(goiko, desk):
    page, other = desk(language="en"), desk(language="en")
    log_in(page)
    log_in(other)
    for desk_page, bakery in ((other, Tenant.objects.get(slug="artesano")), (page, goiko)):
        cell = desk_page.locator(f"[id='bakery-{bakery.pk}']")
        cell.locator("select").select_option(index=1)
        cell.get_by_role("button", name="Assign").click()
        desk_page.wait_for_load_state()
    expect(page.locator("body")).to_contain_text("already belongs to Bakery Artesano")
    assert holder() == "Bakery Artesano"


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_of_the_admin_is_wider_than_the_screen(goiko, desk, width):
    page = desk(language="es", width=width)
    log_in(page)
    for path in ("/admin/", "/admin/tenants/tenant/", f"/admin/tenants/tenant/{goiko.pk}/change/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
