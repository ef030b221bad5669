from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.graph_api.client import SentMessage
from messaging.models import Message, WaitsFor
from messaging.services import recording
from messaging.services.recording import Move, Outcome
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory, message_in

pytestmark = pytest.mark.django_db


def accepted(message, number):
    sent = SentMessage(f"wamid.{message.pk}.{number}", None, "accepted", {})
    return Outcome(message, timezone.now(), 50, sent)


@pytest.mark.parametrize("size", [1, 30])
def test_a_batch_is_recorded_with_the_same_few_statements_whatever_its_size(
    size, django_assert_num_queries
):
    messages = MessageFactory.create_batch(size, sending=True)
    with django_assert_num_queries(6) as queries:  # with the savepoint's two
        recording.record([accepted(message, size) for message in messages])
    updates = [query for query in queries.captured_queries if "UPDATE messaging" in query["sql"]]
    assert len(updates) == 1
    assert Message.objects.filter(status=MessageStatus.ACCEPTED).count() == size


@pytest.mark.parametrize(
    "status", [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ]
)
def test_what_a_webhook_moved_further_only_learns_its_wamid(status):
    message = message_in(status)
    recording.record([accepted(message, 1)])
    message.refresh_from_db()
    assert message.status == status
    assert message.wamid == f"wamid.{message.pk}.1"
    assert message.accepted_at is not None


def test_an_answer_that_comes_after_the_claim_was_given_up_still_counts():
    message = message_in(MessageStatus.UNCONFIRMED)
    recording.record([accepted(message, 1)])
    message.refresh_from_db()
    assert (message.status, message.unconfirmed_at) == (MessageStatus.ACCEPTED, None)


def test_a_cancelled_or_expired_message_is_not_brought_back():
    for status in (MessageStatus.CANCELLED, MessageStatus.EXPIRED):
        message = message_in(status)
        recording.apply([Move(message.pk, MessageStatus.QUEUED, send_after=timezone.now())])
        message.refresh_from_db()
        assert message.status == status


def test_a_message_handed_back_waits_untried_with_its_reason():
    message = MessageFactory(sending=True, attempts=3)
    later = timezone.now() + timedelta(minutes=5)
    recording.hand_back([message], until=[later], waits_for=WaitsFor.PAIR_LIMIT)
    message.refresh_from_db()
    assert (message.status, message.attempts) == (MessageStatus.QUEUED, 2)
    assert (message.send_after, message.waits_for) == (later, WaitsFor.PAIR_LIMIT)


def test_recording_nothing_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        recording.apply([])


def test_an_outcome_that_the_database_refuses_costs_only_itself():
    taken = MessageFactory(accepted=True)
    broken, good = MessageFactory(sending=True), MessageFactory(sending=True)
    twice = SentMessage(taken.wamid or "", None, "accepted", {})
    recording.record([Outcome(broken, timezone.now(), 50, twice), accepted(good, 1)])
    broken.refresh_from_db()
    good.refresh_from_db()
    assert good.status == MessageStatus.ACCEPTED
    assert broken.status == MessageStatus.UNCONFIRMED
