"""The languages of all pages: English, in which they are written, and each that locale/ has a catalogue of.

Names come from Unicode's own tables, so that a new catalogue is all that a new language needs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import get_language

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SOURCE = "en"


def languages_in(locale: Path) -> list[tuple[str, StrPromise]]:
    """Return Django's LANGUAGES for a folder of catalogues: codes and names in the reader's language."""
    catalogues = locale.glob("*/LC_MESSAGES/django.po")
    codes = {SOURCE} | {path.parent.parent.name.replace("_", "-").lower() for path in catalogues}
    return [(code, _name(code)) for code in sorted(codes)]


def language_choices() -> list[tuple[str, StrPromise]]:
    """The languages as a field's choices. A function, so that a new catalogue asks for no migration."""
    return list(settings.LANGUAGES)


def own_name(code: str) -> str:
    """Return what the language calls itself: Español, English, Euskara."""
    return _name_in(code, code)


def _name_here(code: str) -> str:
    return _name_in(code, get_language() or SOURCE)


def _name_in(code: str, reader: str) -> str:
    try:
        name = Locale.parse(code, sep="-").get_display_name(Locale.parse(reader, sep="-"))
    except (UnknownLocaleError, ValueError):
        return code
    return name[:1].upper() + name[1:] if name else code


_name: Callable[[str], StrPromise] = lazy(_name_here, str)  # type: ignore[assignment]  # the stubs say str
