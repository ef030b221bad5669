"""Steps 1, 2, 4 and 10 of the guide: the business, the account, its token, its app, its money."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.utils import timezone

from messaging.graph_api.client import TokenFacts
from messaging.graph_api.errors import AccountError, GraphApiError
from messaging.graph_api.number_calls import HealthFacts
from messaging.services.accounts import is_refused
from messaging.services.setup.outcomes import (
    NotReadyError,
    Outcome,
    by_hand,
    done,
    needs_you,
    waiting,
)
from messaging.services.setup.reading import Reading
from messaging.services.token_verification import PASSING, SYSTEM_USER, problems_of
from messaging.services.webhook_checks import signature_refusals

# Source: WhatsApp Business Account reference, business_verification_status, 2026-11-22; its letter case varies.
_VERIFIED, _PENDING = "verified", "pending"
# One of these is always told, so a read without any of them was a read without the optional fields.
_ALWAYS_TOLD = ("status", "account_review_status", "ownership_type", "health_status")
_BLOCKED = "BLOCKED"
_NOT_SHOWN = 100
_REFUSALS_OF = timedelta(hours=24)
_TOKEN_WORDS = ("app_id", "application", "type", "is_valid", "issued_at", "expires_at", "scopes")


def business(reading: Reading) -> Outcome:
    told = str(reading.account_facts().get("business_verification_status") or "").lower()
    if not told:
        return by_hand("business_untold")
    if told == _VERIFIED:
        return done("business_verified")
    if told == _PENDING:
        return waiting("business_pending")
    return needs_you("business_unverified", status=told)


def waba(reading: Reading) -> Outcome:
    try:
        account = reading.account
    except NotReadyError:
        return needs_you("waba_missing")
    if not account.access_token:
        return needs_you("waba_unchecked", waba_id=account.waba_id)
    try:
        told = reading.told_account()
    except GraphApiError as error:
        # Its code says why Meta has stopped an account that it knows.
        is_stopped = isinstance(error, AccountError) and error.code != _NOT_SHOWN
        if error.error_class in PASSING or is_stopped:
            raise
        return needs_you("waba_unread", waba_id=account.waba_id, error=error.code)
    review = str(told.get("account_review_status") or "").upper()
    facts: dict[str, Any] = {"waba_id": account.waba_id, "name": str(told.get("name") or "")}
    if review in ("PENDING", "DEFERRED"):
        return waiting("waba_in_review", **facts)
    if review == "REJECTED":
        return needs_you("waba_rejected", **facts)
    health = HealthFacts.from_meta(told.get("health_status"))
    facts["health"] = _troubles(health)
    if health is not None and health.can_send == _BLOCKED:
        return needs_you("waba_blocked", **facts)
    return done("waba_read", **facts)


def _troubles(health: HealthFacts | None) -> list[dict[str, str]]:
    """Return what Meta finds wrong with the account's parts, with the solution it proposes, in its own words."""
    return [
        {"what": part.kind, "why": problem.description, "solution": problem.solution}
        for part in (health.entities if health else ())
        for problem in part.problems
    ]


def app_secret(reading: Reading) -> Outcome:
    try:
        app_id, _secret = reading.app
    except NotReadyError as error:
        if error.code != "no_app":
            raise
        return needs_you("app_missing")
    try:
        reading.app_token()
    except GraphApiError as error:
        if error.error_class in PASSING:
            raise
        return needs_you("app_refused", app_id=app_id, error=error.code)
    refused = signature_refusals(since=timezone.now() - _REFUSALS_OF)
    return done("app_known", app_id=app_id, refused=refused)


def system_user(reading: Reading) -> Outcome:
    facts = reading.token()
    if not facts.is_valid:
        raise NotReadyError("token_invalid")
    if facts.type is None:
        return by_hand("system_user_untold")
    if facts.type != SYSTEM_USER:
        return needs_you("not_system_user", type=facts.type)
    return done("system_user_known")


def token(reading: Reading) -> Outcome:
    """What debug_token says, and whether Meta takes it: it may like a token with which it refuses every call."""
    try:
        facts = reading.token()
    except NotReadyError as error:
        if error.code == "no_token":
            return needs_you("token_missing")
        raise
    kept: dict[str, Any] = {"token": kept_of(facts)}
    if problems_of(facts, reading.account):
        return needs_you("token_bad", **kept)
    if is_refused(reading.account):
        return needs_you("token_stopped", error=reading.account.sending_stopped_code, **kept)
    with suppress(
        NotReadyError, GraphApiError
    ):  # all else that may be refused is other lines' finding
        reading.account_facts()
    if reading.token_refusal is not None:
        return needs_you("token_refused_now", error=reading.token_refusal, **kept)
    return done("token_good", **kept)


def kept_of(facts: TokenFacts) -> dict[str, object]:
    """Return what Meta says of the token as far as the page shows it: never the token, no text of Meta's."""
    kept = {name: facts.raw[name] for name in _TOKEN_WORDS if name in facts.raw}
    kept["granular_scopes"] = [
        {"scope": scope, "target_ids": list(targets)} for scope, targets in facts.target_ids.items()
    ]
    if facts.error_code is not None:
        kept["error"] = {"code": facts.error_code, "subcode": facts.error_subcode}
    return kept


def billing(reading: Reading) -> Outcome:
    """A missing `primary_funding_id` means that nobody pays. Source: WhatsApp Business Account, 2026-11-22."""
    told = reading.account_facts()
    if told.get("primary_funding_id"):
        return done("billing_there", currency=str(told.get("currency") or ""))
    if any(name in told for name in _ALWAYS_TOLD):
        return needs_you("billing_missing")
    return by_hand("billing_untold")
