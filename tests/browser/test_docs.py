from __future__ import annotations

from playwright.sync_api import expect


def test_the_page_of_the_api_opens_at_a_tag_with_our_own_files_only(web_process, page):
    addresses, complaints = [], []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{web_process.url}/docs#/whatsapp-admin")
    expect(page.locator("#operations-whatsapp-send_message")).to_be_visible()
    page.locator("#operations-whatsapp-admin-list_tenants").click()
    expect(page.get_by_text("Needs the scope admin:read")).to_be_visible()
    assert all(address.startswith((web_process.url, "data:")) for address in addresses)
    assert not [text for text in complaints if "Content Security Policy" in text]
