"""What the periodic task does: find again what a lost wake-up, a lost worker or time left lying."""

from __future__ import annotations

from messaging import queues
from messaging.services import (
    answering,
    callback_delivery,
    holding,
    limits,
    number_watch,
    obstacles,
    receiving,
    sending,
    syncing,
    tokens,
)
from messaging.services.account_news import of_account
from messaging.services.setup import checking


def sweep() -> None:
    queues.worker_seen()
    obstacles.watch_server_switch()
    receiving.wake_for_waiting()
    sending.settle_lost_claims()
    sending.resend_unconfirmed()
    holding.watch_unconfirmed(shown_after=sending.UNCONFIRMED_SHOWN_AFTER)
    holding.close_alert_of_held()
    limits.close_mended_alerts()
    of_account.end_restrictions()
    sending.expire_overdue()
    sending.wake_due_numbers()
    answering.wake_for_waiting()
    syncing.sync_what_was_never_read()
    checking.check_what_was_never_checked()
    number_watch.watch_numbers_now_and_then()
    tokens.retire_previous_tokens()
    callback_delivery.sweep()
