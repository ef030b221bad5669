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
    "audio": (("audio", "caption"),),
    "document": (("document", "caption"), ("document", "filename")),
    "location": (("location", "name"), ("location", "address")),
    "order": (("order", "text"),),
    "system": (("system", "body"),),
    "edit": (
        ("edit", "message", "text", "body"),
        ("edit", "text", "body"),
        ("edit", "body"),
    ),
}
# What the person wrote or pressed, and nothing that only accompanies a picture or a file.
_SAID: dict[str, tuple[tuple[str, ...], ...]] = {
    "text": (("text", "body"),),
    "button": (("button", "payload"), ("button", "text")),
    "interactive": (
        ("interactive", "button_reply", "id"),
        ("interactive", "button_reply", "title"),
        ("interactive", "list_reply", "id"),
        ("interactive", "list_reply", "title"),
    ),
}
# The message that another one is about.
_ABOUT: tuple[tuple[str, ...], ...] = (
    ("context", "id"),
    ("reaction", "message_id"),
    ("edit", "original_message_id"),
    ("revoke", "original_message_id"),
)


def text_of(message: dict[str, Any]) -> str:
    """Return the readable text of a message object, "" where it has none."""
    return next(iter(_texts(message, _PATHS)), "")


def said_in(message: dict[str, Any]) -> list[str]:
    """Return what the person wrote, or the payload and the label of the button they pressed."""
    return _texts(message, _SAID)


def about_wamid(message: dict[str, Any]) -> str | None:
    """Return the wamid of the message that this one quotes, reacts to, edits or takes back."""
    return next((found for path in _ABOUT if (found := text_at(message, *path))), None)


def text_at(message: dict[str, Any], *path: str) -> str:
    """Return the text at the end of a path of keys, "" where anything else is there."""
    value: object = message
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _texts(message: dict[str, Any], paths: dict[str, tuple[tuple[str, ...], ...]]) -> list[str]:
    kind = message.get("type")
    found = (
        text_at(message, *path) for path in (paths.get(kind, ()) if isinstance(kind, str) else ())
    )
    return [text for text in found if text]
