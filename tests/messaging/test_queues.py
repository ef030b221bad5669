from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from bakery_whatsapp.celery import app
from messaging import queues
from messaging.models import EventKind, Message
from messaging.services import batches, receiving
from messaging.services.queueing import MessageRequest, queue_message
from messaging.statuses import MessageStatus
from tests.conftest import wait_until
from tests.factories import DefaultNumberFactory, TemplateFactory, TenantFactory, body


def a_request(**fields):
    """A request for an order's message of a new bakery that sends from the default number."""
    DefaultNumberFactory()
    TemplateFactory()
    return MessageRequest(
        **{
            "tenant_id": TenantFactory().pk,
            "recipient_phone": "+34600000101",
            "template_name": "po_notification",
            "language": "es",
            "components": body("Juan García", "PO-1", "€1.00"),
        }
        | fields
    )


def queue(request):
    return queue_message(request).message


def status_of(message):
    return Message.objects.values_list("status", flat=True).get(pk=message.pk)


def test_every_task_has_a_fixed_name_and_a_queue_that_workers_watch():
    app.loader.import_default_modules()
    names = {name for name in app.tasks if name.startswith("messaging.")}
    assert names == {
        queues.SEND_QUEUED,
        queues.APPLY_WEBHOOKS,
        queues.SWEEP,
        queues.SYNC_FROM_META,
        queues.WATCH_WEBHOOKS,
        queues.ANSWER_OPT_OUTS,
        queues.COUNT_USAGE,
        queues.DELIVER_CALLBACKS,
        queues.DELETE_OLD,
        queues.SEND_MAILS,
        queues.WRITE_MAILS,
        queues.LEARN_RECIPIENTS,
        queues.CHECK_SETUP,
    }
    assert {queue.name for queue in app.conf.task_queues} == set(queues.ALL)
    assert {app.amqp.router.route({}, name)["queue"].name for name in names} == set(queues.ALL)
    scheduled = app.conf.beat_schedule.values()
    assert {entry["task"] for entry in scheduled} <= names
    assert {entry["options"]["queue"] for entry in scheduled} <= set(queues.ALL)


@pytest.mark.django_db
def test_a_burst_wakes_one_worker_once(broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(50):
            queues.wake_sender(7)
    assert broker.llen(queues.SEND) == 1
    queues.is_awake(queues.SEND_QUEUED, 7)
    with django_capture_on_commit_callbacks(execute=True):
        queues.wake_sender(7)
    assert broker.llen(queues.SEND) == 2


@pytest.mark.django_db
def test_webhooks_ask_redis_no_more_while_a_worker_is_surely_woken(
    broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        queues.wake_receiver()
    # As if a worker had taken its mark already: what is stored now it finds when it looks once more.
    queues.is_awake(queues.APPLY_WEBHOOKS)
    with django_capture_on_commit_callbacks(execute=True):
        queues.wake_receiver()
    assert broker.llen(queues.WEBHOOKS) == 1
    queues.forget_wake_up()
    with django_capture_on_commit_callbacks(execute=True):
        queues.wake_receiver()
    assert broker.llen(queues.WEBHOOKS) == 2


@pytest.mark.django_db(transaction=True)
def test_a_woken_worker_looks_again_after_the_time_in_which_nobody_wakes_it(broker, monkeypatch):
    slept: list[float] = []

    def meanwhile(seconds):
        if not slept:
            receiving.store_delivery(b"{}")
        slept.append(seconds)

    receiving.store_delivery(b"{}")
    monkeypatch.setattr("time.sleep", meanwhile)
    assert receiving.apply_until_quiet() == 2
    assert slept == [queues.SURELY_WOKEN_S] * 2


@pytest.mark.django_db(transaction=True)
def test_a_backlog_calls_one_more_worker(broker, monkeypatch):
    monkeypatch.setattr(batches, "MAX_DELIVERIES", 2)
    monkeypatch.setattr(queues, "SURELY_WOKEN_S", 0)
    for _ in range(7):
        receiving.store_delivery(b"{}")
    broker.delete(queues.WEBHOOKS)
    assert receiving.apply_until_quiet() == 7
    assert broker.llen(queues.WEBHOOKS) == 1


def test_who_commits_while_a_wake_up_is_awaited_is_served_by_it(monkeypatch):
    """The first thread is in the middle of its wake-up, the second waits to begin its own, the third needs none."""
    began, may_end = Event(), Event()
    woken = []

    def wake(*args):
        woken.append(args)
        began.set()
        assert may_end.wait(30)

    monkeypatch.setattr(queues, "_wake", wake)

    def commit():
        queues._wake_once(queues.SEND_QUEUED, queues.SEND, (8,))

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(commit)
        assert began.wait(30)
        second = threads.submit(commit)
        wait_until(queues._turns[queues.SEND_QUEUED, (8,)].next.locked)
        commit()  # returns at once, although the first one still runs
        assert not first.done()
        may_end.set()
        first.result(30)
        second.result(30)
    assert len(woken) == 2
    commit()
    assert len(woken) == 3


def test_a_message_goes_through_a_real_worker_to_the_phone_and_back(
    product_environment, start_web, start_worker
):
    start_web()
    start_worker()
    message = queue(a_request())
    wait_until(lambda: status_of(message) in {MessageStatus.DELIVERED, MessageStatus.READ})
    message.refresh_from_db()
    assert message.wamid.startswith("wamid.")
    kinds = set(message.events.values_list("kind", flat=True))
    assert kinds >= {EventKind.QUEUED, EventKind.ACCEPTED, EventKind.SENT, EventKind.DELIVERED}
