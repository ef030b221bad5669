"""Arrays as PostgreSQL reads them (manual, 8.15): for thousands of elements the driver's own way takes several times longer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


def of_texts(texts: Iterable[str | None]) -> str | None:
    """Return an array parameter of these texts, whatever they hold; null itself when there is none."""
    return _array("NULL" if text is None else f'"{_escaped(text)}"' for text in texts)


def of_values(values: Iterable[object]) -> str | None:
    """The same of ids, numbers, states and times, none of which needs quotes."""
    return _array("NULL" if value is None else _plain(value) for value in values)


def _array(elements: Iterable[str]) -> str | None:
    known = list(elements)
    return f"{{{','.join(known)}}}" if any(text != "NULL" for text in known) else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
