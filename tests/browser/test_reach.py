"""The admin by keyboard and by ear: past the menu, into the filters and back, light and dark, and what axe-core finds."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from messaging.models import TemplateDraft
from tests.factories import (
    AssignmentFactory,
    MessageFactory,
    PhoneNumberFactory,
    PriceRateFactory,
    StaffFactory,
    TemplateFactory,
)

TEMPLATES = "/admin/messaging/messagetemplate/"
LANDMARKS = {"landmark-one-main", "region", "bypass", "scrollable-region-focusable"}


@pytest.fixture
def platform(transactional_db: None) -> dict[str, Any]:
    """Paula, a bakery with a number of its own, a sent message, templates in two states, a draft."""
    StaffFactory.create(username="paula")
    number = PhoneNumberFactory.create(quality_rating="YELLOW", code_verification_status="VERIFIED")
    held = AssignmentFactory.create(phone_number=number)
    PhoneNumberFactory.create(display_phone_number="+15550123456")
    template = TemplateFactory.create()
    TemplateFactory.create(name="refused_one", status="REJECTED")
    MessageFactory.create(tenant=held.tenant, template=template)
    draft = TemplateDraft.objects.create(account=template.account, name="order_ready")
    return {"number": number, "template": template, "draft": draft}


def press_until(page: Page, key: str, reached: str, *, at_most: int = 60) -> None:
    """Press the key until what has the focus fits the CSS selector."""
    for _ in range(at_most):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", reached):
            return
    pytest.fail(f"{reached} is out of the keyboard's reach")


def test_the_first_tab_leads_past_the_menu(platform, desk):
    page = desk(language="es")
    page.goto(TEMPLATES)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Saltar al contenido")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_templates_are_filtered_with_the_keyboard_alone(platform, desk):
    page = desk(language="en")
    page.goto(TEMPLATES)
    expect(page.locator("#result_list")).to_contain_text("refused_one")
    press_until(page, "Tab", "[data-opens-filters]")
    opener = page.get_by_role("button", name="Filters")
    expect(opener).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Filters")
    expect(sheet.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()

    page.keyboard.press("Space")
    expect(sheet.locator(":focus")).to_have_count(1)
    for _ in range(20):  # round and round, never behind the sheet
        page.keyboard.press("Tab")
        expect(sheet.locator(":focus")).to_have_count(1)
    press_until(page, "Tab", "a[href*='state=blocked']")
    page.keyboard.press("Enter")
    expect(page.locator("#result_list")).to_contain_text("refused_one")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_without_a_script_the_filters_are_one_link_away(platform, desk):
    page = desk(language="en", script=False)
    page.goto(TEMPLATES)
    page.get_by_role("link", name="Filters").click()
    page.locator("#changelist-filter").get_by_role("link", name="cannot be sent").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_prices_are_filtered_by_market(platform, desk):
    PriceRateFactory.create(market="Atlantis")
    page = desk(language="en")
    page.goto("/admin/messaging/pricerate/")
    page.get_by_role("button", name="Filters").click()
    page.locator("#changelist-filter select[name=market]").select_option("Atlantis", force=True)
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**market=Atlantis**")


def test_colours_are_chosen_with_the_keyboard_alone(platform, desk):
    page = desk(language="en")
    press_until(page, "Tab", ".bw-account__person")
    page.keyboard.press("Enter")
    press_until(page, "Tab", "[x-on\\:click*=dark]")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_class("dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def test_what_scrolls_is_named_in_the_readers_language(platform, desk):
    page = desk(language="es")
    labels = page.locator("#nav-sidebar-apps .simplebar-content-wrapper")
    expect(labels).to_have_attribute("aria-label", "Contenido desplazable")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_admins_pages(platform, desk, scheme):
    page = desk(language="es")
    page.evaluate(f"localStorage.setItem('adminTheme', '\"{scheme}\"')")
    paths = [
        "/admin/",
        "/app/admin/whatsapp",
        "/admin/tenants/tenant/",
        "/admin/tenants/phonenumber/",
        "/admin/tenants/phonenumber/more/",
        f"/admin/tenants/phonenumber/{platform['number'].pk}/change/",
        f"/admin/tenants/phonenumber/{platform['number'].pk}/test/",
        "/admin/messaging/message/",
        "/admin/messaging/alert/",
        TEMPLATES,
        f"{TEMPLATES}{platform['template'].pk}/change/",
        f"/admin/messaging/templatedraft/{platform['draft'].pk}/change/",
        "/admin/messaging/dailyusage/",
        "/admin/messaging/pricerate/",
        "/admin/messaging/pricerate/estimate/",
        "/admin/messaging/pricerate/import/",
    ]
    found: list[str] = []
    for path in paths:
        page.goto(path)
        expect(page.locator("html")).to_have_class(scheme)
        found += serious_findings(page)
    assert not found, "\n".join(found)


def serious_findings(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, and what it says of landmarks."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{page.url} {rule['id']}: {node['target']} {node['html'][:160]}"
        for rule in violations
        if rule["impact"] in {"serious", "critical"} or rule["id"] in LANDMARKS
        for node in rule["nodes"]
    ]


# --- What is not saved yet -------------------------------------------------------------------------
def leaving_is_asked_about(page: Page, leave: Any) -> bool:
    """Try to leave and stay; return whether the browser asked."""
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    leave()
    return asked == ["beforeunload"]


def test_the_board_asks_before_choices_are_lost(platform, desk):
    page = desk(language="en")
    PhoneNumberFactory.create(display_phone_number="+34612345777")
    page.reload()
    page.get_by_role("combobox").first.fill("777")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row][data-state=changed]")).to_have_count(1)
    assert leaving_is_asked_about(page, page.get_by_role("button", name="ES").click)
    assert leaving_is_asked_about(page, page.locator(".bw-assign__who a").first.click)
    expect(page.locator("[data-row][data-state=changed]")).to_have_count(1)
    page.get_by_role("button", name="Review").click()  # its own buttons keep the choices
    page.get_by_role("heading", name="What would be saved").wait_for()
    assert leaving_is_asked_about(page, page.get_by_role("link", name="Home").click)
    page.get_by_role("link", name="Discard").click()
    expect(page.locator("[data-row][data-state=changed]")).to_have_count(0)
    page.get_by_role("link", name="Home").click()
    expect(page.locator(".bw-tiles")).to_be_visible()


def test_a_draft_asks_before_what_was_written_is_lost(platform, desk):
    page = desk(language="en")
    page.goto(f"/admin/messaging/templatedraft/{platform['draft'].pk}/change/")
    page.locator("[name=body]").press_sequentially("Hola.")
    assert leaving_is_asked_about(page, page.get_by_role("button", name="ES").click)
    expect(page.locator("[name=body]")).to_have_value("Hola.")
    page.get_by_role("button", name="Save draft and check").click()
    expect(page.locator("body")).to_contain_text("The draft is saved.")
    page.get_by_role("link", name="Home").click()
    expect(page.locator(".bw-tiles")).to_be_visible()


def test_only_what_meta_would_say_is_read_out_while_one_writes(platform, desk):
    page = desk(language="en")
    page.goto(f"/admin/messaging/templatedraft/{platform['draft'].pk}/change/")
    live = page.locator("[data-preview] [aria-live]")
    expect(live).to_have_count(1)
    expect(live).not_to_have_text("Nothing to object to")
    kept = live.element_handle()
    page.locator("[name=body]").fill("Hola, tu pedido de pan está listo.")
    expect(page.locator(".bw-bubble__body")).to_have_text("Hola, tu pedido de pan está listo.")
    expect(live).to_contain_text("Nothing to object to")
    assert kept.evaluate("region => region.isConnected && !region.querySelector('.bw-bubble')")
