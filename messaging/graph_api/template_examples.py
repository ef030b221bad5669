"""The example values that Meta wants for every placeholder, in its four spellings.

Source: Cloud API, Templates, Components, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def examples_of(example: Mapping[str, Any]) -> dict[str, str]:
    """Return Meta's sample values by placeholder, from the named, body and header spellings."""
    values: dict[str, str] = {}
    for key, rows in example.items():
        if not isinstance(rows, list):
            continue
        if key.endswith("_named_params"):
            pairs = [
                (row.get("param_name"), row.get("example")) for row in rows if isinstance(row, dict)
            ]
        elif key in {"body_text", "header_text"}:
            flat = rows[0] if rows and isinstance(rows[0], list) else rows
            pairs = [(str(place), text) for place, text in enumerate(flat, start=1)]
        else:
            continue
        values |= {n: text for n, text in pairs if isinstance(n, str) and isinstance(text, str)}
    return values


def example_for(
    where: str, names: list[str], values: Mapping[str, str], *, is_named: bool
) -> dict[str, Any]:
    """Return the `example` of a header or body, {} without placeholders. `where` is header or body."""
    if not names:
        return {}
    if is_named:
        rows = [{"param_name": name, "example": values.get(name, "")} for name in names]
        return {f"{where}_text_named_params": rows}
    texts = [values.get(name, "") for name in names]
    return {f"{where}_text": [texts] if where == "body" else texts}


def url_example(button: Mapping[str, Any]) -> str:
    """Return what stands for the variable of an address; Meta keeps the suffix or the whole address."""
    rows = button.get("example")
    value = rows[0] if isinstance(rows, list) and rows else rows
    if not isinstance(value, str):
        return ""
    start = str(button.get("url", "")).partition("{{")[0]
    return value.removeprefix(start) if start else value
