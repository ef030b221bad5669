"""What stands on the phones: one chat for each recipient and sending number, and the messages in it."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from messaging import demo
from messaging.simulator import store

SERVICE_WINDOW_S = 24 * 3600
_KEPT_S = (
    30 * 24 * 3600
)  # Meta keeps messages for 30 days at most. Source: Data privacy and security, 2026-11-22.
_KEPT_PER_CHAT = 300
_SHOWN_CHATS = 100
_CHATS = store.key("chats")
_CHAT_IDS = store.key("chat_ids")
# Beside a message's statuses: when the simulator decided to keep its webhooks back.
LOST = "lost"
_USER_IDS = store.key("user_ids")
FROM_BUSINESS = "business"
FROM_PERSON = "person"


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says. `sender` is FROM_BUSINESS or FROM_PERSON, `quoted` the wamid it answers."""

    wamid: str
    chat_id: str
    sender: str
    phone_number_id: str
    wa_id: str
    body: str
    header: str = ""
    footer: str = ""
    buttons: list[dict[str, str]] = field(default_factory=list)
    quoted: str = ""
    kind: str = "text"
    template_name: str = ""
    category: str = "service"
    callback_data: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter and what became of it: `at` maps accepted, held, sent, delivered, read, failed and lost to Unix seconds."""

    letter: Letter
    at: dict[str, float]
    error: str = ""

    @property
    def accepted_at(self) -> float:
        return self.at.get("accepted", 0.0)


@dataclass(frozen=True, slots=True)
class Chat:
    chat_id: str
    wa_id: str
    phone_number_id: str
    name: str
    last_text: str
    last_at: float
    unread: int
    stops_marketing: bool = False
    hides_number: bool = False

    @property
    def business_name(self) -> str:
        number = next(
            (one for one in demo.NUMBERS if one.phone_number_id == self.phone_number_id), None
        )
        return number.verified_name if number else self.phone_number_id


def new_wamid() -> str:
    return "wamid.HBgL" + secrets.token_hex(20).upper()


def user_id_of(wa_id: str) -> str:
    """Return the business-scoped user id of a number: always the same one. Source: Business-scoped user ids, 2026."""
    digest = int(hashlib.sha256(wa_id.encode()).hexdigest(), 16)
    return f"ES.{digest % 10**20:020d}"


def number_of_user(user_id: str) -> str | None:
    """Return the number behind a user id that has been in a chat."""
    return store.field_of(_USER_IDS, user_id)


def name_of(wa_id: str) -> str:
    """Return the profile name of a recipient; empty for a stranger."""
    return next((one.name for one in demo.SUPPLIERS if one.phone == f"+{wa_id}"), "")


def chat_id_of(wa_id: str, phone_number_id: str) -> str:
    """Return the opaque id that stands for this pair in addresses, made at its first use."""
    pair = f"{wa_id}:{phone_number_id}"
    known = store.field_of(_CHAT_IDS, pair)
    if known is None:
        store.set_once(_CHAT_IDS, pair, secrets.token_urlsafe(9))
        known = store.field_of(_CHAT_IDS, pair)
    return str(known)


def keep(letter: Letter, *, at: float, held: bool = False, name: str = "") -> None:
    """Put a letter at the end of its chat."""
    message, chat = _message_key(letter.wamid), _chat_key(letter.chat_id)
    entries = f"{chat}:messages"
    line = " ".join((letter.body or letter.header).split())[:120]
    facts = {
        "wa_id": letter.wa_id,
        "phone_number_id": letter.phone_number_id,
        "last_text": line,
        "last_at": at,
    }
    with store.connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.hset(message, mapping={"letter": json.dumps(asdict(letter)), "accepted": at})
        if held:
            pipe.hset(message, "held", str(at))
        pipe.expire(message, _KEPT_S)
        pipe.rpush(entries, letter.wamid)
        pipe.ltrim(entries, -_KEPT_PER_CHAT, -1)
        pipe.hset(chat, mapping=cast("dict[Any, Any]", facts))
        pipe.hsetnx(chat, "name", name or name_of(letter.wa_id))
        if letter.sender == FROM_BUSINESS:
            pipe.hincrby(chat, "unread", 1)
        else:
            pipe.hset(chat, "window_from", str(at))
        pipe.hset(_USER_IDS, user_id_of(letter.wa_id), letter.wa_id)
        pipe.zadd(_CHATS, {letter.chat_id: at})
        pipe.execute()


def find(wamid: str) -> Kept | None:
    return _kept(store.read_hash(_message_key(wamid)))


def messages_of(chat_id: str, *, limit: int = 100) -> list[Kept]:
    """Return the last messages of a chat, oldest first."""
    wamids = store.newest(f"{_chat_key(chat_id)}:messages", limit)
    rows = store.read_hashes([_message_key(wamid) for wamid in wamids])
    return [kept for kept in map(_kept, rows) if kept is not None]


def _kept(row: dict[str, str]) -> Kept | None:
    if "letter" not in row:
        return None
    letter = Letter(**json.loads(row.pop("letter")))
    error = row.pop("error", "")
    return Kept(letter, {status: float(at) for status, at in row.items()}, error)


def record(wamid: str, status: str, at: float, *, error: str = "") -> bool:
    """Note that a message reached `status`; return whether that is news. The earliest time stays."""
    first = store.set_once(_message_key(wamid), status, str(at))
    if first and error:
        store.write_hash(_message_key(wamid), {"error": error})
    return first


def listed() -> list[Chat]:
    """Return the chats, the one with the latest message first."""
    with store.connection() as client:
        ids = cast("list[str]", client.zrange(_CHATS, 0, _SHOWN_CHATS - 1, desc=True))
    rows = store.read_hashes([_chat_key(chat_id) for chat_id in ids])
    return [_chat(chat_id, row) for chat_id, row in zip(ids, rows, strict=True) if row]


def chat_by_id(chat_id: str) -> Chat | None:
    row = store.read_hash(_chat_key(chat_id))
    return _chat(chat_id, row) if row else None


def _chat(chat_id: str, row: dict[str, str]) -> Chat:
    return Chat(
        chat_id=chat_id,
        wa_id=row["wa_id"],
        phone_number_id=row["phone_number_id"],
        name=row.get("name", ""),
        last_text=row.get("last_text", ""),
        last_at=float(row.get("last_at", 0)),
        unread=int(row.get("unread", 0)),
        stops_marketing=row.get("stops_marketing") == "1",
        hides_number=row.get("hides_number") == "1",
    )


def mark_seen(chat_id: str) -> None:
    store.write_hash(_chat_key(chat_id), {"unread": 0})


def set_marketing(chat_id: str, *, stopped: bool) -> None:
    store.write_hash(_chat_key(chat_id), {"stops_marketing": int(stopped)})


def set_number_shown(chat_id: str, *, shown: bool) -> None:
    store.write_hash(_chat_key(chat_id), {"hides_number": int(not shown)})


def stops_marketing(chat_id: str) -> bool:
    return store.field_of(_chat_key(chat_id), "stops_marketing") == "1"


def hides_number(chat_id: str) -> bool:
    return store.field_of(_chat_key(chat_id), "hides_number") == "1"


def window_is_open(chat_id: str) -> bool:
    """Whether the person wrote within 24 hours, so that free text may be sent. Source: Send messages, 2026-11-22."""
    since = store.field_of(_chat_key(chat_id), "window_from")
    return since is not None and store.now() - float(since) < SERVICE_WINDOW_S


def _message_key(wamid: str) -> str:
    return store.key("message", wamid)


def _chat_key(chat_id: str) -> str:
    return store.key("chat", chat_id)
