"""Why a message is not accepted, for whoever pressed the button: staff and bakeries read the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from messaging.services.refused import Refusal

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from messaging.services.refused import RefusedError

_WORDS: dict[Refusal, StrPromise] = {
    Refusal.UNKNOWN_TENANT: gettext_lazy("There is no such bakery any more."),
    Refusal.IDEMPOTENCY_CONFLICT: gettext_lazy("Another message was asked for in its place."),
    Refusal.SENDING_DISABLED: gettext_lazy(
        "WhatsApp notices are switched off for the whole platform."
    ),
    Refusal.WHATSAPP_DISABLED: gettext_lazy(
        "WhatsApp notices are switched off for this bakery. Its owner can switch them on."
    ),
    Refusal.SUSPENDED: gettext_lazy("The platform has suspended the notices of this bakery."),
    Refusal.NOTICE_OFF: gettext_lazy(
        "This kind of notice is switched off for this bakery. Its owner can switch it on in the settings."
    ),
    Refusal.INVALID_PHONE_NUMBER: gettext_lazy(
        "That is no phone number to write to. Write it with + and its country code, such as +34600000101."
    ),
    Refusal.OWN_NUMBER: gettext_lazy(
        "That is the number that sends, and it cannot write to itself."
    ),
    Refusal.RECIPIENT_OPTED_OUT: gettext_lazy(
        "This recipient does not want these WhatsApp messages. Tell it in another way. Who wants them again sends ALTA from that phone to the number that writes to them."
    ),
    Refusal.NO_PHONE_NUMBER: gettext_lazy(
        "There is no number to send from yet. The platform has to give one."
    ),
    Refusal.UNKNOWN_TEMPLATE: gettext_lazy("The text of this message does not exist any more."),
    Refusal.TEMPLATE_NOT_APPROVED: gettext_lazy(
        "WhatsApp does not allow the text of this message now."
    ),
    Refusal.PARAMETERS_MISMATCH: gettext_lazy(
        "The text of this message has changed since. It has to be requested anew."
    ),
    Refusal.NOT_CANCELLABLE: gettext_lazy("It does not wait any more, so it cannot be cancelled."),
    Refusal.NOT_RESENDABLE: gettext_lazy(
        "It cannot be sent again now: WhatsApp may still say what became of it."
    ),
}


def words_of_refusal(refused: RefusedError) -> str:
    return str(_WORDS[refused.why])
