"""A received message in one readable line, whatever its type. Source of the shapes: Webhooks, messages, 2026-11-22."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.graph_api.message_text import text_at
from messaging.models import InboundMessage
from tenants.phone_numbers import formatted

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# What was sent, for types whose text only goes with it.
_THINGS: dict[str, StrPromise] = {
    "image": gettext_lazy("Photo"),
    "video": gettext_lazy("Video"),
    "audio": gettext_lazy("Audio"),
    "sticker": gettext_lazy("Sticker"),
    "document": gettext_lazy("Document"),
    "location": gettext_lazy("Location"),
    "button": gettext_lazy("Pressed the button"),
    "edit": gettext_lazy("Changed an earlier message"),
    "revoke": gettext_lazy("Deleted an earlier message"),
    "request_welcome": gettext_lazy("Opened the chat"),
}
_INTERACTIVE: dict[str, StrPromise] = {
    "button_reply": gettext_lazy("Pressed the button"),
    "list_reply": gettext_lazy("Chose from the list"),
    "nfm_reply": gettext_lazy("Filled in a form"),
    "call_permission_reply": gettext_lazy("Answered whether they may be called"),
}
_SYSTEM: dict[str, StrPromise] = {
    "user_changed_user_id": gettext_lazy("Is known to WhatsApp under a new user id"),
    "customer_identity_changed": gettext_lazy("Uses WhatsApp on a new phone or installed it again"),
}


def words_of(message: InboundMessage) -> str:
    """Return what a person should read of this message, in the language of the moment; never empty."""
    if message.kind == "text" and message.text.strip():
        return message.text
    described = _DESCRIBED.get(message.kind)
    if described is not None:
        return described(message)
    thing = _THINGS.get(message.kind)
    if thing is None:
        unknown = _("A message of a type that we do not know (%(type)s)")
        return _with(unknown % {"type": message.kind}, message.text)
    return _with(str(thing), message.text)


def _with(thing: str, more: str) -> str:
    return f"{thing}: {more}" if more.strip() else thing


def _audio(message: InboundMessage) -> str:
    is_voice = _part(message, "audio").get("voice") is True
    return _with(_("Voice message") if is_voice else str(_THINGS["audio"]), message.text)


def _document(message: InboundMessage) -> str:
    name = text_at(message.content, "document", "filename")
    caption = message.text if message.text != name else ""
    return _with(str(_THINGS["document"]), " · ".join(filter(None, (name, caption))))


def _interactive(message: InboundMessage) -> str:
    kind = text_at(message.content, "interactive", "type")
    thing = str(_INTERACTIVE.get(kind) or _("Answered a question"))
    detail = text_at(message.content, "interactive", "list_reply", "description")
    return _with(thing, " · ".join(filter(None, (message.text, detail))))


def _location(message: InboundMessage) -> str:
    place = _part(message, "location")
    named = filter(None, (text_at(place, "name"), text_at(place, "address")))
    where = " · ".join(named) or message.text
    at = [str(place.get(axis)) for axis in ("latitude", "longitude") if _is_number(place.get(axis))]
    return _with(str(_THINGS["location"]), where or ", ".join(at))


def _reaction(message: InboundMessage) -> str:
    emoji = text_at(message.content, "reaction", "emoji")
    if not emoji:
        return _("Took the reaction back")
    return _("Reacted with %(emoji)s") % {"emoji": emoji}


def _contacts(message: InboundMessage) -> str:
    cards = message.content.get("contacts")
    rows = [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    names = [text_at(card, "name", "formatted_name") for card in rows]
    count = max(1, len(rows))
    thing = ngettext("%(count)d contact", "%(count)d contacts", count) % {"count": count}
    return _with(thing, ", ".join(filter(None, names)))


def _order(message: InboundMessage) -> str:
    items = _part(message, "order").get("product_items")
    count = len(items) if isinstance(items, list) else 0
    thing = ngettext("Order of %(count)d product", "Order of %(count)d products", count)
    return _with(thing % {"count": count}, message.text)


def _system(message: InboundMessage) -> str:
    if message.new_phone:
        return _("Has a new number: %(number)s") % {"number": formatted(message.new_phone)}
    known = _SYSTEM.get(text_at(message.content, "system", "type"))
    if known is not None:
        return str(known)
    return _with(_("WhatsApp reports a change"), message.text)


def _unsupported(message: InboundMessage) -> str:
    kind = text_at(message.content, "unsupported", "type")
    return _with(_("Something that WhatsApp does not hand over"), kind.replace("_", " "))


def _part(message: InboundMessage, key: str) -> dict[str, Any]:
    part = message.content.get(key)
    return part if isinstance(part, dict) else {}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_DESCRIBED: dict[str, Callable[[InboundMessage], str]] = {
    "audio": _audio,
    "document": _document,
    "interactive": _interactive,
    "location": _location,
    "reaction": _reaction,
    "contacts": _contacts,
    "order": _order,
    "system": _system,
    "unsupported": _unsupported,
}
