from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import translation

from messaging import demo
from messaging.simulator import account, chats, scenarios, switches, webhooks
from tests.conftest import ROOT
from tests.messaging.simulator.conftest import GOIKO, kept, po_notification


def to(suffix: str) -> dict[str, Any]:
    return po_notification(f"+34600000{suffix}")


def wamid_of(answer) -> str:
    return str(answer.json()["messages"][0]["id"])


def test_no_two_scenarios_share_a_number_and_no_demo_supplier_has_one():
    suffixes = [scenario.suffix for scenario in scenarios.SCENARIOS if scenario.suffix]
    assert len(suffixes) == len(set(suffixes))
    assert not {supplier.phone[-3:] for supplier in demo.SUPPLIERS} & set(suffixes)


@pytest.mark.parametrize(
    ("suffix", "statuses"),
    [
        ("131", ["sent", "failed"]),
        ("134", ["failed"]),
        ("140", ["read", "delivered", "sent"]),
        ("141", ["sent", "sent", "delivered", "delivered", "sent", "delivered"]),
        ("142", ["sent", "read"]),
        ("143", ["sent", "delivered", "failed"]),
        ("144", ["sent", "failed", "delivered"]),
        ("146", []),
        ("147", ["sent"]),
        ("182", ["sent", "warning", "delivered"]),
    ],
)
def test_the_recipients_last_digits_decide_which_webhooks_come(
    graph, endpoint, deliver, suffix, statuses
):
    assert graph.send(to(suffix)).status_code == 200
    deliver()
    assert endpoint.statuses == statuses


def test_other_numbers_with_the_same_last_digits_meet_no_surprise(graph, endpoint, deliver):
    graph.send(po_notification("+34611222131"))
    deliver()
    assert endpoint.statuses == ["sent", "delivered"]


def test_undeliverable_names_131026_and_no_price(graph, endpoint, deliver):
    graph.send(to("131"))
    deliver()
    fact = endpoint.values[-1]["statuses"][0]
    assert fact["errors"][0]["code"] == 131026
    assert "pricing" not in fact
    assert "recipient_user_id" not in fact


def test_a_held_message_says_so_and_fails_later_with_132015(graph, endpoint, deliver):
    answer = graph.send(to("132"))
    assert answer.json()["messages"][0]["message_status"] == "held_for_quality_assessment"
    assert "held" in kept(wamid_of(answer)).at
    deliver()
    assert endpoint.values[-1]["statuses"][0]["errors"][0]["code"] == 132015


@pytest.mark.parametrize(
    ("suffix", "status", "code"),
    [("156", 400, 131056), ("129", 400, 130429), ("160", 500, 131000), ("161", 503, 2)],
)
def test_a_passing_refusal_comes_twice_and_then_the_message_is_taken(graph, suffix, status, code):
    for _ in range(2):
        assert graph.refusal(to(suffix)) == (status, code)
    assert graph.send(to(suffix)).status_code == 200
    assert graph.refusal(to(suffix)) == (status, code)


def test_maintenance_is_marked_as_passing(graph):
    assert graph.send(to("161")).json()["error"]["is_transient"] is True


@pytest.mark.parametrize(
    ("suffix", "status", "code"), [("190", 401, 190), ("163", 403, 200), ("164", 403, 131031)]
)
def test_a_lasting_refusal_stays(graph, suffix, status, code):
    for _ in range(3):
        assert graph.refusal(to(suffix)) == (status, code)


def test_an_html_page_comes_instead_of_json(graph):
    answer = graph.send(to("152"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert webhooks.waiting() == 0


@pytest.mark.parametrize("suffix", ["153", "154"])
def test_an_answer_that_nobody_can_read_is_still_an_accepted_message(
    graph, endpoint, deliver, suffix
):
    answer = graph.send(to(suffix))
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        json.loads(answer.content)
    deliver()
    assert endpoint.statuses == ["sent", "delivered"]


def test_wrongly_signed_webhooks_are_recognised_as_such(graph, endpoint, deliver):
    graph.send(to("180"))
    deliver()
    assert endpoint.well_signed == [False, False]


def test_a_batch_holds_the_statuses_between_broken_elements(graph, endpoint, deliver):
    wamid = wamid_of(graph.send(to("181")))
    deliver()
    elements = endpoint.values[-1]["statuses"]
    ours = [one["status"] for one in elements if isinstance(one, dict) and one["id"] == wamid]
    assert ours == ["sent", "delivered"]
    assert "nonsense" in elements


def test_an_unknown_field_comes_beside_the_statuses(graph, endpoint, deliver):
    graph.send(to("183"))
    deliver()
    assert b'"field":"bakery_weather"' in endpoint.posts[-1][0]
    assert sorted(endpoint.statuses) == ["delivered", "sent"]


def test_meta_changes_the_category_and_says_so(graph, endpoint, deliver):
    graph.send(to("170"))
    deliver()
    value = endpoint.values[-1]
    assert (value["previous_category"], value["new_category"]) == ("UTILITY", "MARKETING")
    assert value["message_template_id"] == 1200000000000345
    assert graph.get("1200000000000345?fields=category").json()["category"] == "MARKETING"


def test_meta_pauses_the_template_and_refuses_the_next_message(graph, endpoint, deliver):
    graph.send(to("171"))
    deliver()
    assert endpoint.values[-1]["event"] == "PAUSED"
    assert graph.refusal(po_notification()) == (400, 132015)


def test_the_sending_number_turns_red(graph):
    graph.send(to("172"))
    assert graph.get(GOIKO).json()["quality_rating"] == "RED"
    assert graph.get(demo.DEFAULT_PHONE_NUMBER_ID).json()["quality_rating"] == "GREEN"


class TestSwitch:
    def test_it_wins_over_the_number(self, graph, endpoint, deliver):
        switches.save(switches.Switches(scenario="phone_off", latency_ms=0))
        graph.send(to("131"))
        deliver()
        assert endpoint.statuses == ["sent"]

    def test_an_expired_token_refuses_every_call_and_ends_with_the_switch(self, graph):
        switches.save(switches.Switches(scenario="token_expired", latency_ms=0))
        error = graph.get(GOIKO).json()["error"]
        assert (error["code"], error["error_subcode"]) == (190, 463)
        assert graph.refusal(po_notification()) == (401, 190)
        switches.save(switches.Switches(latency_ms=0))
        assert graph.get(GOIKO).status_code == 200
        assert graph.send().status_code == 200

    def test_a_refusal_of_messages_leaves_reading_alone(self, graph):
        switches.save(switches.Switches(scenario="account_locked", latency_ms=0))
        assert graph.get(GOIKO).status_code == 200


def test_a_reset_makes_the_account_as_new(graph):
    account.set_quality(GOIKO, "RED")
    graph.send()
    graph.client.post("/simulator/scenarios/reset")
    assert graph.get(GOIKO).json()["quality_rating"] == "GREEN"
    assert chats.listed() == []
    assert webhooks.waiting() == 0


def test_the_documentation_lists_every_scenario():
    page = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    with translation.override("en"):
        for scenario in scenarios.SCENARIOS:
            ends_in = f"…{scenario.suffix}" if scenario.suffix else "any other"
            assert f"| {ends_in} | {scenario.title} | {scenario.effect} |" in page
