"""CSV files for spreadsheets: in the reader's form of numbers, and never a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import translation

from messaging.months import billing_zone

Cell = str | int | Decimal | datetime | None
# A spreadsheet takes what begins so for a formula, also behind blanks and line breaks.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


class _Echo:
    """What `csv.writer` writes to: gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Sequence[Cell]], *, language: str) -> Iterator[str]:
    """Yield the lines of a file. Spanish spreadsheets want semicolons and decimal commas.

    The language is named, because a server may read the lines when the request's own is no longer active.
    """
    is_spanish = language.startswith("es")
    writer = csv.writer(_Echo(), delimiter=";" if is_spanish else ",")
    yield "\ufeff"  # Without it Excel takes UTF-8 for something else.
    with translation.override(language):
        for row in rows:
            yield writer.writerow([_written(cell, comma=is_spanish) for cell in row])


def _written(cell: Cell, *, comma: bool) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}".replace(".", ",") if comma else f"{cell:f}"
        case datetime():
            return cell.astimezone(billing_zone()).strftime("%Y-%m-%d %H:%M:%S")
        case str():
            return harmless(cell)
    return str(cell)


def harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    begins = text.lstrip("\t\r\n \u00a0\"'")
    if begins.startswith(_FORMULA) or text[:1] in {"\t", "\r", "\n"}:
        return f"'{text}"
    return text
