"""How the bakery's pages say things: plain words, each with a tone (colour) and an icon. Meta's words stay outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext, npgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from messaging.models import EventKind, Message, MessageMail
from messaging.money import number
from messaging.services.advice import WAITS_FOR_THE_CLOCK, Advice, advice_for, is_too_late
from messaging.services.failures import NEEDS_ATTENTION
from messaging.services.obstacles import Obstacle, ObstacleKind, Standing
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


@dataclass(frozen=True, slots=True)
class Notice:
    """Why nothing goes out, or soon will not, who mends it, and what becomes of the messages. `reason` is the platform's.

    `is_open_ended` says that nobody knows the end yet.
    """

    title: StrPromise | str
    action: StrPromise | str
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    is_open_ended: bool = False
    tries_at: datetime | None = None


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


_OBSTACLES: dict[ObstacleKind, tuple[StrPromise, StrPromise]] = {
    ObstacleKind.PLATFORM_OFF: (
        _("WhatsApp notices are off for all bakeries."),
        _(
            "The platform has to turn them on again. You need to do nothing; for urgent orders call the supplier."
        ),
    ),
    ObstacleKind.SUSPENDED: (
        _("The platform has suspended your WhatsApp notices."),
        _("Talk to the platform to have them back. Meanwhile tell your suppliers yourself."),
    ),
    ObstacleKind.NO_NUMBER: (
        _("Your sending number is not ready yet."),
        _("The platform is preparing it. You need to do nothing; come back a little later."),
    ),
    ObstacleKind.STOPPED: (
        _("No notices are going out at the moment."),
        _(
            "The platform has to mend it. What waits will go out by itself; for urgent orders call the supplier."
        ),
    ),
    ObstacleKind.PAUSED: (
        _("The platform has paused the notices."),
        _("What waits will go out by itself when it goes on; for urgent orders call the supplier."),
    ),
    ObstacleKind.NUMBER_STOPPED: (
        _("The number that sends for you has stopped."),
        _(
            "The platform has to mend it. What waits will go out by itself; for urgent orders call the supplier."
        ),
    ),
    ObstacleKind.NUMBER_UNUSABLE: (
        _("The number that sends for you does not work at the moment."),
        _("The platform has to mend it. For urgent orders call the supplier."),
    ),
    ObstacleKind.WHATSAPP_LIMIT: (
        _("WhatsApp lets us write to no more new people for now."),
        _("What waits will go out by itself; for urgent orders call the supplier."),
    ),
    ObstacleKind.MONTHLY_LIMIT: (
        _("Your bakery's monthly limit of notices is reached."),
        _("What comes now waits for the next month; for urgent orders call the supplier."),
    ),
    ObstacleKind.DAILY_LIMIT: (
        _("Your bakery's daily limit of notices is reached."),
        _("What comes now waits for tomorrow; for urgent orders call the supplier."),
    ),
}


# Whether the bakery may know that the person asked, or only that it cannot write.
OPT_OUT: dict[bool, StrPromise] = {
    True: _("Does not want WhatsApp"),
    False: _("Cannot be reached by WhatsApp"),
}


def mailed(mail: MessageMail) -> State:
    return _MAILED[mail.is_sure]


def notice_for(obstacle: Obstacle) -> Notice:
    title, action = _OBSTACLES[obstacle.kind]
    return Notice(
        title,
        action,
        obstacle.since,
        obstacle.until,
        obstacle.reason,
        is_open_ended=obstacle.until is None,
        tries_at=obstacle.tries_at,
    )


def notices_of(standing: Standing) -> list[Notice]:
    """Return what stands above every page: all that stops notices, and a limit that is near."""
    found = [notice_for(obstacle) for obstacle in standing.obstacles]
    use = standing.month_use
    if use is not None and use.is_near and not use.is_full:
        title = gettext("%(used)s of the %(limit)s notices of this month are used.") % {
            "used": number(use.used),
            "limit": number(use.limit),
        }
        found.append(
            Notice(title, gettext("At the limit what comes after waits for the next month."))
        )
    return found


def line_for(message: Message, *, language: str, blocked: dict[str, bool]) -> Line:
    """`blocked` as `suppressions.blocked_phones` says it. No query where `replacements` were prefetched."""
    asked = blocked.get(message.recipient_phone)
    again = next(iter(message.replacements.all()), None)
    return Line(
        message,
        STATES[message.status],
        None if again else advice_for(message, language=language),
        None if asked is None else OPT_OUT[asked],
        Line(again, STATES[again.status], advice=None) if again else None,
    )


def ago(moment: datetime) -> str:
    """Return "12 minutes ago" with its largest unit only."""
    now = timezone.now()
    if now - moment < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
