"""Reads the webhook fields about templates, numbers and the account; never raises, problems become lines.

Source: Webhooks reference, one page for each field, 2026-11-22. One of Meta's examples has the quality of a template
under the field of its status, and echoes come under two names: those are told by their keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from messaging.graph_api import account_news as news
from messaging.graph_api.errors import whole_number
from messaging.graph_api.masking import without_secrets, without_tokens
from messaging.graph_api.moments import moment_of
from messaging.graph_api.values import mapping, word

STATUS = "message_template_status_update"
QUALITY = "message_template_quality_update"
CATEGORY = "template_category_update"
COMPONENTS = "message_template_components_update"
NAME = "phone_number_name_update"
CAPACITY = "phone_number_quality_update"
ACCOUNT = "account_update"
ALERTS = "account_alerts"
REVIEW = "account_review_update"
CAPABILITY = "business_capability_update"
SECURITY = "security"
_ECHOES = "message_echoes"
_SCORE = "new_quality_score"

_WORD_LENGTH = 64
_ID_LENGTH = 128
_TEXT_LENGTH = 512
_MOST_RESTRICTIONS = 50
_MOST_DEPTH = 6
_MOST_ENTRIES = 40
_NOT_DIGITS = re.compile(r"[^0-9]")
# People's numbers, names and words, which the history does without.
_PERSONAL = frozenset({"from", "to", "text", "wa_id", "profile", "contacts", _ECHOES})


class _UnreadableError(Exception):
    """The value cannot be used; the text goes to the problems."""


def read_news(
    field: str, value: dict[str, Any], *, waba_id: str, at: datetime | None
) -> tuple[list[news.News], list[str]]:
    """Return what the change tells, and what of it could not be read. `at` is the time of Meta's envelope."""
    reader = _reader_of(field, value)
    if reader is None:
        return [], []
    told = {
        "field": field or reader.__name__.strip("_"),
        "waba_id": waba_id[:_ID_LENGTH],
        "at": at,
        "details": _details(value),
    }
    problems: list[str] = []
    try:
        return reader(value, told, problems), problems
    except _UnreadableError as problem:
        return [], [*problems, f"{field} {problem}."]


# --- Templates -----------------------------------------------------------------------------------
def _template(value: dict[str, Any]) -> dict[str, Any]:
    template_id = _word(value, "message_template_id", _ID_LENGTH)
    name = _word(value, "message_template_name", _TEXT_LENGTH)
    if not template_id and not name:
        raise _UnreadableError("names no template")
    language = _word(value, "message_template_language", 16).replace("-", "_")
    return {"template_id": template_id, "name": name, "language": language}


def _status(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    other, rejection = mapping(value.get("other_info")), mapping(value.get("rejection_info"))
    disable_date = mapping(value.get("disable_info")).get("disable_date")
    advice = " ".join(
        filter(None, (_text(rejection.get(key)) for key in ("reason", "recommendation")))
    )
    reason = _word(value, "reason")
    return [
        news.TemplateStatusNews(
            **told,
            **_template(value),
            event=_required(value, "event"),
            reason="" if reason == "NONE" else reason,
            title=_word(other, "title"),
            advice=advice or _text(other.get("description")),
            disabled_from=moment_of(disable_date),
        )
    ]


def _quality(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    told["field"] = QUALITY
    score, previous = _required(value, _SCORE), _word(value, "previous_quality_score")
    return [news.TemplateQualityNews(**told, **_template(value), event=score, previous=previous)]


def _category(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    """`correct_category` announces a change, and then `new_category` is the one that still holds."""
    new, correct = _word(value, "new_category"), _word(value, "correct_category")
    is_upcoming = bool(correct) and correct != new
    return [
        news.TemplateCategoryNews(
            **told,
            **_template(value),
            event=correct if is_upcoming else _required(value, "new_category"),
            previous=new if is_upcoming else _word(value, "previous_category"),
            is_upcoming=is_upcoming,
            due_at=moment_of(value.get("category_update_timestamp")) if is_upcoming else None,
        )
    ]


def _components(
    value: dict[str, Any], told: dict[str, Any], problems: list[str]
) -> list[news.News]:
    body = _text(value.get("message_template_element"))
    return [news.TemplateContentNews(**told, **_template(value), event="EDITED", body=body)]


# --- Numbers -------------------------------------------------------------------------------------
def _digits(value: dict[str, Any]) -> str:
    digits = _NOT_DIGITS.sub("", _word(value, "display_phone_number"))
    if not digits:
        raise _UnreadableError("names no number")
    return digits


def _name(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    return [
        news.NumberNameNews(
            **told,
            digits=_digits(value),
            event=_required(value, "decision"),
            name=_text(value.get("requested_verified_name"))[:200],
            reason=_word(value, "rejection_reason"),
        )
    ]


def _capacity(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    limit = _limit(value, problems)
    return [
        news.NumberCapacityNews(
            **told, digits=_digits(value), event=_required(value, "event"), limit=limit
        )
    ]


def _security(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    return [
        news.NumberSecurityNews(
            **told,
            digits=_digits(value),
            event=_required(value, "event"),
            requester=_word(value, "requester"),
        )
    ]


def _limit(value: dict[str, Any], problems: list[str]) -> str:
    """Return Meta's limit of recipients as the API writes it; it comes as TIER_2K and as 2000."""
    for key in (
        "max_daily_conversations_per_business",
        "max_daily_conversation_per_phone",
        "current_limit",
    ):
        told = value.get(key)
        if told is None:
            continue
        number = whole_number(told)
        if number is not None and number > 0:
            return f"TIER_{number // 1000}K" if number % 1000 == 0 else f"TIER_{number}"
        if isinstance(told, str) and told.upper().startswith("TIER_") and len(told) <= 32:
            return told.upper()
        problems.append(f"{key} is no limit.")
    return ""


# --- The account ---------------------------------------------------------------------------------
def _account(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    event = told["event"] = _required(value, "event")
    if event == "ACCOUNT_VIOLATION":
        kind = _word(mapping(value.get("violation_info")), "violation_type")
        return [news.ViolationNews(**told, violation=kind)]
    if event == "ACCOUNT_RESTRICTION":
        found = _restrictions(value.get("restriction_info"), problems)
        return [news.RestrictionNews(**told, restrictions=found)]
    if event == "DISABLED_UPDATE":
        ban = mapping(value.get("ban_info"))
        state, date = _required(ban, "waba_ban_state"), ban.get("waba_ban_date")
        return [news.BanNews(**told, state=state, date_text=word(date) or "")]
    if event.startswith(("PARTNER_", "ACCOUNT_OFFBOARDED", "ACCOUNT_RECONNECTED")):
        client = _word(mapping(value.get("waba_info")), "waba_id", _ID_LENGTH)
        reason = _word(mapping(value.get("disconnection_info")), "reason")
        return [news.PartnerNews(**told, client_waba_id=client, reason=reason)]
    return [news.AccountNews(**told)]


def _restrictions(value: object, problems: list[str]) -> tuple[news.Restriction, ...]:
    found = []
    for place, row in enumerate(value[:_MOST_RESTRICTIONS] if isinstance(value, list) else []):
        kind = _word(mapping(row), "restriction_type")
        if kind:
            until = moment_of(mapping(row).get("expiration"))
            found.append(news.Restriction(kind, until, _text(mapping(row).get("remediation"))))
        else:
            problems.append(f"restriction_info[{place}] names no restriction.")
    if not found:
        raise _UnreadableError("names no restriction")
    return tuple(found)


def _review(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    return [news.ReviewNews(**told, event=_required(value, "decision"))]


def _capability(
    value: dict[str, Any], told: dict[str, Any], problems: list[str]
) -> list[news.News]:
    limit = _limit(value, problems)
    cap = value.get("max_phone_numbers_per_business")
    most = whole_number(cap)
    if cap is not None and (most is None or not 0 <= most < 2**31):
        problems.append("max_phone_numbers_per_business is no number.")
        most = None
    if not limit and most is None:
        raise _UnreadableError("tells no capability")
    return [news.CapabilityNews(**told, event=limit or str(most), limit=limit, max_numbers=most)]


def _alerts(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    info = mapping(value.get("alert_info")) or value
    return [
        news.AccountAlertNews(
            **told,
            event=_required(info, "alert_type"),
            severity=_word(info, "alert_severity"),
            status=_word(info, "alert_status"),
            text=_text(info.get("alert_description")),
            entity_type=_word(value, "entity_type"),
            entity_id=_word(value, "entity_id", _ID_LENGTH),
        )
    ]


# --- Echoes --------------------------------------------------------------------------------------
def _echoes(value: dict[str, Any], told: dict[str, Any], problems: list[str]) -> list[news.News]:
    rows = value.get(_ECHOES)
    if not isinstance(rows, list):
        raise _UnreadableError(f"{_ECHOES} is not a list")
    number = _word(mapping(value.get("metadata")), "phone_number_id", _ID_LENGTH)
    found: list[news.News] = []
    for place, row in enumerate(rows):
        wamid = mapping(row).get("id")
        if not isinstance(wamid, str) or not 0 < len(wamid) <= _TEXT_LENGTH:
            problems.append(f"{_ECHOES}[{place}] has no usable id.")
            continue
        kind = _word(row, "type") or "unknown"
        about = {
            "at": moment_of(row.get("timestamp")) or told["at"],
            "details": {"wamid": wamid, "type": kind},
        }
        found.append(
            news.EchoNews(**(told | about), event=kind, phone_number_id=number, wamid=wamid)
        )
    return found


# --- Which field is read by what -----------------------------------------------------------------
_Reader = Callable[[dict[str, Any], dict[str, Any], list[str]], list[news.News]]

_READERS: dict[str, _Reader] = {
    STATUS: _status,
    QUALITY: _quality,
    CATEGORY: _category,
    COMPONENTS: _components,
    NAME: _name,
    CAPACITY: _capacity,
    ACCOUNT: _account,
    ALERTS: _alerts,
    REVIEW: _review,
    CAPABILITY: _capability,
    SECURITY: _security,
    _ECHOES: _echoes,
    "smb_message_echoes": _echoes,
}


def _reader_of(field: str, value: dict[str, Any]) -> _Reader | None:
    if _ECHOES in value:
        return _echoes
    if _SCORE in value:
        return _quality
    return _READERS.get(field)


# --- Values --------------------------------------------------------------------------------------
def _word(holder: dict[str, Any], key: str, length: int = _WORD_LENGTH) -> str:
    """Return an id or one of Meta's words; empty where it is missing or none."""
    found = word(holder.get(key)) or ""
    return found if len(found) <= length else ""


def _required(holder: dict[str, Any], key: str) -> str:
    found = _word(holder, key)
    if not found:
        raise _UnreadableError(f"has no usable {key}")
    return found


def _text(value: object) -> str:
    return without_secrets(value)[:_TEXT_LENGTH] if isinstance(value, str) else ""


def _details(value: object, depth: int = 0) -> Any:
    """Return Meta's value for the history: bounded, without tokens and without what is a person's."""
    if isinstance(value, str):
        return without_tokens(value)[:_TEXT_LENGTH]
    if depth >= _MOST_DEPTH and isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        return {
            str(key)[:_WORD_LENGTH]: _details(item, depth + 1)
            for key, item in list(value.items())[:_MOST_ENTRIES]
            if key not in _PERSONAL
        }
    if isinstance(value, list):
        return [_details(item, depth + 1) for item in value[:_MOST_ENTRIES]]
    return value
