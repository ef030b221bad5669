"""How messages are found by what people remember: SQL that is written alike in the indexes and in the searches."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, Q

_SMALL = "áàâäãåéèêëíìîïóòôöõúùûüñçý"
# The big ones too: what lower() makes of them depends on the database's locale.
_MARKED = _SMALL + _SMALL.upper()
_PLAIN = "aaaaaaeeeeiiiiooooouuuuncy" * 2
_TO_PLAIN = str.maketrans(_MARKED, _PLAIN)
_WORD = re.compile(r"\w+")
# Fewer stand in too many order numbers.
_FEWEST_DIGITS = 3
_DIGITS = re.compile(r"\d+", re.ASCII)
# What people leave out or write otherwise between the letters and the digits of an order number.
_PARTS = re.compile(r"([a-z]+)[\s\-_/.#]*(\d.*)", re.ASCII | re.IGNORECASE)
_BETWEEN = ("-", "", " ", "_", "/")
_MOST_WORDS = 6


class NameWords(Func):
    """The words of a name, small and without accents. PostgreSQL's own functions only, so that an index may hold it."""

    template = (
        f"to_tsvector('simple'::regconfig, translate(%(expressions)s, '{_MARKED}', '{_PLAIN}'))"
    )
    arity = 1
    output_field = SearchVectorField()


class OrderDigits(Func):
    """The runs of digits of an order number, as words: "PO-12345" is found by 12345."""

    template = (
        "to_tsvector('simple'::regconfig, regexp_replace(%(expressions)s, '[^0-9]+', ' ', 'g'))"
    )
    arity = 1
    output_field = SearchVectorField()


class Unindexed(Func):
    """The same words, in a form that no index has: rows that another word of the search has found are only checked."""

    template = "(%(expressions)s || ''::tsvector)"
    arity = 1
    output_field = SearchVectorField()


def orders_like(term: str) -> Q:
    """Return what an order number that is written so, begins so or has these digits matches; `order_digits` is an alias."""
    term = term.removeprefix("#").strip()
    spellings = {term}
    if parts := _PARTS.fullmatch(term):
        spellings |= {between.join(parts.groups()) for between in _BETWEEN}
    found = Q()
    for spelling in sorted({*spellings, *map(str.upper, spellings)}):
        found |= Q(reference__startswith=spelling)
    # As the index of order numbers has it.
    found &= ~Q(reference="")
    digits = digits_beginning(term) if _DIGITS.fullmatch(term) else None
    return found | Q(order_digits=digits) if digits else found


def digits_beginning(text: str) -> SearchQuery | None:
    """Return the query for orders with all the runs of digits of the text, or beginnings of them; None for few digits."""
    return all_beginning(digits_in(text))


def words_beginning(text: str) -> SearchQuery | None:
    """Return the query for names in which every word of the text begins one; None when it has none of two letters."""
    return all_beginning(words_in(text))


def digits_in(text: str) -> list[str]:
    """Return the runs of digits that can be looked for."""
    runs = [run for run in _DIGITS.findall(text) if len(run) >= _FEWEST_DIGITS]
    return runs[:_MOST_WORDS]


def words_in(text: str) -> list[str]:
    """Return the words that can be looked for, as the index has them."""
    words = [
        word
        for word in _WORD.findall(text.translate(_TO_PLAIN).lower())
        if len(word) > 1 and "_" not in word
    ]
    return words[:_MOST_WORDS]


def all_beginning(words: Collection[str]) -> SearchQuery | None:
    """Return the query for what has a word that begins with each of these."""
    if not words:
        return None
    query = " & ".join(f"{word}:*" for word in words)
    return SearchQuery(query, config="simple", search_type="raw")
