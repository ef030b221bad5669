"""What Meta answered, as it is kept beside an attempt: its own JSON without tokens and whole numbers, a page of it at most."""

from __future__ import annotations

import json
from typing import Any

from messaging.graph_api.masking import without_secrets, without_tokens
from messaging.graph_api.storable import storable

ANSWER_LENGTH = 2000
# What is looked at of an endless answer: no more than is kept of one in which all is hidden.
_READ_LENGTH = 4 * ANSWER_LENGTH
# Meta's ids, by which its support finds things again; their digits are no telephone numbers.
_IDS = frozenset({"id", "fbtrace_id"})
# What is known to be a number is not searched for one: every message sent has these.
_NUMBERS = frozenset({"input", "wa_id"})
_KEPT_DIGITS = 3
# As a JSON number: longer ones than any of Meta's codes are telephone numbers.
_LONGEST_CODE = 99_999_999
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def kept(document: dict[str, Any]) -> str:
    """Return a storable answer as JSON; a longer one is cut and then is none any more."""
    return _cut(_encode(_redacted(document)))


def kept_body(body: bytes) -> str:
    """Return the raw body of an answer: JSON as `kept` does it, anything else, such as a proxy's page, as text."""
    try:
        document = storable(json.loads(body))
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return kept(document)
    text = str(storable(body[:_READ_LENGTH].decode(errors="replace")))
    return _cut(without_secrets(text).strip())


def _redacted(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        if name in _NUMBERS:
            return f"…{value[-_KEPT_DIGITS:]}"
        return without_tokens(value) if name in _IDS else without_secrets(value)
    if isinstance(value, dict):
        return {key: _redacted(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item, name) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LONGEST_CODE:
        return without_secrets(str(value))
    return value


def _cut(text: str) -> str:
    return text if len(text) <= ANSWER_LENGTH else f"{text[: ANSWER_LENGTH - 1]}…"
