"""Diagnosing a failed message: found from any page, understood, its number corrected, as staff do it in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from messaging.models import Message, SendAttempt
from messaging.statuses import MessageStatus
from tests.factories import StaffFactory, message_in
from tests.messaging.conftest import failure, receive, status_webhook


@pytest.fixture
def failed(transactional_db: None, broker: Any) -> Message:
    """Paula of the platform, and a message that a webhook told her had failed, beside another."""
    StaffFactory.create(username="paula")
    message = message_in(
        MessageStatus.SENT,
        reference="PO-12345",
        recipient_name="Harinas del Sur",
        wamid="wamid.HBgLinvented",
    )
    message_in(
        MessageStatus.READ,
        reference="PO-9",
        recipient_name="Molino Azul",
        recipient_phone="+34600000109",
    )
    receive(status_webhook(message, "failed", **failure(131026)))
    return message


def find(page: Page, term: str) -> None:
    box = (
        page.get_by_role("banner")
        .or_(page.locator(".bw-top__links"))
        .get_by_role("searchbox")
        .first
    )
    box.fill(term)
    box.press("Enter")


@pytest.mark.parametrize(
    ("language", "sentence", "correct", "number", "send", "waits"),
    [
        ("en", "WhatsApp could not deliver", "Correct number and send again…", "The right number", "Send", "It waits to be sent again."),
        ("es", "WhatsApp no pudo entregar", "Corregir el número y reenviar…", "El número bueno", "Enviar", "Espera para salir de nuevo."),
    ],
)  # fmt: skip
def test_a_failed_message_is_found_understood_and_sent_to_the_right_number(
    failed, desk, language, sentence, correct, number, send, waits
):
    page = desk(language=language)
    find(page, "600 000 101")
    expect(page.locator(".bw-headline__sentence")).to_contain_text(sentence)
    assert "600" not in page.url
    page.locator(".bw-timeline summary", has_text="Webhook").last.click()
    expect(page.locator(".bw-timeline")).to_contain_text('"code": 131026')

    page.get_by_role("link", name=correct).click()
    page.get_by_label(number).fill("+34 600 000 102")
    page.get_by_role("button", name=send, exact=True).click()
    expect(page.get_by_text(waits)).to_be_visible()
    again = Message.objects.get(replaces=failed)
    assert again.recipient_phone == "+34600000102"


def test_it_works_without_scripts_and_on_a_narrow_screen(failed, desk):
    page = desk(script=False, width=390)
    page.get_by_role("link", name="Find a message").click()
    page.locator("#content").get_by_role("searchbox").fill("har sur")
    page.locator("#content").get_by_role("searchbox").press("Enter")
    expect(page.locator(".bw-headline__state")).to_contain_text("Harinas del Sur")
    page.get_by_role("link", name="Send again…", exact=True).click()
    page.get_by_role("button", name="Send again", exact=True).click()
    expect(page.get_by_text("It waits to be sent again.")).to_be_visible()


def test_the_text_for_metas_support_is_copied(failed, desk):
    page = desk()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    find(page, "PO-12345")
    page.get_by_text("Copy for Meta support").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "131026" in page.evaluate("navigator.clipboard.readText()")


def test_an_attempt_opens_to_request_answer_and_a_curl_that_is_copied(failed, desk):
    SendAttempt.objects.create(
        message=failed,
        started_at=failed.created_at,
        duration_ms=41,
        outcome="accepted",
        http_status=200,
        path="/v26.0/123456789012345/messages",
        response='{"messages":[{"id":"wamid.HBgLinvented"}]}',
    )
    page = desk(width=390)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/messaging/message/{failed.pk}/change/")
    line = page.locator(".bw-timeline__line", has_text="Sent to Meta")
    line.get_by_text("Request and answer").click()
    expect(line).to_contain_text('"id": "wamid.HBgLinvented"')
    line.get_by_text("The same as a curl").click()
    line.get_by_role("button", name="Copy", exact=True).click()
    expect(line.get_by_role("button", name="Copied")).to_be_visible()
    assert "/v26.0/123456789012345/messages" in page.evaluate("navigator.clipboard.readText()")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
