"""The linter's findings as sentences: what is wrong, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.graph_api.template_lint import Code, Finding, Level
from tenants.display import BAD, CAUTION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_stubs_ext import StrOrPromise

_PLACES: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "language": gettext_lazy("Language"),
    "category": gettext_lazy("Category"),
    "header": gettext_lazy("Header"),
    "body": gettext_lazy("Text"),
    "footer": gettext_lazy("Footer"),
    "buttons": gettext_lazy("Buttons"),
}
SENTENCES: dict[Code, StrOrPromise] = {
    Code.NAME_MISSING: gettext_lazy("The template needs a name."),
    Code.NAME_FORMAT: gettext_lazy(
        "Meta takes small letters without accents, digits and _ only, such as po_notification."
    ),
    Code.NAME_TOO_LONG: gettext_lazy("It has %(length)s characters; Meta takes %(limit)s."),
    Code.NAME_EXISTS: gettext_lazy(
        "The account has a template of this name in %(language)s. Edit that one, or add _v2 to the name."
    ),
    Code.CHANGED_AT_META: gettext_lazy(
        "Meta has another text by now than when this draft was begun: submitting it takes that change back."
    ),
    Code.NAME_BLOCKED: gettext_lazy(
        "A template of this name was deleted; Meta blocks the name until %(until)s. Add _v2 to the name."
    ),
    Code.LANGUAGE_FORMAT: gettext_lazy("Write Meta's code for it, such as es, es_MX, ca or en."),
    Code.CATEGORY_UNKNOWN: gettext_lazy("Choose UTILITY or MARKETING."),
    Code.BODY_MISSING: gettext_lazy("Write the text; everything else is optional."),
    Code.TOO_LONG: gettext_lazy("It has %(length)s characters; Meta takes %(limit)s. Shorten it."),
    Code.TOO_LONG_FILLED: gettext_lazy(
        "With the examples filled in it has %(length)s characters; Meta takes %(limit)s. Shorten it."
    ),
    Code.HEADER_VARIABLES: gettext_lazy("A header takes one placeholder at most."),
    Code.HEADER_FORMAT: gettext_lazy("Write the header's text, or choose “no header”."),
    Code.HEADER_MEDIA: gettext_lazy(
        "Meta wants an example file for this header. Add it in WhatsApp Manager; what is there is kept."
    ),
    Code.FOOTER_VARIABLES: gettext_lazy("A footer takes no placeholders."),
    Code.BRACES: gettext_lazy(
        "There are double braces that are no placeholder. Write placeholders as {{1}}, without blanks and special characters inside."
    ),
    Code.VARIABLES_GAP: gettext_lazy(
        "Placeholders are numbered from {{1}} without gaps; {{%(missing)s}} is missing."
    ),
    Code.VARIABLES_ORDER: gettext_lazy(
        "Number the placeholders in the order in which they stand in the text."
    ),
    Code.VARIABLES_MIXED: gettext_lazy(
        "Write numbers in the placeholders, such as {{1}}, or choose placeholders with names."
    ),
    Code.VARIABLE_NAME: gettext_lazy(
        "The name {{%(name)s}} needs small letters without accents, digits and _ only, a letter first."
    ),
    Code.VARIABLES_TOUCH: gettext_lazy(
        "Two placeholders touch each other; Meta rejects that. Put words between them."
    ),
    Code.VARIABLES_SIDE_BY_SIDE: gettext_lazy(
        "Two placeholders have nothing but a blank between them; Meta rejects that at times. Put a word or a bracket between them."
    ),
    Code.VARIABLE_AT_START: gettext_lazy(
        "The text begins with a placeholder; Meta refuses that (2388299). Put a word before it."
    ),
    Code.VARIABLE_AT_END: gettext_lazy(
        "The text ends with a placeholder; Meta refuses that (2388299). Put a word after it."
    ),
    Code.VARIABLE_NEAR_EDGE: gettext_lazy(
        "Only a sign stands between a placeholder and the edge of the text. Meta's own samples do that; a word there is safer."
    ),
    Code.VARIABLES_MANY: gettext_lazy(
        "%(variables)s among %(words)s: that is many, and Meta may refuse it (2388293). Add words around them."
    ),
    Code.EXAMPLE_MISSING: gettext_lazy(
        "Give an example for {{%(name)s}}; Meta wants one for each."
    ),
    Code.PROMOTIONAL: gettext_lazy(
        "This reads like advertising: %(words)s. Meta would reject it or make the template MARKETING, which costs more. Remove it, or choose MARKETING."
    ),
    Code.BLANK_LINES: gettext_lazy(
        "There are two blank lines or more in a row; Meta rejects that at times. Leave one."
    ),
    Code.DUPLICATE: gettext_lazy(
        "The template %(other)s has the same text and footer; Meta refuses that. Use that one, or change the words."
    ),
    Code.BUTTONS_MANY: gettext_lazy("Meta takes %(limit)s buttons at most."),
    Code.BUTTONS_ON_DESKTOP: gettext_lazy(
        "WhatsApp on a computer does not show more than three buttons, nor replies mixed with others."
    ),
    Code.BUTTONS_MIXED: gettext_lazy(
        "Put the quick replies one after another, not among the others."
    ),
    Code.BUTTONS_OF_KIND: gettext_lazy("Meta takes %(limit)s of the kind %(kind)s at most."),
    Code.BUTTON_TEXT_MISSING: gettext_lazy("The button needs a text."),
    Code.BUTTON_TWICE: gettext_lazy("Two buttons have the same text."),
    Code.BUTTON_KIND: gettext_lazy(
        "Buttons of the kind %(kind)s are made in WhatsApp Manager; what is there is kept."
    ),
    Code.BUTTON_VARIABLES: gettext_lazy("A button's text takes no placeholders."),
    Code.URL_FORMAT: gettext_lazy("Write a whole web address, such as https://pedidos.example/."),
    Code.URL_VARIABLE: gettext_lazy(
        "An address takes one placeholder, written {{1}}, at its very end."
    ),
    Code.PHONE_FORMAT: gettext_lazy(
        "Write the number with + and its country code and without blanks, such as +34600000101."
    ),
    Code.COMPONENT_KIND: gettext_lazy(
        "Parts of the kind %(kind)s are made in WhatsApp Manager; messages with them cannot be sent from here."
    ),
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding as the page shows it: a word, an icon, a colour, where it is, and the sentence."""

    level: str
    word: str
    icon: str
    tone: str
    where: str
    sentence: str


def lines_of(findings: Iterable[Finding]) -> list[FindingLine]:
    return [_line(finding) for finding in findings]


def _line(finding: Finding) -> FindingLine:
    is_error = finding.level == Level.ERROR
    return FindingLine(
        level=finding.level,
        word=_("Error") if is_error else _("Warning"),
        icon="error" if is_error else "warning",
        tone=BAD if is_error else CAUTION,
        where=place_words(finding.where),
        sentence=_sentence(finding),
    )


def _sentence(finding: Finding) -> str:
    sentence, facts = str(SENTENCES[finding.code]), finding.facts
    if finding.code == Code.VARIABLES_MANY:
        facts = _counted(int(facts["variables"]), int(facts["words"]))
    return sentence % facts if facts else sentence


def _counted(variables: int, words: int) -> dict[str, str | int]:
    """Two counts in one sentence, each in its own number."""
    return {
        "variables": ngettext("%(count)d placeholder", "%(count)d placeholders", variables)
        % {"count": variables},
        "words": ngettext("%(count)d word", "%(count)d words", words) % {"count": words},
    }


def place_words(where: str) -> str:
    button = where.removeprefix("button ")
    if button != where:
        return _("Button %(place)s") % {"place": button}
    return str(_PLACES.get(where, where))
