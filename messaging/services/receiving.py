"""Receiving: store what Meta posts, apply it later in batches, harmless however often it is repeated."""

from __future__ import annotations

import time

from django.db import connection
from django.utils import timezone

from messaging import queues
from messaging.models import WebhookDelivery
from messaging.services import batches
from messaging.services.taking_turns import Turns

# Making a model and its statement for each webhook would cost as much again as running it.
_STORE = """
INSERT INTO messaging_webhookdelivery (body, size, received_at, verdicts, traceback) VALUES (%s, %s, %s, '[]', '')
"""
# One thread of each worker process: more would share its core and halve the batches.
_turns = Turns()


def store_delivery(body: bytes) -> None:
    """Keep one signed body and wake a worker. One INSERT, so that Meta is answered at once."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [body, len(body), timezone.now()])
    queues.wake_receiver()


def apply_until_quiet() -> int:
    """Apply what waits and what comes meanwhile; return how many deliveries. For a woken worker.

    While another thread of this process is at it, that one looks once more and this one returns at once.
    """
    total = 0
    if not _turns.begin():
        return total
    try:
        while True:
            total += apply_waiting()
            # Whoever saw a wake-up pending wakes nobody for a moment; what it stored meanwhile is found here.
            time.sleep(queues.SURELY_WOKEN_S)
            late = _apply_all()
            total += late
            if not late and _turns.may_end():
                return total
    except BaseException:
        _turns.give_up()
        raise


def apply_waiting() -> int:
    """Apply all stored deliveries that still wait; return how many."""
    queues.is_awake(queues.APPLY_WEBHOOKS)
    return _apply_all()


def wake_for_waiting() -> bool:
    """Wake a worker when a wake-up was lost; True when there was something waiting."""
    waiting = WebhookDelivery.objects
    is_any = waiting.waiting().exists() or waiting.to_be_repeated().exists()
    if is_any:
        queues.wake_receiver()
    return is_any


def _apply_all() -> int:
    """What is new goes before what is to be applied again."""
    total = 0
    while applied := batches.apply_new() or batches.apply_repeats():
        total += applied
    return total
