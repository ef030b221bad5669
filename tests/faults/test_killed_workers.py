"""A worker that dies by kill -9, at each step of a batch."""

from __future__ import annotations

import time

import pytest

from benchmarks.stand import wait_until
from messaging.statuses import MessageStatus

pytestmark = pytest.mark.faults

BATCH = 10


def finish(stand):
    """Another worker takes over and the sweeps settle what the dead one left."""
    stand.start_worker()
    stand.settle()
    return stand.check(BATCH)


def test_killed_while_it_claims_it_leaves_everything_to_the_next(stand):
    worker = stand.start_worker()
    stand.queue_rows(BATCH)
    with stand.connect() as other, other.transaction():
        other.execute("LOCK TABLE messaging_message IN SHARE MODE")
        stand.wake()
        wait_until(lambda: waits_for_lock(stand))
        worker.kill()
    assert finish(stand) == {MessageStatus.ACCEPTED: BATCH}


def waits_for_lock(stand):
    return stand.value(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )


def test_killed_between_claim_and_request_its_messages_become_unconfirmed(stand):
    worker = stand.start_worker()
    # The number's line is taken for the next seconds, as by other workers, so that the claimed ones wait for their slot.
    seconds, micros = stand.redis.time()
    stand.redis.set("pace:123456789012345", f"{seconds + micros / 1e6 + 0.45:.6f}", ex=60)
    stand.queue_rows(BATCH)
    stand.wake()
    wait_until(lambda: stand.count(MessageStatus.SENDING))
    worker.kill()
    assert stand.received() < BATCH
    assert finish(stand)[MessageStatus.UNCONFIRMED] >= 1


def test_killed_while_requests_are_under_way_nothing_is_sent_again(stand):
    stand.begin("silent")
    worker = stand.start_worker()
    stand.queue_rows(BATCH)
    stand.wake()
    wait_until(lambda: stand.received() == BATCH)
    worker.kill()
    stand.graph("_behave", modes=["accept"])
    assert finish(stand) == {MessageStatus.UNCONFIRMED: BATCH}
    assert stand.received() == BATCH


@pytest.mark.parametrize(
    "table",
    ["messaging_message", "messaging_messageevent"],
    ids=["before anything is written", "half written"],
)
def test_killed_while_it_records_what_meta_answered_nothing_is_sent_again(stand, table):
    worker = stand.start_worker()
    stand.graph("_behave", latency_s=0.5)
    stand.queue_rows(BATCH)
    stand.wake()
    wait_until(lambda: stand.received() == BATCH)
    with stand.connect() as other, other.transaction():
        other.execute(f"LOCK TABLE {table} IN SHARE MODE")
        wait_until(lambda: waits_for_lock(stand))
        worker.kill()
    assert finish(stand) == {MessageStatus.UNCONFIRMED: BATCH}
    assert stand.received() == BATCH


def test_killed_at_any_moment_under_load_nothing_is_lost_or_sent_twice(stand):
    numbers = stand.seeded["numbers"]
    stand.queue_rows(200, numbers=numbers)
    for life_s in (0.1, 0.45, 0.8):
        worker = stand.start_worker()
        stand.wake(numbers)
        wait_until(lambda: stand.received() > 0)
        time.sleep(life_s)  # any moment will do; that is the point
        worker.kill()
    stand.start_worker()
    stand.settle()
    statuses = stand.check(200)
    assert set(statuses) <= {MessageStatus.ACCEPTED, MessageStatus.UNCONFIRMED}


def test_two_workers_started_at_once_send_each_message_once(stand):
    numbers = stand.seeded["numbers"]
    stand.queue_rows(200, numbers=numbers)
    stand.wake(numbers * 3)
    stand.start_worker()
    stand.start_worker()
    stand.settle()
    assert stand.check(200) == {MessageStatus.ACCEPTED: 200}
