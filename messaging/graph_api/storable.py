"""What PostgreSQL takes of the JSON that others send."""

from __future__ import annotations

import math
import re
from typing import Any

MAX_DEPTH = 60
_MAX_BITS = 1024
_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(value: object, depth: int = 0) -> Any:
    """Return `value` as a jsonb column takes it.

    Without NUL, lone surrogates, infinite numbers and NaN; None below `MAX_DEPTH` levels.
    """
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return _SURROGATES.sub("\ufffd", value.replace("\x00", ""))
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        return {storable(str(key)): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_BITS else None
    return None
