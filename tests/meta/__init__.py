"""Stored payloads in Meta's shapes; README.md says where each shape was read and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def stored(name: str) -> Any:
    """Return the JSON of `name`.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def raw(name: str) -> bytes:
    """Return the bytes of `name`.json, for signatures and HTTP answers."""
    return (FOLDER / f"{name}.json").read_bytes()
