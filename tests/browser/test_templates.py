"""Step 5 of the guide, as the platform's admin does it: write a template, watch the bubble, submit, see it approved."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from messaging.models import MessageTemplate, TemplateDraft
from messaging.simulator import switches, template_making
from tests.factories import AccountFactory, StaffFactory, TemplateFactory

LIST = "/admin/messaging/messagetemplate/"


@pytest.fixture
def simulated_meta(transactional_db: None, broker: Any, live_server: Any, settings: Any) -> None:
    """The admin's server, its Meta being its own simulator, which reviews at once."""
    settings.WHATSAPP_GRAPH_URL = f"{live_server.url}/simulator/graph"
    settings.SIMULATOR_WEBHOOK_URL = ""
    switches.save(switches.Switches(latency_ms=0))
    template_making.set_review_s(0)
    StaffFactory.create(username="paula")
    AccountFactory.create()


def open_list(page: Page) -> None:
    page.goto(LIST)
    expect(page.locator(".bw-strip").first).to_be_visible()


def preview(page: Page) -> Any:
    return page.locator("[data-preview]")


def test_a_template_is_written_with_a_live_preview_submitted_and_approved(simulated_meta, desk):
    page = desk(language="en")
    open_list(page)
    page.get_by_role("link", name="Write a template").click()
    page.get_by_label("Name", exact=True).fill("order_ready")
    page.get_by_label("Text", exact=True).first.fill("Hola {{1}}, hoy hay *oferta* de pan.")
    expect(preview(page)).to_contain_text("Hola {{1}}, hoy hay oferta de pan.")
    expect(preview(page)).to_contain_text("Give an example for {{1}}")
    expect(preview(page)).to_contain_text("This reads like advertising: oferta")
    page.get_by_label("{{1}}", exact=True).fill("Ana")
    expect(preview(page).locator(".bw-bubble")).to_contain_text("Hola Ana")
    expect(page.get_by_label("{{1}}", exact=True)).to_be_focused()
    page.get_by_label("Text", exact=True).first.fill("Hola {{1}}, tu pedido *ya* está listo hoy.")
    expect(preview(page)).to_contain_text("Nothing to object to")
    expect(preview(page).locator("strong", has_text="ya")).to_be_visible()

    page.get_by_role("button", name="Submit…").click()
    expect(page.locator("body")).to_contain_text("Submit order_ready (es) as UTILITY?")
    page.get_by_role("button", name="Submit to Meta").click()
    expect(page.locator(".bw-headline")).to_contain_text("Meta is reviewing it")
    page.goto(LIST)
    page.get_by_role("button", name="Sync from Meta").click()
    expect(page.locator("#result_list")).to_contain_text("APPROVED")
    assert MessageTemplate.objects.get(name="order_ready").is_sendable
    assert not TemplateDraft.objects.exists()


def test_without_a_script_saving_shows_the_preview(simulated_meta, desk):
    page = desk(language="es", script=False, width=390)
    open_list(page)
    page.get_by_role("link", name="De nuestra copia: production_alert").click()
    page.locator("[name=footer]").fill("Rebajas")
    page.get_by_role("button", name="Guardar borrador y revisar").click()
    expect(preview(page)).to_contain_text("la hornada H-204 de barra rústica")
    expect(preview(page)).to_contain_text("Esto parece publicidad: rebajas")
    page.get_by_role("button", name="Enviar a Meta…").click()
    page.get_by_label("He leído los avisos").check()
    page.get_by_role("button", name="Enviar a Meta", exact=True).click()
    expect(page.locator(".bw-headline")).to_contain_text("Meta la está revisando")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_of_templates_is_wider_than_the_screen(simulated_meta, desk, width):
    template = TemplateFactory.create(meta_template_id="1200000000000345")
    page = desk(language="es", width=width)
    open_list(page)
    drafts = "/admin/messaging/templatedraft/"
    for path in (
        LIST,
        f"{LIST}{template.pk}/change/",
        drafts,
        f"{drafts}add/?copy=low_stock_alert",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
