"""Words that make Meta read a utility template as marketing, in Spanish and English.

The setup guide's "Template rejected" names offer, sale and discount; the others are their kin. Compared without accents
and case, as whole words, so that "coferta" or "wholesale" is none.
"""

from __future__ import annotations

import re
import unicodedata

_STEMS = (
    # Spanish
    r"ofertas?",
    r"rebajas?",
    r"rebajad[oa]s?",
    r"descuentos?",
    r"promo(?:s|cion|ciones|cional|cionales)?",
    r"liquidacion(?:es)?",
    r"gangas?",
    r"chollos?",
    r"cup(?:on|ones)",
    r"gratis",
    r"regalos?",
    r"sorteos?",
    r"ahorra(?:r|s|d)?",
    r"aprovech\w+",
    r"novedades",
    r"black friday",
    r"2x1",
    # English
    r"offers?",
    r"discounts?",
    r"discounted",
    r"promotions?",
    r"promotional",
    r"clearance",
    r"bargains?",
    r"coupons?",
    r"vouchers?",
    r"free",
    r"gifts?",
    r"giveaways?",
    r"deals?",
)
# "El pedido sale mañana": in Spanish and its neighbours an everyday verb.
_ENGLISH_ONLY = (r"sales?",)
_ENGLISH = "en"
_ANYWHERE = re.compile(rf"(?<!\w)(?:{'|'.join(_STEMS)})(?!\w)")
_IN_ENGLISH = re.compile(rf"(?<!\w)(?:{'|'.join(_STEMS + _ENGLISH_ONLY)})(?!\w)")


def promotional_words(text: str, *, language: str) -> list[str]:
    """Return the promotional words of `text`, each once, without accents and in small letters."""
    pattern = _IN_ENGLISH if language.startswith(_ENGLISH) else _ANYWHERE
    return list(dict.fromkeys(pattern.findall(plain(text))))


def plain(text: str) -> str:
    """Return the text without accents and in small letters."""
    spread = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in spread if not unicodedata.combining(mark)).casefold()
