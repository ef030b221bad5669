"""What went wrong with a message, in words: what happened, who acts, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from messaging.graph_api.catalogue import facts_for
from messaging.graph_api.facts import ErrorFacts, Text, WhoActs
from messaging.models import Message, WaitsFor
from messaging.statuses import MessageStatus

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

WHO: dict[WhoActs, StrPromise] = {
    WhoActs.BAKERY: _("The bakery"),
    WhoActs.PLATFORM: _("The platform"),
    WhoActs.META: _("Meta"),
    WhoActs.SUPPLIER: _("The recipient"),
}

_UNCONFIRMED = (
    Text(
        "Meta did not answer, so nobody knows whether the message was sent.",
        "Meta no respondió, así que nadie sabe si el mensaje salió.",
    ),
    Text(
        "Wait a few minutes: a status of Meta's may settle it. Sending it again may deliver it twice.",
        "Espera unos minutos: un aviso de Meta puede aclararlo. Si lo envías otra vez, puede llegar dos veces.",
    ),
)
_EXPIRED = (
    Text(
        "The message waited too long and was not sent.",
        "El mensaje esperó demasiado y no se envió.",
    ),
    Text("Send it again if it is still needed.", "Envíalo otra vez si aún hace falta."),
)
_EXPIRED_WAITING = Text(
    "The message was not sent in time. It waited for: {reason}.",
    "El mensaje no salió a tiempo. Esperaba: {reason}.",
)

_OPTED_OUT = (
    Text(
        "It was not sent: the recipient does not want these WhatsApp messages.",
        "No se envió: el destinatario no quiere estos mensajes de WhatsApp.",
    ),
    Text(
        "Tell the recipient in another way. It gets messages again once it wants them.",
        "Avísale de otra manera. Volverá a recibir mensajes cuando los quiera.",
    ),
)


_NO_CODE = -1


@dataclass(frozen=True, slots=True)
class Explanation:
    """`code` is Meta's, None where the cause is none of Meta's errors; `who_acts` is one of WhoActs."""

    code: int | None
    title: str
    who_acts: WhoActs
    action: str
    doc_url: str = ""


def explain(message: Message, language: str) -> Explanation | None:
    """Return why the message is where it is; None while nothing is wrong with it."""
    match message.status:
        case MessageStatus.UNCONFIRMED:
            return _own(_UNCONFIRMED, WhoActs.PLATFORM, language)
        case MessageStatus.EXPIRED:
            return _expired(message, language)
        case MessageStatus.FAILED if message.error_code is None:
            # No code: Meta's history tells none. It did answer, so the words for silence would be wrong.
            return _of_meta(facts_for(_NO_CODE), None, language)
        case MessageStatus.CANCELLED if message.waits_for == WaitsFor.OPT_OUT:
            return _own(_OPTED_OUT, WhoActs.BAKERY, language)
        case MessageStatus.FAILED:
            return _of_meta(facts_for(message.error_code), message.error_code, language)
        case MessageStatus.QUEUED if message.error_code is not None:
            return _of_meta(facts_for(message.error_code), message.error_code, language)
    return None


def _expired(message: Message, language: str) -> Explanation:
    known = _own(_EXPIRED, WhoActs.BAKERY, language)
    if not message.waits_for:
        return known
    with translation.override(language):
        reason = str(message.get_waits_for_display())
    title = _EXPIRED_WAITING.in_language(language).replace("{reason}", reason)
    return replace(known, title=title)


def explain_code(code: int | None, language: str) -> Explanation:
    """Return what is known of one of Meta's error codes."""
    return _of_meta(facts_for(code), code, language)


def _own(words: tuple[Text, Text], who: WhoActs, language: str) -> Explanation:
    title, action = words
    return Explanation(None, title.in_language(language), who, action.in_language(language))


def _of_meta(facts: ErrorFacts, code: int | None, language: str) -> Explanation:
    return Explanation(
        code,
        facts.title.in_language(language),
        facts.who_acts,
        facts.action.in_language(language),
        facts.doc_url,
    )
