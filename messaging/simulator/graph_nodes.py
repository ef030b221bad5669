"""What each Graph endpoint but sending answers. Each takes the call and returns Meta's body, or raises RefusalError."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import requests

from messaging import demo
from messaging.simulator import account, chats, store, template_making
from messaging.simulator.envelope import RefusalError, bad_token, missing, unknown_object
from messaging.simulator.graph_request import (
    GraphRequest,
    asked_fields,
    check_token,
    cut,
    is_app_token,
    page,
)

_NUMBER_FIELDS = ("verified_name", "display_phone_number", "quality_rating", "id")
_TEMPLATE_FIELDS = (
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "id",
)
_ACCOUNT_FIELDS = ("id", "name", "timezone_id", "message_template_namespace")
_REGISTRATIONS_ALLOWED = 10
_HOURS_72_S = 72 * 3600
_PIN_LENGTH = 6
_OVERRIDE_LIMIT = 200
_WHATSAPP = "whatsapp_business_account"

Body = dict[str, Any]


# --- Numbers -------------------------------------------------------------------------------------------------------
def phone_numbers(call: GraphRequest) -> Body:
    asked = asked_fields(call.query.get("fields"))
    rows = account.phone_numbers()
    return page(call, [_number(row, asked) for row in rows])


def phone_number(call: GraphRequest) -> Body:
    row = next(row for row in account.phone_numbers() if row["id"] == call.parts[0])
    return _number(row, asked_fields(call.query.get("fields")))


def _number(row: Body, asked: list[str]) -> Body:
    return cut(row, asked, usual=_NUMBER_FIELDS, kind="WhatsAppBusinessPhoneNumber")


def register(call: GraphRequest) -> Body:
    """Source: Business phone numbers, Registration, 2026-11-22: at most 10 in 72 hours, then a block."""
    if call.body.get("messaging_product") != "whatsapp":
        raise missing("messaging_product")
    pin = str(call.body.get("pin", ""))
    if not pin:
        raise missing("pin")
    tries = store.count_up(store.key("registrations", call.parts[0]), expire_s=_HOURS_72_S)
    if tries > _REGISTRATIONS_ALLOWED:
        raise RefusalError(133016, "This number was registered too often; wait 72 hours")
    kept = store.field_of(store.key("pins"), call.parts[0])
    if len(pin) != _PIN_LENGTH or not pin.isdecimal() or (kept and kept != pin):
        raise RefusalError(133005, "The PIN has six digits and must be the one that was set")
    if account.step_of(call.parts[0]) == account.NEW:
        raise RefusalError(133006, "Verify the number with a code first")
    store.write_hash(store.key("pins"), {call.parts[0]: pin})
    account.set_step(call.parts[0], account.REGISTERED)
    return {"success": True}


def request_code(call: GraphRequest) -> Body:
    if call.value("code_method") not in ("SMS", "VOICE"):
        raise missing("code_method")
    if account.step_of(call.parts[0]) != account.NEW:
        raise RefusalError(136024, "This number is already verified")
    return {"success": True}


def verify_code(call: GraphRequest) -> Body:
    if not call.value("code"):
        raise missing("code")
    if account.step_of(call.parts[0]) != account.NEW or call.value("code") != account.CODE:
        raise RefusalError(136025, "The code is wrong or has expired")
    account.set_step(call.parts[0], account.VERIFIED)
    return {"success": True}


def message_history(call: GraphRequest) -> Body:
    """Return the delivery events of one wamid, newest last. Source: message_history reference, 2026-11-22."""
    wamid = str(call.value("message_id") or "")
    kept = chats.find(wamid)
    if kept is None or kept.letter.phone_number_id != call.parts[0]:
        raise RefusalError(100, "No such message", http_status=422)
    callback = account.callback_url()
    state = (
        {
            "webhook_update_state": "FAILED",
            "webhook_uri": callback,
            "error_description": "The simulator kept this webhook back",
        }
        if chats.LOST in kept.at
        else {"webhook_update_state": "DELIVERED", "webhook_uri": callback}
    )
    seen = [
        (status, at)
        for status, at in kept.at.items()
        if status in ("sent", "delivered", "read", "failed")
    ]
    events = [
        {
            "id": str(330000000000021 + place),
            "delivery_status": status.upper(),
            "timestamp": int(at),
            **state,
        }
        for place, (status, at) in enumerate(sorted(seen, key=lambda one: one[1]))
    ]
    row = {"id": "330000000000020", "message_id": wamid, "events": {"data": events}}
    return {"data": [row], "paging": {"cursors": {"before": "MAZ", "after": "MTA"}}}


# --- The account ---------------------------------------------------------------------------------------------------
def business_account(call: GraphRequest) -> Body:
    asked = asked_fields(call.query.get("fields"))
    return cut(
        account.business_account(), asked, usual=_ACCOUNT_FIELDS, kind="WhatsAppBusinessAccount"
    )


def message_templates(call: GraphRequest) -> Body:
    asked = asked_fields(call.query.get("fields"))
    rows = account.templates()
    for name in ("name", "language", "status", "category"):
        if wanted := call.query.get(name):
            rows = [row for row in rows if row[name] == wanted]
    return page(call, [_template(row, asked) for row in rows])


def message_template(call: GraphRequest) -> Body:
    row = next(row for row in account.templates() if row["id"] == call.parts[0])
    return _template(row, asked_fields(call.query.get("fields")))


def _template(row: Body, asked: list[str]) -> Body:
    return cut(row, asked, usual=_TEMPLATE_FIELDS, kind="WhatsAppMessageTemplate")


def subscribed_apps(_call: GraphRequest) -> Body:
    if not account.is_subscribed():
        return {"data": []}
    app = {
        "id": demo.APP_ID,
        "name": account.APP_NAME,
        "link": "https://www.facebook.com/games/?app_id=" + demo.APP_ID,
    }
    row: Body = {"whatsapp_business_api_data": app}
    if override := account.override():
        row["override_callback_uri"] = override
    return {"data": [row]}


def subscribe_app(call: GraphRequest) -> Body:
    """Without a body this also removes the account's override. Source: Webhooks, Overrides, 2026-11-22."""
    url = call.value("override_callback_uri")
    if not url:
        account.set_subscribed(True)
        return {"success": True}
    if (
        not isinstance(url, str)
        or len(url) > _OVERRIDE_LIMIT
        or not url.startswith(("http://", "https://"))
    ):
        raise RefusalError(
            100, "override_callback_uri must be an address of at most 200 characters"
        )
    _verify_callback(url, str(call.value("verify_token") or ""))
    account.set_override(url)
    return {"success": True}


def _verify_callback(url: str, verify_token: str) -> None:
    challenge = str(100_000_000 + secrets.randbelow(900_000_000))
    question = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": verify_token,
    }
    try:
        answer = requests.get(url, params=question, timeout=(3.05, 5.0), allow_redirects=False)
        verified = answer.status_code == 200 and answer.text == challenge
    except requests.RequestException:
        verified = False
    if not verified:
        raise RefusalError(2200, "The address did not answer with the challenge")


def unsubscribe_app(_call: GraphRequest) -> Body:
    account.set_subscribed(False)
    return {"success": True}


def app_node(call: GraphRequest) -> Body:
    check_token(call.token)
    return {"id": demo.APP_ID, "name": account.APP_NAME, "link": "https://www.facebook.com/games/"}


def app_subscriptions(call: GraphRequest) -> Body:
    """Source: Graph API, App subscriptions, 2026-11-22: for the app's own token."""
    if not is_app_token(call.token):
        raise RefusalError(15, message="(#15) This method must be called with an app access_token.")
    fields = [{"name": name, "version": call.version} for name in account.fields()]
    row = {
        "object": _WHATSAPP,
        "callback_url": account.app_url(),
        "active": True,
        "fields": fields,
    }
    return {"data": [row]}


def subscribe_to_fields(call: GraphRequest) -> Body:
    """Source: WhatsApp, Webhooks, 2026-11-22: the app's fields and its one address, which is verified first."""
    if not is_app_token(call.token):
        raise RefusalError(15, message="(#15) This method must be called with an app access_token.")
    if call.value("object") != _WHATSAPP:
        raise RefusalError(100, f"object must be {_WHATSAPP}")
    url, asked = call.value("callback_url"), str(call.value("fields") or "")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise missing("callback_url")
    fields = [name for name in asked.split(",") if name]
    unknown = [name for name in fields if name not in account.SUBSCRIBED_FIELDS]
    if unknown or not fields:
        raise RefusalError(100, f"fields must be some of {', '.join(account.SUBSCRIBED_FIELDS)}")
    _verify_callback(url, str(call.value("verify_token") or ""))
    account.subscribe_to(fields, url=url)
    return {"success": True}


# --- Tokens --------------------------------------------------------------------------------------------------------
def debug_token(call: GraphRequest) -> Body:
    """Source: Graph API, debug_token, 2026-11-22: authorised by the app's own token, or by a live token of the app."""
    if not is_app_token(call.token):
        check_token(call.token)
    inspected = call.query.get("input_token", "")
    if not inspected:
        raise missing("input_token")
    if is_app_token(inspected):
        return {
            "data": {
                "app_id": demo.APP_ID,
                "type": "APP",
                "application": account.APP_NAME,
                "is_valid": True,
            }
        }
    try:
        check_token(inspected)
    except RefusalError as refusal:
        error = {"code": 190, "message": refusal.message, "subcode": refusal.subcode or 0}
        known = account.token_facts(inspected) is not None
        return {
            "data": ({"app_id": demo.APP_ID} if known else {})
            | {"error": error, "is_valid": False, "scopes": []}
        }
    return {"data": _token_data(account.token_facts(inspected) or {})}


def _token_data(facts: Body) -> Body:
    scopes = facts.get("scopes", account.SCOPES)
    targets = facts.get("target_ids", [demo.WABA_ID])
    return {
        "app_id": facts.get("app_id", demo.APP_ID),
        "type": facts.get("type", "SYSTEM_USER"),
        "application": account.APP_NAME,
        "is_valid": True,
        "issued_at": facts.get("issued_at", 0),
        "expires_at": facts.get("expires_at", 0),
        "data_access_expires_at": 0,
        "scopes": scopes,
        "granular_scopes": [{"scope": scope, "target_ids": targets} for scope in scopes],
        "user_id": account.SYSTEM_USER_ID,
    }


def mint_token(call: GraphRequest) -> Body:
    """Source: Business Management, System user tokens, 2026-11-22. The proof shows that the caller knows the secret."""
    if call.value("business_app") != demo.APP_ID:
        raise missing("business_app")
    if call.value("appsecret_proof") is None:  # a wrong one has been refused before
        raise missing("appsecret_proof")
    sixty = str(call.value("set_token_expires_in_60_days")).lower() == "true"
    token = account.mint_token(expires_in_s=account.DAYS_60_S if sixty else 0)
    answer: Body = {"access_token": token, "token_type": "bearer"}
    return answer | ({"expires_in": account.DAYS_60_S} if sixty else {})


def exchange_token(call: GraphRequest) -> Body:
    _check_app(call)
    old = call.query.get("fb_exchange_token", "")
    if call.query.get("grant_type") != "fb_exchange_token" or not old:
        raise missing("fb_exchange_token")
    check_token(old)
    token = account.mint_token(expires_in_s=account.DAYS_60_S)
    return {"access_token": token, "token_type": "bearer", "expires_in": account.DAYS_60_S}


def revoke_token(call: GraphRequest) -> Body:
    _check_app(call)
    revoked = call.query.get("revoke_token", "")
    if account.token_facts(revoked) is None:
        raise bad_token()
    account.revoke_token(revoked)
    return {"success": True}


def _check_app(call: GraphRequest) -> None:
    if call.query.get("client_id") != demo.APP_ID:
        raise RefusalError(101, message="Error validating application. Invalid application ID.")
    if call.query.get("client_secret") != demo.APP_SECRET:
        raise RefusalError(1, message="Error validating client secret.")


# --- Which path means what -----------------------------------------------------------------------------------------
Handler = Callable[[GraphRequest], Body]
OPEN = {"debug_token", "oauth", demo.APP_ID}  # these check their caller themselves

_NUMBER: dict[tuple[str, str], Handler] = {
    ("GET", ""): phone_number,
    ("POST", "register"): register,
    ("POST", "request_code"): request_code,
    ("POST", "verify_code"): verify_code,
    ("GET", "message_history"): message_history,
}
_ACCOUNT: dict[tuple[str, str], Handler] = {
    ("GET", ""): business_account,
    ("GET", "phone_numbers"): phone_numbers,
    ("GET", "message_templates"): message_templates,
    ("POST", "message_templates"): template_making.create_template,
    ("DELETE", "message_templates"): template_making.delete_template,
    ("GET", "subscribed_apps"): subscribed_apps,
    ("POST", "subscribed_apps"): subscribe_app,
    ("DELETE", "subscribed_apps"): unsubscribe_app,
}
_TEMPLATE: dict[tuple[str, str], Handler] = {
    ("GET", ""): message_template,
    ("POST", ""): template_making.edit_template,
}
_OTHERS: dict[tuple[str, ...], Handler] = {
    ("GET", "debug_token"): debug_token,
    ("GET", "oauth", "access_token"): exchange_token,
    ("GET", "oauth", "revoke"): revoke_token,
    ("GET", demo.APP_ID): app_node,
    ("GET", demo.APP_ID, "subscriptions"): app_subscriptions,
    ("POST", demo.APP_ID, "subscriptions"): subscribe_to_fields,
    ("POST", account.SYSTEM_USER_ID, "access_tokens"): mint_token,
}


def handler_for(call: GraphRequest) -> Handler:
    """Return what answers this method and path. Raises RefusalError as Meta does for what it does not know."""
    node = call.parts[0] if call.parts else ""
    edge = "/".join(call.parts[1:])
    found: Handler | None = _OTHERS.get((call.method, *call.parts))
    if found is None and account.number_of(node):
        found = _NUMBER.get((call.method, edge))
    elif found is None and node == demo.WABA_ID:
        found = _ACCOUNT.get((call.method, edge))
    elif found is None and any(node == row["id"] for row in account.templates()):
        found = _TEMPLATE.get((call.method, edge))
    if found is None:
        raise unknown_object(node, call.method.lower())
    return found
