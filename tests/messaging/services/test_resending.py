"""Sending a message again at somebody's word, to the same number or another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from messaging.models import Message, Priority, Suppression
from messaging.services import resending, sending, suppressions
from messaging.services.people import Person
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from messaging.services.resending import CannotResendError, Hurdle, WhyNot, resend
from messaging.services.resending_words import words_of_hurdle
from messaging.statuses import MessageStatus
from tests.factories import StaffFactory, UserFactory, message_in
from tests.messaging.conftest import Meta

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

OTHER = "+34600000102"
LONG_AGO = timedelta(minutes=11)
OVER = (MessageStatus.FAILED, MessageStatus.EXPIRED, MessageStatus.CANCELLED)
WITH_META = (MessageStatus.ACCEPTED, MessageStatus.HELD, MessageStatus.SENT)
ARRIVED = (MessageStatus.DELIVERED, MessageStatus.READ)


@pytest.fixture
def paula():
    return StaffFactory.create(username="paula")


def failed(**fields):
    return message_in(MessageStatus.FAILED, reference="PO-12345", error_code=131026, **fields)


def why_not(message, *, to="", by) -> WhyNot:
    with pytest.raises(CannotResendError) as refused:
        resend(message, to=to, by=by)
    return refused.value.why


def test_a_failed_message_goes_to_a_corrected_number_as_a_new_one(paula, meta: Meta):
    first = failed(priority=Priority.URGENT)
    second = resend(first, to="+34 600 000 102", by=paula)
    assert second.pk != first.pk
    assert (second.replaces, second.status) == (first, MessageStatus.QUEUED)
    assert (second.recipient_phone, second.requested_by) == (OTHER, "admin:paula")
    for same in ("tenant", "reference", "recipient_name", "rendered_text", "priority", "template"):
        assert getattr(second, same) == getattr(first, same)
    first.refresh_from_db()
    assert (first.status, first.recipient_phone) == (MessageStatus.FAILED, "+34600000101")
    call = meta.accepts(second)
    sending.send_until_empty(second.phone_number_id)
    assert call.call_count == 1


def test_it_is_sent_again_once_however_often_it_is_asked_for(paula):
    first = failed()
    second = resend(first, to=OTHER, by=paula)
    again = WhyNot(Hurdle.SENT_AGAIN, replacement=second.pk)
    assert why_not(first, to=OTHER, by=paula) == again
    assert why_not(first, by=paula) == again
    assert Message.objects.count() == 2


def test_the_database_refuses_a_second_replacement(paula):
    first = failed()
    second = resend(first, by=paula)
    third = failed(replaces=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=third.pk).update(replaces=first)
    assert first.replacements.get() == second


def test_what_replaced_it_may_be_replaced_in_its_turn(paula):
    second = resend(failed(), by=paula)
    sending.cancel(Message.objects.filter(pk=second.pk))
    third = resend(second, to=OTHER, by=paula)
    assert third.replaces == second


@pytest.mark.parametrize("status", OVER)
@pytest.mark.parametrize("to", ["", OTHER])
def test_what_is_over_goes_out_again(paula, status, to):
    assert resend(message_in(status), to=to, by=paula).status == MessageStatus.QUEUED


@pytest.mark.parametrize(
    ("status", "hurdle"),
    [
        (MessageStatus.QUEUED, Hurdle.WAITS),
        (MessageStatus.SENDING, Hurdle.BEING_SENT),
        *((status, Hurdle.ON_ITS_WAY) for status in WITH_META),
        *((status, Hurdle.ARRIVED) for status in ARRIVED),
    ],
)
def test_what_could_arrive_twice_is_not_sent_again(paula, status, hurdle):
    message = message_in(status)
    # The same number in another spelling is no correction.
    for to in ("", message.recipient_phone, "+34 600-000-101"):
        assert why_not(message, to=to, by=paula) == WhyNot(hurdle)
    assert Message.objects.get().status == status


@pytest.mark.parametrize("to", ["+34600000101", "+34 600-000-101"])
def test_a_correction_that_corrects_nothing_is_refused(paula, to):
    first = failed()
    assert why_not(first, to=to, by=paula) == WhyNot(Hurdle.SAME_NUMBER)
    assert Message.objects.get() == first


@pytest.mark.parametrize("status", [*WITH_META, *ARRIVED])
def test_what_went_to_a_wrong_number_goes_to_the_right_one(paula, status):
    assert resend(message_in(status), to=OTHER, by=paula).recipient_phone == OTHER


@pytest.mark.parametrize("status", [MessageStatus.QUEUED, MessageStatus.SENDING])
def test_what_has_not_gone_out_yet_is_not_sent_to_another_number_too(paula, status):
    assert why_not(message_in(status), to=OTHER, by=paula).hurdle in set(Hurdle)


@pytest.mark.parametrize("to", ["", OTHER])
def test_what_may_yet_be_settled_says_from_when_it_can_be_sent_again(paula, to):
    since = timezone.now()
    message = message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=since)
    until = since + sending.UNCONFIRMED_SHOWN_AFTER
    assert why_not(message, to=to, by=paula) == WhyNot(Hurdle.UNDECIDED, until=until)


def test_a_lost_message_goes_back_into_the_queue_itself(paula):
    lost = message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=timezone.now() - LONG_AGO)
    again = resend(lost, by=paula)
    assert (again.pk, again.status) == (lost.pk, MessageStatus.QUEUED)
    assert Message.objects.count() == 1


def test_a_lost_message_with_a_wrong_number_is_replaced_and_asks_for_no_decision_any_more(paula):
    lost = message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=timezone.now() - LONG_AGO)
    assert resend(lost, to=OTHER, by=paula).replaces == lost
    lost.refresh_from_db()
    assert lost.acknowledged_at is not None
    assert lost.status == MessageStatus.UNCONFIRMED


def stop(phone: str) -> None:
    suppressions.stop(
        suppressions.Request(
            Person(phone), None, Suppression.What.ALL, Suppression.Source.STAFF, timezone.now()
        )
    )


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda message: stop(OTHER), "recipient_opted_out"),
        (
            lambda message: type(message.tenant).objects.update(whatsapp_enabled=False),
            "whatsapp_disabled",
        ),
        (
            lambda message: type(message.template).objects.update(status="PAUSED"),
            "template_not_approved",
        ),
    ],
)
def test_it_is_checked_like_every_message(paula, spoil, code):
    first = failed()
    spoil(first)
    with pytest.raises(RefusedError) as refused:
        resend(first, to=OTHER, by=paula)
    assert refused.value.code == code
    assert words_of_refusal(refused.value)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("to", ["612 345 678", "+34", "soon", "+1" * 30])
def test_what_is_no_number_is_refused(paula, to):
    with pytest.raises(RefusedError) as refused:
        resend(failed(), to=to, by=paula)
    assert refused.value.code == "invalid_phone_number"


def test_somebody_of_a_bakery_is_named_as_such():
    ana = UserFactory.create(username="ana")
    assert resend(failed(), by=ana).requested_by == "bakery:ana"


def test_every_hurdle_has_words_in_both_languages():
    for hurdle in Hurdle:
        why = WhyNot(hurdle, until=timezone.now() if hurdle is Hurdle.UNDECIDED else None)
        with translation.override("en"):
            english = words_of_hurdle(why)
        with translation.override("es"):
            spanish = words_of_hurdle(why)
        assert english != spanish


def test_asking_whether_it_could_be_sent_again_takes_one_query(django_assert_num_queries):
    message = failed()
    with django_assert_num_queries(1):
        assert resending.why_not(message) is None


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_send_it_once(paula):
    first = failed()

    def click(_number: int) -> str:
        try:
            return str(resend(first, to=OTHER, by=paula).pk)
        except CannotResendError as refused:
            return refused.why.hurdle
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(click, range(4)))
    assert ends.count(Hurdle.SENT_AGAIN) == 3
    assert Message.objects.filter(replaces=first).count() == 1
