"""A pasted list of assignments, as the set-up guide writes it: `Panadería San Juan → +34 612 345 678`, one a line.

Also with ->, =>, a tab, `;` or `:` between, and as lines of a spreadsheet with more columns behind. Empty lines, the
guide's `... (7 more)` and the fence around a block of code say nothing. Each line that says something gives one choice or
one error.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tenants.names import folded, nearest
from tenants.services.usable_numbers import Unusable, why_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenants.models import PhoneNumber, Tenant

MAX_LINES = 1000
# Arrows stand in no name, a colon may: so the surest come first.
_SEPARATORS = ("→", "⇒", "➔", "->", "=>", "–>", "—>", "\t", ";", ":")
_SAYS_NOTHING = re.compile(r"\s*(?:(?:\.{2,}|…).*|`{3,}.*|[-=]*)\s*", re.DOTALL)
_NUMBER = re.compile(r"[+(]*[0-9][0-9\s().\-/]*")
_WHOLE = re.compile(r"\s*(?:\+|00)")
# Fewer digits than these could be a slip of the pen.
_TELLING_DIGITS = 7
_NEARLY = 0.75
_SUGGESTED_AT_MOST = 3


class LineErrorKind(StrEnum):
    NO_SEPARATOR = "no_separator"
    UNKNOWN_BAKERY = "unknown_bakery"
    AMBIGUOUS_BAKERY = "ambiguous_bakery"
    NO_NUMBER = "no_number"
    UNKNOWN_NUMBER = "unknown_number"
    AMBIGUOUS_NUMBER = "ambiguous_number"
    UNUSABLE_NUMBER = "unusable_number"
    NUMBER_TWICE = "number_twice"
    BAKERY_TWICE = "bakery_twice"


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with line `line`, counted from 1. `suggestions`: what was probably meant, a name or a number in E.164.

    `other_line` is the one that says otherwise, for the two kinds ending in TWICE.
    """

    line: int
    text: str
    kind: LineErrorKind
    suggestions: tuple[str, ...] = ()
    other_line: int | None = None
    why: Unusable | None = None


@dataclass(slots=True)
class PastedList:
    choices: dict[UUID, int] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Choice:
    line: int
    text: str
    tenant: UUID
    number: int


class TooLongError(ValueError):
    """More lines than anybody has bakeries."""


def read_pasted_list(
    text: str, *, tenants: Sequence[Tenant], numbers: Sequence[PhoneNumber]
) -> PastedList:
    """Return the choices of the good lines and an error for each other one. Raises TooLongError."""
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise TooLongError
    reader = _Reader(tenants, numbers)
    read = [
        reader.read(place, line)
        for place, line in enumerate(lines, start=1)
        if not _SAYS_NOTHING.fullmatch(line)
    ]
    choices = [row for row in read if isinstance(row, _Choice)]
    doubled = _said_otherwise(choices)
    result = PastedList()
    for row in read:
        if isinstance(row, LineError):
            result.errors.append(row)
        elif error := doubled.get(row.line):
            result.errors.append(error)
        else:
            result.choices[row.tenant] = row.number
    return result


def _said_otherwise(choices: Sequence[_Choice]) -> dict[int, LineError]:
    """Return an error for every line that another one contradicts. The same line again contradicts nothing."""
    by_number: dict[int, list[_Choice]] = defaultdict(list)
    by_tenant: dict[UUID, list[_Choice]] = defaultdict(list)
    for row in choices:
        by_number[row.number].append(row)
        by_tenant[row.tenant].append(row)
    errors = {}
    for row in choices:
        thief = next((o for o in by_number[row.number] if o.tenant != row.tenant), None)
        rival = next((o for o in by_tenant[row.tenant] if o.number != row.number), None)
        if other := thief or rival:
            kind = LineErrorKind.NUMBER_TWICE if thief else LineErrorKind.BAKERY_TWICE
            errors[row.line] = LineError(row.line, row.text, kind, other_line=other.line)
    return errors


class _Reader:
    """Knows the bakeries by name and short name, the numbers by their digits."""

    def __init__(self, tenants: Sequence[Tenant], numbers: Sequence[PhoneNumber]) -> None:
        self.by_name: dict[str, list[Tenant]] = defaultdict(list)
        for tenant in tenants:
            self.by_name[folded(tenant.name)].append(tenant)
        self.by_slug = {tenant.slug: tenant for tenant in tenants}
        self.names = [tenant.name for tenant in tenants]
        self.by_digits = {
            number.display_phone_number.removeprefix("+"): number
            for number in numbers
            if number.display_phone_number
        }

    def read(self, line: int, text: str) -> _Choice | LineError:
        text = _plain(text)
        if columns := _columns(text):
            return self._choice(line, text.strip(), *columns)
        for separator in _SEPARATORS:
            name, found, number = text.rpartition(separator)
            if found and name.strip():
                return self._choice(line, text.strip(), name.strip(), number)
        return LineError(line, text.strip(), LineErrorKind.NO_SEPARATOR)

    def _choice(self, line: int, text: str, name: str, number: str) -> _Choice | LineError:
        tenants = self._tenants(name)
        if not tenants:
            near = nearest(name, self.names)
            return LineError(line, text, LineErrorKind.UNKNOWN_BAKERY, _some(near))
        if len(tenants) > 1:
            slugs = tuple(sorted(tenant.slug for tenant in tenants))
            return LineError(line, text, LineErrorKind.AMBIGUOUS_BAKERY, slugs)
        written = _NUMBER.search(number)
        if written is None:
            return LineError(line, text, LineErrorKind.NO_NUMBER)
        numbers = self._numbers(written[0])
        if not numbers:
            near_ones = self._nearest_numbers(written[0])
            return LineError(line, text, LineErrorKind.UNKNOWN_NUMBER, near_ones)
        if len(numbers) > 1:
            shown = tuple(sorted(row.display_phone_number for row in numbers))
            return LineError(line, text, LineErrorKind.AMBIGUOUS_NUMBER, shown)
        if why := why_unusable(numbers[0]):
            return LineError(line, text, LineErrorKind.UNUSABLE_NUMBER, why=why)
        return _Choice(line, text, tenants[0].pk, numbers[0].pk)

    def _tenants(self, name: str) -> list[Tenant]:
        named = self.by_name.get(folded(name), [])
        # A short name is one bakery's alone, so it tells those of the same name apart.
        if len(named) != 1 and name in self.by_slug:
            return [self.by_slug[name]]
        return named

    def _numbers(self, written: str) -> list[PhoneNumber]:
        digits = re.sub(r"[^0-9]", "", written)
        if _WHOLE.match(written):
            digits = digits.removeprefix("00")
            return [self.by_digits[digits]] if digits in self.by_digits else []
        if digits in self.by_digits:
            return [self.by_digits[digits]]
        if len(digits) < _TELLING_DIGITS:
            return []
        return [row for known, row in self.by_digits.items() if known.endswith(digits)]

    def _nearest_numbers(self, written: str) -> tuple[str, ...]:
        """Return what was probably meant: all that are equally near, none where so many are that it would be a guess."""
        digits = re.sub(r"[^0-9]", "", written)
        # A number without its country code is compared with the ends of ours.
        near = {
            known: max(_likeness(digits, known), _likeness(digits, known[-len(digits) :]))
            for known in self.by_digits
        }
        best = max(near.values(), default=0)
        found = sorted(f"+{known}" for known, likeness in near.items() if likeness == best)
        return tuple(found) if best >= _NEARLY and len(found) <= _SUGGESTED_AT_MOST else ()


def _likeness(written: str, known: str) -> float:
    matcher = SequenceMatcher(None, written, known, autojunk=False)
    # The quick one is never smaller, and spares the exact one for most pairs of a long list.
    return matcher.ratio() if matcher.quick_ratio() >= _NEARLY else 0.0


def _columns(text: str) -> tuple[str, str] | None:
    """Return name and number of a spreadsheet's line, where more columns follow them, as in the board's own file."""
    for delimiter in "\t;,":
        cells = next(csv.reader([text], delimiter=delimiter), [])
        if len(cells) > 2 and cells[0].strip() and _NUMBER.fullmatch(cells[1].strip().lstrip("'")):
            return cells[0].strip(), cells[1]
    return None


def _plain(text: str) -> str:
    """Leave out what nobody sees (marks of direction around a copied number) and write wide digits narrow."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in composed if unicodedata.category(letter) != "Cf")


def _some(suggestion: str) -> tuple[str, ...]:
    return (suggestion,) if suggestion else ()
