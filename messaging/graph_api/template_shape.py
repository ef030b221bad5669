"""What a stored template asks for, read tolerantly from Meta's components JSON.

Source: Templates, Components, 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class ButtonShape:
    kind: str
    text: str
    url: str

    @property
    def has_variable(self) -> bool:
        return self.kind == "OTP" or (self.kind == "URL" and bool(PLACEHOLDER.search(self.url)))


@dataclass(frozen=True, slots=True)
class TemplateShape:
    """`header_format` is "" without a header; `unsupported` names component types we cannot send."""

    header_format: str = ""
    header_text: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[ButtonShape, ...] = ()
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()


def shape_of(components: Iterable[object]) -> TemplateShape:
    """Return the shape of a template's components; parts of other types are left out."""
    found = {_upper(part.get("type")): part for part in components if isinstance(part, dict)}
    header, body = found.get("HEADER", {}), found.get("BODY", {})
    buttons = found.get("BUTTONS", {}).get("buttons")
    known = {"HEADER", "BODY", "FOOTER", "BUTTONS"}
    return TemplateShape(
        header_format=(_upper(header.get("format")) or "TEXT") if header else "",
        header_text=_text(header.get("text")),
        body=_text(body.get("text")),
        footer=_text(found.get("FOOTER", {}).get("text")),
        buttons=tuple(
            _button(button if isinstance(button, dict) else {})
            for button in (buttons if isinstance(buttons, list) else [])
        ),
        examples={
            name: part["example"]
            for name, part in (("header", header), ("body", body))
            if isinstance(part.get("example"), dict)
        },
        unsupported=tuple(sorted(found.keys() - known - {""})),
    )


def placeholders(text: str) -> list[str]:
    """Return the names in `text` in order of first use; positional ones sorted by number."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    return sorted(names, key=int) if all(map(is_position, names)) else names


def is_position(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= 4


def fill(text: str, value_for: Callable[[str], str | None]) -> str:
    """Return `text` with its placeholders replaced; one without a value stays as written."""

    def replacement(match: re.Match[str]) -> str:
        value = value_for(match.group(1))
        return match.group() if value is None else value

    return PLACEHOLDER.sub(replacement, text)


def _button(button: dict[str, Any]) -> ButtonShape:
    return ButtonShape(
        _upper(button.get("type")), _text(button.get("text")), _text(button.get("url"))
    )


def _upper(value: object) -> str:
    return value.upper() if isinstance(value, str) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
