"""One search box for messages: what is written tells what is looked for, and each way leads to an index."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Q
from django.db.models.functions import Reverse
from django.utils.translation import gettext as _

from messaging.graph_api.catalogue import CATALOGUE
from messaging.models.searching import (
    NameWords,
    OrderDigits,
    Unindexed,
    all_beginning,
    digits_in,
    orders_like,
    words_in,
)
from messaging.services.ways import SAMPLED
from tenants import phone_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.models import QuerySet

    from messaging.models import Message

# Fewer digits are the end of too many numbers.
_FEWEST_DIGITS = 4
_LIKE_A_NUMBER = re.compile(r"[\d\s\-+().\u00a0\u202f/]+")
_NOT_DIGITS = re.compile(r"\D")
# With the letters they hang on, as in PO-12345.
_NUMBERS = re.compile(r"\b(?:[a-z]+[-_/.]?)?\d+\b", re.ASCII | re.IGNORECASE)
_CODE = re.compile(r"\d{3,7}", re.ASCII)
# +34 6•• ••• 131, and +34…131 as logs have it.
_MASKED = re.compile(r"([\d\s+]*)[•…*][•…*\s]*([\d\s]+)")
_FEWEST_SHOWN = 3
# Reading a row takes as long as collecting so many from the index of words.
_COLLECTED_FOR_A_READ = 40
# A share of all rows: of ten million they are collected in a tenth of a second.
_MOST_COLLECTED = 0.15


class Word(NamedTuple):
    """The beginning of a word, and the alias of the words among which it is looked for."""

    where: str
    start: str


def find(messages: QuerySet[Message], term: str) -> QuerySet[Message]:
    """Find by our id, WhatsApp's id, a number or its end in any spelling, an order number, its beginning or its digits,
    a name's words, or words and digits together.
    """
    term = term.strip()
    if not term:
        return messages
    if our_id := _uuid(term):
        return messages.filter(pk=our_id)
    if term.startswith("wamid."):
        return messages.filter(wamid=term)
    messages = messages.alias(
        phone_end=Reverse("recipient_phone"),
        name_words=NameWords("recipient_name"),
        order_digits=OrderDigits("reference"),
        name_words_read=Unindexed(NameWords("recipient_name")),
        order_digits_read=Unindexed(OrderDigits("reference")),
    )
    if masked := _masked(term):
        return messages.filter(masked)
    if _LIKE_A_NUMBER.fullmatch(term):
        return messages.filter(orders_like(term) | _numbers(term))
    return messages.filter(orders_like(term) | _names(messages, term))


def _masked(term: str) -> Q | None:
    """Return what a number as our pages print it matches: its beginning is checked, its end has the index."""
    parts = _MASKED.fullmatch(term)
    if parts is None:
        return None
    start, end = (_NOT_DIGITS.sub("", part) for part in parts.groups())
    if len(end) < _FEWEST_SHOWN:
        return None
    found = Q(phone_end__startswith=end[::-1])
    return found & Q(recipient_phone__startswith=f"+{start}") if term.startswith("+") else found


def _numbers(term: str) -> Q:
    found = Q()
    for end in _ends(term):
        found |= Q(phone_end__startswith=end[::-1])
    return found


def _names(messages: QuerySet[Message], term: str) -> Q:
    """All words in the name, or the digits in the order number and the rest in the name."""
    words = [Word("name_words", word) for word in words_in(term)]
    rest = [Word("name_words", word) for word in words_in(_NUMBERS.sub(" ", term))]
    digits = [Word("order_digits", run) for run in digits_in(" ".join(_NUMBERS.findall(term)))]
    ways = [words] if words else []
    if rest and digits:
        ways.append([*rest, *digits])
    counts = _counted(messages.model, {word for way in ways if len(way) > 1 for word in way})
    found = Q()
    for way in ways:
        found |= _all_of(way, counts)
    return found


def _counted(model: type[Message], words: Collection[Word]) -> dict[Word, int]:
    """Return how many of the newest messages have each."""
    if not words:
        return {}
    newest = model.objects.newest_first().values(
        "id", name_words=NameWords("recipient_name"), order_digits=OrderDigits("reference")
    )[:SAMPLED]
    asked = sorted(words)
    has = (Q(**{word.where: all_beginning([word.start])}) for word in asked)
    counts = newest.aggregate(
        **{f"times_{place}": Count("id", filter=one) for place, one in enumerate(has)}
    )
    return {word: counts[f"times_{place}"] for place, word in enumerate(asked)}


def _all_of(words: list[Word], counts: Mapping[Word, int]) -> Q:
    """Return what has all of them; `counts` are those of several words, of which only some ask the index."""
    by_index = _asked_of_index(words, counts) if len(words) > 1 else words
    asked: dict[str, list[str]] = {}
    for word in words:
        where = word.where if word in by_index else f"{word.where}_read"
        asked.setdefault(where, []).append(word.start)
    return Q(**{where: all_beginning(starts) for where, starts in asked.items()})


def _asked_of_index(words: list[Word], counts: Mapping[Word, int]) -> list[Word]:
    """Return the words that the index is asked for; the others are looked for in the rows that it names.

    The index collects all rows of a word that begins so before it compares them with those of the next word. That is worth
    it for words that are not much more frequent than the rarest, and for none where they stand in too many rows.
    """
    rarest = max(min(counts[word] for word in words), 0.5)
    chosen = [word for word in words if counts[word] <= rarest * _COLLECTED_FOR_A_READ]
    too_many = sum(counts[word] for word in chosen) > SAMPLED * _MOST_COLLECTED
    return [] if too_many else chosen


def error_code(term: str) -> int | None:
    """Return the code of Meta's that was typed, if it is one we know."""
    term = term.strip()
    code = int(term) if _CODE.fullmatch(term) else None
    return code if code in CATALOGUE else None


def advice(term: str) -> str:
    """Say what else to type when nothing was found."""
    if _LIKE_A_NUMBER.fullmatch(term.strip()) and not _ends(term):
        return _("Of a phone number type at least the last four digits.")
    if _LIKE_A_NUMBER.fullmatch(term.strip()):
        return _(
            "Of a phone number the last digits are enough, at least four; its beginning alone is not looked for."
        )
    return _(
        "Type an order number, its beginning or its digits, the last digits of a phone number, words of the recipient's name, or a whole id."
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
