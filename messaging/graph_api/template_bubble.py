"""A template as the recipient sees it: header, body, footer and buttons with the values filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from messaging.graph_api.parameter_values import value_of
from messaging.graph_api.template_examples import examples_of
from messaging.graph_api.template_shape import TemplateShape, fill, shape_of


@dataclass(frozen=True, slots=True)
class RenderedButton:
    """`type` is Meta's lower-case word: url, quick_reply, phone_number, copy_code …"""

    type: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class RenderedTemplate:
    """`header` is the header's text, or the file or place name of a media header.

    `header_format` is "", "text", "image", "video", "document" or "location"; `header_link` the
    address of media given by link.
    """

    header: str
    body: str
    footer: str
    buttons: tuple[RenderedButton, ...]
    header_format: str = ""
    header_link: str = ""

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self.header, self.body, self.footer) if part)


def render(
    template_components: Iterable[object], fitted_components: Iterable[object] | None = None
) -> RenderedTemplate:
    """Fill a template with the components of a send; without any, with the examples Meta keeps.

    Tolerant: a placeholder without a value stays as written, unknown shapes are left out.
    """
    shape = shape_of(template_components)
    if fitted_components is None:
        values = {name: _filled(shape.examples.get(name, {})) for name in ("header", "body")}
        media: dict[str, Any] = {}
    else:
        given = {_key(part): part for part in fitted_components if isinstance(part, dict)}
        values = {name: _values(part) for name, part in given.items()}
        media = _media(given.get("header", {}), shape.header_format.lower())
    header = fill(shape.header_text, values.get("header", {}).get)
    return RenderedTemplate(
        header=header or _string(media.get("filename")) or _string(media.get("name")),
        body=fill(shape.body, values.get("body", {}).get),
        footer=shape.footer,
        buttons=_buttons(shape, values),
        header_format=shape.header_format.lower(),
        header_link=_string(media.get("link")),
    )


def preview_body(
    template_components: Iterable[object], fitted_components: Iterable[object] | None = None
) -> str:
    """Return the body on one line, for lists; filled as `render` does."""
    return " ".join(render(template_components, fitted_components).body.split())


def body_values(fitted_components: Iterable[object]) -> dict[str, str]:
    """Return what a send fills into the body, by the names of its placeholders: "1", "2" … where it counts them."""
    bodies = (part for part in fitted_components if isinstance(part, dict) and _key(part) == "body")
    return _values(next(bodies, {}))


def _buttons(shape: TemplateShape, values: dict[str, dict[str, str]]) -> tuple[RenderedButton, ...]:
    return tuple(
        RenderedButton(
            type=button.kind.lower(),
            text=button.text,
            url=fill(button.url, values.get(f"button {place}", {}).get),
        )
        for place, button in enumerate(shape.buttons)
    )


def _key(part: dict[str, Any]) -> str:
    kind = _string(part.get("type")).lower()
    return f"button {part.get('index')}" if kind == "button" else kind


def _parameters(part: dict[str, Any]) -> list[dict[str, Any]]:
    rows = part.get("parameters")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _values(part: dict[str, Any]) -> dict[str, str]:
    values: dict[str, str] = {}
    for place, row in enumerate(_parameters(part), start=1):
        name = row.get("parameter_name")
        values[name if isinstance(name, str) else str(place)] = value_of(row)
    return values


def _media(part: dict[str, Any], kind: str) -> dict[str, Any]:
    media = next((row.get(kind) for row in _parameters(part)), None)
    return media if isinstance(media, dict) else {}


def _filled(example: dict[str, Any]) -> dict[str, str]:
    """An empty example shows the placeholder, not a hole."""
    return {name: value for name, value in examples_of(example).items() if value}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
