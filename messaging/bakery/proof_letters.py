"""What the font of a proof on paper cannot print. A quotation must not change unseen, so what it lacks is named."""

from __future__ import annotations

import unicodedata
from collections.abc import Container

# Printed alike where they do not break a line.
_ALIKE = {"\u2010": "-", "\u2011": "-", "\u202f": "\u00a0", "\u2007": "\u00a0"}
# Nobody sees these: they join emoji, choose between two pictures of one, or allow a break in a line.
_UNSEEN = frozenset({"Cf", "Me"})
_VARIANTS = range(0xFE00, 0xFE10)
# Hebrew and Arabic: the file would show such letters unjoined and from left to right.
_FROM_RIGHT_TO_LEFT = frozenset({"R", "AL"})


class Letters:
    """Writes texts with what a font knows, and keeps what it lacked in `missing`, in the order met."""

    def __init__(self, known: Container[int]) -> None:
        self._known = known
        self.missing: list[str] = []

    def printable(self, text: str) -> str:
        """Return the text with the code points of letters that the font lacks in square brackets."""
        written, lacking = "", ""
        for letter in unicodedata.normalize("NFC", text):
            letter = _ALIKE.get(letter, letter)
            if _is_unseen(letter):
                continue
            if letter == "\n" or self._prints(letter):
                written += _named(lacking) + letter
                lacking = ""
            else:
                lacking += letter
                self._note(letter)
        return written + _named(lacking)

    def _prints(self, letter: str) -> bool:
        is_leftward = unicodedata.bidirectional(letter) in _FROM_RIGHT_TO_LEFT
        return ord(letter) in self._known and not is_leftward

    def _note(self, letter: str) -> None:
        if letter not in self.missing:
            self.missing.append(letter)


def code_point(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def _named(letters: str) -> str:
    return f"[{' '.join(map(code_point, letters))}]" if letters else ""


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in _UNSEEN or ord(letter) in _VARIANTS
