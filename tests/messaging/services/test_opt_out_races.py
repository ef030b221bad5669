"""Opt-outs while others work: the same delivery in parallel, and the word while a worker sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from messaging.models import InboundMessage, Message, Suppression
from messaging.services import opting_out, receiving, sending
from messaging.statuses import MessageStatus
from tests.factories import AssignmentFactory, MessageFactory
from tests.messaging.conftest import T0, inbound, preference, receive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


def at_once(*jobs: Callable[[], object]) -> None:
    """Run all jobs at the same moment, each in a thread with a connection of its own."""
    start = threading.Barrier(len(jobs))
    broken: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        start.wait(10)
        try:
            job()
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert broken == []


@pytest.fixture
def number():
    return AssignmentFactory().phone_number


def test_the_same_words_applied_by_many_workers_at_once_count_once(number):
    for _copy in range(12):
        for place, word in enumerate(["baja", "alta", "baja"]):
            payload = inbound(number, word, wamid=f"wamid.{place}", at=T0 + place)
            receiving.store_delivery(json.dumps(payload).encode())
        receiving.store_delivery(json.dumps(preference(number, "stop")).encode())
    at_once(*[receiving.apply_waiting] * 6)
    receiving.apply_waiting()
    assert InboundMessage.objects.count() == 3
    assert sorted(Suppression.objects.open().values_list("what", flat=True)) == ["all", "marketing"]


def test_a_word_that_comes_while_a_worker_sends_stops_the_rest_and_leaves_nothing_half_done(
    meta, number
):
    tenant = number.assignments.get().tenant
    messages = [
        MessageFactory(phone_number=number, tenant=tenant, recipient_phone="+34600000101")
        for _order in range(12)
    ]
    url = meta.send_url(number.phone_number_id)
    counter = iter(range(1000))

    def accept(request):
        answer = {"messages": [{"id": f"wamid.{next(counter)}"}]}
        return 200, {}, json.dumps(answer)

    meta.mock.add_callback("POST", url, accept)
    at_once(
        lambda: sending.send_until_empty(number.pk),
        lambda: sending.send_until_empty(number.pk),
        lambda: receive(inbound(number, "baja")),
    )
    sending.send_until_empty(number.pk)
    found = Message.objects.filter(pk__in=[message.pk for message in messages])
    statuses = set(found.values_list("status", flat=True))
    assert statuses <= {MessageStatus.ACCEPTED, MessageStatus.CANCELLED}
    assert found.filter(status=MessageStatus.ACCEPTED).count() == next(counter)
    late = MessageFactory(phone_number=number, tenant=tenant)
    sending.send_until_empty(number.pk)
    late.refresh_from_db()
    assert late.status == MessageStatus.CANCELLED


def test_two_workers_that_find_the_same_opt_out_cancel_once(number):
    receive(inbound(number, "baja"))
    tenant = number.assignments.get().tenant
    message = MessageFactory(phone_number=number, tenant=tenant, sending=True, attempts=1)
    at_once(*[lambda: opting_out.without_opted_out([message])] * 4)
    message.refresh_from_db()
    assert (message.status, message.attempts) == (MessageStatus.CANCELLED, 0)
    assert message.events.count() == 1
