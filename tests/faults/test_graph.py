"""A Graph that is slow, resets connections, answers garbage or answers after our time-out."""

from __future__ import annotations

import pytest

from benchmarks.stand import wait_until
from messaging.statuses import MessageStatus

pytestmark = pytest.mark.faults

BATCH = 20


def send(stand, *modes):
    stand.begin(*modes)
    stand.queue_rows(BATCH)
    stand.start_worker()
    stand.wake()
    stand.settle()
    return stand.check(BATCH)


@pytest.mark.parametrize("mode", ["silent", "late", "reset", "garbage", "half", "html"])
def test_without_a_clear_answer_a_message_is_unconfirmed_and_not_sent_again(stand, mode):
    assert send(stand, mode) == {MessageStatus.UNCONFIRMED: BATCH}
    assert stand.received() == BATCH


def test_a_slow_graph_within_the_time_out_delays_and_loses_nothing(stand):
    stand.begin(latency_s=0.8)
    stand.queue_rows(BATCH, numbers=stand.seeded["numbers"])
    stand.start_worker()
    stand.wake(stand.seeded["numbers"])
    stand.settle()
    assert stand.check(BATCH) == {MessageStatus.ACCEPTED: BATCH}


def test_every_kind_of_trouble_at_once_stays_with_the_message_it_met(stand):
    modes = ["accept", "silent", "accept", "reset", "garbage"]
    statuses = send(stand, *modes)
    assert statuses == {
        MessageStatus.ACCEPTED: BATCH * 2 // 5,
        MessageStatus.UNCONFIRMED: BATCH * 3 // 5,
    }


def test_a_refusal_that_meta_calls_passing_is_sent_again_and_arrives_once(stand):
    stand.begin("refuse", "accept")
    stand.queue_rows(BATCH)
    stand.start_worker()
    stand.wake()
    wait_until(lambda: stand.received() == BATCH)
    wait_until(lambda: not stand.count(MessageStatus.SENDING))
    stand.graph("_behave", modes=["accept"])
    # As if the pause before the next try were over.
    stand.database.execute(
        "UPDATE messaging_message SET send_after = now() WHERE status = 'queued'"
    )
    stand.settle()
    assert stand.check(BATCH) == {MessageStatus.ACCEPTED: BATCH}
