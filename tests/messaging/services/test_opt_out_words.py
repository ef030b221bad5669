from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.models import Asks
from messaging.services.opt_out_words import asked_in

STOPS = {"BAJA": "es", "PARAR": "es", "STOP": "en", "UNSUBSCRIBE": "en"}
STARTS = {"ALTA": "es", "START": "en"}
AROUND = st.text(
    alphabet=" \t\n\u00a0.,;!?¡¿*_~\"'()[]-–…😀🙏🏽👍‍❌❤️\u200b\u200d\ufeff", max_size=6
)
ACCENTS = st.sampled_from(["", "\u0300", "\u0301", "\u0308"])


def asked(*texts):
    found = asked_in(texts)
    return (found.what, found.language) if found else None


@given(st.sampled_from(sorted(STOPS | STARTS)), AROUND, AROUND, st.data())
def test_a_word_counts_in_any_case_with_any_accents_and_signs_around_it(word, before, after, data):
    letters = [
        data.draw(st.sampled_from([letter.lower(), letter.upper()])) + data.draw(ACCENTS)
        for letter in word
    ]
    text = unicodedata.normalize(
        data.draw(st.sampled_from(["NFC", "NFD"])), before + "".join(letters) + after
    )
    expected = (Asks.STOP, STOPS[word]) if word in STOPS else (Asks.START, STARTS[word])
    assert asked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Baja, por favor",
        "¡Baja por favor! 🙏",
        "BAJA gracias",
        "Hola, baja por favor, muchas gracias",
        "baja baja",
        "Stop please",
        "STOP!!!",
        "*PARAR*",
        "ＳＴＯＰ",
        "STOP™",
        "b\u00e1ja",
        "BA\u00adJA",
    ],
)
def test_politeness_and_dress_do_not_hide_the_word(text):
    assert asked(text)[0] == Asks.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "🙏",
        "para",
        "Para mañana a las ocho",
        "¿Puedes parar en el obrador?",
        "No vamos a parar hasta el lunes",
        "El precio baja mañana",
        "La temperatura baja",
        "Dad de baja el pedido 7",
        "STOP 5",
        "BAJA 1️⃣",
        "nonstop",
        "stopped",
        "bajar",
        "rebaja",
        "baja alta",
        "por favor",
        "gracias",
        "altas",
        "start the oven",
        "B A J A",
        "cancelar",
        "BAJA " * 100,
    ],
)
def test_a_sentence_that_only_holds_the_word_asks_for_nothing(text):
    assert asked(text) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_exception(text):
    asked_in([text])


@pytest.mark.parametrize(
    ("payload", "label", "expected"),
    [
        ("BAJA", "No recibir más", (Asks.STOP, "es")),
        ("BAJA:123456789012345", "No recibir más", (Asks.STOP, "es")),
        ("unsubscribe:7", "No more", (Asks.STOP, "en")),
        ("7", "Baja", (Asks.STOP, "es")),
        ("ALTA:7", "Volver", (Asks.START, "es")),
        ("PEDIDO:BAJA", "Recibido", None),
        ("Baja: dos sacos", "Recibido", None),
    ],
)
def test_a_button_counts_by_its_payload_and_by_its_label(payload, label, expected):
    assert asked(payload, label) == expected
