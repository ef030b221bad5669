"""The phone screen's content, in the words and order in which the templates show it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from messaging import demo
from messaging.simulator import account, chats, scenarios, switches
from messaging.templatetags.whatsapp_text import whatsapp_text

_COLOURS = 6


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of the list of chats."""

    chat_id: str
    name: str
    number: str
    business: str
    initials: str
    colour: int
    last_text: str
    at: datetime
    is_today: bool
    unread: int
    scenario: str


@dataclass(frozen=True, slots=True)
class Bubble:
    anchor: str
    wamid: str
    from_business: bool
    header: str
    body: SafeString
    footer: str
    buttons: list[dict[str, str]]
    quoted: str
    at: datetime
    day: date
    day_text: str
    status: str
    status_text: str
    error: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline of the last message."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatScreen:
    line: ChatLine
    business_number: str
    bubbles: list[Bubble]
    moments: list[Moment]
    wamid: str
    scenario: scenarios.Scenario


def status_words() -> dict[str, str]:
    return {
        "accepted": _("Accepted by Meta"),
        "held": _("Held by Meta"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Not delivered"),
        chats.LOST: _("Its webhooks are kept back"),
    }


def grouped(digits: str) -> str:
    """Write a Spanish number in threes, any other with a plus."""
    return (
        account.spaced(f"+{digits}")
        if digits.startswith("34") and len(digits) == 11
        else f"+{digits}"
    )


def chat_lines(switched: switches.Switches) -> list[ChatLine]:
    return [line_of(chat, switched) for chat in chats.listed()]


def line_of(chat: chats.Chat, switched: switches.Switches) -> ChatLine:
    at = _local(chat.last_at)
    scenario = scenarios.scenario_for(chat.wa_id, switch=switched.scenario)
    return ChatLine(
        chat_id=chat.chat_id,
        name=chat.name or grouped(chat.wa_id),
        number=grouped(chat.wa_id),
        business=chat.business_name,
        initials=_initials(chat.name) if chat.name else chat.wa_id[-2:],
        colour=int(hashlib.sha256(chat.wa_id.encode()).hexdigest(), 16) % _COLOURS,
        last_text=chat.last_text,
        at=at,
        is_today=at.date() == timezone.localdate(),
        unread=chat.unread,
        scenario="" if scenario is scenarios.NORMAL else str(scenario.title),
    )


def chat_screen(chat: chats.Chat, switched: switches.Switches) -> ChatScreen:
    kept = chats.messages_of(chat.chat_id)
    texts = {one.letter.wamid: one.letter.body for one in kept}
    words = status_words()
    last = next((one for one in reversed(kept) if one.letter.sender == chats.FROM_BUSINESS), None)
    number = account.number_of(chat.phone_number_id)
    return ChatScreen(
        line=line_of(chat, switched),
        business_number=account.spaced(number.display_phone_number) if number else "",
        bubbles=[_bubble(one, texts, words) for one in kept],
        moments=_moments(last, words),
        wamid=last.letter.wamid if last else "",
        scenario=scenarios.scenario_for(chat.wa_id, switch=switched.scenario),
    )


def _moments(kept: chats.Kept | None, words: dict[str, str]) -> list[Moment]:
    if kept is None:
        return []
    times = sorted(kept.at.items(), key=lambda one: one[1])
    return [Moment(words.get(status, status), _local(at)) for status, at in times]


def _bubble(kept: chats.Kept, texts: dict[str, str], words: dict[str, str]) -> Bubble:
    letter = kept.letter
    status = _shown_status(kept)
    at = _local(kept.accepted_at)
    return Bubble(
        anchor="m" + hashlib.sha256(letter.wamid.encode()).hexdigest()[:12],
        wamid=letter.wamid,
        from_business=letter.sender == chats.FROM_BUSINESS,
        header=letter.header,
        body=formatted(letter.body),
        footer=letter.footer,
        buttons=[button | {"index": str(index)} for index, button in enumerate(letter.buttons)],
        quoted=Truncator(texts.get(letter.quoted, "")).chars(140),
        at=at,
        day=at.date(),
        day_text=_day_text(at.date()),
        status=status,
        status_text=words.get(status, status),
        error=kept.error if status == "failed" else "",
    )


def _day_text(day: date) -> str:
    today = timezone.localdate()
    if day == today:
        return _("Today")
    return _("Yesterday") if day == today - timedelta(days=1) else date_format(day, "DATE_FORMAT")


def _shown_status(kept: chats.Kept) -> str:
    """A later delivery wins over a failure, as on the phone: the message is there."""
    for status in ("read", "delivered", "failed", "sent", "held"):
        if status in kept.at:
            return status
    return "accepted"


def formatted(text: str) -> SafeString:
    """Return text with WhatsApp's marks as HTML; everything else is escaped."""
    safe = whatsapp_text(text).replace("\n", "<br>")
    return mark_safe(safe)  # noqa: S308 (escaped there, only our own tags are added)


def business_numbers() -> list[tuple[str, str]]:
    """Return (phone_number_id, label) of the numbers a recipient can write to."""
    return [
        (
            number.phone_number_id,
            f"{number.verified_name} · {account.spaced(number.display_phone_number)}",
        )
        for number in demo.NUMBERS
    ]


def _initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[0], *words[-1:])[: min(len(words), 2)]).upper()


def _local(at: float) -> datetime:
    return timezone.localtime(datetime.fromtimestamp(at, tz=UTC))
