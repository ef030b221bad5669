"""Counts the fields of webhooks that we do nothing with, so that somebody sees what Meta has begun to send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from messaging.services.reading_deliveries import Delivery

_COUNT = """
INSERT INTO messaging_unknownwebhookfield AS known (field, count, first_at, last_at, last_delivery)
SELECT field, count, %(at)s, %(at)s, delivery
FROM unnest(%(field)s::text[], %(count)s::bigint[], %(delivery)s::bigint[]) AS seen(field, count, delivery)
ORDER BY field
ON CONFLICT (field) DO UPDATE SET
  count = known.count + excluded.count, last_at = excluded.last_at, last_delivery = excluded.last_delivery
"""


def count(deliveries: Sequence[Delivery], *, at: datetime) -> None:
    """Count what these deliveries hold, each once: one that is applied again was counted before."""
    counts: Counter[str] = Counter()
    seen_in: dict[str, int] = {}
    for delivery in deliveries:
        if not delivery.is_repeat:
            counts.update(delivery.unknown_fields)
            seen_in.update(dict.fromkeys(delivery.unknown_fields, delivery.id))
    if not counts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "field": list(counts),
                "count": list(counts.values()),
                "delivery": [seen_in[field] for field in counts],
                "at": at,
            },
        )
