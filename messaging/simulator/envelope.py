"""Meta's error envelope and the titles of the codes that the simulator answers."""

from __future__ import annotations

import secrets
from typing import Any

_OAUTH = "OAuthException"
ERROR_PAGE = (
    "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"
)

# code: (HTTP status, title). Source: WhatsApp Cloud API, Error codes, editions December 2025 and September 2026.
CODES: dict[int, tuple[int, str]] = {
    2: (503, "Service temporarily unavailable"),
    100: (400, "Invalid parameter"),
    131000: (500, "Something went wrong"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131031: (403, "Business Account locked"),
    131042: (400, "Business eligibility payment issue"),
    131047: (400, "Re-engagement message"),
    131050: (400, "User has stopped receiving marketing messages"),
    131051: (400, "Unsupported message type"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131059: (400, "Invalid cursor"),
    130429: (400, "Rate limit hit"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Translated text too long"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "There was an issue with the parameters in your template"),
    133005: (400, "Two-step verification PIN mismatch"),
    133016: (400, "Account register/deregister rate limit exceeded"),
    136024: (400, "Phone number already verified"),
    136025: (400, "Verify code error"),
    190: (401, "Invalid OAuth access token"),
    200: (403, "Permissions error"),
    2200: (400, "Callback verification failed"),
    2500: (400, "Unknown path components"),
    368: (403, "Temporarily blocked for policies violations"),
    80008: (400, "There have been too many calls to this WhatsApp Business account"),
}


class RefusalError(Exception):
    """What Meta would answer instead of doing it. `details` is for the developer who reads `error_data`."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        message: str | None = None,
        subcode: int | None = None,
        http_status: int | None = None,
        kind: str = _OAUTH,
        is_transient: bool | None = None,
        user_title: str = "",
        user_message: str = "",
    ) -> None:
        known_status, title = CODES.get(code, (400, "Unknown error"))
        super().__init__(code)
        self.code = code
        self.details = details
        self.message = message or f"(#{code}) {title}"
        self.subcode = subcode
        self.http_status = http_status or known_status
        self.kind = kind
        self.is_transient = is_transient
        self.user_title = user_title
        self.user_message = user_message

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer. Source: Graph API, Error handling, 2026-11-22."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        if self.user_title:
            error["error_user_title"] = self.user_title
            error["error_user_msg"] = self.user_message
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        error["fbtrace_id"] = trace_id()
        return {"error": error}


def trace_id() -> str:
    return "A" + secrets.token_urlsafe(16)


def missing(parameter: str) -> RefusalError:
    return RefusalError(100, message=f"(#100) The parameter {parameter} is required.")


def unknown_object(object_id: str, method: str = "get") -> RefusalError:
    """The same words for an id that is wrong and one that the token may not see: Meta does not tell them apart."""
    return RefusalError(
        100,
        message=f"Unsupported {method} request. Object with ID '{object_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation.",
        subcode=33,
        kind="GraphMethodException",
    )


def bad_token(
    subcode: int | None = None, reason: str = "Cannot parse access token"
) -> RefusalError:
    return RefusalError(190, message=f"Invalid OAuth access token - {reason}", subcode=subcode)


def webhook_error(code: int, details: str) -> dict[str, Any]:
    """One element of `statuses[].errors`. Source: Webhooks, messages, status, 2026-11-22."""
    title = CODES.get(code, (400, "Unknown error"))[1]
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": ERROR_PAGE,
    }
