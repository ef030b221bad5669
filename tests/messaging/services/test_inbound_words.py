"""Every type of received message has a readable line; none of them breaks a page."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import InboundMessage, WebhookDelivery
from messaging.services.inbound_words import words_of
from tests.factories import DefaultNumberFactory
from tests.messaging.conftest import inbound, receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

CONTENT = {
    "image": ({"id": "5", "caption": "El albarán"}, "Photo: El albarán", "Foto: El albarán"),
    "video": ({"id": "5"}, "Video", "Vídeo"),
    "audio": ({"id": "5", "voice": True}, "Voice message", "Mensaje de voz"),
    "sticker": ({"id": "5", "animated": True}, "Sticker", "Sticker"),
    "document": (
        {"id": "5", "filename": "albaran.pdf", "caption": "El de hoy"},
        "Document: albaran.pdf · El de hoy",
        "Documento: albaran.pdf · El de hoy",
    ),
    "button": (
        {"payload": "recibido", "text": "Pedido recibido"},
        "Pressed the button: Pedido recibido",
        "Pulsó el botón: Pedido recibido",
    ),
    "location": (
        {"latitude": 42.1, "longitude": -0.4},
        "Location: 42.1, -0.4",
        "Ubicación: 42.1, -0.4",
    ),
    "reaction": (
        {"message_id": "wamid.A1", "emoji": "👍"},
        "Reacted with 👍",
        "Reaccionó con 👍",
    ),
    "order": (
        {"catalog_id": "1", "text": "Para el lunes", "product_items": [{}, {}]},
        "Order of 2 products: Para el lunes",
        "Pedido de 2 productos: Para el lunes",
    ),
    "system": (
        {"type": "user_changed_number", "body": "changed", "wa_id": "34600000909"},
        "Has a new number: +34 600 000 909",
        "Tiene un número nuevo: +34 600 000 909",
    ),
    "unsupported": (
        {"type": "poll_creation"},
        "Something that WhatsApp does not hand over: poll creation",
        "Algo que WhatsApp no nos entrega: poll creation",
    ),
    "edit": (
        {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "Dos"}}},
        "Changed an earlier message: Dos",
        "Cambió un mensaje anterior: Dos",
    ),
    "revoke": (
        {"original_message_id": "wamid.1"},
        "Deleted an earlier message",
        "Borró un mensaje anterior",
    ),
    "hologram": (
        {"depth": 3},
        "A message of a type that we do not know (hologram)",
        "Un mensaje de un tipo que no conocemos (hologram)",
    ),
}


def kept(**content):
    receive(inbound(DefaultNumberFactory(), **content))
    assert WebhookDelivery.objects.latest("id").traceback == ""
    return InboundMessage.objects.get()


def in_both(message):
    lines = []
    for language in ("en", "es"):
        with translation.override(language):
            lines.append(words_of(message))
    return tuple(lines)


@pytest.mark.parametrize("kind", CONTENT)
def test_each_type_is_kept_with_a_readable_line_in_both_languages(kind):
    content, english, spanish = CONTENT[kind]
    message = kept(type=kind, **{kind: content})
    assert message.kind == kind
    assert in_both(message) == (english, spanish)


@pytest.mark.parametrize(
    ("kind", "content", "english"),
    [
        ("reaction", {"message_id": "wamid.A1"}, "Took the reaction back"),
        ("audio", {"id": "5"}, "Audio"),
        (
            "system",
            {"type": "customer_identity_changed"},
            "Uses WhatsApp on a new phone or installed it again",
        ),
        ("system", {"type": "user_changed_user_id"}, "Is known to WhatsApp under a new user id"),
        ("system", {"type": "new", "body": "Hm"}, "WhatsApp reports a change: Hm"),
        (
            "interactive",
            {
                "type": "list_reply",
                "list_reply": {"id": "1", "title": "Lunes", "description": "8 h"},
            },
            "Chose from the list: Lunes · 8 h",
        ),
        (
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent"}},
            "Filled in a form: Sent",
        ),
        ("interactive", {"type": "future"}, "Answered a question"),
        ("contacts", [{"name": {"formatted_name": "Harinas"}}, {}], "2 contacts: Harinas"),
        ("contacts", [{"name": {"formatted_name": "Harinas"}}], "1 contact: Harinas"),
        (
            "location",
            {"latitude": 1, "longitude": 2, "name": "Obrador", "address": "Calle Mayor 1"},
            "Location: Obrador · Calle Mayor 1",
        ),
    ],
)
def test_the_forms_of_a_type_are_told_apart(kind, content, english):
    assert in_both(kept(type=kind, **{kind: content}))[0] == english


def test_a_referral_and_other_company_of_a_text_is_kept_with_it():
    message = kept(type="text", text={"body": "Hola"}, referral={"source_type": "ad"})
    assert in_both(message) == ("Hola", "Hola")
    assert message.content["referral"] == {"source_type": "ad"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *("type", "text", "emoji", "body", "caption", "filename", "voice", "latitude", "longitude"),
        *("name", "wa_id", "new_wa_id", "user_id", "previous_user_id", "product_items", "message"),
        *("button_reply", "list_reply", "message_id", "original_message_id", "payload"),
    ]
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from([*CONTENT, "interactive", "contacts", "text"]),
    content=JSON
    | st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=5),
    context=JSON,
)
def test_wrong_types_anywhere_are_kept_and_read_without_an_exception(kind, content, context):
    receive(inbound(DefaultNumberFactory(), **{"type": kind, kind: content, "context": context}))
    assert WebhookDelivery.objects.latest("id").traceback == ""
    message = InboundMessage.objects.get(wamid="wamid.IN1")
    assert all(in_both(message))
    InboundMessage.objects.all().delete()
