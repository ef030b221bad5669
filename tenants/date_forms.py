"""How days and months are written: Django's date formats, which each language's catalogue words for itself."""

from __future__ import annotations

from django.utils.translation import pgettext


def day_form() -> str:
    """21 Nov; in Spanish 21 nov."""
    return pgettext("date format", "j M")


def dated_form() -> str:
    """21 Nov 2026; in Spanish 21 nov 2026."""
    return pgettext("date format", "j M Y")


def month_form() -> str:
    """November 2026; in Spanish noviembre de 2026."""
    return pgettext("date format", "F Y")
