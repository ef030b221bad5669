"""Phone numbers of people and bakeries: how they are read, shown and hidden."""

from __future__ import annotations

import re

import phonenumbers

_SEPARATORS = re.compile(r"[\s\-().\u00a0\u202f/]")
_SPANISH = re.compile(r"\+34([0-9]{3})([0-9]{3})([0-9]{3})")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


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


def from_digits(digits: str) -> str:
    """Return E.164 for the bare digits of Meta's webhooks ("wa_id", "from"); empty for anything else."""
    number = f"+{_SEPARATORS.sub('', digits).removeprefix('+')}"
    return number if _E164.fullmatch(number) else ""


def _is_possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
