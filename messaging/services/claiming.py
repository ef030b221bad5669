"""Taking queued messages of one number: a few of each bakery's, so that a long queue of one delays nobody else."""

from __future__ import annotations

import random
import sys
import uuid
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from messaging import queues
from messaging.models import Message
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant
from tenants.services.routing import sender_for

log = structlog.get_logger(__name__)

# A stopped number is tried again with one message this often.
RECHECK_NUMBER = timedelta(minutes=10)

# The bakeries with queued rows on a number. DISTINCT would read the whole queue; this jumps from bakery to bakery.
_BAKERIES = """
WITH RECURSIVE waiting(tenant_id) AS (
  (SELECT tenant_id FROM messaging_message
   WHERE phone_number_id = %(number)s AND send_after IS NOT NULL
   ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT tenant_id FROM messaging_message
          WHERE phone_number_id = %(number)s AND send_after IS NOT NULL
            AND tenant_id > waiting.tenant_id
          ORDER BY tenant_id LIMIT 1)
  FROM waiting WHERE waiting.tenant_id IS NOT NULL
)
SELECT tenant_id FROM waiting WHERE tenant_id IS NOT NULL
"""

# What sending and recording read; the rest of the row, and the template's components, cost more to load than to send.
_NEEDED = (
    "tenant_id",
    "phone_number_id",
    "recipient_phone",
    "components",
    "priority",
    "attempts",
    "claimed_at",
    "error_code",
    "error_details",
    "fbtrace_id",
    "template__name",
    "template__language",
    "template__status",
    "template__category",
    "template__paused_at",
)

_ROWS = """
SELECT picked.id
FROM unnest(%(tenants)s::uuid[]) AS bakery(id),
LATERAL (
  SELECT id FROM messaging_message
  WHERE phone_number_id = %(number)s AND tenant_id = bakery.id
    AND send_after <= %(now)s AND expires_at > %(now)s
  ORDER BY priority DESC, send_after
  LIMIT %(share)s
  FOR NO KEY UPDATE SKIP LOCKED
) AS picked
LIMIT %(limit)s
"""


def claim(number: PhoneNumber, *, limit: int) -> list[Message]:
    """Take up to `limit` due messages of the number, no message twice however many workers ask."""
    now = timezone.now()
    limit = min(limit, _open_places(number, now))
    if limit <= 0:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BAKERIES, {"number": number.pk})
        tenants = _still_here(number, [row[0] for row in cursor.fetchall()])
        if not tenants:
            return []
        # In another order each time, for the case that there are more bakeries than places.
        random.shuffle(tenants)
        share = max(1, limit // len(tenants))
        cursor.execute(
            _ROWS,
            {"number": number.pk, "tenants": tenants, "now": now, "share": share, "limit": limit},
        )
        ids = [row[0] for row in cursor.fetchall()]
        Message.objects.filter(pk__in=ids).advance(
            MessageStatus.SENDING, claimed_at=now, attempts=F("attempts") + 1
        )
    claimed = Message.objects.filter(pk__in=ids).select_related("template").only(*_NEEDED)
    return sorted(claimed, key=lambda message: (-message.priority, message.pk))


def _still_here(number: PhoneNumber, tenants: list[uuid.UUID]) -> list[uuid.UUID]:
    """Return the bakeries that send from this number today; what waits of the others moves to the number they have now."""
    standing = dict(
        PhoneNumberAssignment.objects.open()
        .filter(tenant__in=tenants, is_primary=True)
        .values_list("tenant_id", "phone_number_id")
    )
    default = number.pk if number.is_default else None
    here = [tenant for tenant in tenants if standing.get(tenant, default) == number.pk]
    for moved in Tenant.objects.filter(pk__in=set(tenants) - set(here)):
        _reroute(moved, number)
    return here


def _reroute(tenant: Tenant, number: PhoneNumber) -> None:
    sender = sender_for(tenant)
    if sender is None:  # It waits here until the bakery has a number, or expires.
        return
    waiting = Message.objects.of(tenant).queued().filter(phone_number=number)
    moved = waiting.update(phone_number=sender)
    log.info("Queued messages follow their bakery to its number", tenant_id=tenant.pk, moved=moved)
    queues.wake_sender(sender.pk)


def _open_places(number: PhoneNumber, now: datetime) -> int:
    """Return how many messages may be taken: none while the line is stopped, one to try a stopped number again."""
    open_line = PhoneNumber.objects.filter(
        pk=number.pk,
        account__sending_paused_at__isnull=True,
        account__sending_stopped_at__isnull=True,
    )
    found = open_line.values_list("sending_stopped_at").first()
    if found is None:
        return 0
    (stopped_at,) = found
    return sys.maxsize if stopped_at is None else int(stopped_at < now - RECHECK_NUMBER)
