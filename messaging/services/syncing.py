"""Reading the token's facts, numbers and templates from Meta on a schedule or after a webhook that says they changed."""

from __future__ import annotations

import structlog

from messaging import queues
from messaging.graph_api.errors import GraphApiError
from messaging.services.accounts import NoAccountError, NoAppError, check_token
from messaging.services.numbers import sync_phone_numbers
from messaging.services.templates import sync_templates

log = structlog.get_logger(__name__)


def sync_from_meta() -> None:
    """Read all three; a failure is logged, and the next run tries again."""
    queues.is_awake(queues.SYNC_FROM_META)
    for sync in (check_token, sync_phone_numbers, sync_templates):
        try:
            sync()
        except (GraphApiError, NoAccountError, NoAppError) as error:
            log.warning("Sync from Meta failed", what=sync.__name__, error=str(error))
