"""Celery tasks: each one line into a service, may run twice or late."""

from __future__ import annotations

from celery import shared_task

from messaging import queues
from messaging.services import (
    answering,
    callback_delivery,
    erasing_copies,
    first_week,
    limit_mails,
    lost_statuses,
    mails,
    receiving,
    recipient_learning,
    reminders,
    retention,
    sending,
    silence,
    sweeping,
    syncing,
    token_rotation,
    usage,
    weekly_summary,
)
from messaging.services.setup import checking


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


@shared_task(name=queues.COUNT_USAGE)
def count_usage() -> None:
    usage.count_stale_days()


@shared_task(name=queues.WATCH_WEBHOOKS)
def watch_webhooks() -> None:
    silence.watch()
    lost_statuses.recover()


@shared_task(name=queues.ANSWER_OPT_OUTS)
def answer_opt_outs() -> None:
    answering.answer_waiting()


@shared_task(name=queues.DELIVER_CALLBACKS)
def deliver_callbacks() -> None:
    callback_delivery.deliver_waiting()


@shared_task(name=queues.CHECK_SETUP)
def check_setup() -> None:
    checking.check_what_is_due()


@shared_task(name=queues.DELETE_OLD)
def delete_old() -> None:
    retention.delete_old_deliveries()
    retention.delete_old_answers()
    token_rotation.forget_left_candidates()
    erasing_copies.erase_copies()
    erasing_copies.erase_later_copies()


@shared_task(name=queues.SEND_MAILS)
def send_mails() -> None:
    mails.send_waiting()


@shared_task(name=queues.WRITE_MAILS)
def write_mails() -> None:
    reminders.remind()
    limit_mails.tell_of_near_limits()
    first_week.look_after()
    weekly_summary.write_due()


@shared_task(name=queues.LEARN_RECIPIENTS)
def learn_recipients() -> None:
    recipient_learning.learn()
