from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from messaging import demo
from messaging.graph_api.webhook_payload import parse
from messaging.simulator import account, chats, pump, replies, store, switches, webhooks
from tests.conftest import wait_until
from tests.messaging.simulator.conftest import GOIKO, kept, po_notification


def test_a_message_is_sent_and_delivered_with_everything_meta_says(graph, endpoint, deliver):
    wamid = graph.send(po_notification(biz_opaque_callback_data="our-id")).json()["messages"][0][
        "id"
    ]
    deliver()
    assert endpoint.statuses == ["sent", "delivered"]
    assert endpoint.well_signed == [True, True]
    value = endpoint.values[0]
    assert value["metadata"] == {"display_phone_number": "34612345679", "phone_number_id": GOIKO}
    assert value["contacts"][0]["wa_id"] == "34600000101"
    fact = value["statuses"][0]
    assert fact["id"] == wamid
    assert fact["biz_opaque_callback_data"] == "our-id"
    assert fact["recipient_id"] == "34600000101"
    assert isinstance(fact["timestamp"], str)
    assert fact["pricing"] == {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "utility",
    }


def test_our_own_parser_reads_every_webhook_without_a_problem(graph, endpoint, deliver):
    graph.send(po_notification(biz_opaque_callback_data="our-id"))
    replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Vale ✓")
    deliver()
    changes = [change for raw, _ in endpoint.posts for change in parse(json.loads(raw)).changes]
    assert [problem for change in changes for problem in change.problems] == []
    assert {fact.status for change in changes for fact in change.statuses} == {"sent", "delivered"}
    assert [fact.text for change in changes for fact in change.messages] == ["Vale ✓"]


def test_bodies_are_ascii_with_metas_escapes(graph, endpoint, deliver):
    replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Año 1/2 🥐")
    deliver()
    raw = endpoint.posts[0][0]
    assert raw.isascii()
    assert b"A\\u00f1o 1\\/2 \\ud83e\\udd50" in raw


def test_nothing_leaves_before_its_time(graph, endpoint, deliver):
    graph.send()
    assert deliver(after_s=0.1) == 0
    assert deliver(after_s=0.5) == 1
    assert endpoint.statuses == ["sent"]
    assert deliver(after_s=1.0) == 1
    assert endpoint.statuses == ["sent", "delivered"]


def test_each_webhook_is_claimed_once_however_many_pumps_there_are(graph):
    for place in range(30):
        graph.send(po_notification(f"+3461100{place:04d}"))
    gate = threading.Barrier(4)

    def claim_all() -> list[str]:
        gate.wait()
        found: list[str] = []
        while claimed := webhooks.claim(now=store.now() + 30, limit=7):
            found += [webhook.webhook_id for webhook in claimed]
        return found

    with ThreadPoolExecutor(4) as pool:
        ids = [one for claimed in pool.map(lambda _: claim_all(), range(4)) for one in claimed]
    assert len(ids) == len(set(ids)) == 60


def test_what_a_dead_pump_had_claimed_comes_back(graph):
    graph.send()
    now = store.now() + 5
    assert len(webhooks.claim(now=now, limit=10)) == 2
    assert webhooks.claim(now=now + 30, limit=10) == []
    assert len(webhooks.claim(now=now + 61, limit=10)) == 2


def test_a_refused_webhook_comes_again_unchanged_until_it_is_taken(graph, endpoint, deliver):
    endpoint.answers = [500, 403, 200]
    replies.write_back(wa_id="34600000101", phone_number_id=GOIKO, text="Hola")
    for _ in range(3):
        deliver()
    assert len({raw for raw, _signature in endpoint.posts}) == 1
    assert len(endpoint.posts) == 3
    assert webhooks.waiting() == 0
    assert [line["answer"] for line in webhooks.noted()] == ["200", "403", "500"]


def test_an_endpoint_that_is_away_loses_nothing(graph, endpoint, deliver, settings):
    graph.send()
    here, endpoint.url = endpoint.url, "http://127.0.0.1:1/webhook"
    deliver()
    assert webhooks.waiting() == 2
    endpoint.url = here
    deliver()
    assert endpoint.statuses == ["sent", "delivered"]


def test_many_due_at_once_share_one_post(graph, endpoint, deliver):
    for place in range(10):
        graph.send(po_notification(f"+3461100{place:04d}"))
    deliver()
    assert len(endpoint.posts) == 1
    assert len(endpoint.statuses) == 20


def test_an_unsubscribed_app_gets_nothing_but_the_phone_goes_on(graph, endpoint, deliver):
    account.set_subscribed(False)
    wamid = graph.send().json()["messages"][0]["id"]
    deliver()
    assert endpoint.posts == []
    assert "delivered" in kept(wamid).at


def test_an_override_must_answer_the_challenge(graph, endpoint):
    path = f"{demo.WABA_ID}/subscribed_apps"
    body = {"override_callback_uri": endpoint.url, "verify_token": demo.VERIFY_TOKEN}
    assert graph.post(path, body).json()["error"]["code"] == 2200
    assert account.override() == ""


def test_messages_are_read_by_themselves_when_the_switch_says_so(graph, endpoint, deliver):
    switches.save(switches.Switches(latency_ms=0, reading=switches.Reading.AUTO))
    graph.send()
    deliver(after_s=5)
    assert endpoint.statuses == ["sent", "delivered"]
    deliver(after_s=15)
    assert endpoint.statuses == ["sent", "delivered", "read"]


def test_a_chat_opened_before_is_not_read_a_second_time(graph, endpoint, deliver):
    switches.save(switches.Switches(latency_ms=0, reading=switches.Reading.AUTO))
    graph.send()
    deliver(after_s=5)
    replies.open_chat(chats.listed()[0], reading=switches.Reading.AUTO)
    deliver(after_s=15)
    deliver(after_s=15)
    assert endpoint.statuses == ["sent", "delivered", "read"]


@pytest.mark.parametrize("times", [1, 3])
def test_the_pump_starts_once_a_process_and_ends_with_its_address(graph, endpoint, settings, times):
    settings.SIMULATOR_WEBHOOK_URL = endpoint.url
    for _ in range(times):
        graph.send()
    running = [one for one in threading.enumerate() if one.name == "simulator-webhooks"]
    assert len(running) == 1
    wait_until(lambda: endpoint.statuses.count("delivered") == times)
    settings.SIMULATOR_WEBHOOK_URL = ""
    pump.ensure_running()
    wait_until(lambda: not running[0].is_alive())
