"""Meta's webhooks: their bodies, and the queue in which each waits for its time.

The queue is a sorted set of ids by due time; the pump (pump.py) claims and posts them.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from messaging import demo
from messaging.simulator import account, chats, envelope, store

DUE = store.key("webhooks", "due")
LOG = store.key("webhooks", "log")
_LOG_LENGTH = 60
_LEASE_S = 60
_BODY_KEPT_S = 8 * 24 * 3600

# Claiming moves the due time into the future, so that only one pump has an item and a died pump's item comes back.
_CLAIM = """
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], ARGV[2], id) end
return ids
"""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One change on its way. `wamid` and `status` say what the phone learns when it leaves for the first time."""

    webhook_id: str
    name: str
    change: dict[str, Any]
    entry: dict[str, Any] = field(default_factory=dict)
    wamid: str = ""
    status: str = ""
    error: str = ""
    posted: bool = True
    well_signed: bool = True
    unless_seen: bool = False
    attempts: int = 0


def later(
    name: str,
    change: dict[str, Any],
    *,
    due_at: float,
    wamid: str = "",
    status: str = "",
    error: str = "",
    posted: bool = True,
    well_signed: bool = True,
    unless_seen: bool = False,
    timed: bool = False,
) -> None:
    """Queue one change. `unless_seen` drops it when its status is already known; `timed` adds `entry[].time`."""
    entry = {"time": int(due_at)} if timed else {}
    webhook = Webhook(
        secrets.token_hex(8),
        name,
        change,
        entry,
        wamid,
        status,
        error,
        posted,
        well_signed,
        unless_seen,
    )
    put(webhook, due_at=due_at)


def put(webhook: Webhook, *, due_at: float) -> None:
    with store.connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.set(_key(webhook.webhook_id), json.dumps(asdict(webhook)), ex=_BODY_KEPT_S)
        pipe.zadd(DUE, {webhook.webhook_id: due_at})
        pipe.execute()


def claim(*, now: float, limit: int) -> list[Webhook]:
    """Take up to `limit` webhooks that are due; nobody else gets them for a minute."""
    ids = cast("list[str]", store.run(_CLAIM, [DUE], [now, now + _LEASE_S, limit]))
    if not ids:
        return []
    with store.connection() as client:
        bodies = cast("list[str | None]", client.mget([_key(webhook_id) for webhook_id in ids]))
        gone = [webhook_id for webhook_id, body in zip(ids, bodies, strict=True) if body is None]
        if gone:
            client.zrem(DUE, *gone)
    return [Webhook(**json.loads(body)) for body in bodies if body is not None]


def done(webhooks: list[Webhook]) -> None:
    with store.connection() as client, client.pipeline(transaction=True) as pipe:
        for webhook in webhooks:
            pipe.zrem(DUE, webhook.webhook_id)
            pipe.delete(_key(webhook.webhook_id))
        pipe.execute()


def next_due_at() -> float | None:
    with store.connection() as client:
        first = cast("list[tuple[str, float]]", client.zrange(DUE, 0, 0, withscores=True))
    return first[0][1] if first else None


def waiting() -> int:
    with store.connection() as client:
        return client.zcard(DUE)


def hurry(*, now: float) -> None:
    """Make everything that waits due at once: the button for people who have just mended their endpoint."""
    with store.connection() as client:
        for webhook_id in cast("list[str]", client.zrange(DUE, 0, -1)):
            client.zadd(DUE, {webhook_id: now}, xx=True)


def note(names: list[str], *, answer: str, attempts: int, at: float) -> None:
    """Keep one line about a delivery for the screen."""
    line = json.dumps({"names": names, "answer": answer, "attempts": attempts, "at": at})
    with store.connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.rpush(LOG, line)
        pipe.ltrim(LOG, -_LOG_LENGTH, -1)
        pipe.execute()


def noted(limit: int = 20) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reversed(store.newest(LOG, limit))]


def body_of(webhooks: list[Webhook]) -> bytes:
    """Return the bytes to sign and post: ASCII only, with Meta's lower-case escapes and its escaped slash.

    Source: Webhooks, Create a webhook endpoint (payload signature), 2026-11-22.
    """
    entries = [
        {"id": demo.WABA_ID, **webhook.entry, "changes": [webhook.change]} for webhook in webhooks
    ]
    text = json.dumps(
        {"object": "whatsapp_business_account", "entry": entries}, separators=(",", ":")
    )
    return text.replace("/", "\\/").encode("ascii")


# --- Values of the field `messages` --------------------------------------------------------------------------------
def status_change(
    letter: chats.Letter,
    status: str,
    *,
    at: float,
    priced: bool,
    code: int | None = None,
    details: str = "",
) -> dict[str, Any]:
    """Return the change for one status; Meta prices `sent` and one of delivered and read.

    Source: Webhooks, messages, status, 2026-11-22.
    """
    fact: dict[str, Any] = {
        "id": letter.wamid,
        "status": status,
        "timestamp": str(int(at)),
        "recipient_id": letter.wa_id,
    }
    if letter.callback_data is not None:
        fact["biz_opaque_callback_data"] = letter.callback_data
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": metadata(letter.phone_number_id),
    }
    if status == "failed":
        fact["errors"] = [envelope.webhook_error(code or 131000, details)]
    else:
        fact["recipient_user_id"] = chats.user_id_of(letter.wa_id)
        value["contacts"] = [contact(letter.wa_id)]
        if priced:
            fact["pricing"] = pricing(letter.category)
    return {"field": "messages", "value": value | {"statuses": [fact]}}


def pricing(category: str) -> dict[str, Any]:
    kind = "free_customer_service" if category == "service" else "regular"
    return {
        "billable": kind == "regular",
        "pricing_model": "PMP",
        "type": kind,
        "category": category,
    }


def metadata(phone_number_id: str) -> dict[str, str]:
    number = account.number_of(phone_number_id)
    display = number.display_phone_number.lstrip("+") if number else ""
    return {"display_phone_number": display, "phone_number_id": phone_number_id}


def contact(wa_id: str, *, shows_number: bool = True) -> dict[str, Any]:
    """Return who somebody is; people with a user name may show no number (Business-scoped user ids, 2026-11-22)."""
    known = {"wa_id": wa_id} if shows_number else {}
    name = chats.name_of(wa_id) or f"…{wa_id[-3:]}"
    return {"profile": {"name": name}, **known, "user_id": chats.user_id_of(wa_id)}


def preference_change(
    wa_id: str, phone_number_id: str, value: str, *, at: float, shows_number: bool
) -> dict[str, Any]:
    """Return the change for a choice made in WhatsApp; its time is a number. Source: user_preferences, 2026-11-22."""
    preference: dict[str, Any] = {"wa_id": wa_id} if shows_number else {}
    preference |= {
        "user_id": chats.user_id_of(wa_id),
        "category": "marketing_messages",
        "value": value,
        "detail": f"User requested to {value} marketing messages",
        "timestamp": int(at),
    }
    whole = {
        "messaging_product": "whatsapp",
        "metadata": metadata(phone_number_id),
        "contacts": [contact(wa_id, shows_number=shows_number)],
        "user_preferences": [preference],
    }
    return {"field": "user_preferences", "value": whole}


def inbound_change(
    letter: chats.Letter, *, at: float, payload: str | None, shows_number: bool = True
) -> dict[str, Any]:
    """Return the change for a reply from the phone; `payload` makes it a pressed quick-reply button.

    Source: Webhooks, messages (text, button), 2026-11-22.
    """
    message: dict[str, Any] = {"from": letter.wa_id} if shows_number else {}
    message |= {
        "from_user_id": chats.user_id_of(letter.wa_id),
        "id": letter.wamid,
        "timestamp": str(int(at)),
        "type": "text" if payload is None else "button",
    }
    if letter.quoted:
        own = metadata(letter.phone_number_id)["display_phone_number"]
        message["context"] = {"from": own, "id": letter.quoted}
    if payload is None:
        message["text"] = {"body": letter.body}
    else:
        message["button"] = {"payload": payload, "text": letter.body}
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata(letter.phone_number_id),
        "contacts": [contact(letter.wa_id, shows_number=shows_number)],
        "messages": [message],
    }
    return {"field": "messages", "value": value}


def _key(webhook_id: str) -> str:
    return store.key("webhook", webhook_id)
