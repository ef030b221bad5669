"""Creating, editing, deleting and reviewing templates at the simulated Meta."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import demo
from messaging.simulator import account, store, template_making
from tests.messaging.simulator.test_contract import api

__all__ = ["api"]

EDGE = f"{demo.WABA_ID}/message_templates"
PO = demo.TEMPLATES[0]["id"]
GOOD = [{"type": "BODY", "text": "Hola, tu pedido de la panadería ya está listo."}]


def new(**more: Any) -> dict[str, Any]:
    fields = {"name": "order_ready", "language": "es", "category": "UTILITY", "components": GOOD}
    return {**fields, **more}


def text(words: str, *examples: str) -> list[dict[str, Any]]:
    return [{"type": "BODY", "text": words, "example": {"body_text": [list(examples)]}}]


def refused(answer) -> tuple[int, int | None]:
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode")


def status_of(template_id: str) -> tuple[str, str]:
    row = next(row for row in account.templates() if row["id"] == template_id)
    return row["status"], row["category"]


@pytest.fixture
def reviewed_at_once(state) -> None:
    template_making.set_review_s(0)


def test_a_new_template_is_pending_until_its_review_ends(graph):
    answer = graph.post(EDGE, new()).json()
    assert (answer["status"], answer["category"]) == ("PENDING", "UTILITY")
    assert status_of(answer["id"]) == ("PENDING", "UTILITY")
    template_making.set_review_s(0)
    second = graph.post(EDGE, new(name="order_ready_v2")).json()
    assert status_of(second["id"]) == ("APPROVED", "UTILITY")
    assert graph.get(second["id"]).json()["name"] == "order_ready_v2"


def test_the_review_is_told_by_webhook(graph, deliver, endpoint):
    graph.post(EDGE, new())
    deliver()
    [value] = endpoint.values
    assert (value["event"], value["reason"]) == ("APPROVED", "NONE")
    assert value["message_template_name"] == "order_ready"
    assert isinstance(value["message_template_id"], int)


def test_advertising_is_approved_as_marketing(graph, reviewed_at_once):
    made = graph.post(EDGE, new(components=text("La oferta del día es el pan"))).json()
    assert status_of(made["id"]) == ("APPROVED", "MARKETING")


def test_a_name_that_ends_in_rejected_is_rejected(graph, reviewed_at_once):
    made = graph.post(EDGE, new(name="order_rejected")).json()
    row = graph.get(f"{made['id']}?fields=status,rejected_reason").json()
    assert (row["status"], row["rejected_reason"]) == ("REJECTED", "TAG_CONTENT_MISMATCH")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (new(name="Pedido Listo"), (100, None)),
        (new(name=""), (100, None)),
        (new(category="OTHER"), (100, None)),
        (new(components=None), (100, None)),
        (new(components=[{"type": "FOOTER", "text": "x"}]), (100, 2388072)),
        (new(components=text("a" * 1025)), (100, 2388040)),
        (new(components=text("Hola {{1}} y {{3}} de aquí", "a", "b")), (100, 2388072)),
        (new(components=[{"type": "BODY", "text": "Hola {{1}} de aquí"}]), (100, 2388072)),
        (new(components=text("{{1}} de aquí", "a")), (100, 2388299)),
        (new(components=text("Desde {{1}}", "a")), (100, 2388299)),
        (new(components=text("Desde {{1}}{{2}} aquí", "a", "b")), (100, 2388072)),
        (new(components=[*GOOD, {"type": "FOOTER", "text": "{{1}}"}]), (100, 2388073)),
        (new(name="po_notification"), (100, 2388024)),
    ],
)
def test_it_refuses_what_meta_refuses(graph, body, expected):
    assert refused(graph.post(EDGE, body)) == expected


def test_a_refusal_has_words_for_a_person(graph):
    error = graph.post(EDGE, new(components=text("{{1}} de aquí", "a"))).json()["error"]
    assert error["error_user_title"]
    assert error["error_user_msg"]


def test_too_many_creations_in_an_hour_are_refused(graph):
    hour = str(int(store.now()) // 3600)
    for _ in range(template_making.CREATIONS_AN_HOUR):
        store.count_up(store.key("creations", hour), expire_s=60)
    assert refused(graph.post(EDGE, new())) == (80008, None)


def test_an_approved_template_is_edited_once_a_day_and_reviewed_again(graph, reviewed_at_once):
    assert graph.post(PO, {"components": GOOD}).json() == {"success": True}
    row = graph.get(f"{PO}?fields=components,status").json()
    assert (row["components"], row["status"]) == (GOOD, "APPROVED")
    assert refused(graph.post(PO, {"components": GOOD})) == (100, 2388039)


def test_a_template_in_review_is_not_edited(graph):
    graph.post(PO, {"components": GOOD})
    assert status_of(PO)[0] == "PENDING"
    assert refused(graph.post(PO, {"components": GOOD})) == (100, 2388039)


def test_the_category_of_an_approved_template_is_fixed(graph):
    body = {"components": GOOD, "category": "MARKETING"}
    assert refused(graph.post(PO, body)) == (100, 2388039)


def test_deleting_by_id_and_name_takes_one_language(graph, reviewed_at_once):
    made = graph.post(EDGE, new(name="po_notification", language="en")).json()
    answer = graph.call("DELETE", f"v26.0/{EDGE}?name=po_notification&hsm_id={made['id']}")
    assert answer.json() == {"success": True}
    assert [row["language"] for row in account.templates() if row["name"] == "po_notification"] == [
        "es"
    ]
    wrong = graph.call("DELETE", f"v26.0/{EDGE}?name=low_stock_alert&hsm_id={PO}")
    assert refused(wrong) == (100, None)


def test_deleting_by_name_takes_all_languages_and_blocks_the_name(graph, reviewed_at_once):
    graph.post(EDGE, new(name="po_notification", language="en"))
    graph.call("DELETE", f"v26.0/{EDGE}?name=po_notification")
    assert [row["name"] for row in account.templates()] == ["low_stock_alert"]
    assert refused(graph.post(EDGE, new(name="po_notification"))) == (100, 2388023)


def test_a_template_paused_by_hand_after_its_review_stays_paused(graph, reviewed_at_once):
    made = graph.post(EDGE, new()).json()
    account.change_template(made["id"], status="PAUSED")
    assert status_of(made["id"]) == ("PAUSED", "UTILITY")


def test_our_client_creates_edits_and_deletes_over_real_http(api, reviewed_at_once):
    made = api.create_template(
        demo.WABA_ID, name="order_ready", language="es", category="UTILITY", components=GOOD
    )
    assert made.status == "PENDING"
    names = {one.name: one.status for one in api.message_templates(demo.WABA_ID)}
    assert names["order_ready"] == "APPROVED"
    api.edit_template(made.template_id, components=text("Hola, el pedido está listo hoy."))
    api.delete_template(demo.WABA_ID, name="order_ready", template_id=made.template_id)
    assert "order_ready" not in {one.name for one in api.message_templates(demo.WABA_ID)}
