"""Why a message is not sent (again), for whoever pressed the button: staff and bakeries read the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.dateformat import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.services.resending import Hurdle

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from messaging.services.queueing import RefusedError
    from messaging.services.resending import WhyNot

_HURDLES: dict[Hurdle, StrPromise] = {
    Hurdle.WAITS: gettext_lazy("It still waits to be sent. Cancel it first."),
    Hurdle.BEING_SENT: gettext_lazy("It is being sent right now."),
    Hurdle.ON_ITS_WAY: gettext_lazy(
        "WhatsApp has it and may still deliver it: the recipient would get it twice."
    ),
    Hurdle.ARRIVED: gettext_lazy("It has arrived: the recipient would get it twice."),
    Hurdle.ERASED: gettext_lazy("The recipient was erased, and the text with it."),
    Hurdle.SAME_NUMBER: gettext_lazy("That is the number it was for already. Write the right one."),
    Hurdle.SENT_AGAIN: gettext_lazy("It has been sent again already."),
}
# By the code of the refusal, which other systems read in the API's English.
_REFUSALS: dict[str, StrPromise] = {
    "sending_disabled": gettext_lazy("WhatsApp notices are switched off for the whole platform."),
    "whatsapp_disabled": gettext_lazy("WhatsApp notices are switched off for this bakery."),
    "invalid_phone_number": gettext_lazy(
        "That is no phone number to write to. Write it with + and its country code, such as +34600000101."
    ),
    "recipient_opted_out": gettext_lazy(
        "This recipient does not want these WhatsApp messages. Tell it in another way."
    ),
    "no_phone_number": gettext_lazy("The bakery has no number to send from."),
    "unknown_template": gettext_lazy("The text of this message does not exist any more."),
    "template_not_approved": gettext_lazy("WhatsApp does not allow the text of this message now."),
    "parameters_mismatch": gettext_lazy(
        "The text of this message has changed since. It has to be requested anew."
    ),
}


def words_of_hurdle(why: WhyNot) -> str:
    if why.until is not None:
        text = _("Nobody knows yet whether it was sent. It can be sent again after %(time)s.")
        return text % {"time": time_format(timezone.localtime(why.until), "H:i")}
    return str(_HURDLES[why.hurdle])


def words_of_refusal(refused: RefusedError) -> str:
    """Say in the reader's language why a message was not accepted."""
    known = _REFUSALS.get(refused.code)
    return str(known) if known is not None else refused.message
