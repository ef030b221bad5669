"""How many requests each API key made in this minute of the clock, over all processes: Redis counts.

A process takes its places in a minute by the handful, so that most requests need not ask Redis. A place is taken before it
is used and nobody else gets it, so no key passes its limit; what a process took and did not use before the minute is over,
at most a hundredth of the limit, is lost to the others.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from tenants.models import ApiKey

log = structlog.get_logger(__name__)

RATE_WINDOW_S = 60
_HANDFUL = 50


@dataclass(slots=True)
class _Places:
    """Places of one minute that this process has taken and not used yet. Threads share them: popleft is atomic."""

    window: int
    left: deque[int] = field(default_factory=deque)


_places: dict[uuid.UUID, _Places] = {}


def place_of_request(api_key: ApiKey, window: int) -> int:
    """Return which request of the key in this minute this is, 1 for the first; 0 when Redis does not answer."""
    mine = _places.get(api_key.pk)
    if mine is None or mine.window != window:
        mine = _places[api_key.pk] = _Places(window)
    try:
        return mine.left.popleft()
    except IndexError:
        return _take_more(api_key, mine)


def _take_more(api_key: ApiKey, mine: _Places) -> int:
    count = min(_HANDFUL, max(1, api_key.requests_per_minute // 100))
    try:
        last = _increased(f"api-key-requests:{api_key.pk}:{mine.window}", count)
    except (RedisError, ValueError) as error:  # ValueError: the window's counter was evicted
        log.warning("Rate limit not checked", error=type(error).__name__)
        return 0
    mine.left.extend(range(last - count + 2, last + 1))
    return last - count + 1


def _increased(name: str, count: int) -> int:
    try:
        return cache.incr(name, count)
    except ValueError:  # The first request of the window; another may be faster.
        is_first = cache.add(name, count, timeout=2 * RATE_WINDOW_S)
        return count if is_first else cache.incr(name, count)
