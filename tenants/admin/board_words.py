"""The assignment board in words: why a number cannot be given, what stands in the way of a change, what is wrong with a
pasted line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.date_forms import day_form
from tenants.display import phone
from tenants.services.conflicts import ConflictKind
from tenants.services.pasted_list import LineErrorKind
from tenants.services.undoing import Refusal
from tenants.services.usable_numbers import Doubt, Unusable, is_registered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from tenants.models import PhoneNumber
    from tenants.services.conflicts import Conflict, Standing
    from tenants.services.pasted_list import LineError
    from tenants.services.undoing import UndoRefusedError

_UNUSABLE: dict[Unusable, StrOrPromise] = {
    Unusable.RESERVED: gettext_lazy("reserved as the default number"),
    Unusable.GONE: gettext_lazy("no longer at Meta"),
    Unusable.NOT_READ: gettext_lazy("not read from Meta yet"),
    Unusable.NOT_VERIFIED: gettext_lazy("not verified by SMS or call"),
    Unusable.NOT_REGISTERED: gettext_lazy("not registered, its PIN is not set"),
    Unusable.NOT_CONNECTED: gettext_lazy("not connected"),
    Unusable.NAME_IN_REVIEW: gettext_lazy("display name in review"),
    Unusable.NAME_DECLINED: gettext_lazy("display name declined"),
    Unusable.NAME_EXPIRED: gettext_lazy("display name expired"),
}
_DOUBTS: dict[Doubt, StrOrPromise] = {
    Doubt.STOPPED: gettext_lazy("stopped by an error"),
    Doubt.FLAGGED: gettext_lazy("flagged by Meta"),
    Doubt.QUALITY_RED: gettext_lazy("quality RED"),
    Doubt.QUALITY_YELLOW: gettext_lazy("quality YELLOW"),
}
_REFUSALS: dict[Refusal, StrOrPromise] = {
    Refusal.TOO_LATE: gettext_lazy(
        "It is more than 10 minutes ago. Change the numbers on the board instead."
    ),
    Refusal.DONE: gettext_lazy("Everything is as it was before already."),
    Refusal.CHANGED: gettext_lazy("Somebody has changed these numbers since:"),
}
_LINES: dict[LineErrorKind, StrOrPromise] = {
    LineErrorKind.NO_SEPARATOR: gettext_lazy("Write a bakery, an arrow (→ or ->) and a number."),
    LineErrorKind.UNKNOWN_BAKERY: gettext_lazy("No bakery has this name."),
    LineErrorKind.AMBIGUOUS_BAKERY: gettext_lazy(
        "Several bakeries have this name. Write the short name instead:"
    ),
    LineErrorKind.NO_NUMBER: gettext_lazy("There is no number after the arrow."),
    LineErrorKind.UNKNOWN_NUMBER: gettext_lazy("We have no such number."),
    LineErrorKind.AMBIGUOUS_NUMBER: gettext_lazy(
        "Several numbers end like this. Write it with its country code:"
    ),
    LineErrorKind.UNUSABLE_NUMBER: gettext_lazy("This number cannot be given now:"),
}


def why_words(why: Unusable, number: PhoneNumber | None = None) -> str:
    words = str(_UNUSABLE[why])
    if why is Unusable.NOT_CONNECTED and number is not None:
        return f"{words} ({number.status})"
    return words


def doubt_words(doubts: Sequence[Doubt]) -> str:
    return ", ".join(str(_DOUBTS[doubt]) for doubt in doubts)


def registration_words(number: PhoneNumber) -> str:
    """Say whether the number is registered at the Cloud API, which is what we send through."""
    if not is_registered(number):
        return _("missing")
    return number.status or "–"


def since(at: datetime) -> str:
    """Say "since 3 Mar", or since when today."""
    local, today = timezone.localtime(at), timezone.localtime()
    if local.date() == today.date():
        return _("since %(time)s") % {"time": dateformat.format(local, "H:i")}
    year = "" if local.year == today.year else " Y"
    return _("since %(day)s") % {"day": dateformat.format(local, f"{day_form()}{year}")}


def conflict_words(conflict: Conflict, standing: Standing) -> str:
    change = conflict.change
    other = standing.tenants.get(conflict.other) if conflict.other else None
    match conflict.kind:
        case ConflictKind.CHANGED:
            return _changed_words(conflict)
        case ConflictKind.TAKEN if conflict.standing is not None:
            names = {
                "holder": conflict.standing.tenant.name,
                "since": since(conflict.standing.assigned_at),
                "by": conflict.standing.assigned_by or "?",
            }
            return _("already with %(holder)s %(since)s, given by %(by)s") % names
        case ConflictKind.TWICE:
            return _("also chosen for %(bakery)s") % {"bakery": other.name if other else "?"}
        case ConflictKind.UNUSABLE if conflict.why is not None:
            number = standing.numbers.get(change.number) if change.number else None
            return _("cannot be given now: %(why)s") % {"why": why_words(conflict.why, number)}
    return _("This number or bakery is no longer there.")


def _changed_words(conflict: Conflict) -> str:
    now = conflict.standing
    if now is None:
        return _(
            "Somebody took its number away meanwhile. Your choice is kept: save again to make it."
        )
    text = _(
        "%(by)s gave it %(number)s meanwhile, %(since)s. Your choice is kept: save again to make it."
    )
    return text % {
        "by": now.assigned_by or "?",
        "number": phone(now.phone_number.display_phone_number),
        "since": since(now.assigned_at),
    }


def line_error_words(error: LineError) -> str:
    if error.kind is LineErrorKind.NUMBER_TWICE:
        return _("Line %(line)d gives the same number to another bakery.") % {
            "line": error.other_line
        }
    if error.kind is LineErrorKind.BAKERY_TWICE:
        return _("Line %(line)d gives the same bakery another number.") % {"line": error.other_line}
    words = str(_LINES[error.kind])
    if error.why is not None:
        return f"{words} {why_words(error.why)}."
    shown = [
        phone(suggestion) if suggestion.startswith("+") else suggestion
        for suggestion in error.suggestions
    ]
    if not shown:
        return words
    if error.kind in {LineErrorKind.AMBIGUOUS_BAKERY, LineErrorKind.AMBIGUOUS_NUMBER}:
        return f"{words} {', '.join(shown)}."
    if len(shown) > 1:
        meant = _("Did you mean one of these: %(suggestions)s?") % {"suggestions": ", ".join(shown)}
        return f"{words} {meant}"
    return f"{words} " + _("Did you mean %(suggestion)s?") % {"suggestion": shown[0]}


def refusal_words(error: UndoRefusedError, standing: Standing) -> str:
    words = str(_REFUSALS[error.refusal])
    changed = [
        f"{_bakery(conflict, standing)}: {_since_then(conflict, standing)}"
        for conflict in error.conflicts
    ]
    return " ".join([words, "; ".join(changed)]).strip()


def _bakery(conflict: Conflict, standing: Standing) -> str:
    tenant = standing.tenants.get(conflict.change.tenant)
    return tenant.name if tenant else "?"


def _since_then(conflict: Conflict, standing: Standing) -> str:
    now = conflict.standing
    if conflict.kind is not ConflictKind.CHANGED:
        return conflict_words(conflict, standing)
    if now is None:
        return _("its number was taken away")
    return _("%(by)s gave it %(number)s %(since)s") % {
        "by": now.assigned_by or "?",
        "number": phone(now.phone_number.display_phone_number),
        "since": since(now.assigned_at),
    }
