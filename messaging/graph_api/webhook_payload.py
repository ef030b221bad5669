"""Reads a webhook body into facts; what cannot be read becomes a line in `problems`, never an exception.

Source: Webhooks reference, `messages`, 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as made_by
from datetime import datetime
from typing import Any

from messaging.graph_api.account_news import News
from messaging.graph_api.account_payload import read_news
from messaging.graph_api.errors import details_of, whole_number
from messaging.graph_api.masking import without_secrets
from messaging.graph_api.message_text import about_wamid, text_of
from messaging.graph_api.moments import moment_of
from messaging.graph_api.storable import storable

ACCOUNT_OBJECT = "whatsapp_business_account"
_MAX_ID_LENGTH = 512
_MAX_WORD_LENGTH = 64
_MAX_PROBLEMS = 100
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]+")


@dataclass(frozen=True, slots=True)
class StatusFact:
    """What Meta says of one message of ours. `status` is Meta's word, also one we do not know."""

    wamid: str
    status: str
    at: datetime
    recipient_id: str
    callback_data: str | None
    error_code: int | None
    error_details: str
    pricing: dict[str, Any] | None
    recipient_user_id: str | None = None


@dataclass(frozen=True, slots=True)
class InboundFact:
    """One message to us. `sender` is digits; None for users who show no number, then `user_id` is set."""

    wamid: str
    at: datetime
    sender: str | None
    user_id: str | None
    type: str
    text: str
    context_wamid: str | None
    raw: dict[str, Any]
    profile_name: str = ""


@dataclass(frozen=True, slots=True)
class PreferenceFact:
    """What somebody told WhatsApp about messages of ours. `category` and `value` are Meta's words.

    `phone` is digits; None where Meta leaves it out, then `user_id` is set. Source: Webhooks, user_preferences, 2026-11-22.
    """

    phone: str | None
    user_id: str | None
    category: str
    value: str
    at: datetime


@dataclass(slots=True)
class Change:
    """One `entry[i].changes[j]`, `index` being "i.j". `value` is Meta's own, fit for a jsonb column.

    `at` is the entry's time, which only the fields about templates, numbers and the account have.
    """

    index: str
    entry_id: str
    field: str
    phone_number_id: str | None = None
    display_phone_number: str | None = None
    statuses: list[StatusFact] = made_by(default_factory=list)
    messages: list[InboundFact] = made_by(default_factory=list)
    news: list[News] = made_by(default_factory=list)
    preferences: list[PreferenceFact] = made_by(default_factory=list)
    errors: list[dict[str, Any]] = made_by(default_factory=list)
    problems: list[str] = made_by(default_factory=list)
    value: object = None
    at: datetime | None = None


@dataclass(slots=True)
class ParsedWebhook:
    changes: list[Change] = made_by(default_factory=list)
    problems: list[str] = made_by(default_factory=list)


class _UnreadableError(Exception):
    """One element cannot be used; its text goes to `problems`."""


def parse(payload: object) -> ParsedWebhook:
    """Read any JSON value; a bad element costs only itself.

    NUL and lone surrogates, which PostgreSQL refuses, are gone from every text of the result.
    """
    parsed = ParsedWebhook()
    clean = storable(payload)
    if not isinstance(clean, dict):
        parsed.problems.append("The body is not a JSON object.")
        return parsed
    if clean.get("object") != ACCOUNT_OBJECT:
        parsed.problems.append(f"object is not {ACCOUNT_OBJECT}.")
    for place, entry in enumerate(_list(clean, "entry", parsed.problems)):
        if isinstance(entry, dict):
            _read_entry(place, entry, parsed)
        else:
            parsed.problems.append(f"entry[{place}] is not an object.")
    return parsed


def _read_entry(place: int, entry: dict[str, Any], parsed: ParsedWebhook) -> None:
    entry_id, at = _word(entry.get("id")) or "", moment_of(entry.get("time"))
    for number, raw in enumerate(_list(entry, "changes", parsed.problems, f"entry[{place}].")):
        change = Change(index=f"{place}.{number}", entry_id=entry_id, field="", value=raw, at=at)
        parsed.changes.append(change)
        if isinstance(raw, dict):
            _read_change(change, raw)
        else:
            change.problems.append("The change is not an object.")
        del change.problems[_MAX_PROBLEMS:]


def _read_change(change: Change, raw: dict[str, Any]) -> None:
    value = change.value = raw.get("value")
    change.field = (_word(raw.get("field")) or "")[:_MAX_WORD_LENGTH]
    if not change.field:
        change.problems.append("field is missing.")
    if not isinstance(value, dict):
        change.problems.append("value is not an object.")
        return
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        change.phone_number_id = _word(metadata.get("phone_number_id"))
        change.display_phone_number = _word(metadata.get("display_phone_number"))
    change.errors = [
        error for error in _list(value, "errors", change.problems) if isinstance(error, dict)
    ]
    if change.field in {"messages", ""}:
        names = _profile_names(value.get("contacts"))
        _read_each(change, value, "statuses", lambda row: change.statuses.append(_status(row)))
        _read_each(
            change, value, "messages", lambda row: change.messages.append(_inbound(row, names))
        )
    change.news, problems = read_news(change.field, value, waba_id=change.entry_id, at=change.at)
    change.problems += problems
    _read_each(
        change, value, "user_preferences", lambda row: change.preferences.append(_preference(row))
    )


def _read_each(
    change: Change, value: dict[str, Any], key: str, read: Callable[[dict[str, Any]], None]
) -> None:
    for place, row in enumerate(_list(value, key, change.problems)):
        try:
            if not isinstance(row, dict):
                raise _UnreadableError("is not an object")
            read(row)
        except _UnreadableError as problem:
            change.problems.append(f"{key}[{place}] {problem}.")


def _status(row: dict[str, Any]) -> StatusFact:
    errors = row.get("errors")
    error = errors[0] if isinstance(errors, list) and errors else None
    error = error if isinstance(error, dict) else {}
    pricing = row.get("pricing")
    return StatusFact(
        wamid=_required(row, "id", _MAX_ID_LENGTH),
        status=_required(row, "status", _MAX_WORD_LENGTH),
        at=_moment(row.get("timestamp")),
        recipient_id=_word(row.get("recipient_id")) or "",
        callback_data=_text(row.get("biz_opaque_callback_data")),
        error_code=_error_code(error.get("code")),
        error_details=without_secrets(details_of(error)),
        pricing=pricing if isinstance(pricing, dict) else None,
        recipient_user_id=_word(row.get("recipient_user_id")),
    )


def _inbound(row: dict[str, Any], names: dict[str, str]) -> InboundFact:
    digits, user_id = _person(row.get("from"), row.get("from_user_id"))
    return InboundFact(
        wamid=_required(row, "id", _MAX_ID_LENGTH),
        at=_moment(row.get("timestamp")),
        sender=digits,
        user_id=user_id,
        type=_required(row, "type", _MAX_WORD_LENGTH),
        text=text_of(row),
        context_wamid=_text(about_wamid(row)),
        raw=row,
        profile_name=names.get(digits or "") or names.get(user_id or "") or "",
    )


def _preference(row: dict[str, Any]) -> PreferenceFact:
    digits, user_id = _person(row.get("wa_id"), row.get("user_id"))
    if not (digits or user_id):
        raise _UnreadableError("names nobody")
    return PreferenceFact(
        phone=digits,
        user_id=user_id,
        category=_required(row, "category", _MAX_WORD_LENGTH),
        value=_required(row, "value", _MAX_WORD_LENGTH),
        at=_moment(row.get("timestamp")),
    )


def _person(number: object, user_id: object) -> tuple[str | None, str | None]:
    """Return digits and user id. Users behind a name show no number; some deliveries carry their id in its place."""
    shown, known = _word(number), _word(user_id)
    digits = (shown or "").removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return digits, known
    return None, known or (shown if shown and _USER_ID.fullmatch(shown) else None)


def _profile_names(contacts: object) -> dict[str, str]:
    names: dict[str, str] = {}
    for contact in contacts if isinstance(contacts, list) else []:
        profile = contact.get("profile") if isinstance(contact, dict) else None
        name = _text(profile.get("name")) if isinstance(profile, dict) else None
        ids = (_word(contact.get(key)) for key in ("wa_id", "user_id")) if name else ()
        names.update({known: name for known in ids if known and name})
    return names


def _list(holder: dict[str, Any], key: str, problems: list[str], prefix: str = "") -> list[object]:
    rows = holder.get(key)
    if isinstance(rows, list):
        return rows
    if rows is not None or key in {"entry", "changes"}:
        problems.append(f"{prefix}{key} is not a list.")
    return []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _MAX_ID_LENGTH else None


def _word(value: object) -> str | None:
    """Return an id as text; Meta writes some as numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return _text(str(value))
    return _text(value)


def _required(row: dict[str, Any], key: str, length: int) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value or len(value) > length:
        raise _UnreadableError(f"has no usable {key}")
    return value


def _error_code(value: object) -> int | None:
    code = whole_number(value)
    return code if code is not None and -(2**31) <= code < 2**31 else None


def _moment(value: object) -> datetime:
    moment = moment_of(value)
    if moment is None:
        raise _UnreadableError("has no usable timestamp")
    return moment
