"""Does a template message fit its template? Meta's own checks and codes, and the text that the phone shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from messaging.simulator.envelope import RefusalError, missing

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# Source: WhatsApp Cloud API, Error codes 132018 and Template messages, 2026-11-22.
_REFUSED_SPACE = re.compile(r"[\n\r\t]| {5,}")
_BODY_LIMIT = 1024
_MEDIA = ("image", "video", "document", "location")
_SENDABLE = {"PAUSED": 132015, "DISABLED": 132016}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template message as the recipient sees it."""

    header: str = ""
    body: str = ""
    footer: str = ""
    buttons: list[dict[str, str]] = field(default_factory=list)


def find(templates: list[dict[str, Any]], wanted: object) -> dict[str, Any]:
    """Return the sendable template that the `template` object of a message names. Raises RefusalError."""
    if not isinstance(wanted, dict):
        raise missing("template")
    name = wanted.get("name")
    language = wanted.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    if not isinstance(name, str) or not name:
        raise missing("template['name']")
    if not isinstance(code, str) or not code:
        raise missing("template['language']['code']")
    for template in templates:
        if template["name"] == name and template["language"] == code:
            if template["status"] != "APPROVED":
                raise RefusalError(
                    _SENDABLE.get(template["status"], 132001), f"template ({name}) is not approved"
                )
            return template
    raise RefusalError(132001, f"template name ({name}) does not exist in {code}")


def render(template: dict[str, Any], given: object) -> Rendered:
    """Return the text of `template` with the parameters of `given` (Meta's `components`). Raises RefusalError."""
    if given is None:
        given = []
    if not isinstance(given, list) or not all(isinstance(component, dict) for component in given):
        raise RefusalError(100, "components must be an array of objects")
    by_type: dict[str, dict[str, Any]] = {}
    buttons: dict[int, dict[str, Any]] = {}
    for component in given:
        kind = str(component.get("type", "")).lower()
        if kind == "button":
            buttons[_index_of(component)] = component
        elif kind in ("header", "body"):
            by_type[kind] = component
        else:
            raise RefusalError(100, f"Invalid component type: {kind or 'missing'}")
    named = template.get("parameter_format") == "NAMED"
    stored = {component["type"]: component for component in template["components"]}
    rendered = Rendered(
        header=_header(stored.get("HEADER"), by_type.get("header"), named=named),
        body=_text("body", stored.get("BODY"), by_type.get("body"), named=named),
        footer=stored.get("FOOTER", {}).get("text", ""),
        buttons=_buttons(stored.get("BUTTONS", {}).get("buttons", []), buttons),
    )
    if len(rendered.body) > _BODY_LIMIT:
        raise RefusalError(
            132005, f"body is {len(rendered.body)} characters long, {_BODY_LIMIT} are allowed"
        )
    return rendered


def _index_of(component: dict[str, Any]) -> int:
    index = str(component.get("index", ""))
    if not index.isdecimal() or int(index) > 9:
        raise RefusalError(131009, "button index must be a string from 0 to 9")
    return int(index)


def _parameters(where: str, component: dict[str, Any] | None) -> list[dict[str, Any]]:
    found = (component or {}).get("parameters", [])
    if not isinstance(found, list) or not all(isinstance(parameter, dict) for parameter in found):
        raise RefusalError(100, f"{where}: parameters must be an array of objects")
    return found


def _header(stored: dict[str, Any] | None, given: dict[str, Any] | None, *, named: bool) -> str:
    form = (stored or {}).get("format", "TEXT").lower()
    if stored is None or form == "text":
        return _text("header", stored, given, named=named)
    parameters = _parameters("header", given)
    if len(parameters) != 1:
        raise _count("header", len(parameters), 1)
    media = parameters[0].get(form)
    if parameters[0].get("type") != form or form not in _MEDIA or not isinstance(media, dict):
        raise RefusalError(132012, f"header: Format mismatch, expected {form.upper()}")
    if form != "location" and not (media.get("id") or media.get("link")):
        raise RefusalError(131008, f"header: {form} needs an id or a link")
    return str(media.get("filename") or media.get("name") or form)


def _text(
    where: str, stored: dict[str, Any] | None, given: dict[str, Any] | None, *, named: bool
) -> str:
    pattern = (stored or {}).get("text", "")
    wanted = list(dict.fromkeys(PLACEHOLDER.findall(pattern)))
    parameters = _parameters(where, given)
    if len(parameters) != len(wanted) or (stored is None and given is not None):
        raise _count(where, len(parameters), len(wanted))
    if named:
        values = {
            str(parameter.get("parameter_name", "")): _value(where, parameter)
            for parameter in parameters
        }
        if set(values) != set(wanted):
            raise RefusalError(100, f"{where}: Parameter name is missing or unknown")
    else:
        values = {
            str(place): _value(where, parameter)
            for place, parameter in enumerate(parameters, start=1)
        }
        if any("parameter_name" in parameter for parameter in parameters):
            raise RefusalError(132012, f"{where}: this template has no named parameters")
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), pattern)


def _count(where: str, given: int, wanted: int) -> RefusalError:
    return RefusalError(
        132000,
        f"{where}: number of localizable_params ({given}) does not match the expected number of params ({wanted})",
    )


def _value(where: str, parameter: dict[str, Any]) -> str:
    kind = parameter.get("type")
    if kind in ("currency", "date_time"):
        inner = parameter.get(kind)
        value = inner.get("fallback_value") if isinstance(inner, dict) else None
    elif kind == "text":
        value = parameter.get("text")
    else:
        raise RefusalError(
            132012, f"{where}: Format mismatch, expected TEXT, received {str(kind).upper()[:20]}"
        )
    if value is not None and not isinstance(value, str):
        raise RefusalError(100, f"{where}: text must be a string")
    if not value or not value.strip():
        raise RefusalError(132018, f"{where}: Parameter text cannot be empty")
    if _REFUSED_SPACE.search(value):
        raise RefusalError(
            132018,
            f"{where}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        )
    return value


def _buttons(
    stored: list[dict[str, Any]], given: dict[int, dict[str, Any]]
) -> list[dict[str, str]]:
    if any(index >= len(stored) for index in given):
        raise RefusalError(132000, "buttons: there is no button at this index")
    shown = []
    for index, button in enumerate(stored):
        kind = str(button["type"]).lower()
        parameters = _parameters("buttons", given.get(index))
        shown.append(
            {
                "type": kind,
                "text": str(button["text"]),
                "value": _button_value(index, button, parameters),
            }
        )
    return shown


def _button_value(index: int, button: dict[str, Any], parameters: list[dict[str, Any]]) -> str:
    if button["type"] == "URL":
        url = str(button.get("url", ""))
        if not PLACEHOLDER.search(url):
            return url
        if len(parameters) != 1:
            raise RefusalError(
                131008, f"buttons: Button at index {index} of type Url requires a parameter"
            )
        return PLACEHOLDER.sub(lambda _match: _value("buttons", parameters[0]), url)
    if button["type"] == "QUICK_REPLY" and parameters:
        return str(parameters[0].get("payload") or button["text"])
    return str(button.get("phone_number") or button["text"])
