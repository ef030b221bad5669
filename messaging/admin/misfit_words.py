"""Why a caller's values do not fit a template, in the reader's language.

The API answers these sentences in English, and graph_api, which writes them, knows no catalogue. So they are recognised
here by their shape; one that is not stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# The more particular ones first: "Missing: %(what)s." fits most of the others too.
_SENTENCES = (
    gettext_noop("Missing: the value for %(name)s of the body."),
    gettext_noop("Missing: the value for %(name)s of the header."),
    gettext_noop("Missing: the body with %(names)s."),
    gettext_noop("Missing: the header with %(names)s."),
    gettext_noop("Missing: the %(kind)s of the header."),
    gettext_noop("Missing: the value of button %(button)s."),
    gettext_noop("Superfluous: the body of the template takes %(count)s values."),
    gettext_noop("Superfluous: the header of the template takes %(count)s values."),
    gettext_noop("Superfluous: the body of the template has no such value."),
    gettext_noop("Superfluous: the header of the template has no such value."),
    gettext_noop("Superfluous: the address of button %(button)s takes no value."),
    gettext_noop("Superfluous: the value of button %(button)s is one value."),
    gettext_noop("Superfluous: the %(kind)s of the header is one value."),
    gettext_noop("The value for %(name)s of the body is empty."),
    gettext_noop("The value for %(name)s of the header is empty."),
    gettext_noop('The value for %(name)s of the body must have the type "text".'),
    gettext_noop('The value for %(name)s of the header must have the type "text".'),
    gettext_noop("The template has no such button: leave this component out."),
    gettext_noop("The template counts its values: leave parameter_name out."),
    gettext_noop("Name the value: one of %(names)s."),
    gettext_noop('The header must have the type "%(kind)s".'),
    gettext_noop("Button %(button)s is of the type %(kind)s."),
    gettext_noop("Templates with a %(kind)s component cannot be sent."),
    gettext_noop("Templates with a %(kind)s header cannot be sent."),
    gettext_noop("The body with its values has %(length)s characters; Meta takes %(limit)s."),
    gettext_noop("The address of button %(button)s is longer than %(limit)s characters."),
)


def _shape(sentence: str) -> re.Pattern[str]:
    """Return what recognises the sentence with its blanks filled in."""
    parts = _PLACEHOLDER.split(sentence)  # text, name, text, name, …, text
    return re.compile(
        "".join(
            f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
        )
    )


_SHAPES = tuple((sentence, _shape(sentence)) for sentence in _SENTENCES)


def misfit_words(sentences: Iterable[str]) -> str:
    return " ".join(map(_translated, sentences))


def _translated(sentence: str) -> str:
    for known, shape in _SHAPES:
        if found := shape.fullmatch(sentence):
            words: str = _(known)
            return words % found.groupdict() if found.groupdict() else words
    return sentence
