"""Names of bakeries compared as people compare them: without accents, capitals and what every bakery is called."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# What says "bakery" and what joins words: it tells no two of them apart.
_COMMON = frozenset(
    {"bakery", "confiteria", "fleca", "forn", "horno", "obrador", "pan", "panaderia", "panes"}
    | {"panificadora", "pasteleria", "tahona", "de", "del", "la", "las", "el", "los", "the"}
    | {"y", "i", "e", "and"}
)
_ALIKE = 0.8
_CONTAINED = 0.9
_SUGGESTED = 0.6


def folded(name: str) -> str:
    """Return "panaderia san juan" for "PANADERÍA  San-Juan"."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", kept)) or " ".join(kept.split())


def likeness(one: str, other: str) -> float:
    """Return 0 to 1: how likely both names mean one bakery; 0 when they only share what many are called."""
    left, right = _telling(one), _telling(other)
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    if left <= right or right <= left:
        return _CONTAINED
    ratio = SequenceMatcher(None, " ".join(sorted(left)), " ".join(sorted(right))).ratio()
    return ratio if ratio >= _ALIKE else 0.0


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the one of `known` that was probably meant; empty when none comes near."""
    known = list(known)
    alike = [(likeness(name, candidate), candidate) for candidate in known]
    if alike and max(alike)[0]:
        return max(alike)[1]
    by_fold = {folded(candidate): candidate for candidate in known}
    found = get_close_matches(folded(name), by_fold, n=1, cutoff=_SUGGESTED)
    return by_fold[found[0]] if found else ""


def _telling(name: str) -> frozenset[str]:
    return frozenset(folded(name).split()) - _COMMON
