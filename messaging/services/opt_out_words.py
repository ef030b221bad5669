"""The words with which somebody ends our messages or asks for them again. Plain Python, no queries.

The whole message must be the word: "para el pedido de mañana" and "¿puedes parar aquí?" are about bread. Case, accents, punctuation,
blanks and emoji around it do not matter, nor do the words people are polite with, so that "¡Baja, por favor! 🙏" counts.
Whoever writes anything else is read by a person of the bakery.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from messaging.models import Asks

_LANGUAGES: dict[str, tuple[Asks, str]] = {
    "baja": (Asks.STOP, "es"),
    "parar": (Asks.STOP, "es"),
    "stop": (Asks.STOP, "en"),
    "unsubscribe": (Asks.STOP, "en"),
    "alta": (Asks.START, "es"),
    "start": (Asks.START, "en"),
}
# Longer ones first: "gracias" is part of "muchas gracias".
_POLITE = (
    "buenas tardes", "muchas gracias", "buenos dias", "many thanks", "por favor", "thank you", "porfavor", "gracias",
    "buenas", "please", "thanks", "hello", "porfa", "hola", "pls", "hi",
)  # fmt: skip
# A payload may name what it is about after the word, such as "BAJA:123456789012345".
_PAYLOAD_SEPARATOR = ":"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, and the language of the word."""

    what: Asks
    language: str


def asked_in(texts: Iterable[str]) -> Asked | None:
    """Return what these texts of one message ask for: what was written, or a button's payload and label."""
    return next((asked for text in texts if (asked := _asked(text)) is not None), None)


def _asked(text: str) -> Asked | None:
    if len(text) > _LONGEST:
        return None
    words = _plain(text.partition(_PAYLOAD_SEPARATOR)[0] if _is_payload(text) else text)
    for polite in _POLITE:
        words = words.replace(f" {polite} ", " ")
    left = set(words.split())
    if len(left) != 1:
        return None
    known = _LANGUAGES.get(left.pop())
    return Asked(*known) if known else None


def _is_payload(text: str) -> bool:
    word, separator, about = text.partition(_PAYLOAD_SEPARATOR)
    return bool(separator and word.isalpha() and about and not about[0].isspace())


def _plain(text: str) -> str:
    """Return the small letters and digits of a text, between blanks: no accents, no signs, no invisible characters."""
    shown = (
        " " if unicodedata.category(letter)[0] in "PSZ" or letter.isspace() else letter
        for letter in text
    )
    letters = unicodedata.normalize("NFKD", "".join(shown))
    kept = (letter for letter in letters if unicodedata.category(letter)[0] not in "MC")
    return f" {' '.join(''.join(kept).casefold().split())} "
