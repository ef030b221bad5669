"""Meta's times: Unix seconds or milliseconds, as a number or as digits, now and then missing."""

from __future__ import annotations

from datetime import UTC, datetime

from messaging.graph_api.errors import whole_number

_MILLISECONDS_FROM = 10**12
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800  # the years 2000 and 2100


def moment_of(value: object) -> datetime | None:
    """Return the UTC time, None for anything that is none."""
    seconds: float | int | None = value if isinstance(value, float) else whole_number(value)
    if seconds is not None and abs(seconds) >= _MILLISECONDS_FROM:
        seconds /= 1000
    if seconds is None or not _EARLIEST <= seconds < _LATEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)
