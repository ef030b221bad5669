"""Taking queued messages of one number: a few of each bakery's, so that a long queue of one delays nobody else."""

from __future__ import annotations

import random
import sys
import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from messaging.models import Message
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber

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

_ROWS = """
SELECT picked.id
FROM unnest(%(tenants)s::uuid[]) AS bakery(id),
LATERAL (
  SELECT id FROM messaging_message
  WHERE phone_number_id = %(number)s AND tenant_id = bakery.id
    AND send_after <= %(now)s AND expires_at > %(now)s
  ORDER BY priority DESC, send_after, id
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
        tenants: list[uuid.UUID] = [row[0] for row in cursor.fetchall()]
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
    claimed = Message.objects.filter(pk__in=ids).select_related("template")
    return sorted(claimed, key=lambda message: (-message.priority, message.pk))


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
