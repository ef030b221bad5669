"""The people an account has reached within 24 hours, counted in Redis so that all workers see the same count.

Each person is one member, known by a digest, with the time of the last message and the bakery that reached them first.
Redis's own clock counts. The count carries the id of the Redis process that keeps it: after a restart, even with an old
snapshot, or after a loss it is not used until it was loaded again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from redis.commands.core import Script

from messaging import queues
from tenants.models import WhatsAppBusinessAccount

# A little more than Meta's 24 hours: our reservation is some seconds older than Meta's acceptance.
WINDOW = timedelta(hours=24, minutes=1)
_LOAD_AT_ONCE = 500
_LOAD_LOCK_S = 120
_WAIT_FOR_LOAD_S = 20

_Answer = TypeVar("_Answer")

# KEYS: people (last time), payers (bakery:message), used (per bakery), fresh (new people per hour), ready.
_PRELUDE = """
local people, payers, used, fresh, ready = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local window = tonumber(ARGV[1])
local info = redis.pcall('INFO', 'server')
local process = 'unknown'
if type(info) == 'string' then process = string.match(info, 'run_id:(%w+)') or process end

local function stamp(moment) return string.format('%.3f', moment) end

local function forget(person)
  local payer = redis.call('HGET', payers, person)
  redis.call('ZREM', people, person)
  redis.call('HDEL', payers, person)
  if payer then
    local bakery = string.sub(payer, 1, 36)
    if redis.call('HINCRBY', used, bakery, -1) <= 0 then redis.call('HDEL', used, bakery) end
  end
end

local function tidy()
  for _, person in ipairs(redis.call('ZRANGEBYSCORE', people, '-inf', stamp(now - window), 'LIMIT', 0, 5000)) do
    forget(person)
  end
  -- The clock was set back.
  for _, person in ipairs(redis.call('ZRANGEBYSCORE', people, stamp(now + 60), '+inf', 'LIMIT', 0, 5000)) do
    redis.call('ZADD', people, stamp(now), person)
  end
  local hour = math.floor(now / 3600)
  redis.call('HDEL', fresh, hour - 25, hour - 26, hour - 27)
end
"""

# A person counted by the load because a worker had claimed the message ("?") is decided when that message asks.
_ADMIT = (
    _PRELUDE
    + """
if redis.call('GET', ready) ~= process then return {'lost'} end
tidy()
local usable, urgent_part = tonumber(ARGV[2]), tonumber(ARGV[3])
local total = redis.call('ZCARD', people)
local guaranteed, unused, reserved = {}, {}, 0

local function count_guarantee(bakery)
  if not guaranteed[bakery] then return end
  local free = math.max(0, guaranteed[bakery] - tonumber(redis.call('HGET', used, bakery) or '0'))
  reserved = reserved + free - (unused[bakery] or 0)
  unused[bakery] = free
end

local at = 5
for _ = 1, tonumber(ARGV[4]) do
  guaranteed[ARGV[at]] = tonumber(ARGV[at + 1])
  count_guarantee(ARGV[at])
  at = at + 2
end

local function fits(bakery, urgent, extra)
  if total + extra > usable then return false end
  if (unused[bakery] or 0) > 0 then return true end
  local ceiling = usable
  if urgent ~= '1' then ceiling = usable - urgent_part end
  return total + extra + reserved <= ceiling
end

local answers = {}
while at <= #ARGV do
  local person, bakery, message, urgent = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local mine = bakery .. ':' .. message
  local payer = redis.call('HGET', payers, person)
  local admitted = true
  if not payer then
    admitted = fits(bakery, urgent, 1)
    if admitted then
      total = total + 1
      redis.call('HSET', payers, person, mine)
      redis.call('HINCRBY', used, bakery, 1)
      redis.call('HINCRBY', fresh, math.floor(now / 3600), 1)
      count_guarantee(bakery)
    end
  elseif payer == mine .. '?' then
    admitted = fits(bakery, urgent, 0)
    if admitted then
      redis.call('HSET', payers, person, mine)
    else
      total = total - 1
      forget(person)
      count_guarantee(bakery)
    end
  elseif payer ~= mine then
    redis.call('HSET', payers, person, string.sub(payer, 1, 37))
  end
  if admitted then redis.call('ZADD', people, stamp(now), person) end
  answers[#answers + 1] = admitted and '1' or '0'
  at = at + 4
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 172800) end
local oldest = redis.call('ZRANGE', people, 0, 0, 'WITHSCORES')
local wait = oldest[2] and tonumber(oldest[2]) + window - now or window
return {'ok', stamp(wait), answers}
"""
)

# Only who was counted for this very message is taken back; another message may have reached the person meanwhile.
_RELEASE = (
    _PRELUDE
    + """
for at = 2, #ARGV, 2 do
  local payer = redis.call('HGET', payers, ARGV[at])
  if payer == ARGV[at + 1] then forget(ARGV[at]) end
end
return 1
"""
)

_LOAD = (
    _PRELUDE
    + """
for at = 3, #ARGV, 3 do
  local person, moment, payer = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  local known = redis.call('ZSCORE', people, person)
  if not known then
    redis.call('HSET', payers, person, payer)
    redis.call('HINCRBY', used, string.sub(payer, 1, 36), 1)
    if string.sub(payer, -1) ~= '?' then redis.call('HINCRBY', fresh, math.floor(moment / 3600), 1) end
  end
  if not known or tonumber(known) < moment then redis.call('ZADD', people, stamp(moment), person) end
end
if ARGV[2] == '1' then redis.call('SET', ready, process) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 172800) end
return 1
"""
)

_FIGURES = (
    _PRELUDE
    + """
if redis.call('GET', ready) ~= process then return {'lost'} end
tidy()
return {'ok', stamp(now), redis.call('ZCARD', people), redis.call('HGETALL', used), redis.call('HGETALL', fresh)}
"""
)


class CountLostError(Exception):
    """Redis does not hold the whole count: load it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One message that asks to go out. `recipient` is the phone number; it never reaches Redis."""

    recipient: str
    tenant_id: uuid.UUID
    message_id: uuid.UUID
    is_urgent: bool = False

    @property
    def payer(self) -> str:
        return f"{self.tenant_id}:{self.message_id}"


@dataclass(frozen=True, slots=True)
class Room:
    """How many people may be reached: all in all, of these by urgent messages only, and for sure by each bakery."""

    usable: int
    urgent_part: int
    guarantees: Mapping[uuid.UUID, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """Which wishes are granted, and in how many seconds the oldest person leaves the count (a whole window when it is empty)."""

    admitted: list[bool]
    oldest_leaves_in_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The count as it stands. `fresh` tells how many people were new in each hour (counted from 1970)."""

    at: datetime
    total: int
    per_tenant: dict[uuid.UUID, int]
    fresh: dict[int, int]


@dataclass(frozen=True, slots=True)
class Reached:
    """One person as PostgreSQL knows them. `is_claimed`: a worker has the message; nobody knows yet whether it goes."""

    recipient: str
    tenant_id: uuid.UUID
    message_id: uuid.UUID
    at: datetime
    is_claimed: bool

    @property
    def payer(self) -> str:
        return f"{self.tenant_id}:{self.message_id}?" if self.is_claimed else f"{self.tenant_id}:"


class Reach:
    """The count of one account. Methods raise redis.RedisError; those that read also CountLostError."""

    def __init__(self, account: WhatsAppBusinessAccount) -> None:
        self._name = f"reach:{account.waba_id}"
        self._keys = [
            f"{self._name}:{what}" for what in ("people", "payers", "used", "fresh", "ready")
        ]

    def admit(self, wishes: Sequence[Wish], room: Room) -> Answer:
        """Grant the wishes in their order as far as there is room, and count those people. All or nothing at Redis."""
        arguments: list[Any] = [room.usable, room.urgent_part, len(room.guarantees)]
        for tenant_id, guaranteed in room.guarantees.items():
            arguments += [str(tenant_id), guaranteed]
        for wish in wishes:
            person = _digest(wish.recipient)
            arguments += [person, str(wish.tenant_id), str(wish.message_id), int(wish.is_urgent)]
        _ok, wait, answers = self._ask(_ADMIT, arguments)
        return Answer([answer == b"1" for answer in answers], float(wait))

    def release(self, wishes: Sequence[Wish]) -> None:
        """Take back who was counted for messages that did not go out."""
        arguments = [part for wish in wishes for part in (_digest(wish.recipient), wish.payer)]
        self._run(_RELEASE, arguments)

    def figures(self) -> Figures:
        _ok, now, total, used, fresh = self._ask(_FIGURES, [])
        return Figures(
            at=datetime.fromtimestamp(float(now), UTC),
            total=int(total),
            per_tenant={uuid.UUID(key.decode()): int(count) for key, count in _pairs(used)},
            fresh={int(hour): int(count) for hour, count in _pairs(fresh)},
        )

    def left_by(self, moments: Sequence[datetime]) -> list[int]:
        """Return how many people of today's count will have left it at each of these moments."""
        pipeline = queues.client().pipeline(transaction=False)
        for moment in moments:
            pipeline.zcount(self._keys[0], "-inf", (moment - WINDOW).timestamp())
        return [int(count) for count in pipeline.execute()]

    def counted(
        self, ask: Callable[[], _Answer], *, load_from: Callable[[], Iterable[Reached]]
    ) -> _Answer:
        """Return the answer; load the count first where Redis has lost it. One worker loads, the others wait for it."""
        try:
            return ask()
        except CountLostError:
            pass
        lock = queues.client().lock(
            f"{self._name}:load", timeout=_LOAD_LOCK_S, blocking_timeout=_WAIT_FOR_LOAD_S
        )
        with lock:
            try:
                return ask()
            except CountLostError:
                self.load(load_from())
        return ask()

    def load(self, reached: Iterable[Reached]) -> None:
        """Add who is missing. Harmless when repeated or when others count meanwhile."""
        rows = iter(reached)
        while True:
            some = list(islice(rows, _LOAD_AT_ONCE))
            is_last = len(some) < _LOAD_AT_ONCE
            arguments: list[Any] = [int(is_last)]
            for person in some:
                moment = f"{person.at.timestamp():.3f}"
                arguments += [_digest(person.recipient), moment, person.payer]
            self._run(_LOAD, arguments)
            if is_last:
                return

    def _ask(self, source: str, arguments: list[Any]) -> list[Any]:
        answer: list[Any] = self._run(source, arguments)
        if answer[0] == b"lost":
            raise CountLostError
        return answer

    def _run(self, source: str, arguments: list[Any]) -> Any:
        return _script(source)(keys=self._keys, args=[WINDOW.total_seconds(), *arguments])


@cache
def _script(source: str) -> Script:
    return queues.client().register_script(source)


def _digest(recipient: str) -> str:
    return hashlib.blake2b(recipient.encode(), digest_size=12).hexdigest()


def _pairs(flat: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)
