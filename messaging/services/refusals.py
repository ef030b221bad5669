"""Webhooks refused for their signature: how many an hour, from which network, and why. Nothing of them is stored.

Kept in Redis, so that whoever floods us fills neither tables nor memory: a week of hours, each with a limited number of
networks. Of an address only the network is kept, which names no person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
import structlog
from django.utils import timezone

from messaging import queues
from messaging.graph_api.signature import Signature
from tenants.addresses import network_of

log = structlog.get_logger(__name__)

# As long as Meta repeats what was refused.
KEPT = timedelta(days=7)
MAX_LINES = 200
OTHERS = "others"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`network` is such as 192.0.2.0/24, or `others` for those beyond the first MAX_LINES of the hour."""

    hour: datetime
    network: str
    reason: Signature
    count: int


def count_refusal(address: str, reason: Signature) -> None:
    """Count one. Without Redis it is only logged."""
    network = network_of(address)
    log.warning("Webhook refused, its signature is not right", reason=reason, network=network)
    key = _key(timezone.now())
    try:
        with queues.client().pipeline(transaction=False) as pipe:
            pipe.hincrby(key, f"{network} {reason}", 1)
            pipe.hlen(key)
            pipe.expire(key, KEPT + _HOUR)
            counted, lines, _expires = pipe.execute()
        if counted == 1 and lines > MAX_LINES:
            with queues.client().pipeline(transaction=False) as pipe:
                pipe.hdel(key, f"{network} {reason}")
                pipe.hincrby(key, f"{OTHERS} {reason}", 1)
                pipe.execute()
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)


def refusals(since: datetime) -> list[Refusal]:
    """Return what was refused from the hour of `since` on, the newest hour first. Raises redis.RedisError."""
    now = timezone.now()
    first = max(since, now - KEPT)
    hours = [
        _hour_of(now) - _HOUR * back
        for back in range((_hour_of(now) - _hour_of(first)) // _HOUR + 1)
    ]
    with queues.client().pipeline(transaction=False) as pipe:
        for hour in hours:
            pipe.hgetall(_key(hour))
        found = pipe.execute()
    return [
        line for hour, counts in zip(hours, found, strict=True) for line in _lines(hour, counts)
    ]


def _lines(hour: datetime, counts: dict[bytes, bytes]) -> Iterator[Refusal]:
    for name, count in sorted(counts.items(), key=lambda item: (-int(item[1]), item[0])):
        network, _, reason = name.decode().rpartition(" ")
        yield Refusal(hour, network, Signature(reason), int(count))


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _key(moment: datetime) -> str:
    return f"refusals:{_hour_of(moment):%Y%m%d%H}"
