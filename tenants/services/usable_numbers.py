"""Which numbers may be given to a bakery, and what speaks against the others.

Source of Meta's words: Cloud API, Business phone numbers, read 2026-11-22. What Meta has not told is not held against a
number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenants.models import PhoneNumber

_NAME_IN_THE_WAY = {
    "PENDING_REVIEW": "name_in_review",
    "DECLINED": "name_declined",
    "EXPIRED": "name_expired",
}
# Cloud API is what we send through; a number that is not registered there has no PIN set yet.
_REGISTERED = "CLOUD_API"
# Meta warned of a low quality by it until October 2025; such a number sends.
_FLAGGED = "FLAGGED"
_REGISTERING_HELPS = frozenset({"PENDING", "DISCONNECTED", "UNVERIFIED", "UNKNOWN"})


class Unusable(StrEnum):
    """Why a number cannot be given to a bakery now."""

    RESERVED = "reserved"
    GONE = "gone"
    NOT_READ = "not_read"
    NOT_VERIFIED = "not_verified"
    NOT_REGISTERED = "not_registered"
    NOT_CONNECTED = "not_connected"
    NAME_IN_REVIEW = "name_in_review"
    NAME_DECLINED = "name_declined"
    NAME_EXPIRED = "name_expired"


_CANNOT_SEND = frozenset({Unusable.NOT_VERIFIED, Unusable.NOT_REGISTERED, Unusable.NOT_CONNECTED})


class Doubt(StrEnum):
    """What an admin should know of a number that may be given all the same."""

    QUALITY_RED = "quality_red"
    QUALITY_YELLOW = "quality_yellow"
    FLAGGED = "flagged"
    STOPPED = "stopped"


def why_unusable(number: PhoneNumber) -> Unusable | None:
    """Return the first thing to mend, in the order in which it is mended at Meta; None for a number that may be given."""
    if number.is_default:
        return Unusable.RESERVED
    return next(_obstacles(number), None)


def _obstacles(number: PhoneNumber) -> Iterator[Unusable]:
    """Everything at Meta that keeps the number from sending, in the order in which it is mended there."""
    if number.gone_at is not None:
        yield Unusable.GONE
    if not number.display_phone_number:
        yield Unusable.NOT_READ
    if number.code_verification_status not in {"", "VERIFIED"}:
        yield Unusable.NOT_VERIFIED
    if number.name_status in _NAME_IN_THE_WAY:
        yield Unusable(_NAME_IN_THE_WAY[number.name_status])
    if not is_registered(number):
        yield Unusable.NOT_REGISTERED
    if number.status not in {"", "CONNECTED", _FLAGGED}:
        yield Unusable.NOT_CONNECTED


@dataclass(frozen=True, slots=True)
class ToDo:
    """What can be done with a number from here, whoever has it: several at once while several things are missing."""

    verify: bool
    register: bool
    send_a_test: bool


def what_to_do(number: PhoneNumber) -> ToDo:
    """Return the steps that help. Nothing helps a number that is gone, and registering none that Meta restricts."""
    obstacles = set(_obstacles(number))
    if Unusable.GONE in obstacles:
        return ToDo(verify=False, register=False, send_a_test=False)
    return ToDo(
        verify=Unusable.NOT_VERIFIED in obstacles,
        register=Unusable.NOT_REGISTERED in obstacles
        or (Unusable.NOT_CONNECTED in obstacles and number.status in _REGISTERING_HELPS),
        send_a_test=not obstacles & _CANNOT_SEND,
    )


def is_registered(number: PhoneNumber) -> bool:
    return number.platform_type in {"", _REGISTERED}


def doubts_about(number: PhoneNumber) -> list[Doubt]:
    doubts = []
    if number.sending_stopped_at is not None:
        doubts.append(Doubt.STOPPED)
    if number.status == _FLAGGED:
        doubts.append(Doubt.FLAGGED)
    if number.quality_rating == "RED":
        doubts.append(Doubt.QUALITY_RED)
    if number.quality_rating == "YELLOW":
        doubts.append(Doubt.QUALITY_YELLOW)
    return doubts
