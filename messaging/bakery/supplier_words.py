"""How the pages speak of suppliers: whether they agreed, whether notices reach them, what is wrong with a file's row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import dateformat
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from messaging.bakery.words import OPT_OUT, State
from messaging.models import ConsentHow, Recipient
from messaging.services.advice import Advice, advice_for
from messaging.services.recipient_import import FileProblem, Row, RowProblem
from messaging.services.recipients import BAD_NUMBER
from messaging.statuses import MessageStatus
from tenants.date_forms import dated_form
from tenants.phone_numbers import formatted

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class SupplierLine:
    """One supplier of a list. `last_arrived_at` is when a notice last reached them, where that was asked for."""

    recipient: Recipient
    consent: State
    opt_out: StrPromise | None
    advice: Advice | None
    last_arrived_at: datetime | None = None

    @property
    def phone(self) -> str:
        return formatted(self.recipient.phone)

    @property
    def name(self) -> str:
        return self.recipient.name or self.phone

    @property
    def former_phones(self) -> list[str]:
        return [formatted(phone) for phone in self.recipient.former_phones]


_CONSENTS: dict[str, StrPromise] = {
    ConsentHow.SPOKEN: gettext_lazy("Agreed by word of mouth"),
    ConsentHow.WRITTEN: gettext_lazy("Agreed in writing"),
    ConsentHow.WHATSAPP: gettext_lazy("Agreed by WhatsApp"),
}

_FILE_PROBLEMS: dict[FileProblem, StrPromise] = {
    FileProblem.TOO_BIG: gettext_lazy(
        "The file is too big. Split it in parts of at most 2,000 suppliers."
    ),
    FileProblem.TOO_MANY_ROWS: gettext_lazy(
        "The file has too many rows. Split it in parts of at most 2,000 suppliers."
    ),
    FileProblem.NOT_TEXT: gettext_lazy(
        "This is no CSV file. In Excel choose “Save as” and then “CSV (delimited by semicolons)”."
    ),
    FileProblem.EMPTY: gettext_lazy("There is no supplier in the file."),
    FileProblem.NO_PHONE_COLUMN: gettext_lazy(
        "No column is called “Phone”. The first row has to name the columns, as in the example below."
    ),
}

_ROW_PROBLEMS: dict[RowProblem, StrPromise] = {
    RowProblem.NO_NUMBER: gettext_lazy("There is no phone number."),
    RowProblem.NOT_A_NUMBER: gettext_lazy(
        "“%(written)s” is no phone number. Write it as +34 600 000 101."
    ),
    RowProblem.SHORTENED_NUMBER: gettext_lazy(
        "Excel has shortened the number to “%(written)s”. Format the column as text and write the numbers again."
    ),
    RowProblem.OWN_NUMBER: gettext_lazy("This is the number your notices are sent from."),
    RowProblem.TWICE: gettext_lazy("The same number stands in row %(first_row)s already."),
    RowProblem.NAME_TOO_LONG: gettext_lazy("The name is too long: at most 200 letters."),
    RowProblem.NOTE_TOO_LONG: gettext_lazy("The note is too long: at most 500 letters."),
    RowProblem.UNKNOWN_CONSENT: gettext_lazy(
        "For the consent write “by word of mouth”, “in writing” or “by WhatsApp”, or leave it empty."
    ),
    RowProblem.CONSENT_WITHOUT_DATE: gettext_lazy("Say on what day they agreed."),
    RowProblem.DATE_WITHOUT_CONSENT: gettext_lazy("There is a day but not how they agreed."),
    RowProblem.NOT_A_DATE: gettext_lazy(
        "The day cannot be read. Write it as 2026-11-20 or 20/11/2026."
    ),
    RowProblem.DATE_TO_COME: gettext_lazy("The day on which they agreed is still to come."),
}


def line_for(
    recipient: Recipient,
    *,
    blocked: dict[str, bool],
    last_arrived_at: datetime | None = None,
) -> SupplierLine:
    """`blocked` as `suppressions.blocked_phones` says it."""
    asked = blocked.get(recipient.phone)
    return SupplierLine(
        recipient,
        consent_of(recipient),
        None if asked is None else OPT_OUT[asked],
        _advice_for(recipient),
        last_arrived_at,
    )


def consent_of(recipient: Recipient) -> State:
    if not recipient.consent_how:
        return State(gettext_lazy("No consent noted"), "warn", "question")
    return State(_CONSENTS[recipient.consent_how], "good", "check")


def consent_story(recipient: Recipient) -> str:
    """Say when they agreed and who noted it; empty where no consent is noted."""
    if recipient.consent_date is None:
        return ""
    day = dateformat.format(recipient.consent_date, dated_form())
    return _("On %(day)s, noted by %(who)s") % {"day": day, "who": recipient.consent_by}


def problem_of(error: FileProblem) -> str:
    return str(_FILE_PROBLEMS[error])


def problems_of(row: Row) -> list[str]:
    shown = {"written": row.written, "first_row": row.first_row}
    return [str(_ROW_PROBLEMS[problem]) % shown for problem in row.problems]


@dataclass(frozen=True, slots=True)
class RowLine:
    """What a row of a file makes of a supplier: all that will be known, and the name until now where that changes."""

    name: str
    phone: str
    before: str
    consent: str
    note: str


def row_line(row: Row) -> RowLine:
    details = row.details
    known = row.known.name if row.known is not None else ""
    consent = ""
    if details.consent_how and details.consent_date:
        day = dateformat.format(details.consent_date, dated_form())
        consent = f"{_CONSENTS[details.consent_how]}, {day}"
    return RowLine(
        name=details.name,
        phone=formatted(details.phone),
        before=known if known != details.name else "",
        consent=consent,
        note=details.note,
    )


def _advice_for(recipient: Recipient) -> Advice | None:
    """Explain a bad number; what failed for another reason says nothing of the supplier."""
    last = recipient.last_message
    if last is None or last.status != MessageStatus.FAILED or last.error_code not in BAD_NUMBER:
        return None
    return advice_for(last, language=get_language() or "")
