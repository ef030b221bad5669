"""Why a message, or what is asked of one, is not accepted."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Each has words for people in refusal_words.py; other systems read `code`, the contract's."""

    UNKNOWN_TENANT = "unknown_tenant"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    SENDING_DISABLED = "sending_disabled"
    WHATSAPP_DISABLED = "whatsapp_disabled"
    SUSPENDED = "suspended"
    NOTICE_OFF = "notice_off"
    INVALID_PHONE_NUMBER = "invalid_phone_number"
    OWN_NUMBER = "own_number"
    RECIPIENT_OPTED_OUT = "recipient_opted_out"
    NO_PHONE_NUMBER = "no_phone_number"
    UNKNOWN_TEMPLATE = "unknown_template"
    TEMPLATE_NOT_APPROVED = "template_not_approved"
    PARAMETERS_MISMATCH = "parameters_mismatch"
    NOT_CANCELLABLE = "not_cancellable"
    NOT_RESENDABLE = "not_resendable"

    @property
    def code(self) -> str:
        return _CODES.get(self, self).value


# What callers cannot tell apart; their code is older than the difference.
_CODES = {
    Refusal.SUSPENDED: Refusal.WHATSAPP_DISABLED,
    Refusal.OWN_NUMBER: Refusal.INVALID_PHONE_NUMBER,
}


class RefusedError(Exception):
    """It is not accepted. `message` is for other systems, in English; `fields` names the part of the request to mend."""

    def __init__(self, why: Refusal, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.why = why
        self.message = message
        self.fields = fields or {}

    @property
    def code(self) -> str:
        return self.why.code
