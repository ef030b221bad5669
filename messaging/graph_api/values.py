"""What Meta answers, as plain values: its own words, ids as `str`, the whole object kept in `raw`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from messaging.graph_api.errors import whole_number
from messaging.graph_api.masking import without_secrets

_WAMID_LENGTH = 512
_LAST_SECOND = 253_402_300_799  # the end of year 9999, where datetime ends


def word(value: object) -> str | None:
    """Return a non-empty string, or a whole number as one; None for anything else."""
    if isinstance(value, str):
        return value or None
    number = whole_number(value)
    return None if number is None else str(number)


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _moment(value: object) -> datetime | None:
    seconds = whole_number(value)
    if seconds is None or not 0 < seconds <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _first(value: object) -> dict[str, Any]:
    return mapping(value[0]) if isinstance(value, list) and value else {}


@dataclass(frozen=True, slots=True)
class SentMessage:
    """An accepted message. `message_status`: `accepted`, `held_for_quality_assessment`, `paused` or None."""

    wamid: str
    wa_id: str | None
    message_status: str | None
    raw: dict[str, Any]
    http_status: int = 200

    @classmethod
    def from_meta(cls, answer: dict[str, Any], *, http_status: int = 200) -> SentMessage | None:
        message = _first(answer.get("messages"))
        wamid = message.get("id")
        if not isinstance(wamid, str) or not 0 < len(wamid) <= _WAMID_LENGTH:
            return None
        contact = _first(answer.get("contacts"))
        wa_id, status = word(contact.get("wa_id")), word(message.get("message_status"))
        return cls(wamid, wa_id, status, answer, http_status)


@dataclass(frozen=True, slots=True)
class PhoneNumberFacts:
    """One sending number. The display number comes formatted (`+34 612 345 678`): compare digits only."""

    phone_number_id: str
    display_phone_number: str
    verified_name: str
    quality_rating: str | None
    code_verification_status: str | None
    status: str | None
    name_status: str | None
    new_name_status: str | None
    throughput_level: str | None
    messaging_limit: str | None
    platform_type: str | None
    account_mode: str | None
    is_official_business_account: bool | None
    raw: dict[str, Any]

    @classmethod
    def from_meta(cls, row: dict[str, Any]) -> PhoneNumberFacts | None:
        phone_number_id = word(row.get("id"))
        if phone_number_id is None:
            return None
        limit = row.get("whatsapp_business_manager_messaging_limit")
        official = row.get("is_official_business_account")
        return cls(
            phone_number_id=phone_number_id,
            display_phone_number=word(row.get("display_phone_number")) or "",
            verified_name=word(row.get("verified_name")) or "",
            quality_rating=word(row.get("quality_rating")),
            code_verification_status=word(row.get("code_verification_status")),
            status=word(row.get("status")),
            name_status=word(row.get("name_status")),
            new_name_status=word(row.get("new_name_status")),
            throughput_level=word(mapping(row.get("throughput")).get("level")),
            messaging_limit=word(limit) or word(row.get("messaging_limit_tier")),
            platform_type=word(row.get("platform_type")),
            account_mode=word(row.get("account_mode")),
            is_official_business_account=official if isinstance(official, bool) else None,
            raw=row,
        )


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """One template in one language. Only status `APPROVED` can be sent."""

    template_id: str
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: list[dict[str, Any]]
    quality: str | None
    rejected_reason: str | None
    previous_category: str | None
    correct_category: str | None
    raw: dict[str, Any]

    @classmethod
    def from_meta(cls, row: dict[str, Any]) -> TemplateFacts | None:
        template_id, name = word(row.get("id")), word(row.get("name"))
        language = word(row.get("language"))
        if template_id is None or name is None or language is None:
            return None
        components = row.get("components")
        return cls(
            template_id=template_id,
            name=name,
            language=language,
            category=word(row.get("category")) or "",
            status=word(row.get("status")) or "",
            parameter_format=word(row.get("parameter_format")) or "POSITIONAL",
            components=[part for part in components if isinstance(part, dict)]
            if isinstance(components, list)
            else [],
            quality=word(mapping(row.get("quality_score")).get("score")),
            rejected_reason=word(row.get("rejected_reason")),
            previous_category=word(row.get("previous_category")),
            correct_category=word(row.get("correct_category")),
            raw=row,
        )


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What `debug_token` says. `expires_at` is None for a token that never expires and when untold.

    `target_ids` lists the assets of each scope; a scope without targets covers all assets of the token.
    """

    is_valid: bool
    app_id: str | None
    application: str | None
    type: str | None
    user_id: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    never_expires: bool
    data_access_expires_at: datetime | None
    scopes: tuple[str, ...]
    target_ids: dict[str, tuple[str, ...]]
    error_code: int | None
    error_subcode: int | None
    error_message: str
    raw: dict[str, Any]

    @classmethod
    def from_meta(cls, data: object) -> TokenFacts | None:
        if not isinstance(data, dict) or not isinstance(data.get("is_valid"), bool):
            return None
        error = mapping(data.get("error"))
        return cls(
            is_valid=data["is_valid"],
            app_id=word(data.get("app_id")),
            application=word(data.get("application")),
            type=word(data.get("type")),
            user_id=word(data.get("user_id")),
            issued_at=_moment(data.get("issued_at")),
            expires_at=_moment(data.get("expires_at")),
            never_expires=whole_number(data.get("expires_at")) == 0,
            data_access_expires_at=_moment(data.get("data_access_expires_at")),
            scopes=_words(data.get("scopes")),
            target_ids=_target_ids(data.get("granular_scopes")),
            error_code=whole_number(error.get("code")),
            error_subcode=whole_number(error.get("subcode")),
            error_message=without_secrets(word(error.get("message")) or ""),
            raw=data,
        )


def _words(value: object) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(text for text in map(word, rows) if text is not None)


def _target_ids(value: object) -> dict[str, tuple[str, ...]]:
    rows = [mapping(row) for row in value] if isinstance(value, list) else []
    named = [(word(row.get("scope")), _words(row.get("target_ids"))) for row in rows]
    return {scope: targets for scope, targets in named if scope is not None}


@dataclass(frozen=True, slots=True)
class SubscribedApp:
    app_id: str
    name: str
    override_callback_uri: str | None
    raw: dict[str, Any]

    @classmethod
    def from_meta(cls, row: dict[str, Any]) -> SubscribedApp | None:
        data = mapping(row.get("whatsapp_business_api_data"))
        app_id = word(data.get("id"))
        if app_id is None:
            return None
        uri = word(row.get("override_callback_uri"))
        return cls(app_id, word(data.get("name")) or "", uri, row)
