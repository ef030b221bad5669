"""The proof of delivery on paper. The letters it needs of its font are embedded, so that they print everywhere."""

from __future__ import annotations

import io
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from messaging.bakery.proof_letters import Letters, code_point
from messaging.bakery.proof_words import NoticeWords, ProofWords

_FONT, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_FONTS = Path(__file__).parent / "fonts"
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
    letters = Letters(known_letters())
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
    document.build(_Writer(proof, letters).parts(title), canvasmaker=_NumberedCanvas)
    return file.getvalue()


@cache
def known_letters() -> frozenset[int]:
    """Make DejaVu Sans known to ReportLab; return the code points that both weights have."""
    fonts = [TTFont(name, str(_FONTS / f"{name}.ttf")) for name in (_FONT, _BOLD)]
    for font in fonts:
        pdfmetrics.registerFont(font)
    plain, bold = (frozenset(font.face.charToGlyph) for font in fonts)
    return plain & bold


def _made(proof: ProofWords) -> str:
    said = _("Drawn up on %(local)s (%(utc)s UTC) from what WhatsApp has reported until then.")
    return said % {"local": proof.made.local, "utc": proof.made.utc}


class _Writer:
    """Writes one proof with the letters that the font has; what it lacks stands named at the end."""

    def __init__(self, proof: ProofWords, letters: Letters) -> None:
        self._proof, self._letters = proof, letters

    def parts(self, title: str) -> list[Flowable]:
        proof = self._proof
        parts: list[Flowable] = [self._text(title, _TITLE), self._text(proof.bakery, _HEAD)]
        parts.append(self._text(_made(proof), _SMALL))
        if proof.cut:
            parts.append(self._text(proof.cut, _BOLD_TEXT))
        for notice in proof.notices:
            parts += self._notice(notice)
        return [*parts, *self._missing()]

    def _notice(self, notice: NoticeWords) -> list[Flowable]:
        names = filter(None, (notice.who, notice.phone))
        head: list[Flowable] = [Spacer(1, 8 * mm), *(self._text(name, _HEAD) for name in names)]
        lines = [(_("State"), str(notice.state.label)), (_("Reason"), notice.reason)]
        lines.append((_("Sent from"), notice.sender))
        head += [self._text(f"{label}: {said}", _TEXT) for label, said in lines if said]
        if notice.whatsapp_id:
            label = _("WhatsApp message id")
            head.append(self._text(f"{label}: {notice.whatsapp_id}", _SMALL))
        if notice.text:
            head.append(Spacer(1, 2 * mm))
            head.append(self._text(f"“{notice.text}”", _TEXT))
        return [KeepTogether([*head, Spacer(1, 3 * mm)]), self._steps(notice)]

    def _steps(self, notice: NoticeWords) -> Table:
        rows = [[_("What happened"), self._proof.zone, "UTC"]]
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
            [self._text(cell, style) for cell in row]
            for row, style in zip(rows, styles, strict=True)
        ]
        lines = TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
        return Table(cells, colWidths=_WIDTHS, repeatRows=1, style=lines, hAlign="LEFT")

    def _missing(self) -> list[Flowable]:
        """Say which letters could not be printed: each by its number and by Unicode's own name."""
        letters = self._letters.missing
        if not letters:
            return []
        said = _(
            "This file's font lacks some letters. They stand as their Unicode numbers in square brackets: %(letters)s."
        )
        names = ", ".join(
            f"{code_point(letter)} {unicodedata.name(letter, '')}".strip() for letter in letters
        )
        return [Spacer(1, 6 * mm), self._text(said % {"letters": names}, _SMALL)]

    def _text(self, text: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(escape(self._letters.printable(text)).replace("\n", "<br/>"), style)


class _NumberedCanvas(Canvas):
    """Writes "Page 1 of 3" below each page. How many there are is known at the end, so pages wait until then."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (ReportLab's name)
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # not in the stubs

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            said = _("Page %(page)s of %(pages)s") % {"page": number, "pages": len(self._pages)}
            self.setFont(_FONT, 8)
            self.setFillColor(_QUIET)
            self.drawRightString(A4[0] - 20 * mm, 12 * mm, said)
            super().showPage()
        super().save()
