from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import InboundMessage, Message, MessageEvent, WebhookDelivery
from messaging.services import replaying
from messaging.statuses import META_REPORTS, MessageStatus
from tenants.services.assignments import assign_number, release_number
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TenantFactory,
    message_in,
)
from tests.messaging.conftest import (
    T0,
    failure,
    messages_webhook,
    receive,
    status_webhook,
    verdicts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def test_sent_delivered_and_read_stand_with_their_times():
    message = MessageFactory(accepted=True)
    receive(
        status_webhook(message, "sent", at=T0),
        status_webhook(message, "delivered", at=T0 + 1),
        status_webhook(message, "read", at=T0 + 9),
    )
    message.refresh_from_db()
    assert message.status == MessageStatus.READ
    assert (message.sent_at, message.delivered_at, message.read_at) == (
        at(T0),
        at(T0 + 1),
        at(T0 + 9),
    )
    assert [event.kind for event in message.events.in_order()] == ["sent", "delivered", "read"]


def test_read_implies_delivered_where_meta_leaves_it_out():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "read", at=T0))
    message.refresh_from_db()
    assert (message.status, message.delivered_at) == (MessageStatus.READ, at(T0))


def test_a_repeated_status_changes_nothing_and_the_earliest_time_stays():
    message = MessageFactory(accepted=True)
    receive(
        status_webhook(message, "delivered", at=T0 + 5), status_webhook(message, "delivered", at=T0)
    )
    receive(status_webhook(message, "delivered", at=T0 + 7))
    message.refresh_from_db()
    assert message.delivered_at == at(T0)
    assert [event.at for event in message.events.all()] == [at(T0)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    reports=st.lists(
        st.tuples(st.sampled_from(sorted(META_REPORTS)), st.integers(T0, T0 + 50)),
        min_size=1,
        max_size=6,
    ),
    random=st.randoms(),
)
def test_any_order_repetition_and_batching_ends_in_one_row(reports, random):
    def end_of(ordered, *, together):
        message = message_in(MessageStatus.ACCEPTED)
        payloads = [
            status_webhook(
                message, status, at=when, **(failure(131026) if status == "failed" else {})
            )
            for status, when in ordered
        ]
        if together:
            receive(*payloads)
        else:
            for payload in payloads:
                receive(payload)
        row = Message.objects.filter(pk=message.pk).values_list(
            "status", "sent_at", "delivered_at", "read_at", "failed_at", "error_code"
        )
        events = MessageEvent.objects.filter(message=message).order_by("kind")
        result = row.get(), list(events.values_list("kind", "code", "at"))
        Message.objects.filter(pk=message.pk).delete()
        return result

    shuffled = reports * 2
    random.shuffle(shuffled)
    expected = end_of(reports, together=True)
    assert end_of(shuffled, together=True) == expected
    assert end_of(shuffled, together=False) == expected


def test_a_failure_keeps_its_code_and_a_later_delivery_wins():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "failed", at=T0, **failure(131026)))
    message.refresh_from_db()
    assert (message.status, message.error_code) == (MessageStatus.FAILED, 131026)
    receive(status_webhook(message, "delivered", at=T0 + 60))
    message.refresh_from_db()
    assert (message.status, message.failed_at) == (MessageStatus.DELIVERED, at(T0))


def test_a_status_with_our_id_settles_a_message_whose_answer_was_lost():
    message = message_in(MessageStatus.UNCONFIRMED)
    receive(status_webhook(message, "sent", wamid="wamid.LOST"))
    message.refresh_from_db()
    assert (message.status, message.wamid) == (MessageStatus.SENT, "wamid.LOST")


def test_a_status_without_our_id_is_found_by_the_wamid():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "delivered", callback=False))
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED


def test_a_status_of_an_unknown_message_is_kept_and_says_why():
    DefaultNumberFactory()
    receive(
        messages_webhook(
            "123456789012345",
            statuses=[{"id": "wamid.STRANGE", "status": "sent", "timestamp": str(T0)}],
        )
    )
    delivery = WebhookDelivery.objects.get()
    assert delivery.verdicts[0]["verdict"] == "ignored"
    assert delivery.verdicts[0]["why"] == "No message of ours has this id."


def test_a_status_that_names_another_number_than_the_messages_changes_nothing():
    message = MessageFactory(accepted=True)
    payload = status_webhook(message, "read")
    payload["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"
    receive(payload)
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


def test_an_unknown_status_is_kept_and_the_others_of_the_batch_are_applied():
    message = MessageFactory(accepted=True)
    payload = status_webhook(message, "teleported")
    rows = payload["entry"][0]["changes"][0]["value"]["statuses"]
    rows += ["broken", {"id": 5}, rows[0] | {"status": "delivered"}]
    receive(payload)
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert ("teleported", "ignored") in verdicts()
    assert ("messages", "malformed") in verdicts()


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"entry": 5}',
        b'{"entry": [5, {"changes": 1}, {"changes": [null, {"value": []}]}]}',
        b'{"object":"whatsapp_business_account","entry":[{"id":1e400,"changes":[{"field":7,"value":'
        b'{"statuses":{"a":1},"messages":"x","metadata":[]}}]}]}',
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_signed_body_of_any_shape_is_kept_and_harms_nothing(body):
    receive(body)
    delivery = WebhookDelivery.objects.get()
    assert delivery.processed_at is not None
    assert bytes(delivery.body) == body
    assert delivery.traceback == ""


def test_a_body_that_breaks_us_is_kept_with_its_traceback_and_the_rest_goes_on():
    first, second = MessageFactory(accepted=True), MessageFactory(accepted=True)
    # Our id of one message with the wamid of another: the database refuses the wamid twice.
    twisted = MessageFactory(sending=True)
    receive(status_webhook(twisted, "sent", wamid=first.wamid), status_webhook(second, "delivered"))
    second.refresh_from_db()
    assert second.status == MessageStatus.DELIVERED
    broken = WebhookDelivery.objects.order_by("id")[0]
    assert "IntegrityError" in broken.traceback
    assert broken.verdicts[0]["verdict"] == "error"


def test_applying_a_delivery_again_changes_nothing():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "read"))
    before = Message.objects.filter(pk=message.pk).values("status", "read_at").get()
    assert replaying.replay_now([WebhookDelivery.objects.get().pk]) == 1
    assert Message.objects.filter(pk=message.pk).values("status", "read_at").get() == before
    assert MessageEvent.objects.count() == 1


def text_from(sender, phone_number_id, **more):
    return messages_webhook(
        phone_number_id,
        messages=[
            {
                "from": sender,
                "id": "wamid.IN1",
                "timestamp": str(T0),
                "type": "text",
                "text": {"body": "Recibido, gracias 🥐"},
                **more,
            }
        ],
    )


def test_a_reply_belongs_to_the_bakery_that_owns_the_number():
    assignment = AssignmentFactory()
    receive(text_from("34600000101", assignment.phone_number.phone_number_id))
    reply = InboundMessage.objects.get()
    assert reply.tenant == assignment.tenant
    assert (reply.sender_phone, reply.text) == ("+34600000101", "Recibido, gracias 🥐")


def test_a_reply_to_the_default_number_belongs_to_the_bakery_that_wrote_last():
    MessageFactory(accepted=True)
    last = MessageFactory(accepted=True)
    receive(text_from("34600000101", "123456789012345"))
    reply = InboundMessage.objects.get()
    assert (reply.tenant, reply.answers) == (last.tenant, last)


def test_a_quoted_message_decides_whose_reply_it_is():
    quoted = MessageFactory(accepted=True)
    MessageFactory(accepted=True)
    receive(text_from("34600000101", "123456789012345", context={"id": quoted.wamid}))
    assert InboundMessage.objects.get().answers == quoted


def test_a_reply_stays_with_the_bakery_that_wrote_though_the_number_has_moved_on():
    answered = MessageFactory(accepted=True, phone_number=PhoneNumberFactory())
    number = answered.phone_number
    release_number(tenant=answered.tenant, by="test")
    assign_number(tenant=TenantFactory(), phone_number=number, by="test")
    receive(text_from("34600000101", number.phone_number_id, context={"id": answered.wamid}))
    assert InboundMessage.objects.get().tenant == answered.tenant


def test_a_number_that_moved_on_shows_its_new_bakery_no_supplier_of_the_old_one():
    message = MessageFactory(accepted=True, phone_number=PhoneNumberFactory())
    number = message.phone_number
    release_number(tenant=message.tenant, by="test")
    assign_number(tenant=TenantFactory(), phone_number=number, by="test")
    long_after = int(message.created_at.timestamp()) + 8 * 86400
    receive(text_from("34600000101", number.phone_number_id, timestamp=str(long_after)))
    reply = InboundMessage.objects.get()
    assert (reply.tenant, reply.answers) == (None, None)


def test_what_was_never_sent_is_not_answered():
    sent = MessageFactory(accepted=True)
    MessageFactory()  # Another bakery's, that still waits.
    receive(text_from("34600000101", "123456789012345"))
    assert InboundMessage.objects.get().answers == sent


def test_a_reaction_and_a_quoting_message_belong_to_the_message_they_are_about():
    first, _last = MessageFactory(accepted=True), MessageFactory(accepted=True)
    reaction = {"message_id": first.wamid, "emoji": "👍"}
    receive(text_from("34600000101", "123456789012345", type="reaction", reaction=reaction))
    assert InboundMessage.objects.get().answers == first


def test_a_reply_repeated_by_meta_is_kept_once():
    assignment = AssignmentFactory()
    payload = text_from("34600000101", assignment.phone_number.phone_number_id)
    receive(payload, payload)
    assert InboundMessage.objects.count() == 1
    assert verdicts() == [("text", "applied"), ("text", "repeated")]


def test_a_reply_to_a_number_that_is_not_ours_is_kept_in_the_inbox_only():
    receive(text_from("34600000101", "999"))
    assert InboundMessage.objects.count() == 0
    assert verdicts() == [("text", "ignored")]


def test_a_timeline_tells_the_life_in_order_though_metas_times_are_whole_seconds():
    message = MessageFactory(accepted=True)
    accepted = at(T0 + 0.4)
    MessageEvent.objects.create(message=message, kind="accepted", at=accepted)
    MessageEvent.objects.create(message=message, kind="queued", at=at(T0 + 0.1))
    receive(status_webhook(message, "sent", at=T0), status_webhook(message, "delivered", at=T0 + 1))
    kinds = [event.kind for event in message.events.in_order()]
    assert kinds == ["queued", "accepted", "sent", "delivered"]
