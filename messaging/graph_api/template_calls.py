"""Creating, editing and deleting templates: the part of the client that changes something at Meta.

Source: Cloud API, Templates, Template management, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from messaging.graph_api.errors import NoAnswerError
from messaging.graph_api.transport import Transport
from messaging.graph_api.values import word

_EDGE = "message_templates"


@dataclass(frozen=True, slots=True)
class CreatedTemplate:
    """What Meta made of a submitted template. `category` may be another than the one asked for."""

    template_id: str
    status: str
    category: str


class TemplateCalls(Transport):
    """A part of GraphApi. NoAnswerError: nobody knows whether Meta did it; read the templates again."""

    def create_template(
        self,
        waba_id: str,
        *,
        name: str,
        language: str,
        category: str,
        components: Sequence[Mapping[str, Any]],
        parameter_format: str = "POSITIONAL",
    ) -> CreatedTemplate:
        """Submit a new template for review."""
        body = {
            "name": name,
            "language": language,
            "category": category,
            "parameter_format": parameter_format,
            "components": list(components),
        }
        answer = self._call("POST", waba_id, _EDGE, body=body)
        template_id = word(answer.get("id"))
        if template_id is None:
            raise NoAnswerError("The answer names no template", http_status=200)
        return CreatedTemplate(
            template_id,
            word(answer.get("status")) or "PENDING",
            word(answer.get("category")) or category,
        )

    def edit_template(
        self,
        template_id: str,
        *,
        components: Sequence[Mapping[str, Any]],
        category: str | None = None,
    ) -> None:
        """Replace all components, and the category when one is given; Meta reviews the template again."""
        body: dict[str, object] = {"components": list(components)}
        if category is not None:
            body["category"] = category
        self._confirmed(self._call("POST", template_id, body=body))

    def delete_template(self, waba_id: str, *, name: str, template_id: str) -> None:
        """Delete one language. Meta takes both the name and the id, so that a wrong pair deletes nothing."""
        params = {"name": name, "hsm_id": template_id}
        self._confirmed(self._call("DELETE", waba_id, _EDGE, params=params))

    def delete_template_in_all_languages(self, waba_id: str, *, name: str) -> None:
        """Delete every language of the name."""
        self._confirmed(self._call("DELETE", waba_id, _EDGE, params={"name": name}))

    def _confirmed(self, answer: dict[str, Any]) -> None:
        if answer.get("success") is not True:
            raise NoAnswerError("The answer does not confirm the change", http_status=200)
