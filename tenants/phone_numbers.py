"""Phone numbers of people and bakeries: how they are read, shown and hidden."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_SEPARATORS = re.compile(r"[\s\-().\u00a0\u202f/]")
_SPANISH = re.compile(r"\+34([0-9]{3})([0-9]{3})([0-9]{3})")
_AT_HOME = re.compile(r"[6-9][0-9]{8}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEVERAL_SPELLINGS = ("+52", "+54", "+55")
_WITH_EXTRA_DIGIT = (
    re.compile(r"(\+55[0-9]{2})9([6-9][0-9]{7})"),
    re.compile(r"(\+52)1([0-9]{10})"),
    re.compile(r"(\+54)9([0-9]{10})"),
)
_EXTRA_DIGIT = (
    (re.compile(r"(\+55[0-9]{2})([6-9][0-9]{7})"), "9"),
    (re.compile(r"(\+52)([0-9]{10})"), "1"),
    (re.compile(r"(\+54)([0-9]{10})"), "9"),
)


class InvalidPhoneNumberError(ValueError):
    """The text is no E.164 number. The message says what to write instead and does not repeat the number."""


def normalised(text: str) -> str:
    """Return E.164 such as +34600000101; spaces, dashes, dots and brackets are removed.

    The + is required: without it Meta puts the sender's own country code in front (Messages, "to", read 2026-11-20).
    """
    compact = _SEPARATORS.sub("", text)
    if not compact.startswith("+"):
        raise InvalidPhoneNumberError(
            "Write the number with + and its country code, such as +34600000101."
        )
    if not _E164.fullmatch(compact):
        raise InvalidPhoneNumberError(
            "A phone number is a + and 7 to 15 digits, such as +34600000101."
        )
    if not _is_possible(compact):
        raise InvalidPhoneNumberError("No phone number of that country has this many digits.")
    return compact


def as_typed(text: str) -> str:
    """Return E.164 for what people type: +34 600 000 101, 0034…, 34600000101 or, at home in Spain, 600 000 101.

    Empty for what is no number.
    """
    compact = _SEPARATORS.sub("", text)
    if _AT_HOME.fullmatch(compact):
        compact = f"34{compact}"
    try:
        return normalised(f"+{compact.removeprefix('00').removeprefix('+')}")
    except InvalidPhoneNumberError:
        return ""


def formatted(number: str) -> str:
    """Return +34 600 000 101 for E.164, anything else unchanged."""
    if spanish := _SPANISH.fullmatch(number):
        # By threes, as people in Spain and the set-up guide write them; the library says 600 00 01 01.
        return f"+34 {' '.join(spanish.groups())}"
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def masked(number: str) -> str:
    """Return +34 6•• ••• 101: enough to tell numbers apart, too little to dial. Anything else unchanged."""
    spaced = formatted(number)
    shown = 1 + len(spaced.partition(" ")[0])
    digits = [place for place, sign in enumerate(spaced) if sign.isdigit() and place > shown]
    hidden = set(digits[:-3])
    return "".join("•" if place in hidden else sign for place, sign in enumerate(spaced))


def from_digits(digits: str) -> str:
    """Return E.164 for the bare digits of Meta's webhooks ("wa_id", "from"); empty for anything else."""
    number = f"+{_SEPARATORS.sub('', digits).removeprefix('+')}"
    return number if _E164.fullmatch(number) else ""


def spellings(number: str) -> tuple[str, ...]:
    """Return the E.164 number and every other one under which WhatsApp may know the same phone, the given one first.

    Brazil has mobiles with and without a 9 after the area code, Mexico with and without a 1 and Argentina with and without
    a 9 after the country code (Cloud API, Phone number formats, read 2026-11-22). Everywhere else there is one.
    """
    if not number.startswith(_SEVERAL_SPELLINGS):
        return (number,)
    plain = comparable(number)
    for shape, extra in _EXTRA_DIGIT:
        if found := shape.fullmatch(plain):
            begin, rest = found.groups()
            return tuple(dict.fromkeys((number, plain, f"{begin}{extra}{rest}")))
    return tuple(dict.fromkeys((number, plain)))


def comparable(number: str) -> str:
    """Return the one spelling that stands for all `spellings` of a number."""
    if not number.startswith(_SEVERAL_SPELLINGS):
        return number
    if number.startswith("+54"):
        number = _without_argentine_15(number)
    for shape in _WITH_EXTRA_DIGIT:
        if found := shape.fullmatch(number):
            return "".join(found.groups())
    return number


def _without_argentine_15(number: str) -> str:
    """Return +54 9 … for +54 … 15 …, as Argentines write mobiles at home: the library knows their area codes."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


# The same suppliers come again and again.
@lru_cache(maxsize=4096)
def _is_possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
