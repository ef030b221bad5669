"""Celery tasks: each one line into a service, may run twice or late."""

from __future__ import annotations

from celery import shared_task

from messaging import queues
from messaging.services import receiving, retention, sending, sweeping, syncing


@shared_task(name=queues.SEND_QUEUED)
def send_queued(phone_number: int) -> None:
    sending.send_until_empty(phone_number)


@shared_task(name=queues.APPLY_WEBHOOKS)
def apply_webhooks() -> None:
    receiving.apply_until_quiet()


@shared_task(name=queues.SWEEP)
def sweep() -> None:
    sweeping.sweep()


@shared_task(name=queues.SYNC_FROM_META)
def sync_from_meta() -> None:
    syncing.sync_from_meta()


@shared_task(name=queues.DELETE_OLD)
def delete_old() -> None:
    retention.delete_old_deliveries()
