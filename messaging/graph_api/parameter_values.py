"""Single values of a template send: their shapes checked, whitespace that Meta refuses repaired.

Source: Cloud API, Template messages; practitioners on code 132018, 2026-11-22.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

MEDIA_FORMATS = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
# A line break, a tab or any other control character with all blanks around it, or more than four blanks in a row.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_REFUSED = re.compile(rf"[\s{_CONTROL}]*[{_CONTROL}][\s{_CONTROL}]*|[^\S\n]{{5,}}")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MAX_COORDINATE = {"latitude": 90, "longitude": 180}


@dataclass(frozen=True, slots=True)
class Repair:
    """A value we changed because Meta would have refused it; `path` is where the caller wrote it."""

    path: str
    code: str
    before: str
    after: str


@dataclass(slots=True)
class Findings:
    """What one check collects: complaints by path, and repairs."""

    fields: dict[str, str] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)

    def complain(self, path: str, sentence: str) -> None:
        self.fields.setdefault(path, sentence)

    def text(self, value: object, path: str, name: str) -> str:
        """Return a repaired text; complain and return "" where there is none. `name` says which value."""
        if not isinstance(value, str):
            self.complain(path, f"{name} must be a string.")
            return ""
        if _SURROGATES.search(value):
            self.complain(path, f"{name} holds broken characters.")
            return ""
        repaired = _REFUSED.sub(" ", value).strip()
        if not any(_visible(character) for character in repaired):
            self.complain(path, f"{name} is empty.")
            return ""
        if repaired != value:
            self.repairs.append(Repair(path, "whitespace", value, repaired))
        return repaired


def _visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in {"Cf", "Cc"}


def text_parameter(
    parameter: dict[str, Any], path: str, name: str, findings: Findings
) -> dict[str, Any] | None:
    """Return a text parameter (or the older currency and date_time, of which only the fallback shows)."""
    kind = parameter.get("type")
    if kind == "text":
        return {"type": "text", "text": findings.text(parameter.get("text"), f"{path}.text", name)}
    if kind == "currency" or kind == "date_time":
        return _fallback_parameter(kind, parameter.get(kind), f"{path}.{kind}", name, findings)
    findings.complain(f"{path}.type", f'{name} must have the type "text".')
    return None


def _fallback_parameter(
    kind: str, value: object, path: str, name: str, findings: Findings
) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        findings.complain(path, f"{name} must be an object.")
        return None
    shown = findings.text(value.get("fallback_value"), f"{path}.fallback_value", name)
    clean: dict[str, Any] = {"fallback_value": shown}
    if kind == "currency":
        clean["code"] = findings.text(value.get("code"), f"{path}.code", f"The currency of {name}")
        clean["amount_1000"] = value.get("amount_1000")
        if not isinstance(clean["amount_1000"], int) or isinstance(clean["amount_1000"], bool):
            findings.complain(
                f"{path}.amount_1000", f"The amount of {name} must be a whole number."
            )
    return {"type": kind, kind: clean}


def value_of(parameter: dict[str, Any]) -> str:
    """Return what a person sees of a text, currency or date_time parameter."""
    kind = parameter.get("type")
    holder = parameter.get(kind) if isinstance(kind, str) else None
    shown = holder.get("fallback_value") if isinstance(holder, dict) else holder
    return shown if isinstance(shown, str) else ""


def media_parameter(
    parameter: dict[str, Any], kind: str, path: str, findings: Findings
) -> dict[str, Any] | None:
    """Return an image, video or document by `id` or by `link`."""
    media = parameter.get(kind)
    if parameter.get("type") != kind:
        findings.complain(f"{path}.type", f'The header must have the type "{kind}".')
        return None
    if not isinstance(media, dict):
        findings.complain(f"{path}.{kind}", f'The {kind} must be an object with "id" or "link".')
        return None
    if ("id" in media) == ("link" in media):
        findings.complain(f"{path}.{kind}", f'The {kind} needs either "id" or "link".')
        return None
    key = "id" if "id" in media else "link"
    clean = {key: findings.text(media[key], f"{path}.{kind}.{key}", f"The {key} of the {kind}")}
    if key == "link" and clean["link"] and not _is_web_address(clean["link"]):
        findings.complain(f"{path}.{kind}.link", f"The link of the {kind} must be a web address.")
    if kind == "document" and media.get("filename") is not None:
        clean["filename"] = findings.text(
            media["filename"], f"{path}.document.filename", "The file name of the document"
        )
    return {"type": kind, kind: clean}


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in link


def location_parameter(
    parameter: dict[str, Any], path: str, findings: Findings
) -> dict[str, Any] | None:
    """Return a location; Meta's samples write its coordinates as strings."""
    location = parameter.get("location")
    if parameter.get("type") != "location" or not isinstance(location, dict):
        findings.complain(path, 'The header must have the type "location" and a location object.')
        return None
    clean: dict[str, Any] = {}
    for key, limit in _MAX_COORDINATE.items():
        clean[key] = _coordinate(location.get(key), limit)
        if clean[key] is None:
            findings.complain(
                f"{path}.location.{key}", f"The {key} must be a number of degrees up to {limit}."
            )
    for key in ("name", "address"):
        if location.get(key) is not None:
            text = findings.text(location[key], f"{path}.location.{key}", f"The location's {key}")
            clean[key] = text
    return {"type": "location", "location": clean}


def _coordinate(value: object, limit: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        return None
    # NaN fails the comparison too; six decimals are ten centimetres.
    return str(round(degrees, 6)) if -limit <= degrees <= limit else None
