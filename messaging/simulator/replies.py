"""What the person with the phone does: open a chat, write, press a button."""

from __future__ import annotations

from messaging.simulator import chats, store, switches, webhooks
from messaging.simulator.envelope import RefusalError
from messaging.simulator.scenarios import Twist, scenario_for


def write_back(
    *,
    wa_id: str,
    phone_number_id: str,
    text: str,
    quoted: str = "",
    payload: str | None = None,
    name: str = "",
) -> chats.Letter:
    """Send what the recipient wrote, or the quick reply pressed (`payload`), as a signed inbound webhook."""
    letter = chats.Letter(
        wamid=chats.new_wamid(),
        chat_id=chats.chat_id_of(wa_id, phone_number_id),
        sender=chats.FROM_PERSON,
        phone_number_id=phone_number_id,
        wa_id=wa_id,
        body=text,
        quoted=quoted,
        kind="text" if payload is None else "button",
    )
    now = store.now()
    chats.keep(letter, at=now, name=name)
    change = webhooks.inbound_change(
        letter, at=now, payload=payload, shows_number=not chats.hides_number(letter.chat_id)
    )
    webhooks.later("messages: inbound", change, due_at=now, wamid=letter.wamid, status="sent")
    return letter


def prefer_marketing(chat: chats.Chat, *, stopped: bool) -> None:
    """Stop or resume marketing in WhatsApp's own menu, and say so by webhook. Source: user_preferences, 2026-11-22."""
    now = store.now()
    chats.set_marketing(chat.chat_id, stopped=stopped)
    value = "stop" if stopped else "resume"
    change = webhooks.preference_change(
        chat.wa_id, chat.phone_number_id, value, at=now, shows_number=not chat.hides_number
    )
    webhooks.later(f"user_preferences: {value}", change, due_at=now)


def open_chat(chat: chats.Chat, *, reading: switches.Reading) -> None:
    """What opening a chat does: nothing stays unread, and what was delivered becomes read."""
    if chat.unread:
        chats.mark_seen(chat.chat_id)
    if reading is switches.Reading.NEVER:
        return
    for kept in chats.messages_of(chat.chat_id):
        letter = kept.letter
        if (
            letter.sender == chats.FROM_BUSINESS
            and "delivered" in kept.at
            and "read" not in kept.at
        ):
            _read_now(letter)


def _read_now(letter: chats.Letter) -> None:
    at = store.now()
    if not chats.record(letter.wamid, "read", at):
        return
    scenario = scenario_for(letter.wa_id, switch="")
    webhooks.later(
        "messages: read",
        webhooks.status_change(letter, "read", at=at, priced=False),
        due_at=at,
        posted=scenario.webhooks,
        well_signed=scenario.twist is not Twist.WRONG_SIGNATURE,
    )


def mark_read_by_business(wamid: object) -> None:
    """The business has read a reply: its ticks turn blue. Source: Mark messages as read, 2026-11-22."""
    kept = chats.find(wamid) if isinstance(wamid, str) else None
    if kept is None or kept.letter.sender != chats.FROM_PERSON:
        raise RefusalError(131009, "Parameter value is not valid: message_id")
    chats.record(kept.letter.wamid, "read", store.now())
