"""One search box for messages: what is written tells what is looked for, and each way leads to an index."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Reverse
from django.utils.translation import gettext as _

from messaging.models.searching import NameWords, words_beginning
from tenants import phone_numbers

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from messaging.models import Message

# Fewer digits are the end of too many numbers.
_FEWEST_DIGITS = 4
_LIKE_A_NUMBER = re.compile(r"[\d\s\-+().\u00a0\u202f/]+")
_NOT_DIGITS = re.compile(r"\D")


def find(messages: QuerySet[Message], term: str) -> QuerySet[Message]:
    """Find by our id, WhatsApp's id, a number or its end in any spelling, an order number or its beginning, a name's words."""
    term = term.strip()
    if not term:
        return messages
    if our_id := _uuid(term):
        return messages.filter(pk=our_id)
    if term.startswith("wamid."):
        return messages.filter(wamid=term)
    orders = (Q(reference__startswith=term) | Q(reference__startswith=term.upper())) & ~Q(
        reference=""
    )
    if _LIKE_A_NUMBER.fullmatch(term):
        ends = Q()
        for end in _ends(term):
            ends |= Q(phone_end__startswith=end[::-1])
        return messages.alias(phone_end=Reverse("recipient_phone")).filter(orders | ends)
    if (words := words_beginning(term)) is None:
        return messages.filter(orders)
    return messages.alias(name_words=NameWords("recipient_name")).filter(
        orders | Q(name_words=words)
    )


def advice(term: str) -> str:
    """Say what else to type when nothing was found."""
    if _LIKE_A_NUMBER.fullmatch(term.strip()) and not _ends(term):
        return _("Of a phone number type at least the last four digits.")
    if _LIKE_A_NUMBER.fullmatch(term.strip()):
        return _(
            "Of a phone number the last digits are enough, at least four; its beginning alone is not looked for."
        )
    return _(
        "Type an order number or its beginning, the last digits of a phone number, words of the recipient's name, or a whole id."
    )


def _uuid(term: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(term)
    except ValueError:
        return None


def _ends(term: str) -> list[str]:
    """Return what the number may end in: the digits as typed, without what is dialled before them, in every spelling."""
    digits = _NOT_DIGITS.sub("", term)
    if len(digits) < _FEWEST_DIGITS:
        return []
    # 00 dials abroad, 0 dials at home in many countries; either may be the end of a number too.
    dialled = {digits, digits.removeprefix("00"), digits.removeprefix("0")}
    wholes = [whole for typed in dialled if (whole := phone_numbers.from_digits(typed))]
    known = {
        spelt.removeprefix("+") for whole in wholes for spelt in phone_numbers.spellings(whole)
    }
    return sorted(end for end in dialled | known if len(end) >= _FEWEST_DIGITS)
