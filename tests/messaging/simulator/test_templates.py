from __future__ import annotations

from typing import Any

import pytest

from messaging.simulator import templates
from messaging.simulator.envelope import RefusalError

NAMED = {
    "name": "pedido_listo_v2",
    "language": "es",
    "status": "APPROVED",
    "parameter_format": "NAMED",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Encargo {{numero}}"},
        {"type": "BODY", "text": "Hola {{cliente}}, hasta las {{hora}} de hoy."},
        {"type": "FOOTER", "text": "Mensaje automático"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "URL", "text": "Ver encargo", "url": "https://pedidos.example/e/{{1}}"},
                {"type": "QUICK_REPLY", "text": "No recibir más"},
            ],
        },
    ],
}
MEDIA = {
    "parameter_format": "POSITIONAL",
    "components": [{"type": "HEADER", "format": "DOCUMENT"}, {"type": "BODY", "text": "Hola."}],
}


def named(name: str, text: str) -> dict[str, Any]:
    return {"type": "text", "parameter_name": name, "text": text}


def given(**changes: object) -> list[dict[str, Any]]:
    parts: dict[str, Any] = {
        "header": {"type": "header", "parameters": [named("numero", "1042")]},
        "body": {"type": "body", "parameters": [named("hora", "20:00"), named("cliente", "Núria")]},
        "url": {
            "type": "button",
            "sub_type": "url",
            "index": "0",
            "parameters": [{"type": "text", "text": "1042"}],
        },
        "reply": {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "1",
            "parameters": [{"type": "payload", "payload": "BAJA"}],
        },
        **changes,
    }
    return [part for part in parts.values() if part is not None]


def code_of(template: dict[str, Any], components: object) -> int:
    with pytest.raises(RefusalError) as refused:
        templates.render(template, components)
    return refused.value.code


def test_a_named_template_with_header_footer_and_buttons_is_filled():
    shown = templates.render(NAMED, given())
    assert shown.header == "Encargo 1042"
    assert shown.body == "Hola Núria, hasta las 20:00 de hoy."
    assert shown.footer == "Mensaje automático"
    assert [(one["type"], one["value"]) for one in shown.buttons] == [
        ("url", "https://pedidos.example/e/1042"),
        ("quick_reply", "BAJA"),
    ]


def test_a_quick_reply_without_a_payload_answers_with_its_text():
    assert templates.render(NAMED, given(reply=None)).buttons[1]["value"] == "No recibir más"


def test_an_address_with_a_variable_needs_its_parameter():
    assert code_of(NAMED, given(url=None)) == 131008


def test_a_named_template_does_not_take_unnamed_parameters():
    body = {
        "type": "body",
        "parameters": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
    }
    assert code_of(NAMED, given(body=body)) == 100


def test_a_button_that_is_not_there_is_132000():
    extra = {"type": "button", "sub_type": "quick_reply", "index": "5", "parameters": []}
    assert code_of(NAMED, given(extra=extra)) == 132000


@pytest.mark.parametrize("index", [None, "x", "10", -1])
def test_a_button_needs_an_index(index):
    assert code_of(NAMED, given(extra={"type": "button", "index": index})) == 131009


def test_a_document_header_takes_an_id_or_a_link():
    header = {
        "type": "header",
        "parameters": [{"type": "document", "document": {"id": "1", "filename": "po.pdf"}}],
    }
    assert templates.render(MEDIA, [header]).header == "po.pdf"
    assert (
        code_of(MEDIA, [{"type": "header", "parameters": [{"type": "document", "document": {}}]}])
        == 131008
    )
    assert (
        code_of(MEDIA, [{"type": "header", "parameters": [{"type": "text", "text": "x"}]}])
        == 132012
    )
    assert code_of(MEDIA, None) == 132000


def test_a_component_that_the_template_does_not_have_is_132000():
    plain = {"components": [{"type": "BODY", "text": "Hola."}]}
    assert code_of(plain, [{"type": "header", "parameters": []}]) == 132000
    assert templates.render(plain, None).body == "Hola."
