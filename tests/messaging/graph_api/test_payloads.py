from __future__ import annotations

import pytest

from messaging.graph_api.payloads import template_message, text_message

BODY = [{"type": "body", "parameters": [{"type": "text", "text": "PO-1"}]}]


def test_a_template_message_has_metas_shape():
    message = template_message(
        to="+34600000101",
        name="po_notification",
        language="es",
        components=BODY,
        callback_data="0192f3c4-7c1e-7a55-9a11-5d1f3b0c8e21",
    )
    assert message == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+34600000101",
        "type": "template",
        "template": {
            "name": "po_notification",
            "language": {"policy": "deterministic", "code": "es"},
            "components": BODY,
        },
        "biz_opaque_callback_data": "0192f3c4-7c1e-7a55-9a11-5d1f3b0c8e21",
    }


def test_a_template_without_values_carries_no_components():
    message = template_message(
        to="+34600000101", name="a", language="es", components=[], callback_data=""
    )
    assert "components" not in message["template"]
    assert "biz_opaque_callback_data" not in message


def test_a_recipient_without_plus_never_leaves():
    with pytest.raises(ValueError, match="plus"):
        template_message(to="34600000101", name="a", language="es", components=[], callback_data="")
    with pytest.raises(ValueError, match="plus"):
        text_message(to="600000101", body="Hola")


def test_callback_data_has_metas_length():
    with pytest.raises(ValueError, match="512"):
        text_message(to="+34600000101", body="Hola", callback_data="x" * 513)


def test_a_text_message_may_quote_another():
    message = text_message(to="+34600000101", body="Hola", quoted_wamid="wamid.A1")
    assert message["text"] == {"body": "Hola", "preview_url": False}
    assert message["context"] == {"message_id": "wamid.A1"}


@pytest.mark.parametrize("body", ["", "  ", "x" * 4097])
def test_a_text_is_neither_empty_nor_too_long(body):
    with pytest.raises(ValueError, match="characters"):
        text_message(to="+34600000101", body=body)


def test_a_text_goes_to_a_user_id_where_no_number_is_known():
    message = text_message(to="", user_id="ES.70210000000000000042", body="Hola")
    assert message["recipient"] == "ES.70210000000000000042"
    assert "to" not in message
    known = text_message(to="+34600000101", user_id="ES.70210000000000000042", body="Hola")
    assert known["to"] == "+34600000101"
    assert "recipient" not in known


def test_a_text_to_nobody_never_leaves():
    with pytest.raises(ValueError, match="plus"):
        text_message(to="", body="Hola")
