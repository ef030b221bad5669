"""Queue and task names, and the wake-up on commit.

The rows in PostgreSQL are the queue. A wake-up may be lost with the broker: the sweep finds what was missed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from functools import cache, partial
from threading import Lock

import redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

SEND = "send"
WEBHOOKS = "webhooks"
PERIODIC = "periodic"
CALLBACKS = "callbacks"
ALL = (SEND, WEBHOOKS, PERIODIC, CALLBACKS)

SEND_QUEUED = "messaging.send_queued"
APPLY_WEBHOOKS = "messaging.apply_webhooks"
SWEEP = "messaging.sweep"
SYNC_FROM_META = "messaging.sync_from_meta"
COUNT_USAGE = "messaging.count_usage"
WATCH_WEBHOOKS = "messaging.watch_webhooks"
ANSWER_OPT_OUTS = "messaging.answer_opt_outs"
DELIVER_CALLBACKS = "messaging.deliver_callbacks"
DELETE_OLD = "messaging.delete_old"
SEND_MAILS = "messaging.send_mails"
WRITE_MAILS = "messaging.write_mails"
LEARN_RECIPIENTS = "messaging.learn_recipients"
CHECK_SETUP = "messaging.check_setup"

# One wake-up a burst is enough. A worker removes the mark before it looks at the rows, so what was committed before
# the mark is always seen; the mark dies by itself in case the worker did.
_WAKE_MARK_MS = 1000
# A process that has just seen the receiver's mark asks Redis no more for so long: the worker that removes the mark looks
# at the rows once more after the same time (services/receiving.py).
SURELY_WOKEN_S = 0.05
# A broker that does not answer costs a request its time-out; the others of this moment are spared it.
_BROKER_LEFT_ALONE_S = 1.0
_WORKER_SEEN_S = 30


@cache
def client() -> redis.Redis:
    """The process's own connection pool to Redis."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)


def wake_sender(phone_number: int) -> None:
    """Wake a worker for the queue of one number (our primary key) once the transaction is committed."""
    transaction.on_commit(partial(_wake_once, SEND_QUEUED, SEND, (phone_number,)))


def wake_receiver() -> None:
    """Wake a worker for the stored webhooks once the transaction is committed: once a burst, in all processes together."""
    transaction.on_commit(_receiver.wake)


def call_receiver() -> None:
    """Have one more worker apply stored webhooks, whoever is at it already."""
    _publish(APPLY_WEBHOOKS, WEBHOOKS, ())


def wake_sync() -> None:
    """Have templates and numbers read from Meta again soon, once for a burst of reasons."""
    transaction.on_commit(partial(_wake, SYNC_FROM_META, PERIODIC, ()))


def wake_setup() -> None:
    """Have the lines of the set-up that are due checked now instead of within ten minutes."""
    transaction.on_commit(partial(_wake, CHECK_SETUP, PERIODIC, ()))


def wake_answerer() -> None:
    """Wake a worker for our answers to opt-outs once the transaction is committed."""
    transaction.on_commit(partial(_wake, ANSWER_OPT_OUTS, SEND, ()))


def wake_callbacks() -> None:
    """Wake a worker for what callbacks are to be told once the transaction is committed."""
    transaction.on_commit(partial(_wake, DELIVER_CALLBACKS, CALLBACKS, ()))


def wake_mailer() -> None:
    """Wake a worker for the mails that wait once the transaction is committed."""
    transaction.on_commit(partial(_wake, SEND_MAILS, PERIODIC, ()))


def is_awake(task: str, *args: int) -> None:
    """Called by a woken task before it looks at the rows: from now on a new row needs a new wake-up."""
    try:
        client().delete(_mark(task, args))
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)


def is_first_within(seconds: int, what: str) -> bool:
    """Whether nobody asked this in the last seconds; False when Redis does not answer."""
    try:
        return bool(client().set(f"once:{what}", 1, nx=True, ex=seconds))
    except redis.RedisError:
        return False


def worker_seen() -> None:
    """Leave word that a worker lives and the sweep reaches it."""
    try:
        client().set("worker:seen", 1, ex=_WORKER_SEEN_S)
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)


def is_worker_alive() -> bool:
    """Whether a worker left word within 30 s. Raises redis.RedisError when Redis does not answer."""
    return bool(client().exists("worker:seen"))


def _mark(task: str, args: tuple[int, ...]) -> str:
    return ":".join(["wake", task, *map(str, args)])


class _Receiver:
    """What this process knows of the receiver's wake-up. Threads may race: then Redis is asked once more."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def wake(self) -> None:
        asked_at = time.monotonic()
        if asked_at < self._silent_until:
            return
        is_pending = _wake(APPLY_WEBHOOKS, WEBHOOKS, ())
        self._silent_until = asked_at + (SURELY_WOKEN_S if is_pending else _BROKER_LEFT_ALONE_S)

    def forget(self) -> None:
        self._silent_until = 0.0


_receiver = _Receiver()


def forget_wake_up() -> None:
    """Ask Redis at the next webhook, in this process."""
    _receiver.forget()


class _Turn:
    """Lets one thread wake and one wait to do it next; whoever comes meanwhile is served by the one who waits."""

    def __init__(self) -> None:
        self.busy = Lock()
        self.next = Lock()


_turns: defaultdict[tuple[str, tuple[int, ...]], _Turn] = defaultdict(_Turn)


def _wake_once(task: str, queue: str, args: tuple[int, ...]) -> None:
    """Wake, unless another thread of this process is about to: its wake-up begins later than this commit."""
    turn = _turns[task, args]
    if not turn.next.acquire(blocking=False):
        return
    with turn.busy:
        # Released before Redis is asked, so that whoever commits from here on asks again.
        turn.next.release()
        _wake(task, queue, args)


def _wake(task: str, queue: str, args: tuple[int, ...]) -> bool:
    """Leave a mark and publish, unless there is a mark; False when the broker does not answer."""
    try:
        if client().set(_mark(task, args), 1, nx=True, px=_WAKE_MARK_MS):
            return _publish(task, queue, args)
    except redis.RedisError as error:
        _tell_lost(task, error)
        return False
    return True


def _publish(task: str, queue: str, args: tuple[int, ...]) -> bool:
    try:
        current_app.send_task(task, args=args, queue=queue, ignore_result=True)
    except (redis.RedisError, OperationalError) as error:
        _tell_lost(task, error)
        return False
    return True


def _tell_lost(task: str, error: Exception) -> None:
    log.warning("Wake-up lost, the sweep will find the rows", task=task, error=type(error).__name__)
