"""How long messages take from Meta's acceptance to the phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.models.message import first_id_at

_LOOKED_BACK = timedelta(hours=24)
# Enough for a 95th percentile, few enough to be read in a moment whatever a day holds.
_NEWEST = 1000

# Meta's times are whole seconds, so a delivery may seem a little earlier than our acceptance.
_PERCENTILES = """
SELECT NULL::date AS day, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY took) FROM (
  SELECT greatest(extract(epoch FROM delivered_at - accepted_at), 0) AS took
  FROM messaging_message
  WHERE id >= %(first)s AND delivered_at IS NOT NULL AND accepted_at IS NOT NULL
  ORDER BY id DESC LIMIT %(newest)s
) AS newest
"""
_COUNTED = """
UNION ALL
SELECT day, ARRAY[delivered_p50_s, delivered_p95_s] FROM messaging_countedday
WHERE day BETWEEN %(since)s AND %(until)s AND delivered_p50_s IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class DeliveryTimes:
    """Seconds within which half and 95 of 100 messages were delivered."""

    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class Latency:
    """`lately`: of the newest messages delivered within 24 hours; `by_day` as each day was counted. None where none was."""

    lately: DeliveryTimes | None
    by_day: dict[date, DeliveryTimes]


def latency(*, since: date, until: date) -> Latency:
    """Return how long messages take now, and took on the days from `since` to `until`; one query."""
    first = first_id_at(timezone.now() - _LOOKED_BACK)
    values: dict[str, Any] = {
        "first": first,
        "newest": _NEWEST,
        "since": since,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PERCENTILES + _COUNTED, values)
        rows = [(day, DeliveryTimes(*times)) for day, times in cursor.fetchall() if times]
    return Latency(
        lately=next((times for day, times in rows if day is None), None),
        by_day={day: times for day, times in rows if day is not None},
    )
