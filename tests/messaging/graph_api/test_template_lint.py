"""The linter: each of Meta's rules broken once, and nothing that makes it raise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api.template_lint import (
    Code,
    Finding,
    Level,
    LintedTemplate,
    Neighbour,
    has_errors,
    lint,
)
from messaging.graph_api.template_words import promotional_words

GOOD = "Hola {{1}}, tu pedido {{2}} de la panadería está listo y puedes recogerlo hoy."


def body(text: str = GOOD, *examples: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "BODY", "text": text}
    return part | ({"example": {"body_text": [list(examples)]}} if examples else {})


def template(*components: dict[str, Any], **more: Any) -> LintedTemplate:
    fields = {"name": "order_ready", "language": "es", "category": "UTILITY"}
    return LintedTemplate(
        **{"components": list(components) or [body(GOOD, "Ana", "PO-1")], **fields, **more}
    )


def codes(linted: LintedTemplate, *others: Neighbour) -> set[Code]:
    return {finding.code for finding in lint(linted, others=others)}


def text(words: str, **more: Any) -> LintedTemplate:
    """A template with this body, and examples enough."""
    return template(body(words, "uno", "dos", "tres", "cuatro"), **more)


def header(words: str, *examples: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "HEADER", "format": "TEXT", "text": words}
    return part | ({"example": {"header_text": list(examples)}} if examples else {})


def buttons(*rows: dict[str, Any]) -> LintedTemplate:
    return template(body(GOOD, "Ana", "PO-1"), {"type": "BUTTONS", "buttons": list(rows)})


def reply(words: str = "Recibido") -> dict[str, Any]:
    return {"type": "QUICK_REPLY", "text": words}


def url(address: str, **more: Any) -> dict[str, Any]:
    return {"type": "URL", "text": "Ver pedido", "url": address, **more}


def phone(number: str) -> dict[str, Any]:
    return {"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": number}


def test_a_good_template_has_no_findings():
    whole = template(
        header("Pedido {{1}}", "PO-1"),
        body(GOOD, "Ana", "PO-1"),
        {"type": "FOOTER", "text": "Mensaje automático 🥖"},
        {"type": "BUTTONS", "buttons": [url("https://pan.example/{{1}}", example=["abc"])]},
    )
    assert lint(whole) == []


ERRORS = [
    (template(name=""), Code.NAME_MISSING),
    (template(name="Pedido Listo"), Code.NAME_FORMAT),
    (template(name="pedido_ñ"), Code.NAME_FORMAT),
    (template(name="a" * 513), Code.NAME_TOO_LONG),
    (template(language="español"), Code.LANGUAGE_FORMAT),
    (template(language="es-ES"), Code.LANGUAGE_FORMAT),
    (template(category="FREE_SERVICE"), Code.CATEGORY_UNKNOWN),
    (template({"type": "FOOTER", "text": "solo"}), Code.BODY_MISSING),
    (text("  "), Code.BODY_MISSING),
    (text("a" * 1025), Code.TOO_LONG),
    (template(body("x {{1}} y " + "a" * 1000, "b" * 40)), Code.TOO_LONG_FILLED),
    (template(header("a" * 61), body(GOOD, "a", "b")), Code.TOO_LONG),
    (template(header("{{1}} y {{2}}", "a", "b"), body(GOOD, "a", "b")), Code.HEADER_VARIABLES),
    (template(header(""), body(GOOD, "a", "b")), Code.HEADER_FORMAT),
    (template({"type": "HEADER", "format": "GIF"}, body(GOOD, "a", "b")), Code.HEADER_FORMAT),
    (template({"type": "HEADER", "format": "IMAGE"}, body(GOOD, "a", "b")), Code.HEADER_MEDIA),
    (template(body(GOOD, "a", "b"), {"type": "FOOTER", "text": "a" * 61}), Code.TOO_LONG),
    (template(body(GOOD, "a", "b"), {"type": "FOOTER", "text": "{{1}}"}), Code.FOOTER_VARIABLES),
    (text("Hola {{1}, tu pedido está listo"), Code.BRACES),
    (text("Hola {{ }} tu pedido está listo"), Code.BRACES),
    (text("Hola {{1}}, tu pedido {{3}} ya está listo en la tienda"), Code.VARIABLES_GAP),
    (text("Hola {{2}}, tu pedido ya está listo en la tienda"), Code.VARIABLES_GAP),
    (text("Hola {{2}}, el pedido {{1}} ya está listo en la tienda"), Code.VARIABLES_ORDER),
    (text("Hola {{nombre}}, tu pedido ya está listo en la tienda"), Code.VARIABLES_MIXED),
    (
        text("Hola {{Nombre}}, tu pedido ya está listo", parameter_format="NAMED"),
        Code.VARIABLE_NAME,
    ),
    (text("Hola {{1}}{{2}}, tu pedido ya está listo en la tienda"), Code.VARIABLES_TOUCH),
    (template(body(GOOD)), Code.EXAMPLE_MISSING),
    (template(body(GOOD, "Ana", " ")), Code.EXAMPLE_MISSING),
    (template(header("Pedido {{1}}"), body(GOOD, "a", "b")), Code.EXAMPLE_MISSING),
    (buttons(*[reply(str(place)) for place in range(11)]), Code.BUTTONS_MANY),
    (buttons(*[url("https://a.example/") for _ in range(3)]), Code.BUTTONS_OF_KIND),
    (buttons(phone("+34600000101"), phone("+34600000102")), Code.BUTTONS_OF_KIND),
    (buttons(reply("a"), url("https://a.example/"), reply("b")), Code.BUTTONS_MIXED),
    (buttons(reply("")), Code.BUTTON_TEXT_MISSING),
    (buttons(reply("a" * 26)), Code.TOO_LONG),
    (buttons(reply("Sí"), reply("sí")), Code.BUTTON_TWICE),
    (buttons(reply("Hola {{1}}")), Code.BUTTON_VARIABLES),
    (buttons({"type": "FLOW", "text": "x"}), Code.BUTTON_KIND),
    (buttons(url("pan.example")), Code.URL_FORMAT),
    (buttons(url("https://pan.example/" + "a" * 2000)), Code.TOO_LONG),
    (buttons(url("https://pan.example/{{1}}/x", example=["a"])), Code.URL_VARIABLE),
    (buttons(url("https://pan.example/{{2}}", example=["a"])), Code.URL_VARIABLE),
    (buttons(url("https://pan.example/{{1}}{{1}}", example=["a"])), Code.URL_VARIABLE),
    (buttons(url("https://pan.example/{{1}}")), Code.EXAMPLE_MISSING),
    (buttons(phone("600 000 101")), Code.PHONE_FORMAT),
    (buttons({"type": "COPY_CODE"}), Code.EXAMPLE_MISSING),
    (template(body(GOOD, "a", "b"), {"type": "CAROUSEL"}), Code.COMPONENT_KIND),
]


@pytest.mark.parametrize(("linted", "code"), ERRORS)
def test_what_meta_refuses_is_an_error(linted, code):
    found = [finding for finding in lint(linted) if finding.code == code]
    assert found
    assert {finding.level for finding in found} == {Level.ERROR}
    assert has_errors(lint(linted))


WARNINGS = [
    (text("Hola {{1}} {{2}}, tu pedido ya está listo en la tienda"), Code.VARIABLES_SIDE_BY_SIDE),
    (text("{{1}}, tu pedido ya está listo en la tienda"), Code.VARIABLE_AT_START),
    (text("Tu pedido ya está listo en la tienda {{1}}"), Code.VARIABLE_AT_END),
    (text("Tu pedido ya está listo en la tienda {{1}}."), Code.VARIABLE_NEAR_EDGE),
    (text("¡{{1}}, tu pedido ya está listo en la tienda!"), Code.VARIABLE_NEAR_EDGE),
    (text("Pedido {{1}} a {{2}} y {{3}} listo"), Code.VARIABLES_MANY),
    (text("Tu pedido está listo.\n\n\nGracias"), Code.BLANK_LINES),
    (text("Tu pedido está listo.\r\n\r\n \r\nGracias"), Code.BLANK_LINES),
    (text("Aprovecha la oferta de pan"), Code.PROMOTIONAL),
    (text("PROMOCIÓN de hoy"), Code.PROMOTIONAL),
    (text("Your order has a discount", language="en"), Code.PROMOTIONAL),
    (text("Bread sale today", language="en_GB"), Code.PROMOTIONAL),
    (
        template(body(GOOD, "a", "b"), {"type": "FOOTER", "text": "Rebajas de enero"}),
        Code.PROMOTIONAL,
    ),
    (buttons(reply("Ver descuentos")), Code.PROMOTIONAL),
    (buttons(*[reply(str(place)) for place in range(4)]), Code.BUTTONS_ON_DESKTOP),
    (buttons(reply("Sí"), phone("+34600000101")), Code.BUTTONS_ON_DESKTOP),
]


@pytest.mark.parametrize(("linted", "code"), WARNINGS)
def test_what_meta_may_refuse_is_a_warning(linted, code):
    found = lint(linted)
    assert code in {finding.code for finding in found}
    assert {finding.level for finding in found} == {Level.WARNING}
    assert not has_errors(found)


@pytest.mark.parametrize(
    "words",
    [
        "La coferta y el wholesale no son palabras",
        "El pedido sale mañana del obrador",
        "Una línea\n\ny otra 🥐 con *negrita*",
    ],
)
def test_what_only_looks_forbidden_is_not_found(words):
    assert lint(text(words)) == []


def test_a_marketing_template_may_advertise():
    assert Code.PROMOTIONAL not in codes(text("Oferta: dos por uno en pan", category="MARKETING"))


def test_accents_and_case_do_not_hide_a_word():
    assert promotional_words("PROMOCIÓN, Cupón y oFeRtAs", language="es") == [
        "promocion",
        "cupon",
        "ofertas",
    ]


def test_named_placeholders_are_as_good_as_numbered_ones():
    words = "Hola {{cliente}}, tu pedido {{pedido}} ya está listo en la tienda."
    rows = [
        {"param_name": "cliente", "example": "Ana"},
        {"param_name": "pedido", "example": "PO-1"},
    ]
    part = {"type": "BODY", "text": words, "example": {"body_text_named_params": rows}}
    assert lint(template(part, parameter_format="NAMED")) == []


def test_a_location_header_needs_no_example():
    assert lint(template({"type": "HEADER", "format": "LOCATION"}, body(GOOD, "a", "b"))) == []


def test_another_template_with_the_same_words_is_named():
    other = Neighbour("old_name", "es", GOOD.replace(" ", "  "), "")
    [finding] = lint(template(), others=[other])
    assert (finding.code, finding.facts) == (Code.DUPLICATE, {"other": "old_name (es)"})


def test_the_same_words_with_another_footer_are_no_duplicate():
    assert lint(template(), others=[Neighbour("old_name", "es", GOOD, "Otro pie")]) == []


def test_a_name_that_exists_in_the_language_is_an_error_for_a_new_template_only():
    same = Neighbour("order_ready", "es", "otro texto", "")
    assert codes(template(), same) == {Code.NAME_EXISTS}
    assert codes(template(is_new=False), same) == set()
    assert codes(template(), Neighbour("order_ready", "en", "another", "")) == set()


def test_errors_come_before_warnings():
    found = lint(text("{{1}}{{3}} oferta"))
    levels = [finding.level for finding in found]
    assert levels == sorted(levels, key=[Level.ERROR, Level.WARNING].index)
    assert {*levels} == {Level.ERROR, Level.WARNING}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "text", "format", "buttons", "example", "url", "body_text"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
TEXTS = st.text(alphabet="ab {}12\n.*ñ", max_size=60)
PARTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["HEADER", "BODY", "FOOTER", "BUTTONS", "body"])},
    optional={"text": TEXTS | JSON, "format": JSON, "buttons": JSON, "example": JSON},
)


@given(
    name=st.text(max_size=20),
    language=st.text(max_size=8),
    category=st.text(max_size=10),
    parameter_format=st.sampled_from(["POSITIONAL", "NAMED", "?"]),
    components=st.lists(PARTS | JSON, max_size=5),
)
def test_nothing_makes_it_raise(name, language, category, parameter_format, components):
    linted = LintedTemplate(
        name=name,
        language=language,
        category=category,
        components=components,
        parameter_format=parameter_format,
    )
    found = lint(linted, others=[Neighbour(name, language, "a", "b")])
    assert all(isinstance(finding, Finding) for finding in found)
