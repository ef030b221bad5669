"""Fits the values of a send into a template before Meta sees them, and shows the result as text.

Source: Cloud API, Template messages; Templates, Components, 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from messaging.graph_api.parameter_values import (
    MEDIA_FORMATS,
    Findings,
    Repair,
    location_parameter,
    media_parameter,
    text_parameter,
)
from messaging.graph_api.template_bubble import (
    RenderedButton,
    RenderedTemplate,
    body_values,
    preview_body,
    render,
)
from messaging.graph_api.template_shape import (
    ButtonShape,
    TemplateShape,
    is_position,
    placeholders,
    shape_of,
)

__all__ = [
    "Fitted",
    "ParametersMismatchError",
    "RenderedButton",
    "RenderedTemplate",
    "Repair",
    "Warning_",
    "body_values",
    "fit",
    "preview_body",
    "render",
]

Warning_ = Repair
BODY_LENGTH = 1024
URL_LENGTH = 2000
MAX_COMPONENTS = 12  # a header, a body and ten buttons
_ROOT = "template.components"
_SUPPORTED_BUTTONS = {
    "url": {"URL", "OTP"},
    "quick_reply": {"QUICK_REPLY"},
    "copy_code": {"COPY_CODE"},
}


class ParametersMismatchError(Exception):
    """The values do not fit the template; `fields` says for each path what is missing or too much."""

    def __init__(self, message: str, fields: dict[str, str]) -> None:
        super().__init__(message, fields)
        self.message = message
        self.fields = fields

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Fitted:
    """`components` as Meta takes them, [] where the template asks for nothing.

    `rendered_text` is what the recipient reads: header, body and footer, a line break between them.
    """

    components: list[dict[str, Any]]
    rendered_text: str
    warnings: list[Repair]


@dataclass(frozen=True, slots=True)
class _Given:
    """One component the caller gave, and where."""

    path: str
    component: dict[str, Any]
    parameters: list[tuple[str, dict[str, Any]]]


def fit(
    *, template_components: list[dict[str, Any]], parameter_format: str, given: list[dict[str, Any]]
) -> Fitted:
    """Check and repair the values of one send. Raises ParametersMismatchError naming each misfit.

    `given` has the shape of Meta's send request and is not trusted at any level.
    """
    shape, findings = shape_of(template_components), Findings()
    named = _is_named(shape, parameter_format)
    parts = _sorted_out(given, findings)
    _refuse(findings)
    paths = {name: part.path for name, part in parts.items()}
    fitted = [
        _header(shape, parts.pop("header", None), findings, named=named),
        _body(shape, parts.pop("body", None), findings, named=named),
        *_buttons(shape, parts, findings),
    ]
    for part in parts.values():
        findings.complain(part.path, "The template has no such button: leave this component out.")
    for kind in shape.unsupported:
        findings.complain("template", f"Templates with a {kind.lower()} component cannot be sent.")
    _refuse(findings)
    components = [component for component in fitted if component is not None]
    rendered = render(template_components, components)
    _check_lengths(rendered, paths, findings)
    _refuse(findings)
    return Fitted(components, rendered.text, findings.repairs)


def _is_named(shape: TemplateShape, parameter_format: str) -> bool:
    """Trust the placeholders as well: older rows of Meta's come without a format."""
    names = placeholders(shape.header_text) + placeholders(shape.body)
    return parameter_format == "NAMED" or not all(map(is_position, names))


def _refuse(findings: Findings) -> None:
    if findings.fields:
        sentences = " ".join(dict.fromkeys(findings.fields.values()))
        message = f"The parameters do not fit the template. {sentences}"
        raise ParametersMismatchError(message, findings.fields)


def _sorted_out(given: object, findings: Findings) -> dict[str, _Given]:
    """Return the given components by what they are for, complaining of every wrong shape."""
    if not isinstance(given, list):
        findings.complain(_ROOT, "The components must be a list.")
        return {}
    if len(given) > MAX_COMPONENTS:
        findings.complain(_ROOT, f"A template takes at most {MAX_COMPONENTS} components.")
        return {}
    parts: dict[str, _Given] = {}
    for place, component in enumerate(given):
        path = f"{_ROOT}[{place}]"
        name = _purpose(component, path, findings)
        parameters = _parameters(component, path, findings) if name else None
        if name is None or parameters is None:
            continue
        if name in parts:
            findings.complain(path, f"The {name} is given twice.")
            continue
        parts[name] = _Given(path, component, parameters)
    return parts


def _purpose(component: object, path: str, findings: Findings) -> str | None:
    if not isinstance(component, dict):
        findings.complain(path, "A component must be an object.")
        return None
    kind = component.get("type")
    kind = kind.lower() if isinstance(kind, str) else None
    if kind in {"header", "body"}:
        return kind
    if kind == "footer":
        findings.complain(path, "The footer takes no parameters: leave this component out.")
        return None
    if kind != "button":
        findings.complain(f"{path}.type", 'The type must be "header", "body" or "button".')
        return None
    index = component.get("index")
    text = str(index) if isinstance(index, int) and not isinstance(index, bool) else index
    if not (isinstance(text, str) and len(text) == 1 and text.isascii() and text.isdigit()):
        findings.complain(f"{path}.index", 'The index of a button must be "0" to "9".')
        return None
    return f"button {text}"


def _parameters(
    component: dict[str, Any], path: str, findings: Findings
) -> list[tuple[str, dict[str, Any]]] | None:
    parameters = component.get("parameters", [])
    if not isinstance(parameters, list):
        findings.complain(f"{path}.parameters", "The parameters must be a list.")
        return None
    places = [(f"{path}.parameters[{place}]", row) for place, row in enumerate(parameters)]
    wrong = [place for place, row in places if not isinstance(row, dict)]
    for place in wrong:
        findings.complain(place, "A parameter must be an object.")
    return None if wrong else places


def _header(
    shape: TemplateShape, part: _Given | None, findings: Findings, *, named: bool
) -> dict[str, Any] | None:
    if shape.header_format in {"", "TEXT"}:
        names = placeholders(shape.header_text)
        return _texts("header", names, part, findings, named=named)
    kind = shape.header_format.lower()
    if shape.header_format not in MEDIA_FORMATS | {"LOCATION"}:
        findings.complain("template", f"Templates with a {kind} header cannot be sent.")
        return None
    if not _has_exactly_one(part, "header", f"the {kind} of the header", findings) or part is None:
        return None
    path, parameter = part.parameters[0]
    if kind == "location":
        clean = location_parameter(parameter, path, findings)
    else:
        clean = media_parameter(parameter, kind, path, findings)
    return {"type": "header", "parameters": [clean]}


def _body(
    shape: TemplateShape, part: _Given | None, findings: Findings, *, named: bool
) -> dict[str, Any] | None:
    return _texts("body", placeholders(shape.body), part, findings, named=named)


def _texts(
    where: str, names: list[str], part: _Given | None, findings: Findings, *, named: bool
) -> dict[str, Any] | None:
    """Return the component that fills `names`, or None where the template has none there."""
    if part is None:
        if names:
            findings.complain(f"{_ROOT}.{where}", f"Missing: the {where} with {_listed(names)}.")
        return None
    assign = _by_name if named else _by_position
    clean: list[dict[str, Any] | None] = []
    for name, (path, parameter) in assign(where, names, part, findings).items():
        fitted = text_parameter(
            parameter, path, f"The value for {{{{{name}}}}} of the {where}", findings
        )
        if fitted is not None and named:
            fitted["parameter_name"] = name
        clean.append(fitted)
    return {"type": where, "parameters": clean} if clean else None


def _listed(names: list[str]) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in names)


def _by_position(
    where: str, names: list[str], part: _Given, findings: Findings
) -> dict[str, tuple[str, dict[str, Any]]]:
    for path, parameter in part.parameters:
        if "parameter_name" in parameter:
            sentence = "The template counts its values: leave parameter_name out."
            findings.complain(f"{path}.parameter_name", sentence)
    for place, name in enumerate(names[len(part.parameters) :], start=len(part.parameters)):
        path = f"{part.path}.parameters[{place}]"
        findings.complain(path, f"Missing: the value for {{{{{name}}}}} of the {where}.")
    _complain_of_rest(where, part.parameters[len(names) :], len(names), findings)
    return dict(zip(names, part.parameters, strict=False))


def _complain_of_rest(
    where: str, rest: list[tuple[str, dict[str, Any]]], wanted: int, findings: Findings
) -> None:
    for path, _parameter in rest:
        findings.complain(path, f"Superfluous: the {where} of the template takes {wanted} values.")


def _by_name(
    where: str, names: list[str], part: _Given, findings: Findings
) -> dict[str, tuple[str, dict[str, Any]]]:
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, parameter in part.parameters:
        name = parameter.get("parameter_name")
        if not isinstance(name, str):
            findings.complain(f"{path}.parameter_name", f"Name the value: one of {_listed(names)}.")
        elif name not in names:
            sentence = f"Superfluous: the {where} of the template has no such value."
            findings.complain(f"{path}.parameter_name", sentence)
        elif name in found:
            findings.complain(f"{path}.parameter_name", f"{{{{{name}}}}} is given twice.")
        else:
            found[name] = (path, parameter)
    for name in names:
        if name not in found:
            sentence = f"Missing: the value for {{{{{name}}}}} of the {where}."
            findings.complain(f"{part.path}.parameters.{name}", sentence)
    return {name: found[name] for name in names if name in found}


def _buttons(
    shape: TemplateShape, parts: dict[str, _Given], findings: Findings
) -> list[dict[str, Any] | None]:
    return [
        _button(str(place), button, parts.pop(f"button {place}", None), findings)
        for place, button in enumerate(shape.buttons)
    ]


def _button(
    index: str, button: ButtonShape, part: _Given | None, findings: Findings
) -> dict[str, Any] | None:
    name = f"button {index}" + (f" ({button.text})" if button.text else "")
    if part is None:
        if button.has_variable or button.kind == "COPY_CODE":
            findings.complain(f"{_ROOT}.button[{index}]", f"Missing: the value of {name}.")
        return None
    sub_type = part.component.get("sub_type")
    sub_type = sub_type.lower() if isinstance(sub_type, str) else ""
    if button.kind not in _SUPPORTED_BUTTONS.get(sub_type, set()):
        sentence = f"{name[0].upper()}{name[1:]} is of the type {button.kind.lower()}."
        findings.complain(f"{part.path}.sub_type", sentence)
        return None
    if sub_type == "url" and not button.has_variable:
        findings.complain(part.path, f"Superfluous: the address of {name} takes no value.")
        return None
    if not _has_exactly_one(part, f"button[{index}]", f"the value of {name}", findings):
        return None
    parameter = _button_parameter(sub_type, name, *part.parameters[0], findings)
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": [parameter]}


def _button_parameter(
    sub_type: str, name: str, path: str, parameter: dict[str, Any], findings: Findings
) -> dict[str, Any]:
    key = {"url": "text", "quick_reply": "payload", "copy_code": "coupon_code"}[sub_type]
    if parameter.get("type") != key:
        findings.complain(f"{path}.type", f'The value of {name} must have the type "{key}".')
    value = findings.text(parameter.get(key), f"{path}.{key}", f"The value of {name}")
    if sub_type == "url" and any(character.isspace() for character in value):
        findings.complain(f"{path}.{key}", f"The value of {name} must not contain blanks.")
    return {"type": key, key: value}


def _has_exactly_one(part: _Given | None, where: str, name: str, findings: Findings) -> bool:
    if part is None or not part.parameters:
        path = f"{_ROOT}.{where}" if part is None else f"{part.path}.parameters[0]"
        findings.complain(path, f"Missing: {name}.")
        return False
    for path, _parameter in part.parameters[1:]:
        findings.complain(path, f"Superfluous: {name} is one value.")
    return True


def _check_lengths(rendered: RenderedTemplate, paths: dict[str, str], findings: Findings) -> None:
    if len(rendered.body) > BODY_LENGTH:
        findings.complain(
            paths.get("body", _ROOT),
            f"The body with its values has {len(rendered.body)} characters; Meta takes {BODY_LENGTH}.",
        )
    for place, button in enumerate(rendered.buttons):
        if len(button.url) > URL_LENGTH:
            sentence = f"The address of button {place} is longer than {URL_LENGTH} characters."
            findings.complain(paths.get(f"button {place}", _ROOT), sentence)
