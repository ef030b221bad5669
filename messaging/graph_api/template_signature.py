"""What of a template matters to callers and readers, for comparing two versions of it: examples do not count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from messaging.graph_api.template_shape import placeholders, shape_of


@dataclass(frozen=True, slots=True)
class TemplateSignature:
    """`text` is what people read, part by part; `variables` what a caller must fill, such as "body 1, body 2"."""

    text: str
    variables: str


def signature_of(components: Iterable[object]) -> TemplateSignature:
    shape = shape_of(components)
    media = shape.header_format if shape.header_format != "TEXT" else ""
    lines = [f"[{media.lower()}]" if media else shape.header_text, shape.body, shape.footer]
    lines += [
        f"[{button.text}]" + (f" {button.url}" if button.url else "") for button in shape.buttons
    ]
    variables = [f"header {name}" for name in placeholders(shape.header_text)]
    variables += [f"header {media.lower()}"] if media else []
    variables += [f"body {name}" for name in placeholders(shape.body)]
    variables += [
        f"button {place}" for place, button in enumerate(shape.buttons, 1) if button.has_variable
    ]
    return TemplateSignature("\n".join(filter(None, lines)), ", ".join(variables))
