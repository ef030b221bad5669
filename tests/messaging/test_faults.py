"""What must survive: a worker killed in the middle of a request, a broker that is away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from bakery_whatsapp.celery import app
from messaging import queues
from messaging.models import Message
from messaging.services import receiving, sending
from messaging.statuses import MessageStatus
from tests.conftest import wait_until
from tests.messaging.conftest import status_webhook
from tests.messaging.test_queues import a_request, queue, status_of

pytestmark = pytest.mark.faults


class SilentMeta:
    """A Meta that takes requests and never answers."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.released = threading.Event()
        silent = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                silent.requests.append(self.path)
                silent.released.wait(60)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def silent_meta() -> Iterator[SilentMeta]:
    meta = SilentMeta()
    yield meta
    meta.stop()


def test_a_worker_killed_while_sending_leaves_a_message_that_a_webhook_settles(
    silent_meta, product_environment, start_worker
):
    worker = start_worker(WHATSAPP_GRAPH_URL=silent_meta.url)
    message = queue(a_request())
    wait_until(lambda: silent_meta.requests)
    worker.kill()
    assert status_of(message) == MessageStatus.SENDING

    start_worker(WHATSAPP_GRAPH_URL=silent_meta.url)
    # As if the two minutes had passed after which nobody can still be waiting for Meta.
    long_ago = timezone.now() - sending.CLAIM_LOST_AFTER - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(claimed_at=long_ago)
    app.send_task(queues.SWEEP)
    wait_until(lambda: status_of(message) == MessageStatus.UNCONFIRMED)
    assert len(silent_meta.requests) == 1

    message.refresh_from_db()
    receiving.store_delivery(json.dumps(status_webhook(message, "delivered")).encode())
    wait_until(lambda: status_of(message) == MessageStatus.DELIVERED)


def test_what_was_accepted_while_redis_was_down_is_sent_after_it_returns(
    product_environment, start_web, start_worker, start_process, settings, tmp_path
):
    request = a_request()
    reachable = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    try:
        message = queue(request)
    finally:
        settings.REDIS_URL = reachable
        queues.client.cache_clear()
    start_web()
    start_worker()
    start_process(
        "celery",
        "-A",
        "bakery_whatsapp",
        "beat",
        "--schedule",
        str(tmp_path / "beat"),
        "--pidfile=",
    )
    wait_until(lambda: status_of(message) in {MessageStatus.DELIVERED, MessageStatus.READ})
