"""Why a message is not sent again, for whoever pressed the button: staff and bakeries read the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.dateformat import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.services.resending import Hurdle
from tenants.phone_numbers import formatted

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from messaging.services.resending import OtherRecipientError, WhyNot

_HURDLES: dict[Hurdle, StrPromise] = {
    Hurdle.WAITS: gettext_lazy("It still waits to be sent. Cancel it first."),
    Hurdle.BEING_SENT: gettext_lazy("It is being sent right now."),
    Hurdle.ON_ITS_WAY: gettext_lazy(
        "WhatsApp has it and may still deliver it: the recipient would get it twice."
    ),
    Hurdle.ARRIVED: gettext_lazy("It has arrived: the recipient would get it twice."),
    Hurdle.ERASED: gettext_lazy("The recipient was erased, and the text with it."),
    Hurdle.TRIAL: gettext_lazy("This is a test. Have a new one sent instead."),
    Hurdle.SAME_NUMBER: gettext_lazy("That is the number it was for already. Write the right one."),
    Hurdle.SENT_AGAIN: gettext_lazy("It has been sent again already."),
}


def words_of_other(error: OtherRecipientError) -> str:
    text = _("This is the number of %(name)s already: nothing has been sent.")
    return text % {"name": _name(error)}


def even_to_words(error: OtherRecipientError) -> str:
    """Return the words of the button that sends it all the same."""
    return _("Send it to %(name)s all the same") % {"name": _name(error)}


def _name(error: OtherRecipientError) -> str:
    return error.recipient.name or formatted(error.recipient.phone)


def words_of_hurdle(why: WhyNot) -> str:
    if why.until is not None:
        text = _("Nobody knows yet whether it was sent. It can be sent again after %(time)s.")
        return text % {"time": time_format(timezone.localtime(why.until), "H:i")}
    return str(_HURDLES[why.hurdle])
