from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messaging.graph_api.template_text import (
    ParametersMismatchError,
    Repair,
    fit,
    preview_body,
    render,
)
from tests.meta import stored

PO = stored("message_templates_page_1")["data"][0]["components"]
NAMED = stored("template_named")["components"]
GUIDE: list[dict[str, Any]] = [
    {
        "type": "body",
        "parameters": [
            {"type": "text", "text": "Juan García"},
            {"type": "text", "text": "PO-TEST-001"},
            {"type": "text", "text": "€150.00"},
        ],
    }
]
NAMED_GIVEN: list[dict[str, Any]] = [
    {
        "type": "header",
        "parameters": [{"type": "text", "parameter_name": "numero", "text": "1042"}],
    },
    {
        "type": "body",
        "parameters": [
            {"type": "text", "parameter_name": "hora", "text": "20:00"},
            {"type": "text", "parameter_name": "cliente", "text": "Núria"},
            {"type": "text", "parameter_name": "obrador", "text": "Forn Roser"},
        ],
    },
    {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": "1042?t=abc"}],
    },
    {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "1",
        "parameters": [{"type": "payload", "payload": "BAJA:123456789012345"}],
    },
]
B0 = "template.components[0]"


def fields(given, *, template=PO, parameter_format="POSITIONAL") -> dict[str, str]:
    with pytest.raises(ParametersMismatchError) as caught:
        fit(template_components=template, parameter_format=parameter_format, given=given)
    assert caught.value.message
    assert all(sentence in str(caught.value) for sentence in caught.value.fields.values())
    return caught.value.fields


def body(*texts: object) -> list[dict[str, Any]]:
    return [{"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]}]


def header(kind: str) -> list[dict[str, Any]]:
    return [{"type": "HEADER", "format": kind}, {"type": "BODY", "text": "Tu pedido."}]


def test_the_guides_own_message_fits_unchanged():
    fitted = fit(template_components=PO, parameter_format="POSITIONAL", given=GUIDE)
    assert fitted.components == GUIDE
    assert fitted.warnings == []
    assert fitted.rendered_text == (
        "Hola Juan García, has recibido una nueva orden de compra PO-TEST-001 por un total de €150.00."
    )


def test_what_was_given_is_not_changed():
    given = body(" a\n", "b", "c")
    before = copy.deepcopy(given)
    fit(template_components=PO, parameter_format="POSITIONAL", given=given)
    assert given == before


def test_named_values_fit_in_any_order_with_header_and_buttons():
    fitted = fit(template_components=NAMED, parameter_format="NAMED", given=NAMED_GIVEN)
    names = [row.get("parameter_name") for row in fitted.components[1]["parameters"]]
    assert names == ["cliente", "obrador", "hora"]
    assert fitted.components[0] == NAMED_GIVEN[0]
    assert fitted.components[2:] == NAMED_GIVEN[2:]
    assert fitted.rendered_text == (
        "Encargo 1042\nHola Núria, su encargo en Forn Roser ya está preparado. "
        "Puede recogerlo hasta las 20:00 de hoy.\nMensaje automático"
    )


def test_a_quick_reply_needs_no_payload_but_an_address_needs_its_end():
    fit(template_components=NAMED, parameter_format="NAMED", given=NAMED_GIVEN[:3])
    misfit = fields(NAMED_GIVEN[:2], template=NAMED, parameter_format="NAMED")
    assert misfit == {
        "template.components.button[0]": "Missing: the value of button 0 (Ver encargo)."
    }


def test_a_template_without_values_sends_no_components():
    plain = [{"type": "BODY", "text": "Gracias."}]
    for nothing in ([], [{"type": "body", "parameters": []}], [{"type": "header"}]):
        fitted = fit(template_components=plain, parameter_format="POSITIONAL", given=nothing)
        assert (fitted.components, fitted.rendered_text) == ([], "Gracias.")


def test_a_missing_value_is_named():
    assert fields(body("a", "b")) == {
        f"{B0}.parameters[2]": "Missing: the value for {{3}} of the body."
    }
    assert fields([]) == {"template.components.body": "Missing: the body with {{1}}, {{2}}, {{3}}."}
    misfit = fields(
        [{**NAMED_GIVEN[1], "parameters": NAMED_GIVEN[1]["parameters"][:2]}, *NAMED_GIVEN[2:]],
        template=NAMED,
        parameter_format="NAMED",
    )
    assert misfit == {
        "template.components.header": "Missing: the header with {{numero}}.",
        f"{B0}.parameters.obrador": "Missing: the value for {{obrador}} of the body.",
    }


def test_a_superfluous_value_is_named():
    assert list(fields(body("a", "b", "c", "d"))) == [f"{B0}.parameters[3]"]
    extra = [*GUIDE, {"type": "button", "sub_type": "url", "index": "0", "parameters": []}]
    assert list(fields(extra)) == ["template.components[1]"]
    extra = [*GUIDE, {"type": "header", "parameters": [{"type": "text", "text": "x"}]}]
    assert list(fields(extra)) == ["template.components[1].parameters[0]"]
    assert list(fields([*GUIDE, {"type": "footer"}])) == ["template.components[1]"]


def test_names_that_are_wrong_missing_or_doubled_are_named():
    given = copy.deepcopy(NAMED_GIVEN)
    rows = given[1]["parameters"]
    rows[0]["parameter_name"] = "clienta"
    rows[2]["parameter_name"] = "cliente"
    rows.append({"type": "text", "text": "x"})
    misfit = fields(given, template=NAMED, parameter_format="NAMED")
    path = "template.components[1].parameters"
    assert set(misfit) == {
        f"{path}[0].parameter_name",
        f"{path}[2].parameter_name",
        f"{path}[3].parameter_name",
        f"{path}.obrador",
        f"{path}.hora",
    }


def test_a_counted_value_carries_no_name():
    given = copy.deepcopy(GUIDE)
    given[0]["parameters"][1]["parameter_name"] = "pedido"
    assert list(fields(given)) == [f"{B0}.parameters[1].parameter_name"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" Juan ", "Juan"),
        ("Juan\nGarcía", "Juan García"),
        ("Juan \r\n\t García", "Juan García"),
        ("a     b", "a b"),
        ("a\u2028b", "a b"),
        ("a\x00b", "a b"),
    ],
)
def test_whitespace_meta_refuses_is_repaired_and_reported(before, after):
    fitted = fit(
        template_components=PO, parameter_format="POSITIONAL", given=body(before, "b", "c")
    )
    assert fitted.components[0]["parameters"][0]["text"] == after
    assert fitted.warnings == [Repair(f"{B0}.parameters[0].text", "whitespace", before, after)]


def test_four_blanks_are_allowed():
    fitted = fit(
        template_components=PO, parameter_format="POSITIONAL", given=body("a    b", "b", "c")
    )
    assert fitted.warnings == []


@pytest.mark.parametrize("empty", ["", "  ", "\n\t", "\u200b", "\ufeff \u2060"])
def test_an_empty_value_is_named(empty):
    assert fields(body("a", empty, "c")) == {
        f"{B0}.parameters[1].text": "The value for {{2}} of the body is empty."
    }


@pytest.mark.parametrize("wrong", [None, 5, 1.5, True, [], {}, ["a"], "\ud800"])
def test_a_value_that_is_no_text_is_named_with_its_path(wrong):
    assert list(fields(body("a", wrong, "c"))) == [f"{B0}.parameters[1].text"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (None, "template.components"),
        ({}, "template.components"),
        ("text", "template.components"),
        ([None] * 13, "template.components"),
        ([None], B0),
        ([[]], B0),
        ([{}], f"{B0}.type"),
        ([{"type": 5}], f"{B0}.type"),
        ([{"type": "body", "parameters": {}}], f"{B0}.parameters"),
        ([{"type": "body", "parameters": None}], f"{B0}.parameters"),
        ([{"type": "body", "parameters": [None]}], f"{B0}.parameters[0]"),
        ([{"type": "button", "index": True}], f"{B0}.index"),
        ([{"type": "button", "index": "10"}], f"{B0}.index"),
        ([{"type": "button"}], f"{B0}.index"),
        ([*GUIDE, *GUIDE], "template.components[1]"),
    ],
)
def test_wrong_shapes_are_told_with_their_path(given, path):
    assert list(fields(given)) == [path]


def test_a_body_too_long_with_its_values_is_refused():
    assert "1024" in fields(body("x" * 1000, "b", "c"))[B0]


def test_older_kinds_of_value_show_their_fallback():
    given = body("a", "b")
    given[0]["parameters"].append(
        {
            "type": "currency",
            "currency": {"fallback_value": "150 €", "code": "EUR", "amount_1000": 150000},
        }
    )
    fitted = fit(template_components=PO, parameter_format="POSITIONAL", given=given)
    assert fitted.rendered_text.endswith("por un total de 150 €.")
    given[0]["parameters"][2]["currency"] = {"fallback_value": "", "code": 5, "amount_1000": True}
    path = f"{B0}.parameters[2].currency"
    assert set(fields(given)) == {f"{path}.fallback_value", f"{path}.code", f"{path}.amount_1000"}


@pytest.mark.parametrize("kind", ["image", "video", "document"])
def test_a_media_header_takes_an_id_or_a_link(kind):
    template = header(kind.upper())
    for media in ({"id": "447700000000012"}, {"link": "https://bakery.example/pedido.pdf"}):
        given = [{"type": "header", "parameters": [{"type": kind, kind: media}]}]
        fitted = fit(template_components=template, parameter_format="POSITIONAL", given=given)
        assert fitted.components == given
    both = {"id": "1", "link": "https://a.example/"}
    bad: tuple[object, ...] = (None, {}, both, {"id": 5}, {"link": "ftp://a"})
    for wrong in bad:
        given = [{"type": "header", "parameters": [{"type": kind, kind: wrong}]}]
        (path,) = fields(given, template=template)
        assert path.startswith(f"{B0}.parameters[0].{kind}")
    assert list(fields([], template=template)) == ["template.components.header"]
    text = [{"type": "header", "parameters": [{"type": "text", "text": "x"}]}]
    assert list(fields(text, template=template)) == [f"{B0}.parameters[0].type"]


def test_a_document_shows_its_file_name():
    document = {"link": "https://bakery.example/pedido.pdf", "filename": "pedido-1042.pdf"}
    given = [{"type": "header", "parameters": [{"type": "document", "document": document}]}]
    fitted = fit(template_components=header("DOCUMENT"), parameter_format="POSITIONAL", given=given)
    rendered = render(header("DOCUMENT"), fitted.components)
    assert (rendered.header, rendered.header_format) == ("pedido-1042.pdf", "document")
    assert rendered.header_link == "https://bakery.example/pedido.pdf"


def test_a_location_header_needs_degrees():
    place = {
        "latitude": 41.65,
        "longitude": " -0_0.88",
        "name": "Obrador",
        "address": "Calle Mayor 1",
    }
    given: list[dict[str, Any]] = [
        {"type": "header", "parameters": [{"type": "location", "location": place}]}
    ]
    fitted = fit(template_components=header("LOCATION"), parameter_format="POSITIONAL", given=given)
    assert fitted.components[0]["parameters"][0]["location"] == place | {
        "latitude": "41.65",
        "longitude": "-0.88",
    }
    impossible: tuple[object, ...] = (None, True, "north", 91, float("nan"), [], 10**400)
    for wrong in impossible:
        bad = copy.deepcopy(given)
        bad[0]["parameters"][0]["location"]["latitude"] = wrong
        assert list(fields(bad, template=header("LOCATION"))) == [
            f"{B0}.parameters[0].location.latitude"
        ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sub_type": "quick_reply"}, "sub_type"),
        ({"sub_type": None}, "sub_type"),
        ({"parameters": []}, "parameters[0]"),
        ({"parameters": [{"type": "payload", "payload": "x"}]}, "parameters[0].type"),
        ({"parameters": [{"type": "text", "text": "a b"}]}, "parameters[0].text"),
        ({"parameters": [{"type": "text", "text": "a"}] * 2}, "parameters[1]"),
    ],
)
def test_a_button_that_does_not_fit_is_named(changes, path):
    given = copy.deepcopy(NAMED_GIVEN)
    given[2] |= changes
    misfit = fields(given, template=NAMED, parameter_format="NAMED")
    assert f"template.components[2].{path}" in misfit


def test_a_buttons_index_may_be_a_number_and_leaves_as_text():
    given = copy.deepcopy(NAMED_GIVEN)
    given[2]["index"] = 0
    fitted = fit(template_components=NAMED, parameter_format="NAMED", given=given)
    assert fitted.components[2]["index"] == "0"


def test_a_template_we_cannot_send_says_so():
    carousel = [*PO, {"type": "CAROUSEL", "cards": []}]
    assert list(fields(GUIDE, template=carousel)) == ["template"]
    assert list(fields([], template=header("GIF"))) == ["template"]


def test_a_bubble_shows_the_address_of_its_button():
    fitted = fit(template_components=NAMED, parameter_format="NAMED", given=NAMED_GIVEN)
    rendered = render(NAMED, fitted.components)
    assert rendered.header == "Encargo 1042"
    assert rendered.footer == "Mensaje automático"
    assert [(button.type, button.text, button.url) for button in rendered.buttons] == [
        ("url", "Ver encargo", "https://pedidos.example/e/1042?t=abc"),
        ("quick_reply", "No recibir más", ""),
    ]


def test_without_a_send_the_bubble_shows_metas_examples():
    assert "Juan García" in render(PO).body
    assert render(NAMED).header == "Encargo 1042"
    assert "{{1}}" in render(PO, []).body


def test_a_preview_is_one_line():
    low = [{"type": "BODY", "text": "Alerta: {{1}}\n\nQuedan {{2}}."}]
    assert preview_body(low, body("harina", "12 kg")) == "Alerta: harina Quedan 12 kg."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "parameters", "text", "parameter_name", "index", "sub_type", "image"),
                    *(
                        "link",
                        "id",
                        "payload",
                        "currency",
                        "fallback_value",
                        "location",
                        "latitude",
                    ),
                ]
            ),
            inner
            | st.sampled_from(
                ["body", "header", "button", "text", "url", "image", "location", "0"]
            ),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON, st.sampled_from([PO, NAMED, header("IMAGE"), header("LOCATION")]))
def test_anything_given_either_fits_or_is_refused_with_its_paths(given, template):
    paths = ["template"]
    try:
        fit(template_components=template, parameter_format="POSITIONAL", given=given)
    except ParametersMismatchError as error:
        paths = list(error.fields)
    assert paths
    assert all(path.startswith("template") for path in paths)


@given(JSON, JSON)
def test_a_bubble_of_anything_is_shown(template, components):
    rows = template if isinstance(template, list) else [template]
    assert isinstance(
        render(rows, components if isinstance(components, list) else [components]).text, str
    )


WORD = st.text(st.characters(categories=["L", "N", "P", "Sc"]), min_size=1, max_size=20)


@given(st.lists(WORD, min_size=1, max_size=9))
def test_every_placeholder_shows_its_value_and_none_is_filled_twice(values):
    text = "; ".join(f"<{{{{{place}}}}}>" for place in range(1, len(values) + 1))
    template = [{"type": "BODY", "text": text}]
    fitted = fit(template_components=template, parameter_format="POSITIONAL", given=body(*values))
    assert fitted.rendered_text == "; ".join(f"<{value}>" for value in values)


@given(st.text(max_size=200))
@example("a\x1b\x1b\x1b\x1b\x1bb")
def test_no_value_leaves_with_whitespace_that_meta_refuses(value):
    try:
        fitted = fit(
            template_components=PO, parameter_format="POSITIONAL", given=body(value, "b", "c")
        )
    except ParametersMismatchError:
        return
    sent = fitted.components[0]["parameters"][0]["text"]
    assert sent == sent.strip()
    assert sent
    assert not set(sent) & set("\n\r\t\x0b\x0c\x00\u2028\u2029")
    assert "     " not in sent
    assert bool(fitted.warnings) is (sent != value)
