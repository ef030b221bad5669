"""What a person at the phone screen does, in a real browser against the product's own web process."""

from __future__ import annotations

import json
import urllib.request

from playwright.sync_api import Page, expect

from messaging import demo


def send(url: str, *, to: str = "+34600000101", order: str = "PO-12345") -> None:
    """The guide's step 8.2 against the simulator."""
    parameters = [{"type": "text", "text": text} for text in ("Juan García", order, "€250.50")]
    body = {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {
            "name": "po_notification",
            "language": {"code": "es"},
            "components": [{"type": "body", "parameters": parameters}],
        },
    }
    request = urllib.request.Request(  # noqa: S310 (ours)
        f"{url}/simulator/graph/v26.0/{demo.NUMBERS[1].phone_number_id}/messages",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {demo.ACCESS_TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (ours)
        assert answer.status == 200


def open_chat(page: Page, name: str) -> None:
    page.locator(".chat", has=page.locator(".chat__name", has_text=name)).click()


def test_a_message_appears_by_itself_is_read_when_opened_and_answered(web_process, page):
    page.goto(f"{web_process.url}/simulator/")
    expect(page.get_by_text("nada sale de este ordenador")).to_be_visible()
    send(web_process.url)
    open_chat(page, "Juan García")
    expect(page.locator(".bubble--in")).to_contain_text("orden de compra PO-12345")
    expect(page.locator(".bubble--in .ticks--read")).to_have_count(1)

    page.get_by_label("Mensaje", exact=True).fill("Recibido, *gracias*")
    page.keyboard.press("Enter")
    reply = page.locator(".bubble--out")
    expect(reply.locator("strong")).to_have_text("gracias")
    expect(page.get_by_label("Mensaje", exact=True)).to_have_value("")

    send(web_process.url, order="PO-12346")
    expect(page.locator(".bubble--in")).to_have_count(2)
    expect(page.locator(".bubble")).to_have_count(3)


def test_a_message_can_be_quoted_with_the_keyboard_alone(web_process, page):
    send(web_process.url)
    page.goto(f"{web_process.url}/simulator/")
    open_chat(page, "Juan García")
    page.get_by_role("link", name="Responder a este mensaje").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".composer__quote")).to_contain_text("PO-12345")
    page.get_by_label("Mensaje", exact=True).fill("Llega el martes")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble--out .bubble__quoted")).to_contain_text("PO-12345")


def test_no_page_is_wider_than_a_desk_or_a_phone(web_process, page):
    send(web_process.url)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for path in ("", "scenarios", "mail"):
            page.goto(f"{web_process.url}/simulator/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_phone_works_through_links_and_forms(web_process, chromium):
    send(web_process.url)
    with chromium.new_context(java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{web_process.url}/simulator/")
        open_chat(page, "Juan García")
        page.get_by_label("Message", exact=True).fill("Thank you")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".bubble--out")).to_contain_text("Thank you")
        expect(page.get_by_role("link", name="Refresh")).to_be_visible()
