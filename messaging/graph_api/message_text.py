"""The words of an inbound message, whatever its type. Source: Webhooks, `messages`, 2026-11-22."""

from __future__ import annotations

from typing import Any

# Where each type keeps what a person would read; the first path that holds text counts.
_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "text": (("text", "body"),),
    "button": (("button", "text"), ("button", "payload")),
    "interactive": (
        ("interactive", "button_reply", "title"),
        ("interactive", "list_reply", "title"),
        ("interactive", "nfm_reply", "body"),
    ),
    "reaction": (("reaction", "emoji"),),
    "image": (("image", "caption"),),
    "video": (("video", "caption"),),
    "document": (("document", "caption"), ("document", "filename")),
    "location": (("location", "name"), ("location", "address")),
    "order": (("order", "text"),),
    "system": (("system", "body"),),
}


def text_of(message: dict[str, Any]) -> str:
    """Return the readable text of a message object, "" where it has none."""
    kind = message.get("type")
    for path in _PATHS.get(kind, ()) if isinstance(kind, str) else ():
        value: object = message
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            return value
    return ""
