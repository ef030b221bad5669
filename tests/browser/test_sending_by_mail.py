"""A notice that failed, told by e-mail: by the bakery on its phone, and by the platform's staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail as outbox
from playwright.sync_api import expect

from messaging.models import Message, MessageMail, Recipient
from messaging.services import recipient_learning
from messaging.statuses import MessageStatus
from tests.browser.conftest import fits_the_screen
from tests.factories import DefaultNumberFactory, MembershipFactory, StaffFactory, message_in

TO = "pedidos@harinas.example"
WORDS = {
    "es": {
        "open": "Enviar por correo", "to": "Correo electrónico del proveedor", "send": "Enviar el correo",
        "bad": "Esto no es una dirección de correo.", "sent": "Enviado por correo a p•••@harinas.example.",
        "step": "Enviado por correo", "why": "Se acaba de enviar por correo.",
    },
    "en": {
        "open": "Send by e-mail", "to": "E-mail address of the supplier", "send": "Send the e-mail",
        "bad": "This is no e-mail address.", "sent": "Sent by e-mail to p•••@harinas.example.",
        "step": "Sent by e-mail", "why": "It has just been sent by e-mail.",
    },
}  # fmt: skip


@pytest.fixture
def failed(transactional_db: None, broker: Any) -> Message:
    DefaultNumberFactory.create()
    membership = MembershipFactory.create(
        user__username="ana",
        user__email="ana@goiko.example",
        tenant__name="Panadería Goiko",
        tenant__slug="goiko",
    )
    message = message_in(
        MessageStatus.FAILED,
        tenant=membership.tenant,
        recipient_name="Harinas del Sur",
        reference="PO-12345",
        error_code=131026,
    )
    recipient_learning.learn()
    return message


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("script", [True, False])
def test_a_bakery_sends_a_failed_notice_by_mail(failed, phone, accessible, language, script):
    words = WORDS[language]
    page = phone(language=language, script=script)
    page.goto(f"{page.url.rstrip('/')}/messages/{failed.pk}")
    assert fits_the_screen(page)
    page.get_by_role("link", name=words["open"]).click()
    expect(page.locator(".mail")).to_contain_text("Pedido PO-12345 de Panadería Goiko")
    expect(page.locator(".mail")).to_contain_text("ana@goiko.example")
    page.get_by_label(words["to"]).fill("harinas")
    page.get_by_role("button", name=words["send"]).click()
    expect(page.locator(".field__errors")).to_contain_text(words["bad"])
    assert fits_the_screen(page)
    assert not script or accessible(page)
    page.get_by_label(words["to"]).fill(TO)
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_text(words["sent"])).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text(words["step"])
    expect(page.get_by_text(words["why"])).to_be_visible()
    assert TO not in page.content()
    assert fits_the_screen(page)
    assert not script or accessible(page)
    assert outbox.outbox[0].to == [TO]
    assert Recipient.objects.get().email == TO


@pytest.mark.parametrize("width", [1280, 390])
def test_staff_send_it_from_its_page(failed, desk, accessible, width):
    StaffFactory.create(username="paula")
    page = desk(width=width)
    page.goto(f"/admin/messaging/message/{failed.pk}/change/")
    page.get_by_role("link", name="Send by e-mail…").click()
    page.get_by_label("The recipient's e-mail address").fill(TO)
    expect(page.locator(".bw-mail")).to_contain_text("Hola Juan García")
    assert fits_the_screen(page)
    assert accessible(page)
    page.get_by_role("button", name="Send the e-mail").click()
    expect(page.locator(".bw-timeline")).to_contain_text("to p•••@harinas.example, by admin:paula")
    assert MessageMail.objects.get().is_sure
