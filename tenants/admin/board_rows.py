"""The assignment board as its template shows it: a row for each bakery, a choice of numbers, a chip for each number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tenants.admin.board_words import (
    conflict_words,
    doubt_words,
    registration_words,
    since,
    why_words,
)
from tenants.display import BAD, CAUTION, GOOD, phone
from tenants.services.conflicts import ConflictKind
from tenants.services.usable_numbers import Doubt, doubts_about, why_unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant
    from tenants.services.conflicts import Change, Conflict
    from tenants.services.number_board import Board

# What a select sends for "no number of its own".
NONE = "none"


def field_name(tenant: UUID, seen: int | None) -> str:
    """Return the name of a bakery's select. It carries the row's version, so that saving can tell what the admin saw."""
    return f"number-{tenant}-{seen or 0}"


@dataclass(frozen=True, slots=True)
class Chip:
    """A number and what an admin asks of it. `why` it cannot be given, `doubt` when it can all the same."""

    number: PhoneNumber
    holder: PhoneNumberAssignment | None
    why: str
    doubt: str

    @property
    def is_spare(self) -> bool:
        return self.holder is None and not self.why

    @property
    def name_state(self) -> str:
        return self.number.name_status or "–"

    @property
    def registration(self) -> str:
        return registration_words(self.number)

    @property
    def note(self) -> str:
        """What is to be known before giving it, and of who has it: for a select has no room for it."""
        return ", ".join(filter(None, (self.why, self.doubt)))

    @property
    def tone(self) -> str:
        """BAD for what cannot send or may be stopped at any time, CAUTION for a warning, GOOD for neither."""
        if self.why or {Doubt.STOPPED, Doubt.QUALITY_RED} & set(doubts_about(self.number)):
            return BAD
        return CAUTION if self.doubt else GOOD


@dataclass(frozen=True, slots=True)
class Row:
    """`state` is saved, conflict, changed, assigned or none; `problem` says what the conflict is.

    `note` says what speaks against the chosen number, `tone` how bad that is for the one the bakery has.
    """

    tenant: Tenant
    owner: str
    standing: PhoneNumberAssignment | None
    field: str
    was: str
    state: str
    options: SafeString
    chosen: PhoneNumber | None
    problem: str = ""
    swap: str = ""
    note: str = ""
    tone: str = GOOD
    messages_a_day: str = ""

    @property
    def is_changed(self) -> bool:
        return self.state in {"changed", "conflict"}


def chips_of(board: Board) -> list[Chip]:
    """Return the numbers in the order of use: those that can be given, those that cannot, those that are given."""
    chips = [
        Chip(
            number,
            board.standing.by_number.get(number.pk),
            why_words(why, number) if (why := why_unusable(number)) else "",
            doubt_words(doubts_about(number)),
        )
        for number in board.numbers
    ]
    return sorted(chips, key=lambda chip: (chip.holder is not None, bool(chip.why)))


def rows_of(
    board: Board,
    changes: Sequence[Change],
    conflicts: Sequence[Conflict],
    *,
    saved: set[UUID],
    messages_a_day: Mapping[UUID, SafeString],
) -> list[Row]:
    options = _Options(chips_of(board))
    wanted = {change.tenant: change for change in changes}
    in_the_way = {conflict.change.tenant: conflict for conflict in conflicts}
    return [
        _row(
            board,
            tenant,
            options,
            wanted.get(tenant.pk),
            in_the_way.get(tenant.pk),
            saved,
            messages_a_day=messages_a_day.get(tenant.pk, ""),
        )
        for tenant in board.tenants
    ]


def _row(
    board: Board,
    tenant: Tenant,
    options: _Options,
    change: Change | None,
    conflict: Conflict | None,
    saved: set[UUID],
    *,
    messages_a_day: str,
) -> Row:
    standing = board.standing.by_tenant.get(tenant.pk)
    own = standing.phone_number_id if standing else None
    choice = change.number if change else own
    state = "assigned" if standing else "none"
    if tenant.pk in saved:
        state = "saved"
    if choice != own:
        state = "changed"
    if conflict is not None:
        state = "conflict"
    return Row(
        tenant=tenant,
        owner=board.owners.get(tenant.pk, ""),
        standing=standing,
        field=field_name(tenant.pk, standing.pk if standing else None),
        was=str(own or NONE),
        state=state,
        options=options.html(own=own, choice=choice),
        chosen=board.standing.numbers.get(choice) if choice else None,
        problem=conflict_words(conflict, board.standing) if conflict else "",
        swap=_swap_words(conflict, board) if conflict else "",
        note=options.note(choice),
        tone=options.tone(own),
        messages_a_day=messages_a_day,
    )


def _swap_words(conflict: Conflict, board: Board) -> str:
    """What the button beside a taken number does; empty where nothing can be swapped."""
    if conflict.kind is not ConflictKind.TAKEN or conflict.standing is None:
        return ""
    names = {"bakery": conflict.standing.tenant.name}
    if board.standing.number_of(conflict.change.tenant) is None:
        return _("Take it from %(bakery)s") % names
    return _("Swap with %(bakery)s") % names


class _Options:
    """The options of all selects: written once, for hundreds of bakeries choose among the same numbers."""

    def __init__(self, chips: Iterable[Chip]) -> None:
        self.chips = {chip.number.pk: chip for chip in chips}
        spare = [chip for chip in self.chips.values() if chip.is_spare]
        held = [chip for chip in self.chips.values() if chip.holder and not chip.why]
        unusable = [chip for chip in self.chips.values() if chip.why]
        self.groups = [
            (label, [(chip.number.pk, self._option(chip)) for chip in members])
            for label, members in (
                (_("Spare"), spare),
                (_("With another bakery"), held),
                (_("Cannot be given now"), unusable),
            )
            if members
        ]

    def note(self, pk: int | None) -> str:
        return self.chips[pk].note if pk in self.chips else ""

    def tone(self, pk: int | None) -> str:
        return self.chips[pk].tone if pk in self.chips else GOOD

    def html(self, *, own: int | None, choice: int | None) -> SafeString:
        """Return a bakery's options: none, the number it has, all others."""
        none = _("No number of its own") if own else _("Assign phone number…")
        parts = [format_html('<option value="{}">{}</option>', NONE, none)]
        if own in self.chips:
            parts.append(self._own(self.chips[own], chosen=own == choice))
        for label, options in self.groups:
            shown = mark_safe(  # noqa: S308 (made by format_html in _option)
                "".join(
                    text.replace("<option ", "<option selected ", 1) if pk == choice else text
                    for pk, text in options
                    if pk != own
                )
            )
            if shown:
                parts.append(format_html('<optgroup label="{}">{}</optgroup>', label, shown))
        return format_html_join("", "{}", ((part,) for part in parts))

    @staticmethod
    def _option(chip: Chip) -> SafeString:
        if chip.why:
            return _markup(chip.number, note=chip.why, flag=" disabled")
        told = format_html(' data-note="{}"', chip.note) if chip.note else ""
        if chip.holder is None:
            return _markup(chip.number, note=chip.doubt, flag=told)
        held = f"{chip.holder.tenant.name} {since(chip.holder.assigned_at)}"
        flag = format_html('{} data-holder="{}"', told, held)
        return _markup(chip.number, note=held, flag=flag)

    @staticmethod
    def _own(chip: Chip, *, chosen: bool) -> SafeString:
        told = format_html(' data-note="{}"', chip.note) if chip.note else ""
        flag = format_html("{}{}", mark_safe(" selected") if chosen else "", told)
        return _markup(chip.number, note=chip.note, flag=flag)


def _markup(number: PhoneNumber, *, note: str, flag: str = "") -> SafeString:
    """Return an option: number, display name and what is to be known. `flag` is markup of ours."""
    words = filter(None, [phone(number.display_phone_number), number.verified_name, note])
    return format_html(
        '<option value="{}"{}>{}</option>',
        number.pk,
        mark_safe(flag),  # noqa: S308 (never what somebody wrote)
        " · ".join(words),
    )
