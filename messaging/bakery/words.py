"""How the bakery's pages say things: plain words, each with a tone (colour) and an icon. Meta's words stay outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext, npgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from messaging.models import EventKind, Message, MessageEvent, MessageMail
from messaging.services.advice import WAITS_FOR_THE_CLOCK, Advice, advice_for, is_too_late
from messaging.services.failures import NEEDS_ATTENTION
from messaging.services.overview import Group
from messaging.statuses import MessageStatus
from tenants.phone_numbers import formatted, masked

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class State:
    """`tone` ends a CSS class (.state--good), `icon` names a symbol of icons.svg."""

    label: StrPromise | str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a list. `again` is the one that went out in its place; then there is nothing more to advise."""

    message: Message
    state: State
    advice: Advice | None
    opt_out: StrPromise | None = None
    again: Line | None = None

    @property
    def phone(self) -> str:
        """Empty where the person was erased; of somebody's own phone, to which a test went, its ends only."""
        if self.message.erased_at:
            return ""
        shown = masked if self.message.is_trial else formatted
        return shown(self.message.recipient_phone)

    @property
    def order(self) -> str:
        """Empty for a test, which is for no order."""
        return "" if self.message.is_trial else self.message.reference

    @property
    def may_be_called(self) -> bool:
        """Whether a number stands there that can be called: a supplier's, not one's own."""
        return not (self.message.erased_at or self.message.is_trial)

    @property
    def wants_a_call(self) -> bool:
        """Whether it did not arrive, or nobody knows, and calling is what is left."""
        is_open = self.again is None and self.message.status in NEEDS_ATTENTION
        return self.may_be_called and is_open

    @property
    def recipient(self) -> str:
        if self.message.erased_at:
            return gettext("An erased person")
        return self.message.recipient_name or self.phone

    @property
    def goes_out_at(self) -> datetime | None:
        """When it goes out that waits for the clock; None when it goes as soon as it can, or not in time."""
        waits = (
            self.message.status == MessageStatus.QUEUED
            and self.message.waits_for in WAITS_FOR_THE_CLOCK
        )
        return self.message.send_after if waits and not is_too_late(self.message) else None


STATES: dict[str, State] = {
    MessageStatus.QUEUED: State(_("Waiting"), "wait", "clock"),
    MessageStatus.SENDING: State(_("Going out"), "wait", "clock"),
    MessageStatus.ACCEPTED: State(_("On its way"), "go", "check"),
    MessageStatus.HELD: State(_("Delayed"), "wait", "clock"),
    MessageStatus.UNCONFIRMED: State(_("Not confirmed"), "warn", "question"),
    MessageStatus.SENT: State(_("Sent"), "go", "check"),
    MessageStatus.DELIVERED: State(_("Delivered"), "good", "checks"),
    MessageStatus.READ: State(_("Read"), "good", "eye"),
    MessageStatus.FAILED: State(_("Not delivered"), "bad", "cross"),
    MessageStatus.CANCELLED: State(_("Cancelled"), "none", "ban"),
    MessageStatus.EXPIRED: State(_("Not sent"), "bad", "cross"),
}

HAPPENED: dict[str, State] = {
    EventKind.QUEUED: State(_("The order asked for this notice"), "none", "bell"),
    EventKind.ACCEPTED: State(_("In the hands of WhatsApp"), "go", "check"),
    EventKind.HELD: State(_("WhatsApp is holding it back for a while"), "wait", "clock"),
    EventKind.UNCONFIRMED: State(_("WhatsApp did not answer"), "warn", "question"),
    EventKind.RETRY: State(_("It did not go out; we will try again"), "wait", "clock"),
    EventKind.SENT: State(_("Sent"), "go", "check"),
    EventKind.DELIVERED: State(_("It reached the phone"), "good", "checks"),
    EventKind.READ: State(_("They have read it"), "good", "eye"),
    EventKind.FAILED: State(_("It was not delivered"), "bad", "cross"),
    EventKind.CANCELLED: State(_("Cancelled before it was sent"), "none", "ban"),
    EventKind.EXPIRED: State(_("It waited too long and was not sent"), "bad", "cross"),
}

_TEST_ASKED_FOR = State(_("Somebody asked for this test"), "none", "bell")

# Whether the mail server has surely taken it.
_MAILED: dict[bool, State] = {
    True: State(_("Sent by e-mail"), "go", "mail"),
    False: State(_("Perhaps sent by e-mail"), "warn", "question"),
}

COUNTED: dict[Group, State] = {
    Group.SENT: State(pgettext_lazy("counted", "sent"), "go", "check"),
    Group.DELIVERED: State(pgettext_lazy("counted", "delivered"), "good", "checks"),
    Group.READ: State(pgettext_lazy("counted", "read"), "good", "eye"),
    Group.WAITING: State(pgettext_lazy("counted", "waiting"), "wait", "clock"),
    Group.FAILED: State(pgettext_lazy("counted", "failed"), "bad", "cross"),
}


TESTS = State(pgettext_lazy("counted", "tests"), "none", "phone")


def counted(group: Group, count: int) -> State:
    """Return the words that stand beside this number of notices."""
    labels = {
        Group.SENT: npgettext("beside its number", "sent", "sent", count),
        Group.DELIVERED: npgettext("beside its number", "delivered", "delivered", count),
        Group.READ: npgettext("beside its number", "read", "read", count),
        Group.WAITING: npgettext("beside its number", "waiting", "waiting", count),
        Group.FAILED: npgettext("beside its number", "failed", "failed", count),
    }
    return State(labels[group], COUNTED[group].tone, COUNTED[group].icon)


# Whether the bakery may know that the person asked, or only that it cannot write.
OPT_OUT: dict[bool, StrPromise] = {
    True: _("Does not want WhatsApp"),
    False: _("Cannot be reached by WhatsApp"),
}


def happened(event: MessageEvent, message: Message) -> State:
    if event.kind == EventKind.QUEUED and message.is_trial:
        return _TEST_ASKED_FOR
    return HAPPENED[event.kind]


def mailed(mail: MessageMail) -> State:
    return _MAILED[mail.is_sure]


def lines_for(messages: Iterable[Message], *, blocked: dict[str, bool]) -> list[Line]:
    return [line_for(message, blocked=blocked) for message in messages]


def line_for(message: Message, *, blocked: dict[str, bool]) -> Line:
    """`blocked` as `suppressions.blocked_phones` says it. No query where `replacements` were prefetched."""
    asked = blocked.get(message.recipient_phone)
    again = next(iter(message.replacements.all()), None)
    return Line(
        message,
        STATES[message.status],
        None if again else advice_for(message, language=get_language() or ""),
        None if asked is None else OPT_OUT[asked],
        Line(again, STATES[again.status], advice=None) if again else None,
    )


def ago(moment: datetime) -> str:
    """Return "12 minutes ago" with its largest unit only."""
    now = timezone.now()
    if now - moment < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
