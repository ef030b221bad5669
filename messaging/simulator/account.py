"""The account at the simulated Meta: numbers, templates, tokens and the webhook subscription.

The facts come from `messaging.demo`; what changes while the simulator runs lies over them in Redis.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from messaging import demo
from messaging.simulator import store

SYSTEM_USER_ID = "555000000000006"
APP_NAME = "Bakery WhatsApp"
SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]
DAYS_60_S = 60 * 24 * 3600
QUALITY_RATINGS = ("GREEN", "YELLOW", "RED", "UNKNOWN")

SUBSCRIBED_FIELDS = (
    "messages",
    "message_template_status_update",
    "message_template_quality_update",
    "message_template_components_update",
    "template_category_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "business_capability_update",
    "account_update",
    "account_alerts",
    "account_review_update",
    "user_preferences",
    "security",
)

NEW, VERIFIED, REGISTERED = "new", "verified", "registered"
# What the simulated Meta would send by SMS.
CODE = "123456"

_TOKENS = store.key("tokens")
_STEPS = store.key("number_steps")
_STEP_FIELDS = {
    NEW: {"code_verification_status": "NOT_VERIFIED", "status": "PENDING"},
    VERIFIED: {"status": "PENDING"},
    REGISTERED: {},
}
# In the form of Meta's health status (read 2026-11-22); its codes are text to us, and these are invented.
_ERRORS: dict[str, list[dict[str, Any]]] = {
    NEW: [
        {
            "error_code": 141000,
            "error_description": "The phone number is not verified.",
            "possible_solution": "Request a verification code and enter it.",
        }
    ],
    VERIFIED: [
        {
            "error_code": 141010,
            "error_description": "The phone number is not registered.",
            "possible_solution": "Register the phone number with its two-step verification PIN.",
        }
    ],
    REGISTERED: [],
}
_MADE = store.key("templates_made")
_REMOVED = store.key("templates_removed")
_REVIEWS = store.key("templates_reviewed")
_ACCOUNT = store.key("account")
_DAYS_2_S = 2 * 24 * 3600
_COMMON = {
    "status": "CONNECTED",
    "name_status": "APPROVED",
    "new_name_status": "NONE",
    "code_verification_status": "VERIFIED",
    "throughput": {"level": "STANDARD"},
    "platform_type": "CLOUD_API",
    "host_platform": "CLOUD_API",
    "account_mode": "LIVE",
    "is_official_business_account": False,
    "is_pin_enabled": True,
    "is_preverified_number": False,
    "is_on_biz_app": False,
    "last_onboarded_time": "2026-11-02T09:00:00+0000",
    "country_dial_code": "34",
    "search_visibility": "VISIBLE",
}


def spaced(number: str) -> str:
    """Write `+34612345678` as Meta displays it: `+34 612 345 678`, and `+1 555-010-0678`."""
    if number.startswith("+1"):
        return f"+1 {number[2:5]}-{number[5:8]}-{number[8:]}"
    return f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}"


def number_of(phone_number_id: str) -> demo.DemoNumber | None:
    return next(
        (number for number in demo.NUMBERS if number.phone_number_id == phone_number_id), None
    )


def phone_numbers() -> list[dict[str, Any]]:
    """Return all numbers with every field that Meta can be asked for."""
    changed, steps = store.read_hash(store.key("quality")), store.read_hash(_STEPS)
    names = store.read_hash(store.key("names"))
    return [
        _phone_number(
            number,
            step=steps.get(number.phone_number_id, _first_step(number)),
            quality=changed.get(
                number.phone_number_id, "GREEN" if number.is_verified else "UNKNOWN"
            ),
        )
        | {"name_status": names.get(number.phone_number_id, "APPROVED")}
        for number in demo.NUMBERS
    ]


def _first_step(number: demo.DemoNumber) -> str:
    return REGISTERED if number.is_verified else NEW


def _phone_number(number: demo.DemoNumber, *, step: str, quality: str) -> dict[str, Any]:
    return {
        "verified_name": number.verified_name,
        "display_phone_number": spaced(number.display_phone_number),
        "quality_rating": quality,
        "id": number.phone_number_id,
        **_COMMON,
        "messaging_limit_tier": messaging_limit(),
        "whatsapp_business_manager_messaging_limit": messaging_limit(),
        "quality_score": {"score": quality},
        "health_status": health(
            number.phone_number_id, "PHONE_NUMBER", blocked=step != REGISTERED, errors=_ERRORS[step]
        ),
        "webhook_configuration": {"application": callback_url()},
        **_STEP_FIELDS[step],
    }


def health(
    entity_id: str, kind: str, *, blocked: bool, errors: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    state = "BLOCKED" if blocked else "AVAILABLE"
    entities: list[dict[str, Any]] = [
        {"entity_type": kind, "id": entity_id, "can_send_message": state}
    ]
    if errors:
        entities[0]["errors"] = list(errors)
    others = (("WABA", demo.WABA_ID), ("BUSINESS", demo.BUSINESS_ID), ("APP", demo.APP_ID))
    entities += [
        {"entity_type": name, "id": key, "can_send_message": "AVAILABLE"}
        for name, key in others
        if name != kind
    ]
    return {"can_send_message": state, "entities": entities}


def step_of(phone_number_id: str) -> str:
    """How far the number has come: NEW, VERIFIED or REGISTERED."""
    number = number_of(phone_number_id)
    first = _first_step(number) if number else REGISTERED
    return store.field_of(_STEPS, phone_number_id) or first


def set_step(phone_number_id: str, step: str) -> None:
    store.write_hash(_STEPS, {phone_number_id: step})


def set_quality(phone_number_id: str, rating: str) -> None:
    store.write_hash(store.key("quality"), {phone_number_id: rating})


def set_name_status(phone_number_id: str, status: str) -> None:
    store.write_hash(store.key("names"), {phone_number_id: status})


def templates() -> list[dict[str, Any]]:
    """Return the templates with every field: the demo's and those made since, changes and ended reviews applied."""
    made = [json.loads(row) for row in store.read_hash(_MADE).values()]
    changes = store.read_hash(store.key("templates"))
    reviews = store.read_hash(_REVIEWS)
    removed = store.read_hash(_REMOVED)
    return [
        _template(row, json.loads(changes.get(row["id"], "{}")), _ended(reviews.get(row["id"])))
        for row in [*demo.TEMPLATES, *sorted(made, key=lambda row: str(row["name"]))]
        if row["id"] not in removed
    ]


def _template(
    template: dict[str, Any], changed: dict[str, Any], reviewed: dict[str, Any]
) -> dict[str, Any]:
    whole = {
        "previous_category": None,
        "correct_category": None,
        "sub_category": None,
        "rejected_reason": "NONE",
        "message_send_ttl_seconds": -1,
        "last_updated_time": "2026-11-02T09:00:00+0000",
        "library_template_name": None,
        **template,
        **changed,
        **reviewed,
    }
    whole["health_status"] = health(
        whole["id"], "MESSAGE_TEMPLATE", blocked=whole["status"] != "APPROVED"
    )
    return {name: value for name, value in whole.items() if value is not None}


def _ended(review: str | None) -> dict[str, Any]:
    """What a review has decided, {} while it lasts."""
    kept = json.loads(review or "{}")
    due_at = kept.pop("due_at", None)
    return kept if due_at is not None and due_at <= store.now() else {}


def change_template(template_id: str, **changes: Any) -> None:
    """A change comes after what the last review decided."""
    kept = json.loads(store.field_of(store.key("templates"), template_id) or "{}")
    decided = _ended(store.field_of(_REVIEWS, template_id))
    store.remove_field(_REVIEWS, template_id)
    store.write_hash(store.key("templates"), {template_id: json.dumps(kept | decided | changes)})


def add_template(row: dict[str, Any]) -> None:
    store.write_hash(_MADE, {row["id"]: json.dumps(row)})


def remove_template(template_id: str) -> None:
    store.write_hash(_REMOVED, {template_id: "1"})


def review_template(template_id: str, *, due_at: float, **decision: str) -> None:
    """Let the template become what was decided at `due_at`."""
    store.write_hash(_REVIEWS, {template_id: json.dumps({"due_at": due_at, **decision})})


def business_account() -> dict[str, Any]:
    return {
        "id": demo.WABA_ID,
        "name": demo.ACCOUNT_NAME,
        "timezone_id": "58",
        "message_template_namespace": "5a1f0c2e_0b7d_4c11_9f63_77d1a0c4e2b8",
        "status": "ACTIVE",
        "currency": "EUR",
        "country": "ES",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "ownership_type": "SELF",
        "owner_business_info": {"id": demo.BUSINESS_ID, "name": demo.ACCOUNT_NAME},
        "primary_funding_id": "446000000000007",
        "is_enabled_for_insights": False,
        "disable_marketing_messages_on_cloud_api": False,
        "whatsapp_business_manager_messaging_limit": messaging_limit(),
        "health_status": health(demo.WABA_ID, "WABA", blocked=False),
    }


def messaging_limit() -> str:
    """Meta's limit of the whole portfolio; a new one begins with the lowest."""
    return store.field_of(_ACCOUNT, "limit") or "TIER_250"


def raise_limits() -> None:
    store.write_hash(_ACCOUNT, {"limit": "TIER_2K"})


# --- Webhook subscription ------------------------------------------------------------------------------------------
def is_subscribed() -> bool:
    return store.field_of(_ACCOUNT, "subscribed") != "no"


def set_subscribed(subscribed: bool) -> None:
    store.write_hash(_ACCOUNT, {"subscribed": "yes" if subscribed else "no", "override": ""})


def set_override(url: str) -> None:
    store.write_hash(_ACCOUNT, {"subscribed": "yes", "override": url})


def override() -> str:
    return store.field_of(_ACCOUNT, "override") or ""


def subscribe_to(fields: Sequence[str], *, url: str) -> None:
    """What the app itself is told of, and where."""
    store.write_hash(_ACCOUNT, {"fields": ",".join(fields), "app_url": url})


def fields() -> tuple[str, ...]:
    kept = store.field_of(_ACCOUNT, "fields")
    return tuple(kept.split(",")) if kept else SUBSCRIBED_FIELDS


def app_url() -> str:
    return store.field_of(_ACCOUNT, "app_url") or settings.SIMULATOR_WEBHOOK_URL


def callback_url() -> str:
    """Where webhooks go: the account's override, else the app's address; empty when there is none."""
    return override() or app_url()


# --- Tokens --------------------------------------------------------------------------------------------------------
def mint_token(*, expires_in_s: int, **more: Any) -> str:
    """Return a new token of the system user; 0 never expires. Only its hash is kept.

    `more` says what debug_token tells otherwise: `type`, `app_id`, `scopes`, `target_ids`.
    """
    token = "EAA" + secrets.token_hex(24)
    now = int(store.now())
    facts = {"issued_at": now, "expires_at": now + expires_in_s if expires_in_s else 0, **more}
    store.write_hash(_TOKENS, {_digest(token): json.dumps(facts)})
    return token


def end_tokens() -> None:
    """Let every token given out so far be refused as expired, as on the day it ends."""
    known = store.read_hash(_TOKENS)
    known.setdefault(_digest(demo.ACCESS_TOKEN), json.dumps(_first_token()))
    now = int(store.now())
    ended = {key: json.dumps(json.loads(kept) | {"expires_at": now}) for key, kept in known.items()}
    store.write_hash(_TOKENS, ended)


def revoke_token(token: str) -> None:
    kept = token_facts(token) or {}
    store.write_hash(_TOKENS, {_digest(token): json.dumps(kept | {"revoked": True})})


def token_facts(token: str) -> dict[str, Any] | None:
    """Return {issued_at, expires_at, revoked?, …} of a token that the simulator has given out, None for any other."""
    kept = store.field_of(_TOKENS, _digest(token))
    if kept is not None:
        return dict(json.loads(kept))
    return _first_token() if token == demo.ACCESS_TOKEN else None


def _first_token() -> dict[str, Any]:
    """The demo's own token never ends and never grows old, so that no reminder of it stands in a demo."""
    return {"issued_at": int(store.now()) - _DAYS_2_S, "expires_at": 0}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
