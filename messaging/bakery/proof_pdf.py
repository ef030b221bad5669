"""The proof of delivery on paper. The font is embedded, so that every letter of Spanish and Basque prints everywhere."""

from __future__ import annotations

import io
import unicodedata
from functools import cache
from xml.sax.saxutils import escape

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from messaging.bakery.proof_words import NoticeWords, ProofWords

_FONT, _BOLD = "Vera", "VeraBd"
# As wide as the text: the page without its margins and the frame's padding.
_WIDTHS = (62 * mm, 53 * mm, 50.7 * mm)
_INK, _QUIET, _LINE = (
    colors.HexColor("#26211b"),
    colors.HexColor("#645b51"),
    colors.HexColor("#d8cfc2"),
)
_TEXT = ParagraphStyle("text", fontName=_FONT, fontSize=9, leading=13, textColor=_INK)
_BOLD_TEXT = ParagraphStyle("bold", parent=_TEXT, fontName=_BOLD)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=8, leading=11, textColor=_QUIET)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName=_BOLD, fontSize=11, leading=16)
_TITLE = ParagraphStyle("title", parent=_HEAD, fontSize=17, leading=23)


def pdf_of(proof: ProofWords) -> bytes:
    """Return the file, in the language of the moment."""
    _fonts()
    file = io.BytesIO()
    title = _("Proof of delivery of order %(order)s") % {"order": proof.reference}
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        title=title,
        author=proof.bakery,
        lang=get_language() or "es",
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=20 * mm,
        bottomMargin=20 * mm,
    )
    document.build(
        [
            _paragraph(title, _TITLE),
            _paragraph(proof.bakery, _HEAD),
            _paragraph(_made(proof), _SMALL),
            *(part for notice in proof.notices for part in _notice(notice, proof)),
        ]
    )
    return file.getvalue()


@cache
def _fonts() -> dict[str, TTFont]:
    """Make Bitstream Vera known, which ReportLab brings."""
    fonts = {name: TTFont(name, f"{name}.ttf") for name in (_FONT, _BOLD)}
    for font in fonts.values():
        pdfmetrics.registerFont(font)
    return fonts


def _made(proof: ProofWords) -> str:
    said = _("Drawn up on %(local)s (%(utc)s UTC) from what WhatsApp has reported until then.")
    return said % {"local": proof.made.local, "utc": proof.made.utc}


def _notice(notice: NoticeWords, proof: ProofWords) -> list[Flowable]:
    who = " · ".join(filter(None, (notice.who, notice.phone)))
    head = [
        Spacer(1, 8 * mm),
        _paragraph(who, _HEAD),
        _paragraph(f"{_('State')}: {notice.state.label}", _TEXT),
    ]
    if notice.sender:
        head.append(_paragraph(f"{_('Sent from')}: {notice.sender}", _TEXT))
    if notice.whatsapp_id:
        head.append(_paragraph(f"{_('WhatsApp message id')}: {notice.whatsapp_id}", _SMALL))
    if notice.text:
        head.append(Spacer(1, 2 * mm))
        head.append(_paragraph(f"“{notice.text}”", _TEXT))
    return [KeepTogether([*head, Spacer(1, 3 * mm)]), _steps(notice, proof.zone)]


def _steps(notice: NoticeWords, zone: str) -> Table:
    rows = [[_("What happened"), zone, "UTC"]]
    rows += [
        [
            " – ".join(filter(None, (str(step.state.label), step.said, step.whither))),
            step.when.local,
            step.when.utc,
        ]
        for step in notice.steps
    ]
    styles = [_BOLD_TEXT, *[_TEXT] * len(notice.steps)]
    cells = [
        [_paragraph(cell, style) for cell in row] for row, style in zip(rows, styles, strict=True)
    ]
    lines = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return Table(cells, colWidths=_WIDTHS, repeatRows=1, style=lines, hAlign="LEFT")


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_printable(text)).replace("\n", "<br/>"), style)


def _printable(text: str) -> str:
    """Write what the font has no letter for as its plain letter, or as a question mark."""
    known = _fonts()[_FONT].face.charToGlyph

    def printed(letter: str) -> str:
        if letter == "\n" or ord(letter) in known:
            return letter
        plain = unicodedata.normalize("NFKD", letter)[0]
        return plain if ord(plain) in known else "?"

    return "".join(printed(letter) for letter in text)
