"""Celery tasks: each one line into a service, may run twice or late."""

from __future__ import annotations

from celery import shared_task

from messaging import queues
from messaging.services import receiving, sending, sweeping, syncing


@shared_task(name=queues.SEND_QUEUED, queue=queues.SEND)
def send_queued(phone_number: int) -> None:
    sending.send_until_empty(phone_number)


@shared_task(name=queues.APPLY_WEBHOOKS, queue=queues.WEBHOOKS)
def apply_webhooks() -> None:
    receiving.apply_waiting()


@shared_task(name=queues.SWEEP, queue=queues.PERIODIC)
def sweep() -> None:
    sweeping.sweep()


@shared_task(name=queues.SYNC_FROM_META, queue=queues.PERIODIC)
def sync_from_meta() -> None:
    syncing.sync_from_meta()
