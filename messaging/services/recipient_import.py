"""Recipients from a spreadsheet's CSV file: every row is read and judged first, then all of them are taken or none."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.models import ConsentHow, Recipient
from messaging.services import recipient_learning, recipients
from messaging.services.recipients import Details
from tenants import phone_numbers
from tenants.models import Tenant, User
from tenants.services.routing import sender_for

log = structlog.get_logger(__name__)

MAX_BYTES = 200_000
MAX_ROWS = 2_000
NAME_LENGTH, NOTE_LENGTH = 200, 500
_DELIMITERS = ";,\t"
# Excel's own word for which delimiter follows. It shows no such row, so the next one is its first.
_DELIMITER_LINE = re.compile(r"\s*[\"']?sep=(.)[\"']?\s*\r?\n", re.IGNORECASE)
_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
# Excel shows a long number so, and saves what it shows.
_SHORTENED = re.compile(r"\d+([.,]\d+)?e\+\d+", re.IGNORECASE)

# What the columns may be called, in Spanish and English, without accents and capitals.
_COLUMNS = {
    "phone": (
        "telefono",
        "numero",
        "movil",
        "whatsapp",
        "phone",
        "number",
        "mobile",
        "phone number",
    ),
    "name": ("nombre", "proveedor", "name", "supplier"),
    "note": ("nota", "notas", "observaciones", "note", "notes"),
    "consent": ("consentimiento", "consent"),
    "date": ("fecha", "fecha del consentimiento", "fecha consentimiento", "date", "consent date"),
}
_CONSENTS = {
    ConsentHow.SPOKEN: ("de palabra", "palabra", "verbal", "by word of mouth", "spoken"),
    ConsentHow.WRITTEN: ("por escrito", "escrito", "in writing", "written"),
    ConsentHow.WHATSAPP: ("por whatsapp", "whatsapp", "by whatsapp"),
}


class FileProblem(StrEnum):
    """Why a file cannot be read at all."""

    TOO_BIG = "too_big"
    TOO_MANY_ROWS = "too_many_rows"
    NOT_TEXT = "not_text"
    EMPTY = "empty"
    NO_PHONE_COLUMN = "no_phone_column"


class RowProblem(StrEnum):
    """What is wrong with one row."""

    NO_NUMBER = "no_number"
    SHORTENED_NUMBER = "shortened_number"
    NOT_A_NUMBER = "not_a_number"
    OWN_NUMBER = "own_number"
    TWICE = "twice"
    NAME_TOO_LONG = "name_too_long"
    NOTE_TOO_LONG = "note_too_long"
    UNKNOWN_CONSENT = "unknown_consent"
    CONSENT_WITHOUT_DATE = "consent_without_date"
    DATE_WITHOUT_CONSENT = "date_without_consent"
    NOT_A_DATE = "not_a_date"
    DATE_TO_COME = "date_to_come"


class UnreadableFileError(Exception):
    """The file as a whole cannot be read; `problem` says why."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(f"unreadable file: {problem}")
        self.problem = problem


class RowsToMendError(Exception):
    """Some rows are to be mended first; `plan` tells which. Nothing has been taken."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("some rows are to be mended")
        self.plan = plan


@dataclass(slots=True)
class Row:
    """One row of the file, by its place in the spreadsheet. `details` are what will be known once it is taken.

    `known` is whom the bakery has under this number already, `changes` whether the row changes anything about them.
    `first_row` is where a number that stands twice came first; `written` is what the cell says that cannot be read.
    """

    place: int
    details: Details
    problems: list[RowProblem] = field(default_factory=list)
    known: Recipient | None = None
    changes: bool = False
    first_row: int = 0
    written: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `text` is the file as it was understood, to be handed in again."""

    text: str
    rows: list[Row]

    @property
    def faulty(self) -> list[Row]:
        return [row for row in self.rows if row.problems]

    @property
    def new(self) -> list[Row]:
        return [row for row in self.rows if row.known is None]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.changes]

    @property
    def unchanged(self) -> list[Row]:
        return [row for row in self.rows if row.known is not None and not row.changes]


def plan_for(tenant: Tenant, content: bytes) -> Plan:
    """Read a file and judge every row; nothing is stored. Raises UnreadableFileError."""
    if len(content) > MAX_BYTES:
        raise UnreadableFileError(FileProblem.TOO_BIG)
    text = _decoded(content)
    rows = list(_rows_of(text))
    if not rows:
        raise UnreadableFileError(FileProblem.EMPTY)
    if len(rows) > MAX_ROWS:
        raise UnreadableFileError(FileProblem.TOO_MANY_ROWS)
    _mark_repeated(rows)
    _mark_own(tenant, rows)
    known = recipients.having(tenant, [row.details.phone for row in rows if row.details.phone])
    for row in rows:
        if recipient := known.get(row.details.phone):
            before, said = recipients.details_of(recipient), row.details
            row.known, row.details = recipient, _merged(before, said)
            row.changes = row.details != before
    return Plan(text, rows)


def take(tenant: Tenant, content: bytes, *, by: User) -> Plan:
    """Store all rows of a file, or none; return what was done. Raises UnreadableFileError and RowsToMendError."""
    with transaction.atomic():
        recipient_learning.lock()
        plan = plan_for(tenant, content)
        if plan.faulty:
            raise RowsToMendError(plan)
        made = [Recipient(tenant=tenant, phone=row.details.phone) for row in plan.new]
        changed = [row.known for row in plan.changed if row.known is not None]
        for recipient, row in zip([*made, *changed], [*plan.new, *plan.changed], strict=True):
            recipients.enter(recipient, row.details, by=by)
        Recipient.objects.bulk_create(made)
        entered = ("name", "note", "consent_how", "consent_date", "consent_by")
        Recipient.objects.bulk_update(changed, entered, batch_size=500)
    log.info(
        "Recipients imported",
        tenant_id=tenant.pk,
        user_id=by.pk,
        new=len(made),
        changed=len(changed),
    )
    return plan


# --- The file ----------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    """Return the text, however a spreadsheet has written it: UTF-8, Excel's "Unicode text" or Windows' own."""
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise UnreadableFileError(FileProblem.NOT_TEXT)


def _rows_of(text: str) -> Iterator[Row]:
    said = _DELIMITER_LINE.match(text)
    delimiter = said[1] if said else _delimiter(text)
    text = text[said.end() :] if said else text
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns: dict[str, int] | None = None
        for place, cells in enumerate(lines, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(cells)
            else:
                yield _row(place, {name: _cell(cells, at) for name, at in columns.items()})
    except csv.Error:
        raise UnreadableFileError(FileProblem.NOT_TEXT) from None


def _delimiter(text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=head.count)


def _columns(head: Sequence[str]) -> dict[str, int]:
    """Return where each column stands. Raises UnreadableFileError without one of numbers."""
    called = [_plain(cell) for cell in head]
    found = {
        name: called.index(next(each for each in names if each in called))
        for name, names in _COLUMNS.items()
        if set(names) & set(called)
    }
    if "phone" not in found:
        raise UnreadableFileError(FileProblem.NO_PHONE_COLUMN)
    return found


def _cell(cells: Sequence[str], at: int) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from taking +34… for a formula."""
    text = cells[at] if at < len(cells) else ""
    return " ".join(text.split()).removeprefix("'")


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


# --- One row -----------------------------------------------------------------------------------------


def _row(place: int, cells: dict[str, str]) -> Row:
    problems: list[RowProblem] = []
    written = cells["phone"]
    phone = phone_numbers.as_typed(written)
    if not phone:
        problems.append(_what_is_wrong_with(written))
    name, note = cells.get("name", ""), cells.get("note", "")
    if len(name) > NAME_LENGTH:
        problems.append(RowProblem.NAME_TOO_LONG)
    if len(note) > NOTE_LENGTH:
        problems.append(RowProblem.NOTE_TOO_LONG)
    how, day = _consent(cells.get("consent", ""), cells.get("date", ""), problems)
    return Row(place, Details(phone, name, note, how, day), problems, written=written)


def _what_is_wrong_with(number: str) -> RowProblem:
    if not number:
        return RowProblem.NO_NUMBER
    if _SHORTENED.fullmatch(number):
        return RowProblem.SHORTENED_NUMBER
    return RowProblem.NOT_A_NUMBER


def _consent(said: str, on: str, problems: list[RowProblem]) -> tuple[str, date | None]:
    how = next((each for each, words in _CONSENTS.items() if _plain(said) in words), None)
    day = _date(on)
    if said and how is None:
        problems.append(RowProblem.UNKNOWN_CONSENT)
    if on and day is None:
        problems.append(RowProblem.NOT_A_DATE)
    elif day is not None and day > timezone.localdate():
        problems.append(RowProblem.DATE_TO_COME)
    elif said and not on:
        problems.append(RowProblem.CONSENT_WITHOUT_DATE)
    elif on and not said:
        problems.append(RowProblem.DATE_WITHOUT_CONSENT)
    return ("", None) if problems or how is None else (how.value, day)


def _date(text: str) -> date | None:
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return None


def _mark_repeated(rows: Sequence[Row]) -> None:
    first: dict[str, int] = {}
    for row in rows:
        if not row.details.phone:
            continue
        plain = phone_numbers.comparable(row.details.phone)
        row.first_row = first.setdefault(plain, row.place)
        if row.first_row != row.place:
            row.problems.append(RowProblem.TWICE)


def _mark_own(tenant: Tenant, rows: Sequence[Row]) -> None:
    """The number that sends for the bakery cannot write to itself."""
    sender = sender_for(tenant)
    if sender is None or not sender.display_phone_number:
        return
    own = phone_numbers.comparable(sender.display_phone_number)
    for row in rows:
        if row.details.phone and phone_numbers.comparable(row.details.phone) == own:
            row.problems.append(RowProblem.OWN_NUMBER)


def _merged(known: Details, said: Details) -> Details:
    """An empty cell takes nothing away."""
    consent = said if said.consent_how else known
    return Details(
        phone=known.phone,
        name=said.name or known.name,
        note=said.note or known.note,
        consent_how=consent.consent_how,
        consent_date=consent.consent_date,
        email=known.email,
    )
