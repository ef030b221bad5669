from __future__ import annotations

import json

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api.client import GraphApi, new_session
from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.graph_api.number_calls import HealthFacts

NUMBER = "123456789012345"
WABA = "987654321098765"
URL = f"https://graph.facebook.com/v26.0/{NUMBER}"
# Health status, read 2026-11-22.
BLOCKED = {
    "can_send_message": "BLOCKED",
    "entities": [
        {
            "entity_type": "PHONE_NUMBER",
            "id": NUMBER,
            "can_send_message": "LIMITED",
            "additional_info": ["display name not approved yet"],
        },
        {
            "entity_type": "WABA",
            "id": WABA,
            "can_send_message": "BLOCKED",
            "errors": [
                {
                    "error_code": 141006,
                    "error_description": "payment problem",
                    "possible_solution": "add a payment method",
                }
            ],
        },
    ],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def api() -> GraphApi:
    return GraphApi(
        base_url="https://graph.facebook.com",
        version="v26.0",
        access_token="EAAinvented",
        session=new_session(1),
        timeout_s=(1.0, 1.0),
    )


@responses.activate
def test_health_names_each_part_its_problem_and_metas_solution(api):
    responses.get(URL, json={"health_status": BLOCKED, "id": NUMBER})
    facts = api.health_status(NUMBER)
    assert facts.can_send == "BLOCKED"
    number, account = facts.entities
    assert (number.can_send, number.problems[0].description) == (
        "LIMITED",
        "display name not approved yet",
    )
    problem = account.problems[0]
    assert (problem.code, problem.description, problem.solution) == (
        "141006",
        "payment problem",
        "add a payment method",
    )


@responses.activate
def test_an_answer_without_health_is_no_answer(api):
    responses.get(URL, json={"id": NUMBER})
    with pytest.raises(NoAnswerError):
        api.health_status(NUMBER)


@responses.activate
def test_the_health_of_all_numbers_comes_in_one_call(api):
    rows = [{"id": NUMBER, "health_status": BLOCKED}, {"id": "2"}]
    responses.get(f"https://graph.facebook.com/v26.0/{WABA}/phone_numbers", json={"data": rows})
    found = api.health_of_numbers(WABA)
    assert {number: facts.can_send for number, facts in found.items()} == {NUMBER: "BLOCKED"}
    assert len(responses.calls) == 1


@responses.activate
def test_a_meta_that_does_not_list_health_costs_nothing_else(api):
    responses.get(
        f"https://graph.facebook.com/v26.0/{WABA}/phone_numbers",
        status=400,
        json={"error": {"code": 100, "message": "(#100) unknown field"}},
    )
    assert api.health_of_numbers(WABA) == {}


@given(status=JSON)
def test_no_health_of_metas_is_too_odd_to_be_read(status):
    HealthFacts.from_meta(status)
    HealthFacts.from_meta({"can_send_message": "AVAILABLE", "entities": status})
    HealthFacts.from_meta(
        {"can_send_message": "LIMITED", "entities": [{"errors": status, "additional_info": status}]}
    )


@responses.activate
@pytest.mark.parametrize("method", ["SMS", "VOICE"])
def test_a_code_is_asked_for_by_sms_or_voice(api, method):
    responses.post(f"{URL}/request_code", json={"success": True})
    api.request_code(NUMBER, method=method, language="es")
    assert json.loads(responses.calls[0].request.body or "") == {
        "code_method": method,
        "language": "es",
    }


def test_there_is_no_third_way_to_send_a_code(api):
    with pytest.raises(ValueError, match="SMS, VOICE"):
        api.request_code(NUMBER, method="EMAIL", language="es")


@responses.activate
def test_code_and_pin_travel_in_the_body_and_in_no_address(api):
    responses.post(f"{URL}/verify_code", json={"success": True})
    responses.post(f"{URL}/register", json={"success": True})
    api.verify_code(NUMBER, "654321")
    api.register(NUMBER, pin="482913")
    verify, register = (call.request for call in responses.calls)
    assert json.loads(verify.body or "") == {"code": "654321"}
    assert json.loads(register.body or "") == {"messaging_product": "whatsapp", "pin": "482913"}
    assert "654321" not in str(verify.url)
    assert "482913" not in str(register.url)


@responses.activate
def test_a_wrong_code_arrives_as_metas_error(api):
    responses.post(
        f"{URL}/verify_code", status=400, json={"error": {"code": 136025, "message": "no"}}
    )
    with pytest.raises(GraphApiError) as refused:
        api.verify_code(NUMBER, "000000")
    assert refused.value.code == 136025
