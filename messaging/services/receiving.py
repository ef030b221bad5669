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
# Of each worker process: one reads bodies while the other waits for the database. More would only halve the batches.
_turns = Turns(2)


def store_delivery(body: bytes) -> None:
    """Keep one signed body and wake a worker. One INSERT, so that Meta is answered at once."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [body, len(body), timezone.now()])
    queues.wake_receiver()


def apply_until_quiet() -> int:
    """Apply what waits and what comes meanwhile; return how many deliveries. For a woken worker.

    While two other threads of this process are at it, one of them looks once more and this one returns at once.
    """
    total = 0
    if not _turns.begin():
        return total
    try:
        while True:
            queues.is_awake(queues.APPLY_WEBHOOKS)
            total += _apply_all(call_for_help=True)
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


def _apply_all(*, call_for_help: bool = False) -> int:
    """What is new goes before what is to be applied again. A full batch means that more is waiting: one helper is called."""
    total = 0
    while applied := batches.apply_new() or batches.apply_repeats():
        total += len(applied.ids)
        if call_for_help and applied.is_full:
            queues.call_receiver()
            call_for_help = False
    return total
