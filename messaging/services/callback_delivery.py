"""Telling callbacks: take what waits, post it, record how each post ended. At least once, and nobody waits for another.

HTTP happens between transactions, in threads that touch no database. A turn gives each callback a few threads at most and
a failing one a single post now and then, so that a slow or dead one costs the others nothing.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from messaging import queues
from messaging.models import Callback, CallbackDelivery, DeliveryStatus
from messaging.models.message import first_id_at
from messaging.services import callback_recording
from messaging.services.callback_posts import Answer, Line
from messaging.services.callback_recording import Outcome
from tenants.audit import update_logged

log = structlog.get_logger(__name__)

# A turn claims for this long; then the next one begins while this one waits for its last answers.
TURN_S = 20.0
CONCURRENCY = 64
LINES_OF_A_CALLBACK = 4
# Taken at once for one callback, and how long one line of it works on its part before it hands back the rest.
SHARE = 40
BUNDLE_S = 5.0
# Outcomes that come within this time are written together.
GATHER_S = 0.1
# No bundle lasts this long, so whoever took the row is gone: it is posted again.
LEASE = timedelta(minutes=2)
_FORGOTTEN_AT_ONCE = 1000
_BATCHES_OF_A_SWEEP = 10

# A few rows of each callback that is neither off, nor resting, nor already served by this turn; in another order each time,
# for the case that there are more callbacks than threads.
_CLAIM = """
WITH ready AS (
  SELECT id FROM messaging_callback
  WHERE disabled_at IS NULL AND (retry_at IS NULL OR retry_at <= %(now)s) AND NOT id = ANY(%(busy)s::uuid[])
    AND EXISTS (SELECT FROM messaging_callbackdelivery AS waiting
                WHERE waiting.callback_id = messaging_callback.id AND waiting.next_attempt_at <= %(now)s)
  ORDER BY random()
  LIMIT %(callbacks)s
)
SELECT picked.callback_id, picked.id
FROM ready, LATERAL (
  SELECT id, callback_id FROM messaging_callbackdelivery
  WHERE callback_id = ready.id AND next_attempt_at <= %(now)s
  ORDER BY next_attempt_at, id
  LIMIT %(share)s
  FOR NO KEY UPDATE SKIP LOCKED
) AS picked
"""

_claiming = threading.Lock()
_news = threading.Event()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=CONCURRENCY, thread_name_prefix="callback")


def deliver_waiting() -> int:
    """Take a turn at what callbacks are to be told; return how many posts were made.

    One turn at a time claims in a process: whoever is woken meanwhile leaves word and goes.
    """
    queues.is_awake(queues.DELIVER_CALLBACKS)
    posted = 0
    _news.set()
    while _news.is_set() and _claiming.acquire(blocking=False):
        turn = _Turn()
        try:
            turn.serve()
        finally:
            _claiming.release()
        if turn.is_over:
            # The next turn need not wait for the slowest answer of this one.
            queues.wake_callbacks()
            turn.finish()
            return posted + turn.posted
        posted += turn.posted
    return posted


@dataclass(slots=True)
class _Bundle:
    """What one line of a callback posts one after another: all of a message's news, in order."""

    callback: Callback
    line: Line
    deliveries: list[CallbackDelivery] = field(default_factory=list)


class _Turn:
    """One turn of one worker. Only the thread that runs it talks to the database."""

    def __init__(self) -> None:
        self.ends = time.monotonic() + TURN_S
        self.outcomes: queue.SimpleQueue[Outcome | _Bundle] = queue.SimpleQueue()
        self.in_flight: dict[uuid.UUID, int] = {}  # callback → its bundles under way
        self.posted = 0
        self._looks_again = True

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def serve(self) -> None:
        """Claim and post until nothing is due any more or the turn's time is over."""
        while not self.is_over:
            self._start()
            if not self.in_flight:
                return
            self._record()

    def finish(self) -> None:
        while self.in_flight:
            self._record()

    def _start(self) -> None:
        threads = CONCURRENCY - sum(self.in_flight.values())
        if threads < LINES_OF_A_CALLBACK or not (self._looks_again or _news.is_set()):
            return
        _news.clear()
        room = threads // LINES_OF_A_CALLBACK
        claimed = claim(busy=list(self.in_flight), callbacks=room)
        self._looks_again = len(claimed) == room  # there may be more callbacks
        for callback, deliveries in claimed:
            bundles = _bundles(callback, deliveries)
            self.in_flight[callback.pk] = len(bundles)
            for bundle in bundles:
                _pool().submit(_work, bundle, self.outcomes)

    def _record(self) -> None:
        """Wait for outcomes and write down those that come close upon each other."""
        gathered: list[Outcome] = []
        until = time.monotonic() + GATHER_S
        while self.in_flight:
            try:
                came = self.outcomes.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(came, Outcome):
                gathered.append(came)
            else:
                self._ended(came)
        self.posted += sum(outcome.answer is not None for outcome in gathered)
        callback_recording.record(gathered)

    def _ended(self, bundle: _Bundle) -> None:
        self.in_flight[bundle.callback.pk] -= 1
        if not self.in_flight[bundle.callback.pk]:
            del self.in_flight[bundle.callback.pk]
            self._looks_again = True  # it may have more


def claim(
    *, busy: Sequence[uuid.UUID] = (), callbacks: int = CONCURRENCY
) -> list[tuple[Callback, list[CallbackDelivery]]]:
    """Take due deliveries of up to so many callbacks, none twice however many workers ask; of a failing callback one."""
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _CLAIM, {"now": now, "busy": list(busy), "callbacks": callbacks, "share": SHARE}
        )
        picked: dict[uuid.UUID, list[uuid.UUID]] = {}
        for callback_id, delivery_id in cursor.fetchall():
            picked.setdefault(callback_id, []).append(delivery_id)
        if not picked:
            return []
        known = Callback.objects.in_bulk(picked)
        chosen = {
            pk: ids[:1] if known[pk].failing_since else ids
            for pk, ids in picked.items()
            if pk in known
        }
        ids = [delivery_id for some in chosen.values() for delivery_id in some]
        CallbackDelivery.objects.filter(pk__in=ids).update(
            next_attempt_at=now + LEASE, attempts=F("attempts") + 1
        )
        rows = CallbackDelivery.objects.in_bulk(ids)
    return [(known[pk], [rows[each] for each in some]) for pk, some in chosen.items()]


def _bundles(callback: Callback, deliveries: Sequence[CallbackDelivery]) -> list[_Bundle]:
    """Share deliveries out to the callback's lines, those of one message to the same one."""
    lines: dict[int, _Bundle] = {}
    for delivery in deliveries:
        place = (delivery.message_id or delivery.pk).int % LINES_OF_A_CALLBACK
        if place not in lines:
            lines[place] = _Bundle(callback, Line(callback.url))
        lines[place].deliveries.append(delivery)
    return list(lines.values())


def _work(bundle: _Bundle, outcomes: queue.SimpleQueue[Outcome | _Bundle]) -> None:
    """Post a bundle. Runs in a thread of its own, touches no database and never raises.

    What follows a post that must be tried again is left for later: it would most likely fail too, and arrive too early.
    """
    ends = time.monotonic() + BUNDLE_S
    is_stopped = False
    for delivery in bundle.deliveries:
        answer = None
        if not is_stopped and time.monotonic() < ends:
            answer = _post(bundle, delivery)
            is_stopped = callback_recording.is_to_be_repeated(answer)
        outcomes.put(Outcome(delivery, answer))
    bundle.line.close()
    outcomes.put(bundle)


def _post(bundle: _Bundle, delivery: CallbackDelivery) -> Answer:
    try:
        return bundle.line.post(
            webhook_id=str(delivery.pk),
            body=delivery.body,
            secrets=bundle.callback.secrets(now=timezone.now()),
        )
    except Exception:  # It must not be lost to a fault of ours: it is tried again.
        log.exception("Callback broke", callback_id=delivery.callback_id, delivery_id=delivery.pk)
        return Answer(error=gettext_noop("A fault of ours; it is in our log."))


# --- What the sweep does -----------------------------------------------------------------------------


def sweep() -> None:
    wake_for_waiting()
    give_up_overdue()
    if queues.is_first_within(60, "callback-housekeeping"):
        forget_previous_secrets()
        forget_old()


def wake_for_waiting() -> bool:
    """Wake a worker for retries, and for what a lost wake-up left lying; True when there was something due."""
    now = timezone.now()
    waiting = CallbackDelivery.objects.filter(callback=OuterRef("pk"), next_attempt_at__lte=now)
    ready = Callback.objects.ready(now=now).filter(Exists(waiting)).exists()
    if ready:
        queues.wake_callbacks()
    return ready


def give_up_overdue() -> int:
    """End what waited too long for a callback that is off or failing; return how many."""
    overdue = CallbackDelivery.objects.waiting().filter(gives_up_at__lte=timezone.now())
    ids = list(overdue.order_by("gives_up_at").values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    return (
        CallbackDelivery.objects.waiting()
        .filter(pk__in=ids)
        .update(
            status=DeliveryStatus.FAILED,
            next_attempt_at=None,
            error=gettext_noop("It could not be delivered in time."),
        )
    )


def forget_previous_secrets() -> int:
    """Forget secrets whose successors are in use."""
    over = Callback.objects.filter(previous_secret_until__lte=timezone.now())
    return update_logged(over, previous_secret="", previous_secret_until=None)


def forget_old() -> int:
    """Delete what was told long ago, in batches; return how many."""
    before = first_id_at(timezone.now() - timedelta(days=settings.CALLBACK_RETENTION_DAYS))
    old = CallbackDelivery.objects.filter(Q(next_attempt_at__isnull=True), id__lt=before)
    forgotten = 0
    for _batch in range(_BATCHES_OF_A_SWEEP):
        ids = list(old.order_by("id").values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
        if not ids:
            break
        forgotten += CallbackDelivery.objects.filter(pk__in=ids).delete()[0]
    return forgotten
