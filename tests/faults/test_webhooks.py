"""Webhooks while workers die and services are away: each status is applied, and once."""

from __future__ import annotations

import json
import time

import pytest
import requests

from benchmarks.bench_webhook import ACCEPTED, STORE, body
from benchmarks.stand import wait_until
from messaging import demo
from messaging.graph_api.signature import sign
from tests.faults.test_killed_workers import waits_for_lock

pytestmark = pytest.mark.faults

BATCH = 200
WAITING = "SELECT count(*) FROM messaging_webhookdelivery WHERE processed_at IS NULL"
APPLIED = "SELECT count(*) FROM messaging_messageevent WHERE kind = 'delivered'"


@pytest.fixture
def inbox(stand):
    """Messages that Meta accepted and, stored, the webhooks that say they were delivered; no worker yet."""
    stand.database.execute("TRUNCATE messaging_webhookdelivery")
    stand.queue_rows(BATCH)
    stand.database.execute(ACCEPTED)
    for row in rows_of(stand):
        store(stand, json.dumps(body([row], "delivered")).encode())
    return stand


def rows_of(stand):
    return stand.rows("SELECT id::text, wamid, recipient_phone FROM messaging_message ORDER BY id")


def store(stand, raw):
    stand.database.execute(STORE, [raw, len(raw)])


def wake(stand):
    stand.celery.send_task("messaging.apply_webhooks", queue="webhooks")


def finish(stand):
    def is_done():
        stand.sweep()
        time.sleep(0.2)  # as beat does, only sooner; one at every look would fill the queue
        return not stand.value(WAITING)

    wait_until(is_done)
    assert stand.value(APPLIED) == BATCH
    assert stand.rows("SELECT DISTINCT status FROM messaging_message") == [("delivered",)]
    outcomes = stand.rows("SELECT DISTINCT outcome FROM messaging_webhookdelivery")
    assert outcomes == [("applied",)]


@pytest.mark.parametrize(
    "table",
    ["messaging_message", "messaging_messageevent", "messaging_webhookdelivery"],
    ids=["before the messages", "between messages and timeline", "before the verdicts"],
)
def test_a_worker_killed_in_the_middle_of_a_batch_leaves_it_to_the_next(inbox, table):
    worker = inbox.start_worker()
    with inbox.connect() as other, other.transaction():
        # Reading and locking rows goes on, writing waits.
        other.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        wake(inbox)
        wait_until(lambda: waits_for_lock(inbox))
        worker.kill()
    inbox.start_worker()
    finish(inbox)


def test_two_workers_share_the_webhooks_and_apply_each_once(inbox):
    for row in rows_of(inbox):
        store(inbox, json.dumps(body([row], "delivered")).encode())
    inbox.start_worker()
    inbox.start_worker()
    for _ in range(6):
        wake(inbox)
    finish(inbox)


def test_an_emptied_valkey_loses_no_webhook(inbox):
    inbox.start_worker()
    wake(inbox)
    inbox.redis.flushall()
    finish(inbox)


def test_after_a_restart_of_postgresql_the_webhook_asks_for_a_repeat_or_stores(inbox):
    inbox.start_web()
    row = rows_of(inbox)[0]
    raw = json.dumps(body([row], "delivered")).encode()
    assert post(inbox, raw) == 200
    inbox.restart_postgres()
    # The pool may hand out a connection that died with the server: then Meta repeats.
    wait_until(lambda: post(inbox, raw) == 200)
    inbox.start_worker()
    finish(inbox)


def post(stand, raw):
    """Return the answer's status, which is 200 or asks Meta to repeat."""
    answer = requests.post(
        f"http://127.0.0.1:{stand.web_port}/api/v1/whatsapp/webhook",
        data=raw,
        headers={
            "Content-Type": "application/json",
            "X-Hub-Signature-256": sign(raw, demo.APP_SECRET),
        },
        timeout=30,
    )
    assert answer.status_code in {200, 503}
    return answer.status_code
