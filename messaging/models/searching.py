"""How messages are found by what people remember: SQL that is written alike in the indexes and in the searches."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func

_SMALL = "áàâäãåéèêëíìîïóòôöõúùûüñçý"
# The big ones too: what lower() makes of them depends on the database's locale.
_MARKED = _SMALL + _SMALL.upper()
_PLAIN = "aaaaaaeeeeiiiiooooouuuuncy" * 2
_TO_PLAIN = str.maketrans(_MARKED, _PLAIN)
_WORD = re.compile(r"\w+")
_MOST_WORDS = 6


class NameWords(Func):
    """The words of a name, small and without accents. PostgreSQL's own functions only, so that an index may hold it."""

    template = (
        f"to_tsvector('simple'::regconfig, translate(%(expressions)s, '{_MARKED}', '{_PLAIN}'))"
    )
    arity = 1
    output_field = SearchVectorField()


def words_beginning(text: str) -> SearchQuery | None:
    """Return the query for names in which every word of the text begins one; None when it has none of two letters."""
    words = [
        word
        for word in _WORD.findall(text.translate(_TO_PLAIN).lower())
        if len(word) > 1 and "_" not in word
    ]
    if not words:
        return None
    query = " & ".join(f"{word}:*" for word in words[:_MOST_WORDS])
    return SearchQuery(query, config="simple", search_type="raw")
