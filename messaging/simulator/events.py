"""What happens at Meta besides statuses, to templates, numbers and the account, with the webhooks that tell of it."""

from __future__ import annotations

from typing import Any

from messaging import demo
from messaging.simulator import account, chats, webhooks
from messaging.simulator.scenarios import Twist

RESTRICTED_FOR_S = 180
_DAY_S = 86_400


def after_sending(twist: Twist, letter: chats.Letter, *, due_at: float) -> None:
    if twist is Twist.NUMBER_RED:
        account.set_quality(letter.phone_number_id, "RED")
    elif twist is Twist.UNKNOWN_FIELD:
        change = {
            "field": "bakery_weather",
            "value": {"sky": ["clear", None, 7], "about": letter.wamid},
        }
        webhooks.later("bakery_weather", change, due_at=due_at, timed=True)
    elif twist in (Twist.CATEGORY_CHANGE, Twist.TEMPLATE_PAUSED):
        template = next(
            (one for one in account.templates() if one["name"] == letter.template_name), None
        )
        if template and twist is Twist.CATEGORY_CHANGE:
            change_category(template, "MARKETING", due_at=due_at)
        elif template:
            change_status(template, "PAUSED", due_at=due_at)


def change_category(template: dict[str, Any], category: str, *, due_at: float) -> None:
    """Move a template to another category and say so. Source: Webhooks, template_category_update, 2026-11-22."""
    if template["category"] == category:
        return
    account.change_template(
        template["id"], category=category, previous_category=template["category"]
    )
    value = _about(template) | {"previous_category": template["category"], "new_category": category}
    webhooks.later(
        "template_category_update",
        {"field": "template_category_update", "value": value},
        due_at=due_at,
        timed=True,
    )


def change_status(template: dict[str, Any], status: str, *, due_at: float) -> None:
    """Pause or approve a template and say so. Source: Webhooks, message_template_status_update, 2026-11-22."""
    account.change_template(template["id"], status=status)
    title = "FIRST_PAUSE" if status == "PAUSED" else "UNPAUSE"
    value = _about(template) | {
        "event": status,
        "message_template_category": template["category"],
        "reason": "NONE",
        "other_info": {"title": title, "description": "Changed on the simulator's screen"},
    }
    change = {"field": "message_template_status_update", "value": value}
    webhooks.later(f"message_template_status_update: {status}", change, due_at=due_at, timed=True)


def announce_category(template: dict[str, Any], category: str, *, due_at: float) -> None:
    """Say a day before that a template will be moved. Source: Webhooks, template_category_update, 2026-11-22."""
    value = _about(template) | {
        "new_category": template["category"],
        "correct_category": category,
        "category_update_timestamp": int(due_at) + _DAY_S,
    }
    _tell("template_category_update", value, due_at=due_at)


def change_template_quality(template: dict[str, Any], score: str, *, due_at: float) -> None:
    """Source: Webhooks, message_template_quality_update, 2026-11-22."""
    before = template.get("quality_score", {}).get("score", "UNKNOWN")
    account.change_template(template["id"], quality_score={"score": score})
    value = _about(template) | {"previous_quality_score": before, "new_quality_score": score}
    _tell("message_template_quality_update", value, due_at=due_at)


def decide_name(phone_number_id: str, decision: str, *, due_at: float) -> None:
    """Approve or reject a number's display name. Source: Webhooks, phone_number_name_update, 2026-11-22."""
    number = account.number_of(phone_number_id)
    if number is None:
        return
    is_approved = decision == "APPROVED"
    account.set_name_status(phone_number_id, "APPROVED" if is_approved else "DECLINED")
    value = {
        "display_phone_number": number.display_phone_number.lstrip("+"),
        "decision": decision,
        "requested_verified_name": number.verified_name,
        "rejection_reason": None if is_approved else "NAME_ENDCLIENT_NOTRELATED",
    }
    _tell("phone_number_name_update", value, due_at=due_at)


def change_account(event: str, *, due_at: float) -> None:
    """Restrict, warn, disable or reinstate the account. Source: Webhooks, account_update, 2026-11-22.

    The simulator goes on taking messages: it is the product that must stop.
    """
    values: dict[str, dict[str, Any]] = {
        "restricted": {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [
                {
                    "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                    "expiration": int(due_at) + RESTRICTED_FOR_S,
                }
            ],
        },
        "violation": {
            "event": "ACCOUNT_VIOLATION",
            "violation_info": {"violation_type": "ALCOHOL"},
        },
        "disabled": _ban("DISABLE"),
        "reinstated": _ban("REINSTATE"),
    }
    _tell("account_update", values[event], due_at=due_at)


def raise_limits(*, due_at: float) -> None:
    """Let the business be verified: 20 numbers, 2,000 recipients. Source: Webhooks, business_capability_update, 2026-11-22."""
    account.raise_limits()
    value = {
        "max_daily_conversations_per_business": account.messaging_limit(),
        "max_phone_numbers_per_business": demo.MAX_NUMBERS,
        "max_phone_numbers_per_waba": demo.MAX_NUMBERS + 5,
    }
    _tell("business_capability_update", value, due_at=due_at)


def _ban(state: str) -> dict[str, Any]:
    date = "November 22, 2026"
    return {
        "event": "DISABLED_UPDATE",
        "ban_info": {"waba_ban_state": state, "waba_ban_date": date},
    }


def _tell(field: str, value: dict[str, Any], *, due_at: float) -> None:
    webhooks.later(field, {"field": field, "value": value}, due_at=due_at, timed=True)


def announce_review(template: dict[str, Any], *, status: str, reason: str, due_at: float) -> None:
    """Say what a review decided. Source: Webhooks, message_template_status_update, 2026-11-22."""
    value = _about(template) | {
        "event": status,
        "message_template_category": template["category"],
        "reason": reason,
    }
    change = {"field": "message_template_status_update", "value": value}
    webhooks.later(f"message_template_status_update: {status}", change, due_at=due_at, timed=True)


def _about(template: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"],
    }
