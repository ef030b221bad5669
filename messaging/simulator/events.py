"""What happens at Meta besides statuses: quality, category and pauses, with the webhooks that tell of them."""

from __future__ import annotations

from typing import Any

from messaging.simulator import account, chats, webhooks
from messaging.simulator.scenarios import Twist


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
