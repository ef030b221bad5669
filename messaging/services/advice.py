"""What a bakery is told of a notice with which something is wrong: plain words, none of Meta's.

The pages and the mails say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from messaging.graph_api.facts import WhoActs, spoken_for
from messaging.models import Message, WaitsFor
from messaging.services.explaining import explain
from messaging.statuses import MessageStatus

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, and what the bakery can do. `language` is set where the words may be of another than the page's."""

    title: str
    action: str
    language: str = ""


# What waits for the clock, not for us.
WAITS_FOR_THE_CLOCK: dict[str, StrPromise] = {
    WaitsFor.QUIET_HOURS: _("It waits for the end of your quiet hours."),
    WaitsFor.DAILY_CAP: _("Your bakery's daily limit of notices is reached."),
    WaitsFor.MONTHLY_CAP: _("Your bakery's monthly limit of notices is reached."),
}

# Bakeries could act on these, but the catalogue has to speak of templates to say how.
_TRADE_WORDS = frozenset({131047, 132008})


def advice_for(message: Message, *, language: str) -> Advice | None:
    """Return plain words where something is wrong. What only the platform can mend is not explained to a bakery."""
    advice = _advice_for_notice(message, language)
    if advice and message.is_trial:
        action = gettext("This is a test: no supplier waits for it.")
        return Advice(advice.title, action)
    return advice


def _advice_for_notice(message: Message, language: str) -> Advice | None:
    explanation = explain(message, language)
    if message.status == MessageStatus.QUEUED and message.waits_for:
        return _advice_for_waiting(message)
    if explanation is None:
        return None
    match message.status:
        case MessageStatus.UNCONFIRMED:
            return Advice(
                gettext("We do not know yet whether it arrived."),
                gettext("If it is urgent, ask the supplier."),
            )
        case MessageStatus.EXPIRED:
            return Advice(
                gettext("It could not go out in time."),
                gettext("If you still need the order, tell the supplier yourself."),
            )
        case MessageStatus.CANCELLED:
            return Advice(
                gettext("It was not sent: the supplier cannot be written to by WhatsApp."),
                gettext("Tell the supplier yourself."),
            )
        case MessageStatus.QUEUED:
            return _soon()
    speaks_to_bakery = explanation.who_acts in {WhoActs.BAKERY, WhoActs.SUPPLIER}
    if speaks_to_bakery and explanation.code not in _TRADE_WORDS:
        return Advice(explanation.title, explanation.action, spoken_for(language))
    return Advice(
        gettext("It could not be delivered; the fault is neither yours nor the supplier's."),
        gettext("Tell the supplier yourself. The platform sees the failure too and can mend it."),
    )


def _advice_for_waiting(message: Message) -> Advice:
    if message.waits_for not in WAITS_FOR_THE_CLOCK:
        return _soon()
    title = str(WAITS_FOR_THE_CLOCK[message.waits_for])
    if is_too_late(message):
        return Advice(title, gettext("It will not go out in time: tell the supplier yourself."))
    return Advice(title, gettext("If it is urgent, call the supplier."))


def _soon() -> Advice:
    return Advice(
        gettext("It has not gone out yet."),
        gettext("We will try again; you need to do nothing."),
    )


def is_too_late(message: Message) -> bool:
    return message.send_after is not None and message.send_after >= message.expires_at
