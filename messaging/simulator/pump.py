"""Posts the webhooks when their time comes: one thread in each web process, started by the first use of the simulator.

Retries as Meta does, at once and then ever more slowly for seven days, until the endpoint answers 200.
Source: Webhooks overview, 2026-11-22.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import requests
import structlog
from django.conf import settings

from messaging import demo
from messaging.graph_api.signature import sign
from messaging.simulator import account, chats, store, webhooks

log = structlog.get_logger(__name__)

RETRY_AFTER_S = (1, 5, 15, 60, 300, 900, 3600)
GIVE_UP_AFTER_ATTEMPTS = 7 * 24
_CLAIMED_AT_ONCE = 100
_ONE_BY_ONE = 8
_LOOK_EVERY_S = 0.2
_PAUSE_WITHOUT_REDIS_S = 1.0
_TIMEOUT_S = (3.05, 10.0)

_lock = threading.Lock()
_wake = threading.Event()
_thread: threading.Thread | None = None
_started_in_process = 0


def ensure_running() -> None:
    """Start this process's pump unless it runs. Without an address to post to there is nothing to run for."""
    global _thread, _started_in_process
    _wake.set()
    if not settings.SIMULATOR_WEBHOOK_URL:
        return
    with _lock:
        # A forked child inherits the reference but not the thread.
        if _thread is None or not _thread.is_alive() or _started_in_process != os.getpid():
            _started_in_process = os.getpid()
            _thread = threading.Thread(target=_run, name="simulator-webhooks", daemon=True)
            _thread.start()


def _run() -> None:
    session = new_session()
    while settings.SIMULATOR_WEBHOOK_URL:
        try:
            deliver_due(session, now=store.now())
            pause = _pause()
        except store.SimulatorUnavailableError:
            pause = _PAUSE_WITHOUT_REDIS_S
        except Exception:
            log.exception("Simulator webhook pump stumbled")
            pause = _PAUSE_WITHOUT_REDIS_S
        _wake.wait(pause)
        _wake.clear()


def _pause() -> float:
    due_at = webhooks.next_due_at()
    return _LOOK_EVERY_S if due_at is None else min(max(due_at - store.now(), 0.0), _LOOK_EVERY_S)


def new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "facebookexternalua"
    return session


def deliver_due(session: requests.Session, *, now: float) -> int:
    """Post what is due by `now`; return how many webhooks were claimed. Harmless when other processes do the same."""
    claimed = webhooks.claim(now=now, limit=_CLAIMED_AT_ONCE)
    if not claimed:
        return 0
    news = [webhook for webhook in claimed if _tell_the_phone(webhook, now=now)]
    subscribed = account.is_subscribed()
    outgoing = [webhook for webhook in news if webhook.posted and subscribed]
    kept = {webhook.webhook_id for webhook in outgoing}
    silent = [webhook for webhook in claimed if webhook.webhook_id not in kept]
    if silent:
        webhooks.done(silent)
    for group in _groups(outgoing):
        _post(session, group)
    return len(claimed)


def _tell_the_phone(webhook: webhooks.Webhook, *, now: float) -> bool:
    """Move the ticks when a webhook leaves for the first time; False when it is no longer wanted."""
    if not webhook.status or webhook.attempts:
        return True
    first = chats.record(webhook.wamid, webhook.status, now, error=webhook.error)
    return first or not webhook.unless_seen


def _groups(outgoing: list[webhooks.Webhook]) -> list[list[webhooks.Webhook]]:
    """Few go one by one; when many are due, those signed alike share one POST, as Meta batches them."""
    if len(outgoing) <= _ONE_BY_ONE:
        return [[webhook] for webhook in outgoing]
    groups = [[one for one in outgoing if one.well_signed is signed] for signed in (True, False)]
    return [group for group in groups if group]


def _post(session: requests.Session, group: list[webhooks.Webhook]) -> None:
    raw = webhooks.body_of(group)
    secret = demo.APP_SECRET if group[0].well_signed else "a-secret-that-is-not-ours"
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(raw, secret)}
    try:
        response = session.post(
            account.callback_url(),
            data=raw,
            headers=headers,
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
        answer = str(response.status_code)
    except requests.RequestException as error:
        answer = type(error).__name__
    at = store.now()
    attempts = group[0].attempts + 1
    webhooks.note([webhook.name for webhook in group], answer=answer, attempts=attempts, at=at)
    if answer == "200":
        webhooks.done(group)
        for webhook in group:
            if webhook.name == "messages: inbound":
                chats.record(webhook.wamid, "delivered", at)
        return
    log.warning(
        "Simulator webhook not taken", webhooks=len(group), answer=answer, attempts=attempts
    )
    for webhook in group:
        _try_again(webhook, at=at)


def _try_again(webhook: webhooks.Webhook, *, at: float) -> None:
    attempts = webhook.attempts + 1
    if attempts > GIVE_UP_AFTER_ATTEMPTS:
        webhooks.done([webhook])
        return
    wait_s = RETRY_AFTER_S[min(attempts, len(RETRY_AFTER_S)) - 1]
    webhooks.put(replace(webhook, attempts=attempts), due_at=at + wait_s)
