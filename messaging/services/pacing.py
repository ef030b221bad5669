"""How fast a number may send: its share of Meta's throughput and the limit towards one recipient.

Kept in Redis, so that any number of workers on any number of machines together keep to it. Meta allows a number 80
messages a second, incoming and outgoing together, 1,000 after an upgrade, and towards one recipient one every 6 s with
bursts of 45 that are lent from the following quota (Throughput and Error codes 130429 and 131056, read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import redis
import structlog
from django.conf import settings
from redis.commands.core import Script

from messaging import queues
from tenants.models import PhoneNumber

log = structlog.get_logger(__name__)

STANDARD_PER_S = 80
HIGH_PER_S = 1000
PAIR_INTERVAL_S = 6.0
PAIR_BURST = 45
# No worker reserves this far ahead, so a later promise means that Redis's clock was set back.
_FARTHEST_S = 10.0
# Slots are this much farther apart than the rate asks for: requests do not arrive as evenly as they leave.
_SPACING = 1.04

_RESERVE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local interval, count, farthest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if free < now or free > now + farthest + count * interval then free = now end
redis.call('SET', KEYS[1], string.format('%.6f', free + count * interval), 'EX', 60)
return string.format('%.6f', free - now)
"""

# One bucket a pair: `paid` is the time up to which its quota is used; a burst may run ahead of now by the tolerance.
_PAIRS = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local waits = {}
for place, key in ipairs(KEYS) do
  local paid = tonumber(redis.call('GET', key) or '0')
  if paid < now or paid > now + 2 * tolerance then paid = now end
  local wait = paid - now - tolerance
  if wait > 0 then
    waits[place] = string.format('%.3f', wait)
  else
    redis.call('SET', key, string.format('%.6f', paid + interval), 'EX', math.ceil(tolerance + interval) + 1)
    waits[place] = '0'
  end
end
return waits
"""


@cache
def _script(source: str) -> Script:
    return queues.client().register_script(source)


def rate_of(number: PhoneNumber) -> float:
    """Return how many messages a second may leave the number."""
    share: float = settings.WHATSAPP_MPS_SHARE
    if number.throughput_level == "HIGH":
        return share * HIGH_PER_S / STANDARD_PER_S
    return share


def reserve(number: PhoneNumber, count: int) -> tuple[float, float]:
    """Reserve `count` places in the number's outgoing line; return the seconds until the first and between each two.

    Without Redis the other workers cannot be asked: a quarter of the rate is safe for four of them.
    """
    interval = _SPACING / rate_of(number)
    try:
        wait = _script(_RESERVE)(keys=[_line_key(number)], args=[interval, count, _FARTHEST_S])
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)
        return 0.0, interval * 4
    return float(wait), interval


def rest(number: PhoneNumber, seconds: float, *, whole_account: bool) -> None:
    """Let the number, or all numbers of its account, be silent: Meta says that we are too fast."""
    key = _account_key(number) if whole_account else _number_key(number)
    try:
        queues.client().set(key, 1, px=max(1, round(seconds * 1000)))
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)


def busy_for(number: PhoneNumber) -> float:
    """Return the seconds until a new message could go: the rest Meta asked for, or the line that is reserved already."""
    try:
        pipeline = queues.client().pipeline(transaction=False)
        pipeline.pttl(_number_key(number))
        pipeline.pttl(_account_key(number))
        pipeline.get(_line_key(number))
        pipeline.time()
        number_ms, account_ms, free, (seconds, micros) = pipeline.execute()
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)
        return 0.0
    ahead = float(free or 0) - seconds - micros / 1_000_000
    # A line that long is nobody's: Redis's clock was set back, and reserving mends it.
    reserved = ahead if ahead <= _FARTHEST_S else 0.0
    busy: float = max(0.0, number_ms / 1000, account_ms / 1000, reserved)
    return busy


def _line_key(number: PhoneNumber) -> str:
    return f"pace:{number.phone_number_id}"


def _number_key(number: PhoneNumber) -> str:
    return f"rest:number:{number.phone_number_id}"


def _account_key(number: PhoneNumber) -> str:
    return f"rest:account:{number.account_id}"


def pair_waits(number: PhoneNumber, recipients: Sequence[str]) -> list[float]:
    """Take one message to each recipient from its quota; return 0.0 where it may go, else the seconds to wait."""
    keys = [f"pair:{number.phone_number_id}:{recipient}" for recipient in recipients]
    args = [PAIR_INTERVAL_S, PAIR_INTERVAL_S * (PAIR_BURST - 1)]
    try:
        waits = _script(_PAIRS)(keys=keys, args=args)
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)
        return [0.0] * len(recipients)
    return [float(wait) for wait in waits]
