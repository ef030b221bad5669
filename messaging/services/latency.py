"""How long messages take from Meta's acceptance to the phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from messaging.models.message import first_id_at

_LOOKED_BACK = timedelta(hours=24)
# Enough for a 95th percentile, few enough to be read in a moment whatever a day holds.
_NEWEST = 1000

# Meta's times are whole seconds, so a delivery may seem a little earlier than our acceptance.
_PERCENTILES = """
SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY took), count(*) FROM (
  SELECT greatest(extract(epoch FROM delivered_at - accepted_at), 0) AS took
  FROM messaging_message
  WHERE id >= %(first)s AND delivered_at IS NOT NULL AND accepted_at IS NOT NULL
  ORDER BY id DESC LIMIT %(newest)s
) AS newest
"""


@dataclass(frozen=True, slots=True)
class DeliveryTimes:
    """Seconds within which half and 95 of 100 messages were delivered, and of how many messages that speaks."""

    p50_s: float
    p95_s: float
    messages: int


def delivery_times() -> DeliveryTimes | None:
    """Return the times of the newest messages delivered within 24 hours; None where there was none."""
    first = first_id_at(timezone.now() - _LOOKED_BACK)
    with connection.cursor() as cursor:
        cursor.execute(_PERCENTILES, {"first": first, "newest": _NEWEST})
        percentiles, messages = cursor.fetchone()
    if not messages:
        return None
    return DeliveryTimes(float(percentiles[0]), float(percentiles[1]), messages)
