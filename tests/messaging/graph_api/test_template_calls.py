"""Creating, editing and deleting templates at Meta's HTTP boundary, with its own answers."""

from __future__ import annotations

import json

import pytest
import responses

from messaging.graph_api.errors import NoAnswerError, RateLimitError, RequestError
from messaging.graph_api.template_calls import CreatedTemplate
from tests.messaging.graph_api.test_client import WABA, client, meta

__all__ = ["meta"]

GRAPH = "https://graph.facebook.com/v26.0"
TEMPLATES_URL = f"{GRAPH}/{WABA}/message_templates"
TEMPLATE_ID = "1200000000000345"
BODY = [{"type": "BODY", "text": "Hola"}]
# Template management, error of a creation, read 2026-11-22.
REFUSED = {
    "error": {
        "message": "Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_subcode": 2388299,
        "is_transient": False,
        "error_user_title": "Las variables no pueden estar al principio ni al final",
        "error_user_msg": "Añade texto delante y detrás.",
        "fbtrace_id": "AbCdEfGhIjK1234",
    }
}


def create():
    return client().create_template(
        WABA, name="order_ready", language="es", category="UTILITY", components=BODY
    )


def test_a_new_template_gets_metas_id_status_and_category(meta):
    answer = {"id": TEMPLATE_ID, "status": "PENDING", "category": "MARKETING"}
    call = meta.post(TEMPLATES_URL, json=answer)
    assert create() == CreatedTemplate(TEMPLATE_ID, "PENDING", "MARKETING")
    assert json.loads(call.calls[0].request.body) == {
        "name": "order_ready",
        "language": "es",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": BODY,
    }


def test_an_id_that_comes_as_a_number_is_a_string(meta):
    meta.post(TEMPLATES_URL, json={"id": int(TEMPLATE_ID)})
    assert create() == CreatedTemplate(TEMPLATE_ID, "PENDING", "UTILITY")


def test_a_refusal_keeps_metas_words_and_the_telling_subcode(meta):
    meta.post(TEMPLATES_URL, status=400, json=REFUSED)
    with pytest.raises(RequestError) as caught:
        create()
    error = caught.value
    assert (error.code, error.subcode) == (100, 2388299)
    assert "begins or ends with a placeholder" in error.facts.title.en
    assert error.user_title.startswith("Las variables")
    assert error.user_message == "Añade texto delante y detrás."


@pytest.mark.parametrize("odd", [None, 7, ["x"], {"a": "b"}])
def test_words_of_an_odd_shape_are_left_out(meta, odd):
    error = REFUSED["error"] | {"error_user_title": odd, "error_user_msg": odd}
    meta.post(TEMPLATES_URL, status=400, json={"error": error})
    with pytest.raises(RequestError) as caught:
        create()
    assert (caught.value.user_title, caught.value.user_message) == ("", "")


def test_too_many_creations_are_a_limit(meta):
    meta.post(TEMPLATES_URL, status=400, json={"error": {"code": 80008, "message": "too many"}})
    with pytest.raises(RateLimitError):
        create()


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"status": "PENDING"}])
def test_an_answer_without_an_id_leaves_it_open_whether_it_was_made(meta, answer):
    meta.post(TEMPLATES_URL, json=answer)
    with pytest.raises(NoAnswerError):
        create()


def test_an_edit_replaces_the_components_and_only_a_given_category(meta):
    call = meta.post(f"{GRAPH}/{TEMPLATE_ID}", json={"success": True})
    client().edit_template(TEMPLATE_ID, components=BODY)
    client().edit_template(TEMPLATE_ID, components=BODY, category="MARKETING")
    bodies = [json.loads(one.request.body) for one in call.calls]
    assert bodies == [{"components": BODY}, {"components": BODY, "category": "MARKETING"}]


def test_one_language_is_deleted_by_name_and_id_together(meta):
    call = meta.delete(TEMPLATES_URL, json={"success": True})
    client().delete_template(WABA, name="order_ready", template_id=TEMPLATE_ID)
    assert call.calls[0].request.params == {"name": "order_ready", "hsm_id": TEMPLATE_ID}


def test_all_languages_are_deleted_by_the_name_alone(meta):
    call = meta.delete(TEMPLATES_URL, json={"success": True})
    client().delete_template_in_all_languages(WABA, name="order_ready")
    assert call.calls[0].request.params == {"name": "order_ready"}


def test_a_change_that_meta_does_not_confirm_is_open(meta: responses.RequestsMock):
    meta.delete(TEMPLATES_URL, json={"success": False})
    with pytest.raises(NoAnswerError):
        client().delete_template(WABA, name="order_ready", template_id=TEMPLATE_ID)
