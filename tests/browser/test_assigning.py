"""Step 9 of the guide, as the platform's admin does it: open the address, give ten bakeries ten numbers, see the ticks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from messaging import demo
from tenants.models import PhoneNumberAssignment, Tenant
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
    StaffFactory,
    TenantFactory,
)

WORDS = {
    "es": {"assign": "Asignar número…", "save": "Guardar todo", "undo": "Deshacer"},
    "en": {"assign": "Assign phone number…", "save": "Save all", "undo": "Undo"},
}


@pytest.fixture
def bakeries(transactional_db: None) -> dict[str, Tenant]:
    """The guide's ten bakeries, and ten numbers beside the default one; numbers 1 to 3 bear a bakery's name."""
    DefaultNumberFactory.create(display_phone_number="+34612345600")
    StaffFactory.create(username="paula")
    for place, number in enumerate(demo.NUMBERS):
        PhoneNumberFactory.create(
            display_phone_number=number.display_phone_number,
            verified_name=number.verified_name if 0 < place < 4 else "Bakery Platform",
        )
    return {
        bakery.slug: TenantFactory.create(name=bakery.name, slug=bakery.slug)
        for bakery in demo.BAKERIES
    }


def row(page: Page, tenant: Tenant) -> Locator:
    return page.locator(f"[id='bakery-{tenant.pk}']")


def combobox(page: Page, tenant: Tenant) -> Locator:
    return row(page, tenant).get_by_role("combobox")


def summary(page: Page) -> Locator:
    return page.locator("[data-summary]")


def numbers() -> dict[str, str]:
    """Which bakery has which number, by short name and last digits."""
    standing = PhoneNumberAssignment.objects.open().select_related("tenant", "phone_number")
    return {each.tenant.slug: each.phone_number.display_phone_number[-3:] for each in standing}


def test_ten_numbers_are_proposed_corrected_saved_and_taken_back(bakeries, desk):
    page = desk()
    expect(page.get_by_role("button", name="Save all")).to_be_disabled()
    page.get_by_role("button", name="Propose all").click()
    expect(summary(page)).to_have_text(re.compile(r"10 changes\s+·\s+0 conflicts"))
    expect(combobox(page, bakeries["goiko"])).to_have_value(re.compile("679 · Panadería Goiko"))
    # Goiko's number for Oroel too: red at once, and saving waits for a choice.
    combobox(page, bakeries["oroel"]).fill("345 679")
    page.keyboard.press("Enter")
    expect(row(page, bakeries["oroel"])).to_have_attribute("data-state", "conflict")
    expect(row(page, bakeries["oroel"])).to_contain_text("also chosen for Panadería Goiko")
    expect(summary(page)).to_contain_text("2 conflicts")
    expect(page.get_by_role("button", name="Save all")).to_be_disabled()
    free = page.locator("[data-select]").evaluate_all(
        "selects => { const taken = selects.map(s => s.value);"
        " return [...selects[0].options].find(o => !o.disabled && o.value !== 'none'"
        " && !taken.includes(o.value)).textContent.split(' · ')[0].slice(-3) }"
    )
    combobox(page, bakeries["oroel"]).fill(free)
    page.keyboard.press("Enter")
    expect(summary(page)).to_contain_text("0 conflicts")
    page.get_by_role("button", name="Save all").click()
    expect(page.locator("[data-state=saved]")).to_have_count(10)
    assert len(numbers()) == 10
    assert numbers()["goiko"] == "679"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-state=none], [data-state=saved]")).to_have_count(10)
    expect(page.get_by_text("Undone: 10 bakeries")).to_be_visible()
    assert numbers() == {}


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_guides_list_is_pasted_and_saved_without_javascript(bakeries, desk, language):
    page = desk(language=language, script=False)
    words = WORDS[language]
    options = row(page, bakeries["goiko"]).locator("select option")
    expect(options.first).to_have_text(words["assign"])
    page.locator(".bw-board__paste summary").click()
    page.locator("textarea").fill(
        "Panadería San Juan → +34 612 345 678\nPanadería Goiko → +34 612 345 679\n"
        "Bakery Artesano → +34 612 345 680\nForn Rosser → +34 612 345 681\n... (7 more)"
    )
    page.locator("button[value=paste]").click()
    expect(page.locator(".bw-board__lines")).to_contain_text("Forn Roser?")
    expect(page.locator("[data-state=changed]")).to_have_count(3)
    row(page, bakeries["forn-roser"]).locator("select").select_option(
        label=re.sub(" ", "\u00a0", "+34 612 345 681") + " · Obrador La Espiga"
    )
    page.locator("button[value=review]").last.click()
    expect(page.locator("[data-state=changed]")).to_have_count(4)
    page.get_by_role("button", name=words["save"]).click()
    expect(page.locator("[data-state=saved]")).to_have_count(4)
    assert numbers() == {"san-juan": "678", "goiko": "679", "artesano": "680", "forn-roser": "681"}
    page.get_by_role("button", name=words["undo"]).click()
    expect(page.locator(".bw-board__round")).to_have_count(0)
    assert numbers() == {}


@pytest.mark.parametrize("width", [390, 1280])
def test_a_number_is_given_with_the_keyboard_alone(bakeries, desk, width):
    page = desk(width=width)
    field = combobox(page, bakeries["goiko"])
    field.focus()
    page.keyboard.type("goiko")
    expect(row(page, bakeries["goiko"]).get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile("679"))
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "save":
            break
    page.keyboard.press("Enter")
    expect(row(page, bakeries["goiko"])).to_have_attribute("data-state", "saved")
    assert numbers() == {"goiko": "679"}


def test_a_number_of_another_bakery_is_swapped_by_a_button_before_saving(bakeries, desk):
    for slug, digits in (("goiko", "711"), ("artesano", "722")):
        number = PhoneNumberFactory.create(display_phone_number=f"+34612345{digits}")
        AssignmentFactory.create(tenant=bakeries[slug], phone_number=number)
    page = desk()
    combobox(page, bakeries["goiko"]).fill("722")
    page.keyboard.press("Enter")
    expect(row(page, bakeries["goiko"])).to_contain_text("already with Bakery Artesano since")
    row(page, bakeries["goiko"]).get_by_role("button", name="Swap with Bakery Artesano").click()
    expect(summary(page)).to_have_text(re.compile(r"2 changes\s+·\s+0 conflicts"))
    page.get_by_role("button", name="Save all").click()
    expect(page.locator("[data-state=saved]")).to_have_count(2)
    assert numbers() == {"goiko": "722", "artesano": "711"}


def test_the_second_of_two_admins_sees_who_took_the_number(bakeries, desk):
    page, other = desk(), desk()
    for each, slug in ((other, "artesano"), (page, "goiko")):
        combobox(each, bakeries[slug]).fill("345 687")
        each.keyboard.press("Enter")
        each.get_by_role("button", name="Save all").click()
        each.wait_for_load_state()
    loser = row(page, bakeries["goiko"])
    expect(loser).to_contain_text(
        re.compile(r"already with Bakery Artesano since .*, given by paula")
    )
    expect(combobox(page, bakeries["goiko"])).to_have_value(re.compile("687"))
    assert numbers() == {"artesano": "687"}


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_of_the_admin_is_wider_than_the_screen(bakeries, desk, width):
    page = desk(language="es", width=width)
    for path in (
        "/app/admin/whatsapp",
        "/admin/",
        "/admin/tenants/tenant/",
        f"/admin/tenants/tenant/{bakeries['goiko'].pk}/change/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
