"""What a bakery does on its phone with what was sent: a failed notice and its way again, proof of delivery, suppliers."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import InboundMessage, Message, MessageEvent, Recipient
from messaging.services import recipient_learning
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.browser.conftest import fits_the_screen
from tests.factories import DefaultNumberFactory, MembershipFactory, message_in

WORDS = {
    "es": {
        "notices": "Avisos", "search": "Buscar", "failed": "Estos no han llegado", "right": "El número correcto",
        "send": "Enviar al número correcto", "bad": "Eso no es un teléfono.", "waiting": "En espera",
        "proof": "Justificante de entrega del pedido PO-12345", "answered": "Contestó", "pdf": "Descargar en PDF",
        "link": "Crear un enlace", "copy": "Copiar el enlace", "share": "Compartir", "copied": "Copiado", "back": "Anular el enlace", "ended": "Este enlace ya no vale",
        "suppliers": "Proveedores", "look": "Ver el archivo", "mend": "Fila 3", "save": "Guardarlos todos",
        "erase": "Borrar a esta persona", "erased": "La persona está borrada.",
    },
    "en": {
        "notices": "Notices", "search": "Search", "failed": "These did not arrive", "right": "The right number",
        "send": "Send to the right number", "bad": "This is no phone number.", "waiting": "Waiting",
        "proof": "Proof of delivery of order PO-12345", "answered": "They answered", "pdf": "Download as PDF",
        "link": "Make a link", "copy": "Copy the link", "share": "Share", "copied": "Copied", "back": "Take it back", "ended": "This link has ended",
        "suppliers": "Suppliers", "look": "Look at the file", "mend": "Row 3", "save": "Save them all",
        "erase": "Erase this person", "erased": "The person is erased.",
    },
}  # fmt: skip
BROWSERS = [(language, script) for language in WORDS for script in (True, False)]
RIGHT = "+34600000102"


@pytest.fixture
def bakery(transactional_db: None) -> Tenant:
    DefaultNumberFactory.create()
    membership = MembershipFactory.create(
        user__username="ana", tenant__name="Panadería Goiko", tenant__slug="goiko"
    )
    tenant: Tenant = membership.tenant
    return tenant


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_bakery_in_the_canaries_reads_its_own_clock(bakery, phone, language):
    bakery.time_zone = "Atlantic/Canary"
    bakery.save()
    message = message_in(MessageStatus.UNCONFIRMED, tenant=bakery, reference="PO-12345")
    page = phone(language=language)
    asked = message.created_at.astimezone(ZoneInfo("Atlantic/Canary"))
    line = page.get_by_role("link", name="PO-12345")
    expect(line).to_contain_text(f"{asked:%H:%M}")
    line.click()
    assert message.unconfirmed_at is not None
    again = (message.unconfirmed_at + timedelta(minutes=10)).astimezone(asked.tzinfo)
    expect(page.locator("main")).to_contain_text(f"{again:%H:%M}")
    expect(page.locator("main")).not_to_contain_text(f"{again + timedelta(hours=1):%H:%M}")


@pytest.fixture
def failed(bakery: Tenant) -> Message:
    message = message_in(
        MessageStatus.FAILED,
        tenant=bakery,
        recipient_name="Harinas del Sur",
        reference="PO-12345",
        error_code=131026,
    )
    recipient_learning.learn()
    return message


@pytest.fixture
def answered(bakery: Tenant) -> Message:
    message = message_in(MessageStatus.READ, tenant=bakery, reference="PO-12345", wamid="wamid.A1")
    now = timezone.now()
    for place, kind in enumerate(("queued", "accepted", "sent", "delivered", "read")):
        MessageEvent.objects.create(message=message, kind=kind, at=now + timedelta(seconds=place))
    InboundMessage.objects.create(
        tenant=bakery,
        phone_number=message.phone_number,
        answers=message,
        wamid="wamid.IN1",
        kind="text",
        text="Mañana a las 7",
        received_at=now + timedelta(minutes=1),
    )
    return message


@pytest.mark.parametrize(("language", "script"), BROWSERS)
def test_a_failed_notice_is_found_and_sent_to_the_right_number(
    failed, phone, accessible, broker, language, script
):
    words = WORDS[language]
    page = phone(language=language, script=script)
    page.get_by_role("navigation").get_by_role("link", name=words["notices"]).click()
    expect(page.get_by_role("heading", name=words["failed"])).to_be_visible()
    assert fits_the_screen(page)
    assert accessible(page)
    page.get_by_role("searchbox").fill("harinas")
    page.get_by_role("button", name=words["search"]).click()
    page.locator(".line__link", has_text="Harinas del Sur").click()
    number = page.get_by_label(words["right"])
    number.fill("nobody")
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["bad"])
    expect(page.get_by_role("alert")).to_be_focused()
    assert accessible(page)
    page.get_by_label(words["right"]).fill("600 000 102")
    page.get_by_role("button", name=words["send"]).click()
    expect(page.locator(".message-facts")).to_contain_text(words["waiting"])
    expect(page.locator(".message-facts")).to_contain_text("+34 600 000 102")
    assert fits_the_screen(page)
    assert accessible(page)
    assert failed.replacements.get().recipient_phone == RIGHT
    assert Recipient.objects.get().phone == RIGHT


def shares(page: Page, name: str) -> str:
    """Return what a browser that can share is handed; a desktop's cannot."""
    page.add_init_script("navigator.share = async (told) => { window.told = told.url; };")
    page.reload()
    page.get_by_role("button", name=name).click()
    return str(page.evaluate("window.told"))


@pytest.mark.parametrize(("language", "script"), BROWSERS)
def test_the_proof_of_delivery_is_read_kept_and_shown_to_others(
    answered, phone, accessible, language, script
):
    words = WORDS[language]
    page = phone(language=language, script=script)
    page.goto(f"/bakery/goiko/messages/{answered.pk}")
    page.get_by_role("link", name=words["proof"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["proof"])
    expect(page.locator(".proof__step").last).to_contain_text(words["answered"])
    expect(page.locator(".proof__step").last).to_contain_text("UTC")
    with page.expect_download() as kept:
        page.get_by_role("link", name=words["pdf"]).click()
    assert kept.value.suggested_filename.endswith("PO-12345.pdf")
    page.get_by_role("button", name=words["link"]).click()
    shared = page.locator("a.address").get_attribute("href") or ""
    # Whole, to be read, marked and opened on a phone's screen.
    expect(page.locator("a.address")).to_have_text(shared)
    copy = page.get_by_role("button", name=words["copy"])
    if script:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copy.click()
        expect(page.get_by_text(words["copied"])).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == shared
        assert shares(page, words["share"]) == shared
    else:
        expect(copy).to_be_hidden()
        expect(page.get_by_role("button", name=words["share"])).to_be_hidden()
    assert fits_the_screen(page)
    assert accessible(page)
    address = re.sub(r"^https?://[^/]+", "", shared)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(words["proof"])
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text("600 000")
    assert fits_the_screen(page)
    assert accessible(page)
    page.go_back()
    page.get_by_role("button", name=words["back"]).click()
    expect(page.locator("a.address")).to_have_count(0)


@pytest.mark.parametrize(("language", "script"), [("es", True), ("en", False)])
def test_suppliers_are_imported_after_a_look_and_one_is_erased(
    failed, phone, accessible, language, script
):
    words = WORDS[language]
    page = phone(language=language, script=script)
    page.get_by_role("navigation").get_by_role("link", name=words["suppliers"]).click()
    expect(page.locator(".line")).to_have_count(1)
    assert accessible(page)
    for rows, said in (("nobody;Berta", "mend"), ("600000103;Berta", "save")):
        page.goto("/bakery/goiko/suppliers/import")
        assert accessible(page)
        content = f"Teléfono;Proveedor\n600000104;Ana\n{rows}\n".encode("cp1252")
        page.get_by_label("Archivo" if language == "es" else "File", exact=True).set_input_files(
            {"name": "s.csv", "mimeType": "text/csv", "buffer": content}
        )
        page.get_by_role("button", name=words["look"]).click()
        expect(page.get_by_text(words[said])).to_be_visible()
        assert fits_the_screen(page)
        assert accessible(page)
    page.get_by_role("button", name=words["save"]).click()
    expect(page.locator(".line")).to_have_count(3)
    page.locator(".line__link", has_text="Harinas del Sur").first.click()
    assert accessible(page)
    page.get_by_role("link", name=words["erase"]).click()
    assert accessible(page)
    page.get_by_role("button", name=words["erase"]).click()
    expect(page.get_by_text(words["erased"])).to_be_visible()
    expect(page.locator(".line")).to_have_count(2)
