"""Counting messages by day, bakery and what decides their price: again and again until late statuses have come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Min, Sum
from django.utils import timezone

from messaging.graph_api.markets import ONE_DIGIT, TWO_DIGITS
from messaging.models import CountedDay, DailyUsage, Message
from messaging.models.message import first_id_at
from messaging.months import begin_of, billing_day, billing_today, billing_zone
from messaging.statuses import MessageStatus

log = structlog.get_logger(__name__)

# Meta reports for 30 days (Cloud API, webhook reference "status", read 2026-11-22); older days stand as they are.
LATE_DAYS = 35
# How old a day's count may be, by the day's age: what has just been sent still changes.
_STALE_AFTER = (
    (1, timedelta(minutes=5)),
    (7, timedelta(hours=1)),
    (LATE_DAYS, timedelta(days=1)),
)
# Each run counts so many days at most, the newest first, so that it stays short on any amount of history.
_DAYS_A_RUN = 10
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_DELIVERED = [MessageStatus.DELIVERED, MessageStatus.READ]

# What changed is written, what is gone is taken out, what stayed is not touched.
_COUNT = """
WITH counted AS (
  SELECT message.tenant_id, message.phone_number_id,
    left(lower(replace(coalesce(nullif(message.pricing ->> 'category', ''), template.category), '-', '_')), 32)
      AS category,
    CASE
      WHEN substr(message.recipient_phone, 2, 1) = ANY(%(one_digit)s) THEN substr(message.recipient_phone, 2, 1)
      WHEN substr(message.recipient_phone, 2, 2) = ANY(%(two_digits)s) THEN substr(message.recipient_phone, 2, 2)
      ELSE substr(message.recipient_phone, 2, 3)
    END AS country_code,
    left(coalesce(message.pricing ->> 'type', ''), 32) AS pricing_type,
    message.status,
    CASE WHEN message.status = ANY(%(delivered)s)
      THEN (coalesce(message.delivered_at, message.read_at) AT TIME ZONE %(zone)s)::date
    END AS delivered_on,
    count(*) AS messages, count(*) FILTER (WHERE message.is_trial) AS trials
  FROM messaging_message message
  JOIN messaging_messagetemplate template ON template.id = message.template_id
  WHERE message.id >= %(first)s AND message.id < %(after)s
  GROUP BY 1, 2, 3, 4, 5, 6, 7
), gone AS (
  DELETE FROM messaging_dailyusage kept
  WHERE kept.day = %(day)s AND NOT EXISTS (
    SELECT FROM counted
    WHERE (counted.tenant_id, counted.phone_number_id, counted.category, counted.country_code, counted.pricing_type,
           counted.status)
        = (kept.tenant_id, kept.phone_number_id, kept.category, kept.country_code, kept.pricing_type, kept.status)
      AND counted.delivered_on IS NOT DISTINCT FROM kept.delivered_on
  )
)
INSERT INTO messaging_dailyusage AS kept
  (day, tenant_id, phone_number_id, category, country_code, pricing_type, status, delivered_on, messages, trials)
SELECT %(day)s, tenant_id, phone_number_id, category, country_code, pricing_type, status, delivered_on, messages, trials
FROM counted
ON CONFLICT (day, tenant_id, phone_number_id, category, country_code, pricing_type, status, delivered_on)
DO UPDATE SET messages = excluded.messages, trials = excluded.trials
WHERE (kept.messages, kept.trials) <> (excluded.messages, excluded.trials)
"""

_TIMES = """
UPDATE messaging_countedday SET counted_at = %(now)s, delivered_p50_s = times.found[1], delivered_p95_s = times.found[2]
FROM (
  SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
    ORDER BY greatest(extract(epoch FROM delivered_at - accepted_at), 0)
  ) AS found
  FROM messaging_message
  WHERE id >= %(first)s AND id < %(after)s AND delivered_at IS NOT NULL AND accepted_at IS NOT NULL
) AS times
WHERE day = %(day)s
"""


def count_stale_days() -> int:
    """Count the days whose count is out of date, the newest first; return how many. Called by the periodic task."""
    return count_days(_stale_days()[:_DAYS_A_RUN])


def count_days(days: Iterable[date]) -> int:
    """Count these days (again), each by itself; return how many. A day that somebody else counts is left to them."""
    return sum(_count_day(day) for day in days)


def days_since(first: date) -> list[date]:
    """Return the days from `first` to today, the newest first."""
    today = billing_today()
    return [today - timedelta(days=age) for age in range((today - first).days + 1)]


def counted_at(first: date, after: date) -> datetime | None:
    """Return when the newest count within these days was made; None when none was."""
    days = CountedDay.objects.filter(day__gte=first, day__lt=after, counted_at__gt=_NEVER)
    return days.newest_first().values_list("counted_at", flat=True).first()


def uncounted_days(first: date, after: date) -> set[date]:
    """Return the days from `first` to before `after` that nobody has counted yet."""
    counted = CountedDay.objects.filter(day__gte=first, day__lt=after, counted_at__gt=_NEVER)
    days = {first + timedelta(days=n) for n in range((after - first).days)}
    return days - set(counted.values_list("day", flat=True))


def _count_day(day: date) -> bool:
    with transaction.atomic():
        # Committed days only are locked; whoever inserts a day first makes the other wait here.
        CountedDay.objects.bulk_create(
            [CountedDay(day=day, counted_at=_NEVER)], ignore_conflicts=True
        )
        free = CountedDay.objects.select_for_update(skip_locked=True).filter(day=day)
        if not free.exists():
            return False
        # Before the count: what changes meanwhile is newer than it.
        now = timezone.now()
        ids: dict[str, Any] = {
            "day": day,
            "first": first_id_at(begin_of(day)),
            "after": first_id_at(begin_of(day + timedelta(days=1))),
        }
        with connection.cursor() as cursor:
            cursor.execute(
                _COUNT,
                ids
                | {
                    "zone": billing_zone().key,
                    "one_digit": list(ONE_DIGIT),
                    "two_digits": list(TWO_DIGITS),
                    "delivered": [str(status) for status in _DELIVERED],
                },
            )
            cursor.execute(_TIMES, ids | {"now": now})
    return True


def _stale_days() -> list[date]:
    now = timezone.now()
    today = billing_day(now)
    oldest = _oldest_day(today)
    if oldest is None:
        return []
    counted = dict(CountedDay.objects.filter(day__gte=oldest).values_list("day", "counted_at"))
    return [
        day
        for day in days_since(oldest)
        if (at := counted.get(day, _NEVER)) == _NEVER
        or _is_stale(at, age=(today - day).days, now=now)
    ]


def _oldest_day(today: date) -> date | None:
    first = Message.objects.order_by("id").values_list("created_at", flat=True).first()
    return min(billing_day(first), today) if first else None


def _is_stale(at: datetime, *, age: int, now: datetime) -> bool:
    return any(age <= days and now - at >= limit for days, limit in _STALE_AFTER)


def messages_a_day(*, days: int = 30) -> dict[UUID, float]:
    """Return what each bakery sent on average on the last whole days, those since its first message only; no bakery without."""
    today = billing_today()
    counted = DailyUsage.objects.between(today - timedelta(days=days), today)
    rows = counted.values("tenant").annotate(total=Sum("messages"), first=Min("day"))
    return {row["tenant"]: row["total"] / (today - row["first"]).days for row in rows.order_by()}
