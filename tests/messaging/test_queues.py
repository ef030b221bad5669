from __future__ import annotations

import pytest

from bakery_whatsapp.celery import app
from messaging import queues
from messaging.models import EventKind, Message
from messaging.services.queueing import MessageRequest, queue_message
from messaging.statuses import MessageStatus
from tenants.models import Tenant
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
    return queue_message(request, allowed_tenants=Tenant.objects.all()).message


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
        queues.COUNT_USAGE,
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
