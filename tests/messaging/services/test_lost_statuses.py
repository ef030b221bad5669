"""Statuses that no webhook brought are read from Meta's history, a few messages at a time."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone

from messaging import queues
from messaging.models import AccountEvent, Aspect, EventKind, Message, MessageEvent
from messaging.models.message import first_id_at
from messaging.services import lost_statuses
from messaging.services.explaining import explain
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory, message_in
from tests.messaging.conftest import GRAPH
from tests.meta import stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

T0 = 1795341600
ANY_HISTORY = re.compile(rf"{GRAPH}/\d+/message_history")
_NUMBERS = count(1)


def aged(**age):
    """A message that was asked for and accepted so long ago."""
    at = timezone.now() - timedelta(**age)
    pk = first_id_at(at).__class__(int=first_id_at(at).int + next(_NUMBERS))
    return MessageFactory(accepted=True, accepted_at=at, id=pk)


def told(wamid, *statuses, **more):
    events = [
        {"delivery_status": status, "timestamp": T0 + place, **more}
        for place, status in enumerate(statuses)
    ]
    row = {"id": "3", "message_id": wamid, "events": {"data": events}}
    return {"data": [row]}


def meta_knows(meta, *statuses, **more):
    """Meta answers alike for every message; returns the stub."""

    def answer(request):
        return 200, {}, json.dumps(told(request.params["message_id"], *statuses, **more))

    meta.mock.add_callback("GET", ANY_HISTORY, callback=answer)
    return meta.mock.calls


def recover(broker):
    """One more minute has passed."""
    broker.delete(f"once:{lost_statuses.FIELD}")
    return lost_statuses.recover()


def test_what_was_lost_is_taken_as_if_the_webhook_had_brought_it(meta, broker):
    message = aged(minutes=40)
    meta_knows(meta, "SENT", "DELIVERED")
    assert recover(broker) == 1
    message.refresh_from_db()
    assert (message.status, message.sent_at) == (
        MessageStatus.DELIVERED,
        datetime.fromtimestamp(T0, UTC),
    )
    assert [event.kind for event in message.events.in_order()] == ["sent", "delivered"]
    line = AccountEvent.objects.get()
    assert (line.aspect, line.field) == (Aspect.RECOVERY, "message_history")
    assert line.phone_number == message.phone_number
    assert [(row["change"], row["what"], row["verdict"]) for row in line.details["statuses"]] == [
        (str(message.pk), "sent", "applied"),
        (str(message.pk), "delivered", "applied"),
    ]


def test_only_messages_that_should_have_a_status_are_asked_about(meta, broker):
    aged(minutes=29)
    aged(days=4)
    at = timezone.now() - timedelta(hours=1)
    for status in (MessageStatus.SENT, MessageStatus.READ, MessageStatus.HELD):
        message_in(status, wamid=f"wamid.{status}", accepted_at=at, id=first_id_at(at))
        at -= timedelta(seconds=1)
    message_in(MessageStatus.QUEUED, id=first_id_at(at))
    calls = meta_knows(meta, "SENT")
    assert recover(broker) == 0
    assert len(calls) == 0


def test_nobody_is_asked_about_twice_in_one_round_but_again_when_older(meta, broker, time_machine):
    aged(minutes=40)
    calls = meta_knows(meta)
    for _ in range(3):
        recover(broker)
    assert len(calls) == 1
    time_machine.move_to(timezone.now() + timedelta(hours=6))
    recover(broker)
    recover(broker)
    assert len(calls) == 2


def test_one_that_is_only_sent_is_asked_about_once_after_two_days(meta, broker, time_machine):
    at = timezone.now()
    message_in(MessageStatus.SENT, wamid="wamid.S", accepted_at=at, id=first_id_at(at))
    calls = meta_knows(meta, "SENT", "DELIVERED", "READ")
    for hours in (1, 7):
        time_machine.move_to(at + timedelta(hours=hours))
        recover(broker)
    assert len(calls) == 0
    time_machine.move_to(at + timedelta(hours=49))
    assert recover(broker) == 1
    assert Message.objects.get().status == MessageStatus.READ


def test_meta_is_asked_a_few_times_a_minute_and_none_is_left_out(meta, broker):
    messages = [aged(minutes=40) for _ in range(70)]
    calls = meta_knows(meta, "SENT")
    asked = []
    for _ in range(3):
        recover(broker)
        asked.append(len(calls))
    assert asked == [30, 60, 70]
    assert Message.objects.filter(status=MessageStatus.SENT).count() == len(messages)


def test_a_minute_is_a_minute_however_often_the_task_runs(meta, broker):
    calls = meta_knows(meta)
    aged(minutes=40)
    recover(broker)
    aged(minutes=35)
    assert lost_statuses.recover() == 0
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": 100, "error_subcode": 33, "message": "Unsupported get request"}),
        (400, {"code": 2500, "message": "Unknown path components"}),
        (403, {"code": 200, "message": "No permission"}),
        (403, {"code": 10, "message": "No permission"}),
    ],
)
def test_where_meta_does_not_offer_it_nobody_asks_for_a_day(
    meta, broker, time_machine, status, error
):
    aged(minutes=40)
    call = meta.mock.get(ANY_HISTORY, json={"error": error}, status=status)
    recover(broker)
    recover(broker)
    assert call.call_count == 1
    assert 86_000 < broker.ttl("history:rests") <= 86_400
    broker.delete("history:rests")
    recover(broker)
    assert call.call_count == 2


def test_too_fast_is_a_pause_and_no_answer_is_tried_again(meta, broker):
    aged(minutes=40)
    first = meta.mock.get(ANY_HISTORY, body="<html>", status=502)
    recover(broker)
    recover(broker)
    assert first.call_count == 2
    meta.mock.remove("GET", ANY_HISTORY)
    call = meta.mock.get(
        ANY_HISTORY, json={"error": {"code": 80007}}, status=400, headers={"Retry-After": "90"}
    )
    recover(broker)
    recover(broker)
    assert call.call_count == 1
    assert 80 < broker.ttl("history:rests") <= 90


def test_a_message_meta_does_not_know_is_passed_over(meta, broker):
    aged(minutes=40)
    call = meta.mock.get(ANY_HISTORY, json={"error": {"code": 100}}, status=422)
    recover(broker)
    recover(broker)
    assert call.call_count == 1
    assert not broker.exists("history:rests")


def test_without_redis_nothing_is_asked(meta, broker, settings):
    aged(minutes=40)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    try:
        assert lost_statuses.recover() == 0
    finally:
        queues.client.cache_clear()


# --- At somebody's word --------------------------------------------------------------------------
def test_one_message_can_be_asked_about_at_any_time(meta, broker):
    message = MessageFactory(accepted=True, wamid="wamid.HBgLEXAMPLE0001")
    meta.mock.get(ANY_HISTORY, json=stored("message_history"))
    answer = lost_statuses.ask(message)
    assert [event.status for event in answer.events] == ["SENT", "DELIVERED"]
    assert answer.events[1].webhook_state == "RETRYING"
    assert answer.events[1].webhook_host == "bakery.example"
    assert len(answer.news) == 2
    again = lost_statuses.ask(message)
    assert again.news == []
    assert AccountEvent.objects.count() == 1
    assert MessageEvent.objects.count() == 2


def test_what_meta_never_gave_an_id_cannot_be_asked_about(meta):
    with pytest.raises(lost_statuses.NotAskableError):
        lost_statuses.ask(MessageFactory())


def test_a_failure_without_a_code_is_not_called_a_silence(meta, broker):
    message = aged(minutes=40)
    meta_knows(meta, "FAILED", error_description="Undeliverable")
    recover(broker)
    message.refresh_from_db()
    assert (message.status, message.error_code) == (MessageStatus.FAILED, None)
    assert message.error_details == "Undeliverable"
    known = explain(message, "en")
    assert known is not None
    assert "no clear answer" not in known.title
    assert [event.kind for event in message.events.all()] == [EventKind.FAILED]


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": ["x", {"message_id": "wamid.OTHER", "events": {"data": [{}]}}]},
        {"data": [{"events": 5}, {"events": {"data": {}}}, {"events": {"data": [5, None, {}]}}]},
        {"data": [{"events": {"data": [{"delivery_status": "DELETED", "timestamp": T0}]}}]},
        {"data": [{"events": {"data": [{"delivery_status": "SENT", "timestamp": "soon"}]}}]},
    ],
)
def test_an_odd_answer_changes_nothing(meta, broker, body):
    message = aged(minutes=40)
    meta.mock.get(ANY_HISTORY, json=body)
    assert recover(broker) == 0
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED
    assert not AccountEvent.objects.exists()
