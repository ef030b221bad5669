"""The form in which a template is written: plain fields on one side, Meta's components on the other.

What the form does not know (media headers, other buttons, other components) is kept as Meta has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.graph_api.template_examples import example_for, examples_of, url_example
from messaging.graph_api.template_lint import BUTTONS
from messaging.graph_api.template_shape import PLACEHOLDER, placeholders, shape_of
from messaging.models import TemplateDraft
from messaging.services.template_rules import may_change_category

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LANGUAGES = ("es", "es_ES", "es_MX", "ca", "en", "en_GB", "en_US", "fr", "pt_PT", "it", "de")
CATEGORIES = [
    ("UTILITY", gettext_lazy("UTILITY: about an order")),
    ("MARKETING", gettext_lazy("MARKETING: advertising, costs more")),
]
FORMATS = [
    ("POSITIONAL", gettext_lazy("numbered: {{1}}, {{2}}")),
    ("NAMED", gettext_lazy("with names: {{order}}, {{total}}")),
]
KEPT = "KEPT"
_BUTTON_KINDS = [
    ("", gettext_lazy("no button")),
    ("QUICK_REPLY", gettext_lazy("quick reply")),
    ("URL", gettext_lazy("web address")),
    ("PHONE_NUMBER", gettext_lazy("phone number")),
]
_MADE_HERE = frozenset({"QUICK_REPLY", "URL", "PHONE_NUMBER"})
_SHOWN_BUTTONS = 3
_EXAMPLES_SHOWN = 40
_TEXT_AT_MOST = 5000
_EXAMPLE_AT_MOST = 1024


@dataclass(frozen=True, slots=True)
class ExampleField:
    """One input for a placeholder's example."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ButtonSlot:
    place: int
    kind: forms.BoundField
    text: forms.BoundField
    value: forms.BoundField
    example: forms.BoundField
    kept: str = ""


class TemplateForm(forms.Form):
    """Takes unfinished templates too: only what no row could hold is an error here, the rest is the linter's."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=512, required=False)
    language = forms.CharField(label=gettext_lazy("Language"), max_length=16, required=False)
    category = forms.ChoiceField(label=gettext_lazy("Category"), choices=CATEGORIES)
    parameter_format = forms.ChoiceField(label=gettext_lazy("Placeholders"), choices=FORMATS)
    header_kind = forms.ChoiceField(
        label=gettext_lazy("Header"),
        choices=[("", gettext_lazy("no header")), ("TEXT", gettext_lazy("text"))],
        required=False,
    )
    header_text = forms.CharField(
        label=gettext_lazy("Header's text"), max_length=_TEXT_AT_MOST, required=False
    )
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=_TEXT_AT_MOST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    footer = forms.CharField(label=gettext_lazy("Footer"), max_length=_TEXT_AT_MOST, required=False)

    def __init__(self, draft: TemplateDraft, data: Mapping[str, Any] | None = None) -> None:
        self.draft = draft
        self.parts = _parts_of(draft.components)
        super().__init__(data, initial=self._values())
        self._lock_what_stands()
        self._add_kept_header()
        self._add_buttons()
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "bw-input")

    # --- Building the form -----------------------------------------------------------------------
    def _values(self) -> dict[str, Any]:
        shape = shape_of(self.draft.components)
        return {
            "name": self.draft.name,
            "language": self.draft.language,
            "category": self.draft.category,
            "parameter_format": self.draft.parameter_format,
            "header_kind": "TEXT"
            if shape.header_format == "TEXT"
            else shape.header_format and KEPT,
            "header_text": shape.header_text,
            "body": shape.body,
            "footer": shape.footer,
        }

    def _lock_what_stands(self) -> None:
        """Name, language and placeholder format of a template at Meta never change; an approved one's category neither."""
        if self.draft.template_id is not None:
            for name in ("name", "language", "parameter_format"):
                self.fields[name].disabled = True
        if not may_change_category(self.draft.template):
            self.fields["category"].disabled = True
        _offer(self, "category", self.draft.category)
        _offer(self, "parameter_format", self.draft.parameter_format)
        self.fields["name"].widget.attrs["spellcheck"] = "false"
        self.fields["language"].widget.attrs["list"] = "template-languages"

    def _add_kept_header(self) -> None:
        kind = shape_of(self.draft.components).header_format
        if kind not in {"", "TEXT"}:
            words = _("as it is at Meta: %(kind)s") % {"kind": kind.lower()}
            _offer(self, "header_kind", KEPT, words)

    def _add_buttons(self) -> None:
        rows = _rows(self.parts.get("BUTTONS", {}).get("buttons"))
        self.kept_buttons = {
            place: row for place, row in enumerate(rows) if row.get("type") not in _MADE_HERE
        }
        count = max(len(rows), self._posted_buttons())
        self.places = range(min(BUTTONS, max(_SHOWN_BUTTONS, count + 1)))
        for place in self.places:
            row = rows[place] if place < len(rows) else {}
            self._add_button(place, row)

    def _posted_buttons(self) -> int:
        kinds = [place for place in range(BUTTONS) if self.data.get(f"button-{place}-kind")]
        return max(kinds, default=-1) + 1

    def _add_button(self, place: int, row: dict[str, Any]) -> None:
        kind = str(row.get("type") or "")
        choices: list[tuple[str, StrOrPromise]] = list(_BUTTON_KINDS)
        if place in self.kept_buttons:
            choices.append((KEPT, _("as it is at Meta: %(kind)s") % {"kind": kind.lower()}))
            kind = KEPT
        fields: dict[str, forms.Field] = {
            "kind": forms.ChoiceField(
                label=_("Kind"), choices=choices, required=False, initial=kind
            ),
            "text": _line(_("Text"), row.get("text")),
            "value": _line(_("Address or number"), row.get("url") or row.get("phone_number")),
            "example": _line(_("Example for {{1}}"), url_example(row)),
        }
        for name, field in fields.items():
            self.fields[f"button-{place}-{name}"] = field

    # --- Showing it ------------------------------------------------------------------------------
    @property
    def buttons(self) -> Iterator[ButtonSlot]:
        for place in self.places:
            kept = self.kept_buttons.get(place, {})
            prefix = f"button-{place}"
            yield ButtonSlot(
                place=place + 1,
                kind=self[f"{prefix}-kind"],
                text=self[f"{prefix}-text"],
                value=self[f"{prefix}-value"],
                example=self[f"{prefix}-example"],
                kept=str(kept.get("type", "")),
            )

    @property
    def has_buttons(self) -> bool:
        return any(slot.kind.value() or slot.kept for slot in self.buttons)

    @property
    def examples(self) -> list[ExampleField]:
        """An input for each placeholder of header and body as they stand now."""
        return [
            ExampleField(_example_key(where, name), f"{{{{{name}}}}}", self._example(where, name))
            for where in ("header", "body")
            for name in self._placeholders(where)[:_EXAMPLES_SHOWN]
        ]

    def _placeholders(self, where: str) -> list[str]:
        if where == "header" and self._now("header_kind") != "TEXT":
            return []
        return placeholders(self._now("header_text" if where == "header" else where))

    def _now(self, name: str) -> str:
        return str(self[name].value() or "")

    def _example(self, where: str, name: str) -> str:
        posted = self.data.get(_example_key(where, name))
        if posted is not None:
            return str(posted).replace("\x00", "")[:_EXAMPLE_AT_MOST]
        example = self.parts.get(where.upper(), {}).get("example")
        return examples_of(example if isinstance(example, dict) else {}).get(name, "")

    # --- What was written, in Meta's shape -------------------------------------------------------
    def fill(self, draft: TemplateDraft) -> None:
        """Write what the form holds into the draft; only after `is_valid`."""
        draft.name = self.cleaned_data["name"].strip()
        draft.language = self.cleaned_data["language"].strip()
        draft.category = self.cleaned_data["category"]
        draft.parameter_format = self.cleaned_data["parameter_format"]
        draft.components = self.components()

    def components(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        footer = {"type": "FOOTER", "text": data["footer"]} if data["footer"] else None
        buttons = [row for place in self.places if (row := self._button(place))]
        made = [
            self._header(),
            self._text_part("body", data["body"]) if data["body"] else None,
            footer,
            {"type": "BUTTONS", "buttons": buttons} if buttons else None,
        ]
        known = {"HEADER", "BODY", "FOOTER", "BUTTONS"}
        others = [part for kind, part in self.parts.items() if kind not in known]
        return [part for part in made if part is not None] + others

    def _header(self) -> dict[str, Any] | None:
        match self.cleaned_data["header_kind"]:
            case "TEXT":
                part = self._text_part("header", self.cleaned_data["header_text"])
                return part | {"format": "TEXT"}
            case "KEPT":
                return self.parts.get("HEADER")
        return None

    def _text_part(self, where: str, text: str) -> dict[str, Any]:
        text = text.replace("\r\n", "\n")
        names = placeholders(text)
        values = {name: self._example(where, name) for name in names}
        is_named = self.cleaned_data["parameter_format"] == "NAMED"
        example = example_for(where, names, values, is_named=is_named)
        part: dict[str, Any] = {"type": where.upper(), "text": text}
        return part | ({"example": example} if example else {})

    def _button(self, place: int) -> dict[str, Any] | None:
        kind, text, value, example = (
            self.cleaned_data[f"button-{place}-{name}"]
            for name in ("kind", "text", "value", "example")
        )
        if kind == KEPT:
            return self.kept_buttons.get(place)
        if not kind:
            return None
        row: dict[str, Any] = {"type": kind, "text": text}
        if kind == "URL":
            row["url"] = value
            if PLACEHOLDER.search(value) and example:
                row["example"] = [example]
        if kind == "PHONE_NUMBER":
            row["phone_number"] = value.replace(" ", "")
        return row


def _line(label: str, value: object) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=_TEXT_AT_MOST, required=False, initial=str(value or "")
    )


def _offer(form: forms.Form, name: str, value: str, words: str = "") -> None:
    """Keep a value of Meta's that is none of the usual ones among the choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 (narrows the type)
    choices: list[Any] = [*cast("Iterable[Any]", field.choices)]
    if value not in {key for key, _words in choices}:
        field.choices = [*choices, (value, words or value)]


def _example_key(where: str, name: str) -> str:
    return f"example-{where}-{name}"


def _parts_of(components: object) -> dict[str, dict[str, Any]]:
    return {str(part.get("type") or "").upper(): part for part in _rows(components)}


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
