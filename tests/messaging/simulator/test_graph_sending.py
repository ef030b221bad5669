from __future__ import annotations

from typing import Any

import pytest
import time_machine

from messaging import demo
from messaging.simulator import account, chats, replies, webhooks
from tests.messaging.simulator.conftest import GOIKO, Graph, kept, po_notification


def text_message(to: str = "+34600000101", body: str = "¡Gracias!") -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}}


def test_the_guides_send_gets_the_guides_answer(graph):
    answer = graph.call("POST", f"v18.0/{GOIKO}/messages", po_notification("+34600000101"))
    body = answer.json()
    assert answer.status_code == 200
    assert body["messaging_product"] == "whatsapp"
    assert body["contacts"] == [{"input": "+34600000101", "wa_id": "34600000101"}]
    assert body["messages"][0]["id"].startswith("wamid.")
    assert body["messages"][0]["message_status"] == "accepted"


def test_the_phone_shows_the_text_with_its_parameters(graph):
    wamid = graph.send().json()["messages"][0]["id"]
    letter = kept(wamid).letter
    assert letter.body == (
        "Hola Juan García, has recibido una nueva orden de compra PO-12345 por un total de €250.50."
    )


@pytest.mark.parametrize(
    ("to", "wa_id"),
    [
        ("+34 600-000 (101)", "34600000101"),
        ("34600000101", "34600000101"),
        ("600000101", "34600000101"),
        ("33600000101", "3433600000101"),
        ("+33600000101", "33600000101"),
    ],
)
def test_without_a_plus_the_senders_country_comes_in_front(graph, to, wa_id):
    assert graph.send(po_notification(to)).json()["contacts"][0]["wa_id"] == wa_id


class TestRefusals:
    @pytest.mark.parametrize("to", ["+34", "hello", "+3460000010112345678", "+34６00000101"])
    def test_no_phone_number_is_131009(self, graph, to):
        assert graph.refusal(po_notification(to)) == (400, 131009)

    def test_the_sender_itself_is_131021(self, graph):
        assert graph.refusal(po_notification(demo.NUMBERS[1].display_phone_number)) == (400, 131021)

    def test_an_unknown_sender_is_100(self, graph):
        answer = graph.post("999999999999999/messages", po_notification())
        assert answer.json()["error"]["error_subcode"] == 33

    @pytest.mark.parametrize("left_out", ["messaging_product", "to", "template"])
    def test_a_missing_field_is_100(self, graph, left_out):
        body = po_notification()
        del body[left_out]
        assert graph.refusal(body) == (400, 100)

    def test_an_unknown_template_or_language_is_132001(self, graph):
        body = po_notification()
        body["template"]["name"] = "nobody_wrote_this"
        assert graph.refusal(body) == (404, 132001)
        body = po_notification()
        body["template"]["language"]["code"] = "es_ES"
        assert graph.refusal(body) == (404, 132001)

    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_the_wrong_number_of_parameters_is_132000(self, graph, count):
        assert graph.refusal(po_notification("+34600000101", *"abcd"[:count])) == (400, 132000)

    def test_no_components_at_all_is_132000(self, graph):
        body = po_notification()
        del body["template"]["components"]
        assert graph.refusal(body) == (400, 132000)

    @pytest.mark.parametrize("value", ["a\nb", "a\tb", "a     b", "", "  ", None])
    def test_space_that_meta_does_not_take_is_132018(self, graph, value):
        assert graph.refusal(po_notification("+34600000101", value, "PO-1", "€1")) == (400, 132018)

    def test_text_that_is_no_text_is_100(self, graph):
        assert graph.refusal(po_notification("+34600000101", 7, "PO-1", "€1")) == (400, 100)

    def test_a_body_that_grows_too_long_is_132005(self, graph):
        assert graph.refusal(po_notification("+34600000101", "a" * 1000, "PO-1", "€1")) == (
            400,
            132005,
        )

    def test_another_kind_of_parameter_is_132012(self, graph):
        body = po_notification()
        body["template"]["components"][0]["parameters"][0] = {"type": "image", "image": {"id": "1"}}
        assert graph.refusal(body) == (400, 132012)

    def test_a_paused_template_is_132015(self, graph):
        account.change_template("1200000000000345", status="PAUSED")
        assert graph.refusal(po_notification()) == (400, 132015)

    def test_callback_data_over_512_characters_is_131009(self, graph):
        assert graph.refusal(po_notification(biz_opaque_callback_data="x" * 513)) == (400, 131009)

    def test_an_image_is_131051(self, graph):
        body = {"messaging_product": "whatsapp", "to": "+34600000101", "type": "image"}
        assert graph.refusal(body) == (400, 131051)

    @pytest.mark.parametrize(
        "components", ["x", [1], [{"type": "carousel"}], [{"type": "body", "parameters": 7}]]
    )
    def test_components_of_any_shape_are_refused_and_never_break_the_server(
        self, graph, components
    ):
        body = po_notification()
        body["template"]["components"] = components
        assert graph.refusal(body)[0] == 400

    @pytest.mark.parametrize("raw", [b"{", b"[]", b"7", b"\xff", b'{"a":' * 5000])
    def test_a_body_that_is_no_object_is_100(self, graph, raw):
        answer = graph.client.generic(
            "POST",
            f"/simulator/graph/v26.0/{GOIKO}/messages",
            raw,
            content_type="application/json",
            headers={"Authorization": f"Bearer {demo.ACCESS_TOKEN}"},
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)

    def test_a_refused_message_leaves_no_trace(self, graph):
        graph.refusal(po_notification("+34600000101", "one"))
        assert chats.listed() == []
        assert webhooks.waiting() == 0


class TestFreeText:
    def test_it_is_131047_until_the_recipient_has_written(self, graph):
        assert graph.refusal(text_message()) == (400, 131047)
        replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Hola")
        assert graph.send(text_message()).status_code == 200

    def test_a_reply_to_one_number_opens_no_other(self, graph):
        replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Hola")
        answer = graph.send(text_message(), number=demo.DEFAULT_PHONE_NUMBER_ID)
        assert answer.json()["error"]["code"] == 131047

    def test_the_window_closes_after_24_hours(self, graph):
        with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
            replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Hola")
            clock.shift(24 * 3600 + 1)
            assert graph.refusal(text_message()) == (400, 131047)


class TestRates:
    def test_after_a_burst_of_45_the_same_recipient_is_131056(self, graph):
        with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
            for _ in range(45):
                assert graph.send().status_code == 200
            assert graph.refusal(po_notification()) == (400, 131056)
            clock.shift(6)
            assert graph.send().status_code == 200

    def test_more_than_80_in_a_second_is_130429(self, graph):
        with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
            numbers = [f"+346110{place:05d}" for place in range(0, 81_000, 1000)]
            codes = [graph.send(po_notification(number)).status_code for number in numbers]
            assert codes == [200] * 80 + [400]
            clock.shift(1)
            assert graph.send(po_notification(numbers[-1])).status_code == 200


def test_marking_a_reply_read_is_taken_and_a_wrong_wamid_is_131009(graph: Graph):
    letter = replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Hola")
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": letter.wamid}
    assert graph.send(body).json() == {"success": True}
    assert "read" in kept(letter.wamid).at
    assert graph.refusal(body | {"message_id": "wamid.nobody"}) == (400, 131009)


def test_message_history_tells_of_a_known_wamid_and_422_of_another(graph, deliver):
    wamid = graph.send().json()["messages"][0]["id"]
    deliver()
    rows = graph.get(f"{GOIKO}/message_history?message_id={wamid}").json()["data"]
    events = [event["delivery_status"] for event in rows[0]["events"]["data"]]
    assert sorted(events) == ["DELIVERED", "SENT"]
    assert graph.get(f"{GOIKO}/message_history?message_id=wamid.x").status_code == 422
