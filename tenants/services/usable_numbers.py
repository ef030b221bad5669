"""Which numbers may be given to a bakery, and what speaks against the others.

Source of Meta's words: Cloud API, Business phone numbers, read 2026-11-22. What Meta has not told is not held against a
number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenants.models import PhoneNumber

_NAME_IN_THE_WAY = {
    "PENDING_REVIEW": "name_in_review",
    "DECLINED": "name_declined",
    "EXPIRED": "name_expired",
}
# Cloud API is what we send through; a number that is not registered there has no PIN set yet.
_REGISTERED = "CLOUD_API"


class Unusable(StrEnum):
    """Why a number cannot be given to a bakery now."""

    RESERVED = "reserved"
    NOT_READ = "not_read"
    NOT_VERIFIED = "not_verified"
    NOT_REGISTERED = "not_registered"
    NOT_CONNECTED = "not_connected"
    NAME_IN_REVIEW = "name_in_review"
    NAME_DECLINED = "name_declined"
    NAME_EXPIRED = "name_expired"


class Doubt(StrEnum):
    """What an admin should know of a number that may be given all the same."""

    QUALITY_RED = "quality_red"
    QUALITY_YELLOW = "quality_yellow"
    STOPPED = "stopped"


def why_unusable(number: PhoneNumber) -> Unusable | None:
    """Return the first thing to mend, in the order in which it is mended at Meta; None for a number that may be given."""
    if number.is_default:
        return Unusable.RESERVED
    if not number.display_phone_number:
        return Unusable.NOT_READ
    if number.code_verification_status not in {"", "VERIFIED"}:
        return Unusable.NOT_VERIFIED
    if number.name_status in _NAME_IN_THE_WAY:
        return Unusable(_NAME_IN_THE_WAY[number.name_status])
    if number.platform_type not in {"", _REGISTERED}:
        return Unusable.NOT_REGISTERED
    if number.status not in {"", "CONNECTED"}:
        return Unusable.NOT_CONNECTED
    return None


def doubts_about(number: PhoneNumber) -> list[Doubt]:
    doubts = []
    if number.sending_stopped_at is not None:
        doubts.append(Doubt.STOPPED)
    if number.quality_rating == "RED":
        doubts.append(Doubt.QUALITY_RED)
    if number.quality_rating == "YELLOW":
        doubts.append(Doubt.QUALITY_YELLOW)
    return doubts
