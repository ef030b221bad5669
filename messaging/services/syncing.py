"""Reading the token's facts, numbers and templates from Meta on a schedule or after a webhook that says they changed."""

from __future__ import annotations

import structlog

from messaging import queues
from messaging.graph_api.errors import GraphApiError
from messaging.services.accounts import NoAccountError, current_account
from messaging.services.numbers import sync_phone_numbers
from messaging.services.templates import sync_templates
from messaging.services.tokens import NoAppError, check_token, remind_of_token

log = structlog.get_logger(__name__)


def sync_what_was_never_read() -> None:
    """A new account is read at once instead of within the hour; while Meta refuses, once a minute."""
    try:
        account = current_account()
    except NoAccountError:
        return
    is_new = account.templates_synced_at is None or account.numbers_synced_at is None
    if is_new and queues.is_first_within(60, queues.SYNC_FROM_META):
        queues.wake_sync()


def sync_from_meta() -> None:
    """Read all three; a failure is logged, and the next run tries again."""
    queues.is_awake(queues.SYNC_FROM_META)
    for sync in (check_token, sync_phone_numbers, sync_templates):
        try:
            sync()
        except (GraphApiError, NoAccountError, NoAppError) as error:
            log.warning("Sync from Meta failed", what=sync.__name__, error=str(error))
    remind_of_token()
