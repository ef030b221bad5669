"""The product's version: the topmost number of CHANGELOG.md. pyproject.toml takes it from here."""

from __future__ import annotations

import re
from pathlib import Path

_HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)


def version_in(changelog: str) -> str:
    """Return the newest version of a changelog. Raises ValueError when it names none."""
    newest = _HEADING.search(changelog)
    if newest is None:
        raise ValueError("The changelog has no heading such as ## [1.2.3]")
    return newest.group(1)


VERSION = version_in(
    (Path(__file__).resolve().parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
)
