from __future__ import annotations

import pytest

from messaging.services.language_fallback import MalformedFallbackError, parsed, substitutes_for


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", {}),
        (" ; ", {}),
        ("es:es_ES", {"es": ("es_ES",)}),
        ("es:es_ES,es_MX;ca:es", {"es": ("es_ES", "es_MX"), "ca": ("es",)}),
        (" es : es_ES , fil ; ", {"es": ("es_ES", "fil")}),
    ],
)
def test_the_setting_is_read(text, rules):
    assert parsed(text) == rules


@pytest.mark.parametrize(
    "text",
    ["es", "es:", ":es", "es:es_es", "es=es_ES", "es:es_ES,", "es:es", "es:ca,ca", "es:ca;es:fr"],
)
def test_what_is_no_rule_is_malformed(text):
    with pytest.raises(MalformedFallbackError):
        parsed(text)


def test_substitutes_come_in_their_order(settings):
    settings.WHATSAPP_LANGUAGE_FALLBACK = "es:es_MX,es_ES"
    assert substitutes_for("es") == ("es_MX", "es_ES")
    assert substitutes_for("ca") == ()
