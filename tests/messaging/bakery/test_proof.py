"""The proof of delivery of one order: a page, a PDF, and a link that tells little and ends."""

from __future__ import annotations

import base64
import re
import zlib
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.bakery import proof_pdf
from messaging.bakery.proof_letters import Letters
from messaging.models import InboundMessage, MessageEvent, ProofLink
from messaging.services import proofs
from messaging.statuses import MessageStatus
from tests.factories import message_in
from tests.messaging.bakery.test_pages import text_of

ORDER = "PO-12345"
PAGE = "/bakery/goiko/proof"
LINKS = f"{PAGE}/links"
AT = datetime.fromisoformat("2026-11-20T23:30:00+00:00")


@pytest.fixture
def message(bakery):
    message = message_in(
        MessageStatus.READ,
        tenant=bakery,
        reference=ORDER,
        recipient_name="Juan Muñoz Iñaki",
        wamid="wamid.HBgLREAD",
    )
    for place, kind in enumerate(("queued", "accepted", "sent", "delivered", "read")):
        at = AT + timedelta(seconds=place)
        MessageEvent.objects.create(message=message, kind=kind, at=at)
    InboundMessage.objects.create(
        tenant=bakery,
        phone_number=message.phone_number,
        answers=message,
        wamid="wamid.IN",
        kind="text",
        text="Mañana a las 7",
        received_at=AT + timedelta(minutes=5),
    )
    return message


def linked(client) -> str:
    client.post(LINKS, {"order": ORDER})
    found = re.search(r'href="[^"]*?(/proof/[^"]+)"', client.get(PAGE, {"order": ORDER}).text)
    assert found is not None
    return found[1]


# --- The page ----------------------------------------------------------------------------------------


def test_the_page_tells_every_step_by_both_clocks(browse, ana, message):
    text = text_of(browse(ana).get(PAGE, {"order": ORDER}).text)
    assert "Proof of delivery of order PO-12345" in text
    assert "+34 600 000 101" in text
    assert "wamid.HBgLREAD" in text
    steps = re.findall(
        r"((?:The|In|Sent|It|They)[A-Za-z ]*) (21 Nov 2026, [\d:]+) (2026-11-20 [\d:]+) UTC", text
    )
    assert steps == [
        ("The order asked for this notice", "21 Nov 2026, 00:30:00", "2026-11-20 23:30:00"),
        ("In the hands of WhatsApp", "21 Nov 2026, 00:30:01", "2026-11-20 23:30:01"),
        ("Sent", "21 Nov 2026, 00:30:02", "2026-11-20 23:30:02"),
        ("It reached the phone", "21 Nov 2026, 00:30:03", "2026-11-20 23:30:03"),
        ("They have read it", "21 Nov 2026, 00:30:04", "2026-11-20 23:30:04"),
        ("They answered", "21 Nov 2026, 00:35:00", "2026-11-20 23:35:00"),
    ]
    assert "Mañana a las 7" in text


def test_the_page_comes_in_spanish(browse, ana, message):
    text = text_of(browse(ana, language="es").get(PAGE, {"order": ORDER}).text)
    assert "Justificante de entrega del pedido PO-12345" in text
    assert "Contestó 21 nov 2026, 00:35:00" in text


def test_a_notice_that_was_sent_again_stands_with_the_first(browse, ana, bakery, message):
    message_in(MessageStatus.FAILED, tenant=bakery, reference=ORDER, recipient_name="Nerea")
    page = browse(ana).get(PAGE, {"order": ORDER})
    assert page.text.count('class="card proof"') == 2


@pytest.mark.parametrize("order", ["PO-99999", "", "%", "PO-1234"])
def test_an_order_without_a_notice_has_no_proof(browse, ana, message, order):
    for path in (PAGE, f"{PAGE}.pdf"):
        assert browse(ana).get(path, {"order": order}).status_code == 404


def test_an_order_number_may_hold_any_character(browse, ana, bakery):
    odd = 'A/B & "C" <d> ñ#?'
    shown = message_in(MessageStatus.READ, tenant=bakery, reference=odd)
    client = browse(ana)
    page = client.get(f"/bakery/goiko/messages/{shown.pk}").text
    address = re.search(rf'href="({PAGE}\?order=[^"]+)"', page)
    assert address is not None
    proof = client.get(address[1])
    assert "A/B &amp; &quot;C&quot; &lt;d&gt; ñ#?" in proof.text
    file = re.search(rf'href="({PAGE}\.pdf\?order=[^"]+)"', proof.text)
    assert file is not None
    answer = client.get(file[1])
    assert answer["content-disposition"] == 'attachment; filename="proof-A-B-C-d-.pdf"'


# --- The file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_file_is_a_pdf_with_its_font_inside(browse, ana, message, language):
    answer = browse(ana, language=language).get(f"{PAGE}.pdf", {"order": ORDER})
    assert answer["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.")
    assert b"/FontFile2" in answer.content
    assert b"DejaVuSans" in answer.content
    assert len(answer.content) < 100_000


@pytest.mark.parametrize(
    "text",
    [
        "áéíóúüñçÁÉÍÓÚÜÑÇ¿¡€ºª·–“”«»…àèòïÀÈÒÏ",
        "Ștefan Łódź Çağrı Đặng Ioăn Bäcker Åse Þór ½",
        "Αρτοποιείο Ἀθῆναι",
        "Пекарня Хліб Ђорђе Қазақ",
        "⚠ ✓ → ☎",
    ],
    ids=["Spanish and Basque", "Latin", "Greek", "Cyrillic", "signs"],
)
def test_letters_of_europe_are_printed_as_they_are_written(text):
    letters = Letters(proof_pdf.known_letters())
    assert letters.printable(text) == text
    assert letters.missing == []


def test_what_the_font_has_not_is_named_and_never_changed_unseen():
    letters = Letters(proof_pdf.known_letters())
    assert letters.printable("⚠️ pan\u2011dulce\u200b, 1 €") == "⚠ pan-dulce, 1 €"
    assert letters.printable("Ioa\u0306n 🥖🥖 包") == "Ioăn [U+1F956 U+1F956] [U+5305]"
    assert letters.missing == ["🥖", "包"]


def test_letters_from_right_to_left_are_named_too():
    assert Letters(proof_pdf.known_letters()).printable("לחם") == "[U+05DC U+05D7 U+05DD]"


def written_in(pdf: bytes) -> str:
    """Return the plain letters of the file, whose text is packed twice."""
    streams = re.findall(rb"/ASCII85Decode[^>]*>>\s*stream\r?\n(.*?)~>", pdf, re.DOTALL)
    pages = [zlib.decompress(base64.a85decode(stream)) for stream in streams]
    return " ".join(
        text.decode("latin-1") for page in pages for text in re.findall(rb"\((.*?)\) Tj", page)
    )


def test_the_file_numbers_its_pages_and_tells_why_and_what_it_cannot_print(browse, ana, bakery):
    message_in(
        MessageStatus.FAILED,
        tenant=bakery,
        reference=ORDER,
        recipient_name="Harinas del Sur",
        recipient_phone="+34600000777",
        rendered_text="🥖 Alerta",
        error_code=131026,
    )
    written = written_in(browse(ana).get(f"{PAGE}.pdf", {"order": ORDER}).content)
    assert "Page 1 of 1" in written
    assert "Reason: " in written
    assert "+34 600 000 777" in written
    assert "[U+1F956] Alerta" in written
    assert "U+1F956 BAGUETTE BREAD" in written


def test_an_order_with_more_notices_than_are_shown_says_so(browse, ana, bakery):
    for _ in range(51):
        message_in(MessageStatus.READ, tenant=bakery, reference=ORDER)
    said = "This order has more notices: here are its first 50."
    assert said in text_of(browse(ana).get(PAGE, {"order": ORDER}).text)
    assert said in written_in(browse(ana).get(f"{PAGE}.pdf", {"order": ORDER}).content)


def test_nothing_anybody_wrote_is_markup_in_the_file(browse, ana, bakery):
    message_in(
        MessageStatus.READ, tenant=bakery, reference=ORDER, recipient_name="<b>x</b> & <img src='/etc/passwd'>"
    )  # fmt: skip
    answer = browse(ana).get(f"{PAGE}.pdf", {"order": ORDER})
    assert answer.status_code == 200
    assert b"/Image" not in answer.content.replace(b"/ImageB /ImageC /ImageI", b"")


def test_a_long_story_takes_more_pages(browse, ana, bakery):
    for _ in range(12):
        again = message_in(
            MessageStatus.FAILED, tenant=bakery, reference=ORDER, rendered_text="x " * 900
        )
        for kind in ("queued", "accepted", "failed"):
            MessageEvent.objects.create(message=again, kind=kind)
    answer = browse(ana).get(f"{PAGE}.pdf", {"order": ORDER})
    assert answer.content.count(b"/Type /Page\n") > 3


# --- The link ----------------------------------------------------------------------------------------


def test_whoever_has_the_link_sees_the_steps_and_nobody(browse, ana, message):
    address = linked(browse(ana))
    page = browse().get(address)
    text = text_of(page.text)
    assert "Panadería Goiko" in text
    assert "They have read it 21 Nov 2026, 00:30:04 2026-11-20 23:30:04 UTC" in text
    assert "+34 6•• ••• 101" in text
    for private in ("Juan", "600 000", "34600000101", "Mañana", "250.50", "wamid"):
        assert private not in page.text
    assert "<nav" not in page.text
    assert "<form" not in page.text


def test_the_link_holds_neither_order_nor_number_and_is_found_by_no_search(browse, ana, message):
    address = linked(browse(ana))
    page = browse().get(address)
    assert ORDER not in address
    assert "600" not in address
    assert page["x-robots-tag"] == "noindex, nofollow"
    assert page["referrer-policy"] == "no-referrer"
    assert "no-store" in page["cache-control"]
    assert '<meta name="robots" content="noindex, nofollow">' in page.text


def test_the_link_ends_after_thirty_days(browse, ana, message):
    address = linked(browse(ana))
    with travel(timezone.now() + timedelta(days=30, minutes=-1), tick=False):
        assert browse().get(address).status_code == 200
    with travel(timezone.now() + timedelta(days=30, minutes=1), tick=False):
        ended = browse().get(address)
    assert ended.status_code == 410
    assert "This link has ended" in text_of(ended.text)
    assert ORDER not in ended.text


def test_the_link_is_taken_back(browse, ana, bruno, message):
    address = linked(browse(ana))
    link = ProofLink.objects.get()
    assert browse(bruno).post(f"{LINKS}/{link.pk}/revoke").status_code == 403
    browse(ana).post(f"{LINKS}/{link.pk}/revoke")
    link.refresh_from_db()
    assert link.revoked_by == "ana"
    assert browse().get(address).status_code == 410
    assert address not in browse(ana).get(PAGE, {"order": ORDER}).text


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "0" + t[1:], lambda t: t.upper(), lambda t: "x"]
)
def test_no_other_link_opens_anything(browse, ana, message, change):
    token = linked(browse(ana)).removeprefix("/proof/")
    changed = change(token)
    if changed != token:
        assert browse().get(f"/proof/{changed}").status_code == 404


def test_a_link_to_what_is_gone_is_not_found(browse, ana, message):
    address = linked(browse(ana))
    ProofLink.objects.all().delete()
    assert browse().get(address).status_code == 404


def test_the_platforms_staff_make_no_links(browse, paula, message):
    assert browse(paula).get(PAGE, {"order": ORDER}).status_code == 200
    assert browse(paula).post(LINKS, {"order": ORDER}).status_code == 403
    assert not ProofLink.objects.exists()


def test_pressing_again_finds_the_link_there_is_until_it_soon_ends(browse, ana, message):
    with travel(AT, tick=False):
        first = linked(browse(ana))
        assert linked(browse(ana)) == first
        assert "Make a link" not in browse(ana).get(PAGE, {"order": ORDER}).text
    with travel(AT + timedelta(days=24), tick=False):
        assert "Make a link that lasts longer" in browse(ana).get(PAGE, {"order": ORDER}).text
        assert linked(browse(ana)) != first
    assert ProofLink.objects.count() == 2


def test_the_same_link_has_the_same_address_every_day(message, ana):
    proof = proofs.proof_of(message.tenant, ORDER)
    assert proof is not None
    link = proofs.make_link(proof, by=ana)
    assert proofs.token_of(link) == proofs.token_of(ProofLink.objects.get())


def test_a_null_character_in_the_order_is_as_if_it_were_not_there(browse, ana, bakery):
    message_in(MessageStatus.READ, tenant=bakery, reference="PO-1")
    client = browse(ana)
    for path in ("proof?order=PO%00-1", "proof.pdf?order=PO-1%00"):
        assert client.get(f"/bakery/goiko/{path}").status_code == 200
    assert client.get("/bakery/goiko/proof?order=%00").status_code == 404
    made = client.post("/bakery/goiko/proof/links", {"order": "PO-1\0"})
    assert made.url == "/bakery/goiko/proof?order=PO-1"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Only owners of the bakery make such links."), ("es", "Esos enlaces solo los crean")],
)
def test_staff_see_the_proof_and_its_pdf_but_open_it_to_nobody(
    browse, bruno, message, language, words
):
    client = browse(bruno, language=language)
    page = client.get(f"/bakery/goiko/proof?order={message.reference}")
    assert words in page.text
    assert "/proof/links" not in page.text
    assert client.get(f"/bakery/goiko/proof.pdf?order={message.reference}").status_code == 200
    assert client.post(LINKS, {"order": message.reference}).status_code == 403
    assert not ProofLink.objects.exists()
