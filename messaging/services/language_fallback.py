"""Which languages stand in for one in which a template cannot be sent: WHATSAPP_LANGUAGE_FALLBACK.

`es:es_ES,es_MX;ca:es` reads: for es take es_ES, else es_MX; for ca take es. Nothing stands in unless configured.
"""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings

# Meta's codes: es, es_MX, fil (Templates, Supported languages, read 2026-11-22).
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


class MalformedFallbackError(ValueError):
    """The setting cannot be read; the text says which part of it."""


def substitutes_for(language: str) -> tuple[str, ...]:
    """Return the languages to try instead, the best first."""
    return parsed(settings.WHATSAPP_LANGUAGE_FALLBACK).get(language, ())


@cache
def parsed(text: str) -> dict[str, tuple[str, ...]]:
    """Raises MalformedFallbackError."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in filter(None, map(str.strip, text.split(";"))):
        asked, colon, rest = rule.partition(":")
        languages = [name.strip() for name in (asked, *rest.split(","))]
        if not colon or not all(map(_LANGUAGE.fullmatch, languages)):
            raise MalformedFallbackError(f"{rule!r} is no rule such as es:es_ES,es_MX.")
        if len(set(languages)) < len(languages) or languages[0] in found:
            raise MalformedFallbackError(f"{rule!r} names a language twice.")
        found[languages[0]] = tuple(languages[1:])
    return found
