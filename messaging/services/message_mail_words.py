"""Why a message is not sent by e-mail, and what became of one that was: staff and bakeries read the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.dateformat import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.services.message_mails import MailHurdle

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from messaging.models import MessageMail
    from messaging.services.mail_server import NotTakenError
    from messaging.services.message_mails import WhyNoMail

_HURDLES: dict[MailHurdle, StrPromise] = {
    MailHurdle.ARRIVED: gettext_lazy("It has arrived by WhatsApp."),
    MailHurdle.REPLACEMENT_ARRIVED: gettext_lazy(
        "It was sent again by WhatsApp, and that has arrived."
    ),
    MailHurdle.ERASED: gettext_lazy("The recipient was erased, and the text with it."),
    MailHurdle.TRIAL: gettext_lazy("This is a test: no supplier waits for it."),
    MailHurdle.TOO_MANY: gettext_lazy(
        "So many notices of this bakery went out by e-mail within a day that no more do for now."
    ),
    MailHurdle.NO_CONTACT: gettext_lazy(
        "No owner of the bakery has an e-mail address, so nobody would get the answer."
    ),
}


def words_of_hurdle(why: WhyNoMail) -> str:
    if why.until is not None:
        text = _("It has just been sent by e-mail. It can be sent again after %(time)s.")
        return text % {"time": time_format(timezone.localtime(why.until), "H:i")}
    return str(_HURDLES[why.hurdle])


def words_of_refusal(refused: NotTakenError) -> str:
    if refused.is_address:
        return _("The mail server refuses this address. Nothing was sent.")
    text = _("The mail server did not take it (%(error)s). Nothing was sent; try again later.")
    return text % {"error": refused.kind}


def words_of_record(record: MessageMail) -> str:
    """Say what has just happened, for whoever pressed the button."""
    if record.is_sure:
        return _("Sent by e-mail to %(address)s.") % {"address": record.masked_address}
    return _(
        "The mail server broke off, so nobody knows whether the e-mail went out. Ask the recipient."
    )


def who_sent(record: MessageMail) -> str:
    """Name the sender for the bakery: its own people by name, the platform's as the platform."""
    place, _colon, name = record.sent_by.partition(":")
    return name if place == "bakery" else _("the platform")
