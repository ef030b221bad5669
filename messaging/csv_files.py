"""CSV files for spreadsheets: in the reader's form of numbers, and never a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import get_decimal_symbol
from django.http import StreamingHttpResponse
from django.utils import translation

from messaging.months import billing_zone

Cell = str | int | Decimal | datetime | None
# A spreadsheet takes what begins so for a formula, also behind blanks and line breaks.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


class _Echo:
    """What `csv.writer` writes to: gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_answer(
    rows: Iterable[Sequence[Cell]], *, name: str, zone: ZoneInfo | None = None
) -> StreamingHttpResponse:
    """Hand the rows out as a file of this name, in the reader's language."""
    return StreamingHttpResponse(
        csv_lines(rows, language=translation.get_language() or "es", zone=zone),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def csv_lines(
    rows: Iterable[Sequence[Cell]], *, language: str, zone: ZoneInfo | None = None
) -> Iterator[str]:
    """Yield the lines of a file, times in the account's zone or in `zone`.

    Where decimals have commas, as in Spanish, spreadsheets want semicolons between the cells. The language is named,
    because a server may read the lines when the request's own is no longer active.
    """
    has_commas = get_decimal_symbol(Locale.parse(language, sep="-")) == ","
    zone = zone or billing_zone()
    writer = csv.writer(_Echo(), delimiter=";" if has_commas else ",")
    yield "\ufeff"  # Without it Excel takes UTF-8 for something else.
    with translation.override(language):
        for row in rows:
            yield writer.writerow([_written(cell, comma=has_commas, zone=zone) for cell in row])


def _written(cell: Cell, *, comma: bool, zone: ZoneInfo) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}".replace(".", ",") if comma else f"{cell:f}"
        case datetime():
            return cell.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        case str():
            return harmless(cell)
    return str(cell)


def harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    begins = text.lstrip("\t\r\n \u00a0\"'")
    if begins.startswith(_FORMULA) or text[:1] in {"\t", "\r", "\n"}:
        return f"'{text}"
    return text
