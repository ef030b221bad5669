"""The simulator's Redis: one connection pool a process, typed access, one prefix for every key."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

import redis
from django.conf import settings

PREFIX = "simulator:"


class SimulatorUnavailableError(Exception):
    """Redis, where the simulator keeps everything, cannot be reached."""


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=1,
        socket_timeout=3,
        health_check_interval=30,
    )


@contextmanager
def connection() -> Iterator[redis.Redis]:
    """Lend the Redis client. Raises SimulatorUnavailableError when Redis does not answer."""
    try:
        yield _client(settings.REDIS_URL)
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise SimulatorUnavailableError(type(error).__name__) from error


def key(*parts: str) -> str:
    return PREFIX + ":".join(parts)


def now() -> float:
    """Unix seconds. All processes of one machine share this clock; nothing here needs it to be monotonic."""
    return time.time()


def read_hash(name: str) -> dict[str, str]:
    with connection() as client:
        return cast("dict[str, str]", client.hgetall(name))


def read_hashes(names: Sequence[str]) -> list[dict[str, str]]:
    """Read many hashes in one round trip, in the order asked; a missing one is empty."""
    if not names:
        return []
    with connection() as client, client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(name)
        return cast("list[dict[str, str]]", pipe.execute())


def write_hash(
    name: str, values: Mapping[str, str | int | float], *, expire_s: int | None = None
) -> None:
    with connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.hset(name, mapping=cast("Mapping[Any, Any]", values))
        if expire_s is not None:
            pipe.expire(name, expire_s)
        pipe.execute()


def field_of(name: str, field: str) -> str | None:
    with connection() as client:
        return cast("str | None", client.hget(name, field))


def fields_of(name: str, fields: Sequence[str]) -> list[str | None]:
    with connection() as client:
        return cast("list[str | None]", client.hmget(name, list(fields)))


def remove_field(name: str, field: str) -> None:
    with connection() as client:
        client.hdel(name, field)


def set_once(name: str, field: str, value: str) -> bool:
    """Write one field if it is not there; return whether we were the first."""
    with connection() as client:
        return bool(client.hsetnx(name, field, value))


def set_for(name: str, *, expire_s: int) -> bool:
    """Leave a mark that forgets itself; return whether there was none."""
    with connection() as client:
        return bool(client.set(name, 1, nx=True, ex=expire_s))


def exists(name: str) -> bool:
    with connection() as client:
        return bool(client.exists(name))


def count_up(name: str, *, expire_s: int) -> int:
    """Add one to a counter that forgets itself `expire_s` after its last change."""
    with connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.incr(name)
        pipe.expire(name, expire_s)
        return int(cast("list[int]", pipe.execute())[0])


def remove(*names: str) -> None:
    with connection() as client:
        client.delete(*names)


def newest(name: str, limit: int) -> list[str]:
    """Return the last `limit` entries of a list, oldest of them first."""
    with connection() as client:
        return cast("list[str]", client.lrange(name, -limit, -1))


def run(script: str, keys: Sequence[str], arguments: Iterable[str | int | float]) -> Any:
    """Run a Lua script, which Redis executes as one step."""
    with connection() as client:
        return client.eval(script, len(keys), *keys, *[str(argument) for argument in arguments])


def forget_everything(*, but: Iterable[str] = ()) -> int:
    """Delete all of the simulator's keys except the full names in `but`; return how many went."""
    spared = set(but)
    with connection() as client:
        names = [
            name for name in client.scan_iter(match=f"{PREFIX}*", count=500) if name not in spared
        ]
        for start in range(0, len(names), 500):
            client.delete(*names[start : start + 500])
    return len(names)
