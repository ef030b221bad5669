"""Reads a template before Meta does: what Meta would refuse, and what it would refuse or recategorise perhaps.

Findings are data; whoever shows them makes the sentences. Nothing given here makes it raise.
Source: Cloud API, Templates (components, review, categorization), read 2026-11-22; the guide's "Template rejected".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from messaging.graph_api.template_bubble import render
from messaging.graph_api.template_examples import examples_of, url_example
from messaging.graph_api.template_shape import PLACEHOLDER, TemplateShape, placeholders, shape_of
from messaging.graph_api.template_words import promotional_words

NAME_LENGTH, HEADER_LENGTH, BODY_LENGTH, FOOTER_LENGTH = 512, 60, 1024, 60
BUTTONS, URL_BUTTONS, PHONE_BUTTONS, CODE_BUTTONS = 10, 2, 1, 1
BUTTON_LENGTH, URL_LENGTH, PHONE_LENGTH, CODE_LENGTH = 25, 2000, 20, 20
DESKTOP_BUTTONS = 3
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
# The codes that concern us, and any other of their form: Meta adds languages.
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_NAME = re.compile(r"[a-z0-9_]+")
_NAMED = re.compile(r"[a-z][a-z0-9_]*")
_BRACES = re.compile(r"\{\{|\}\}")
_TOUCHING = re.compile(r"\}\}\{\{")
_ONLY_BLANK_BETWEEN = re.compile(r"\}\}\s+\{\{")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n[^\S\n]*\n")
_ADDRESS = re.compile(r"https?://[^\s/]+\S*")
_PHONE = re.compile(r"\+[0-9]{6,19}")
_MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT", "LOCATION"})
_BUTTON_KINDS = frozenset({"QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE"})


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    NAME_MISSING = "name_missing"
    NAME_FORMAT = "name_format"
    NAME_TOO_LONG = "name_too_long"
    NAME_EXISTS = "name_exists"
    NAME_BLOCKED = "name_blocked"
    CHANGED_AT_META = "changed_at_meta"
    LANGUAGE_FORMAT = "language_format"
    CATEGORY_UNKNOWN = "category_unknown"
    BODY_MISSING = "body_missing"
    TOO_LONG = "too_long"
    TOO_LONG_FILLED = "too_long_filled"
    HEADER_VARIABLES = "header_variables"
    HEADER_FORMAT = "header_format"
    HEADER_MEDIA = "header_media"
    FOOTER_VARIABLES = "footer_variables"
    BRACES = "braces"
    VARIABLES_GAP = "variables_gap"
    VARIABLES_ORDER = "variables_order"
    VARIABLES_MIXED = "variables_mixed"
    VARIABLE_NAME = "variable_name"
    VARIABLES_TOUCH = "variables_touch"
    VARIABLES_SIDE_BY_SIDE = "variables_side_by_side"
    VARIABLE_AT_START = "variable_at_start"
    VARIABLE_AT_END = "variable_at_end"
    VARIABLE_NEAR_EDGE = "variable_near_edge"
    VARIABLES_MANY = "variables_many"
    EXAMPLE_MISSING = "example_missing"
    PROMOTIONAL = "promotional"
    BLANK_LINES = "blank_lines"
    DUPLICATE = "duplicate"
    BUTTONS_MANY = "buttons_many"
    BUTTONS_ON_DESKTOP = "buttons_on_desktop"
    BUTTONS_MIXED = "buttons_mixed"
    BUTTONS_OF_KIND = "buttons_of_kind"
    BUTTON_TEXT_MISSING = "button_text_missing"
    BUTTON_TWICE = "button_twice"
    BUTTON_KIND = "button_kind"
    BUTTON_VARIABLES = "button_variables"
    URL_FORMAT = "url_format"
    URL_VARIABLE = "url_variable"
    PHONE_FORMAT = "phone_format"
    COMPONENT_KIND = "component_kind"


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` is name, language, category, header, body, footer, buttons or `button N` (from 1).

    `facts` holds what the sentence for `code` names, such as `limit` and `length`.
    """

    level: Level
    where: str
    code: Code
    facts: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another template of the account, for comparison."""

    name: str
    language: str
    body: str
    footer: str


@dataclass(frozen=True, slots=True)
class LintedTemplate:
    """What is to be submitted, in Meta's own shape. `is_new` is False for an edit, whose name stands already."""

    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    parameter_format: str = "POSITIONAL"
    is_new: bool = True


def lint(template: LintedTemplate, *, others: Iterable[Neighbour] = ()) -> list[Finding]:
    """Return what is wrong, errors first. `others` are the account's other templates."""
    shape = shape_of(template.components)
    findings = [
        *_identity(template, others := list(others)),
        *_header(shape, template),
        *_body(shape, template),
        *_footer(shape),
        *_buttons(template.components, shape),
        *_duplicates(template, shape, others),
        *_promotion(template, shape),
        *(
            _error("body", Code.COMPONENT_KIND, kind=kind.lower()[:40])
            for kind in shape.unsupported
        ),
    ]
    return sorted(findings, key=lambda finding: finding.level != Level.ERROR)


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.level == Level.ERROR for finding in findings)


def _error(where: str, code: Code, **facts: str | int) -> Finding:
    return Finding(Level.ERROR, where, code, facts)


def _warning(where: str, code: Code, **facts: str | int) -> Finding:
    return Finding(Level.WARNING, where, code, facts)


# --- Name, language, category ------------------------------------------------------------------------
def _identity(template: LintedTemplate, others: list[Neighbour]) -> list[Finding]:
    found = []
    if template.is_new:
        if not template.name:
            found.append(_error("name", Code.NAME_MISSING))
        elif not _NAME.fullmatch(template.name):
            found.append(_error("name", Code.NAME_FORMAT))
        if len(template.name) > NAME_LENGTH:
            found.append(_too_long("name", len(template.name), NAME_LENGTH, Code.NAME_TOO_LONG))
        if any((o.name, o.language) == (template.name, template.language) for o in others):
            found.append(_error("name", Code.NAME_EXISTS, language=template.language))
    if not LANGUAGE.fullmatch(template.language):
        found.append(_error("language", Code.LANGUAGE_FORMAT))
    if template.category not in CATEGORIES:
        found.append(_error("category", Code.CATEGORY_UNKNOWN))
    return found


def _too_long(where: str, length: int, limit: int, code: Code = Code.TOO_LONG) -> Finding:
    return _error(where, code, length=length, limit=limit)


# --- Header, body, footer ----------------------------------------------------------------------------
def _header(shape: TemplateShape, template: LintedTemplate) -> list[Finding]:
    if shape.header_format in _MEDIA:
        handle = shape.examples.get("header", {}).get("header_handle")
        needs_handle = shape.header_format != "LOCATION"
        return [_error("header", Code.HEADER_MEDIA)] if needs_handle and not handle else []
    if shape.header_format not in {"", "TEXT"}:
        return [_error("header", Code.HEADER_FORMAT, kind=shape.header_format.lower()[:40])]
    text = shape.header_text
    if shape.header_format == "TEXT" and not text.strip():
        return [_error("header", Code.HEADER_FORMAT, kind="text")]
    found = []
    if len(text) > HEADER_LENGTH:
        found.append(_too_long("header", len(text), HEADER_LENGTH))
    if len(PLACEHOLDER.findall(text)) > 1:
        found.append(_error("header", Code.HEADER_VARIABLES))
    found += _variables("header", text, template)
    found += _without_examples("header", shape)
    return found


def _body(shape: TemplateShape, template: LintedTemplate) -> list[Finding]:
    text = shape.body
    if not text.strip():
        return [_error("body", Code.BODY_MISSING)]
    found = []
    filled = len(render(template.components).body)
    if len(text) > BODY_LENGTH:
        found.append(_too_long("body", len(text), BODY_LENGTH))
    elif filled > BODY_LENGTH:
        found.append(_too_long("body", filled, BODY_LENGTH, Code.TOO_LONG_FILLED))
    if _BLANK_LINES.search(text.replace("\r\n", "\n")):
        found.append(_warning("body", Code.BLANK_LINES))
    found += _variables("body", text, template)
    found += _neighbours(text)
    found += _edges(text)
    found += _ratio(text)
    found += _without_examples("body", shape)
    return found


def _footer(shape: TemplateShape) -> list[Finding]:
    found = []
    if len(shape.footer) > FOOTER_LENGTH:
        found.append(_too_long("footer", len(shape.footer), FOOTER_LENGTH))
    if _BRACES.search(shape.footer):
        found.append(_error("footer", Code.FOOTER_VARIABLES))
    return found


# --- Variables ---------------------------------------------------------------------------------------
def _variables(where: str, text: str, template: LintedTemplate) -> list[Finding]:
    found = []
    if _BRACES.search(PLACEHOLDER.sub("", text)):
        found.append(_error(where, Code.BRACES))
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    numbers = [name for name in names if name.isascii() and name.isdigit()]
    if template.parameter_format == "NAMED":
        wrong = [name for name in names if not _NAMED.fullmatch(name)]
        found += [_error(where, Code.VARIABLE_NAME, name=name[:40]) for name in wrong]
        return found
    if len(numbers) != len(names):
        found.append(_error(where, Code.VARIABLES_MIXED))
        return found
    return found + _numbering(where, numbers)


def _numbering(where: str, numbers: list[str]) -> list[Finding]:
    wanted = [str(place) for place in range(1, len(numbers) + 1)]
    if sorted(numbers) != sorted(wanted):
        missing = next(place for place in wanted if place not in numbers)
        return [_error(where, Code.VARIABLES_GAP, missing=missing)]
    if numbers != wanted:
        return [_error(where, Code.VARIABLES_ORDER)]
    return []


def _neighbours(text: str) -> list[Finding]:
    if _TOUCHING.search(text):
        return [_error("body", Code.VARIABLES_TOUCH)]
    if _ONLY_BLANK_BETWEEN.search(text):
        return [_warning("body", Code.VARIABLES_SIDE_BY_SIDE)]
    return []


def _edges(text: str) -> list[Finding]:
    """A bare variable at an edge is refused (2388299); one with punctuation beyond it stands in Meta's own samples."""
    found, stripped = [], text.strip()
    variables = list(PLACEHOLDER.finditer(stripped))
    if not variables:
        return []
    if variables[0].start() == 0:
        found.append(_warning("body", Code.VARIABLE_AT_START))
    if variables[-1].end() == len(stripped):
        found.append(_warning("body", Code.VARIABLE_AT_END))
    before, after = stripped[: variables[0].start()], stripped[variables[-1].end() :]
    if any(rest and not any(map(str.isalnum, rest)) for rest in (before, after)):
        found.append(_warning("body", Code.VARIABLE_NEAR_EDGE))
    return found


def _ratio(text: str) -> list[Finding]:
    """Meta publishes no figure (2388293); practice says twice as many words as variables, and one more."""
    variables = len(set(PLACEHOLDER.findall(text)))
    words = len(re.findall(r"[^\W_]+", PLACEHOLDER.sub(" ", text)))
    if variables and words < 2 * variables + 1:
        return [_warning("body", Code.VARIABLES_MANY, variables=variables, words=words)]
    return []


def _without_examples(where: str, shape: TemplateShape) -> list[Finding]:
    text = shape.header_text if where == "header" else shape.body
    examples = examples_of(shape.examples.get(where, {}))
    return [
        _error(where, Code.EXAMPLE_MISSING, name=name[:40])
        for name in placeholders(text)
        if not examples.get(name, "").strip()
    ]


# --- Buttons -----------------------------------------------------------------------------------------
def _buttons(components: list[dict[str, Any]], shape: TemplateShape) -> list[Finding]:
    kinds = [button.kind for button in shape.buttons]
    if not kinds:
        return []
    found = []
    if len(kinds) > BUTTONS:
        found.append(_error("buttons", Code.BUTTONS_MANY, limit=BUTTONS))
    for kind, limit in (
        ("URL", URL_BUTTONS),
        ("PHONE_NUMBER", PHONE_BUTTONS),
        ("COPY_CODE", CODE_BUTTONS),
    ):
        if kinds.count(kind) > limit:
            found.append(_error("buttons", Code.BUTTONS_OF_KIND, kind=kind.lower(), limit=limit))
    replies = [place for place, kind in enumerate(kinds) if kind == "QUICK_REPLY"]
    if replies and replies[-1] - replies[0] + 1 != len(replies):
        found.append(_error("buttons", Code.BUTTONS_MIXED))
    if len(kinds) > DESKTOP_BUTTONS or 0 < len(replies) < len(kinds):
        found.append(_warning("buttons", Code.BUTTONS_ON_DESKTOP))
    texts = [button.text.strip().casefold() for button in shape.buttons if button.text.strip()]
    if len(set(texts)) < len(texts):
        found.append(_error("buttons", Code.BUTTON_TWICE))
    for place, button in enumerate(_button_rows(components), start=1):
        found += _button(f"button {place}", button)
    return found


def _button_rows(components: Iterable[object]) -> list[dict[str, Any]]:
    """The rows that `shape_of` read: those of the last component of buttons."""
    rows: object = []
    for part in components:
        if isinstance(part, dict) and str(part.get("type")).upper() == "BUTTONS":
            rows = part.get("buttons")
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []


def _button(where: str, button: dict[str, Any]) -> list[Finding]:
    kind, text = _text(button.get("type")).upper(), _text(button.get("text"))
    found = []
    if kind not in _BUTTON_KINDS:
        return [_error(where, Code.BUTTON_KIND, kind=kind.lower()[:40])]
    if not text.strip() and kind != "COPY_CODE":
        found.append(_error(where, Code.BUTTON_TEXT_MISSING))
    if len(text) > BUTTON_LENGTH:
        found.append(_too_long(where, len(text), BUTTON_LENGTH))
    if _BRACES.search(text):
        found.append(_error(where, Code.BUTTON_VARIABLES))
    if kind == "URL":
        found += _url(where, button)
    if kind == "PHONE_NUMBER":
        number = _text(button.get("phone_number"))
        if not _PHONE.fullmatch(number) or len(number) > PHONE_LENGTH:
            found.append(_error(where, Code.PHONE_FORMAT))
    if kind == "COPY_CODE" and not _text(button.get("example")).strip():
        found.append(_error(where, Code.EXAMPLE_MISSING, name="1"))
    return found


def _url(where: str, button: dict[str, Any]) -> list[Finding]:
    url, found = _text(button.get("url")), []
    if len(url) > URL_LENGTH:
        found.append(_too_long(where, len(url), URL_LENGTH))
    if not _ADDRESS.fullmatch(PLACEHOLDER.sub("x", url)):
        found.append(_error(where, Code.URL_FORMAT))
    variables = PLACEHOLDER.findall(url)
    if not variables and not _BRACES.search(url):
        return found
    # Also in NAMED templates the one variable of an address is written {{1}}.
    if variables != ["1"] or not url.endswith("{{1}}") or len(_BRACES.findall(url)) != 2:
        found.append(_error(where, Code.URL_VARIABLE))
    elif not url_example(button).strip():
        found.append(_error(where, Code.EXAMPLE_MISSING, name="1"))
    return found


# --- The whole ---------------------------------------------------------------------------------------
def _duplicates(
    template: LintedTemplate, shape: TemplateShape, others: list[Neighbour]
) -> list[Finding]:
    """Meta refuses body and footer of another name. Source: Templates, Components, read 2026-11-22."""
    if template.category == "AUTHENTICATION" or not shape.body.strip():
        return []
    ours = (_squeezed(shape.body), _squeezed(shape.footer))
    for other in others:
        if (other.name, other.language) == (template.name, template.language):
            continue
        if (_squeezed(other.body), _squeezed(other.footer)) == ours:
            same = f"{other.name} ({other.language})"
            return [_error("body", Code.DUPLICATE, other=same)]
    return []


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _promotion(template: LintedTemplate, shape: TemplateShape) -> list[Finding]:
    if template.category != "UTILITY":
        return []
    parts = {"header": shape.header_text, "body": shape.body, "footer": shape.footer}
    parts |= {f"button {place}": button.text for place, button in enumerate(shape.buttons, start=1)}
    return [
        _warning(where, Code.PROMOTIONAL, words=", ".join(words)[:200])
        for where, text in parts.items()
        if (words := promotional_words(PLACEHOLDER.sub(" ", text), language=template.language))
    ]


def _text(value: object) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) else ""
