"""Quiet hours of a bakery: when a night that has begun is over, on its own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants.models import Tenant

_DAY = timedelta(days=1)


def end_of_quiet_hours(tenant: Tenant, moment: datetime) -> datetime | None:
    """Return when the quiet hours that hold at `moment` end, in UTC; None outside of them.

    Equal ends mean no quiet hours: a silence without end would let every message expire.
    """
    start, until = tenant.quiet_from, tenant.quiet_until
    if start is None or until is None or start == until:
        return None
    zone = ZoneInfo(tenant.time_zone)
    today = moment.astimezone(zone).date()
    end: datetime | None = None
    # Two days back: where the clock skipped a whole day, a night that began on the eve of it still lasts.
    for days in range(-2, 2):
        began, ended = _night(today + days * _DAY, start, until, zone)
        if began <= (end or moment) < ended:
            end = ended
    return end


def _night(day: date, start: time, until: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the quiet hours that begin on `day`. A clock that is put forward or back only makes them longer, so that
    no minute of them is lost and none comes twice.
    """
    last_day = day if start < until else day + _DAY
    return min(_instants(day, start, zone)), max(_instants(last_day, until, zone))


def _instants(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """Return both readings of a wall time; they differ where the clock shows it twice or never."""
    return [
        datetime.combine(day, clock.replace(fold=fold), tzinfo=zone).astimezone(UTC)
        for fold in (0, 1)
    ]
