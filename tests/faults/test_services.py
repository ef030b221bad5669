"""Valkey emptied and restarted, PostgreSQL restarted, the clock stepped: all while messages go out."""

from __future__ import annotations

import time

import pytest

from benchmarks.stand import wait_until
from messaging.statuses import MessageStatus

pytestmark = pytest.mark.faults

LOAD = 240


@pytest.fixture
def under_load(stand):
    """Messages on three numbers, a second and more of work, some of it done."""
    numbers = stand.seeded["numbers"]
    stand.queue_rows(LOAD, numbers=numbers)
    stand.start_worker()
    stand.wake(numbers)
    wait_until(lambda: stand.received() > 20)
    return stand


def test_an_emptied_valkey_loses_nothing_and_repeats_nothing(under_load):
    for _ in range(3):
        under_load.redis.flushall()
        time.sleep(0.2)  # some work between one loss and the next
    under_load.settle()
    assert under_load.check(LOAD) == {MessageStatus.ACCEPTED: LOAD}


def test_a_restarted_valkey_loses_nothing_and_repeats_nothing(under_load):
    under_load.restart_valkey()
    under_load.settle()
    assert under_load.check(LOAD) == {MessageStatus.ACCEPTED: LOAD}


def test_a_restarted_postgresql_loses_nothing_and_repeats_nothing(under_load):
    under_load.restart_postgres()
    under_load.settle()
    statuses = under_load.check(LOAD)
    assert set(statuses) <= {MessageStatus.ACCEPTED, MessageStatus.UNCONFIRMED}
    assert statuses[MessageStatus.ACCEPTED] > LOAD / 2


@pytest.mark.parametrize("hours", [2, -2])
def test_a_stepped_clock_of_valkey_holds_nobody_up(stand, hours):
    seconds, _micros = stand.redis.time()
    for place in range(3):
        stand.redis.set(f"pace:{123456789012345 + place}", f"{seconds + hours * 3600:.6f}")
    stand.queue_rows(30, numbers=stand.seeded["numbers"])
    stand.start_worker()
    stand.wake(stand.seeded["numbers"])
    stand.settle(timeout_s=20)
    assert stand.check(30) == {MessageStatus.ACCEPTED: 30}
