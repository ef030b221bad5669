from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import EventKind, InboundMessage, MessageEvent, Priority, SendAttempt
from messaging.statuses import MessageStatus
from tenants.models import User
from tests.factories import MessageFactory, message_in

LIST = "/admin/messaging/message/"


def page_of(message) -> str:
    return reverse("admin:messaging_message_change", args=(message.pk,))


@pytest.fixture
def failed(db):
    """A message that Meta accepted and could not deliver, with its whole history and an answer."""
    now = timezone.now()
    message = message_in(
        MessageStatus.FAILED,
        reference="PO-12345",
        wamid="wamid.HBgLinvented",
        error_code=131026,
        error_details="Message undeliverable",
        failed_at=now,
    )
    SendAttempt.objects.create(
        message=message, started_at=now, duration_ms=203, outcome="accepted", http_status=200
    )
    for kind, code in (
        (EventKind.QUEUED, None),
        (EventKind.ACCEPTED, None),
        (EventKind.FAILED, 131026),
    ):
        MessageEvent.objects.create(message=message, kind=kind, code=code)
    InboundMessage.objects.create(
        phone_number=message.phone_number,
        answers=message,
        wamid="wamid.HBgLanswer",
        sender_phone="+34600000101",
        kind="text",
        text="¿Qué pedido?",
    )
    return message


def test_a_failed_message_says_what_happened_who_acts_and_what_to_do(paula, failed):
    page = paula.get(page_of(failed)).text
    assert "WhatsApp could not deliver the message to this number." in page
    assert "131026" in page
    assert "The bakery" in page
    assert "Check the number with the recipient" in page
    assert "Message undeliverable" in page


@pytest.mark.parametrize(("status", "is_charged"), [("failed", False), ("sent", True)])
def test_what_was_not_delivered_is_not_told_as_charged(paula, db, status, is_charged):
    pricing = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
    page = paula.get(page_of(message_in(MessageStatus(status), pricing=pricing))).text
    assert ("charged · utility · for each message" in page) is is_charged
    assert "utility · for each message" in page


def test_nothing_is_written_in_one_way(paula, failed):
    page = paula.get(page_of(message_in(MessageStatus.SENT))).text
    assert not re.search(r">\s*-\s*<", page)


def test_the_same_sentence_stands_there_in_spanish(paula, failed):
    page = paula.get(page_of(failed), headers={"accept-language": "es"}).text
    assert "WhatsApp could not deliver" not in page
    assert "WhatsApp no pudo entregar" in page


def test_the_page_shows_events_attempts_and_answers_in_their_order(paula, failed):
    page = paula.get(page_of(failed)).text
    places = [page.index(word) for word in ("Sent to Meta", "HTTP 200", "¿Qué pedido?")]
    assert places == sorted(places)
    assert "203 ms" in page


def test_the_text_stands_in_a_bubble_as_the_recipient_read_it(paula, failed):
    page = paula.get(page_of(failed)).text
    assert '<p class="bw-bubble__body">Hola Juan García, has recibido' in page


def test_a_template_changed_since_does_not_change_what_was_sent(paula, failed):
    failed.template.components = [{"type": "BODY", "text": "Another text {{1}}"}]
    failed.template.save()
    assert '<p class="bw-bubble__body">Hola Juan García' in paula.get(page_of(failed)).text


def test_what_a_recipient_writes_is_shown_as_text(paula, failed):
    InboundMessage.objects.update(text="<script>alert(1)</script>")
    page = paula.get(page_of(failed)).text
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("status", list(MessageStatus))
def test_every_state_has_a_page_with_a_sentence(paula, status):
    page = paula.get(page_of(message_in(status)))
    assert page.status_code == 200
    assert 'class="bw-headline__sentence"' in page.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "the end of the bakery&#x27;s quiet hours"),
        ("es", "el final de las horas de silencio de la panadería"),
    ],
)
def test_list_and_page_say_what_a_message_waits_for(paula, language, words):
    message = message_in(MessageStatus.QUEUED, waits_for="quiet_hours", priority=Priority.URGENT)
    accept = {"accept-language": language}
    assert words in paula.get(LIST, headers=accept).text
    page = paula.get(page_of(message), headers=accept).text
    assert f": {words}." in page
    assert page.count(words) == 2


@pytest.mark.parametrize(
    "term",
    [
        "PO-12345",
        "po-12345",
        "+34 600 000 101",
        "0034600000101",
        "34600000101",
        "wamid.HBgLinvented",
        "ID",
    ],
)
def test_a_message_is_found_by_order_number_recipient_or_id(paula, failed, term):
    message_in(MessageStatus.READ, reference="PO-9", recipient_phone="+34600000199")
    found = paula.get(LIST, {"q": str(failed.pk) if term == "ID" else term}, follow=True).text
    assert page_of(failed) in found
    assert "PO-9<" not in found


@pytest.mark.parametrize("term", ["PO-404", "wamid.none", "+34600000100", "' OR 1=1 --", "%"])
def test_a_search_without_a_match_finds_nothing(paula, failed, term):
    answer = paula.get(LIST, {"q": term})
    assert page_of(failed) not in answer.text


@pytest.mark.parametrize("status", list(MessageStatus))
def test_the_list_is_filtered_by_state(paula, db, status):
    wanted = message_in(status)
    other = message_in(MessageStatus.READ if status != MessageStatus.READ else MessageStatus.SENT)
    page = paula.get(LIST, {"status": status}).text
    assert page_of(wanted) in page
    assert page_of(other) not in page


@pytest.mark.parametrize("name", ["status", "when", "tenant", "number", "template"])
@pytest.mark.parametrize("value", ["nonsense", "0", "99999999999999999999"])
def test_a_filter_with_nonsense_is_no_error(paula, db, name, value):
    assert paula.get(LIST, {name: value}).status_code in {200, 302}


def test_tries_that_do_not_count_are_told(paula, db):
    message = message_in(MessageStatus.QUEUED, attempts=0)
    assert "of which" not in paula.get(page_of(message)).text
    message.send_attempts.create(started_at=timezone.now(), duration_ms=9, outcome="retry_later")
    assert "1, of which 1 not counted" in paula.get(page_of(message)).text


def test_the_list_is_filtered_by_day_bakery_and_number(paula, db):
    message = MessageFactory.create()
    for filters in (
        {"when": "today"},
        {"when": "month", "tenant": message.tenant_id},
        {"number": message.phone_number_id, "template": message.template_id},
    ):
        assert page_of(message) in paula.get(LIST, filters).text
    assert page_of(message) not in paula.get(LIST, {"when": "yesterday"}).text


def act(client: Client, action: str, *messages, confirmed: bool = False):
    data = {"action": action, "_selected_action": [str(message.pk) for message in messages]}
    return client.post(LIST, data | ({"confirmed": "yes"} if confirmed else {}), follow=True)


def lost_for_long():
    since = timezone.now() - timedelta(minutes=11)
    return message_in(MessageStatus.UNCONFIRMED, unconfirmed_at=since)


def test_what_may_yet_be_settled_is_not_sent_again(paula, db):
    message = message_in(MessageStatus.UNCONFIRMED)
    page = act(paula, "requeue", message, confirmed=True).text
    assert "unconfirmed for ten minutes" in page
    message.refresh_from_db()
    assert message.status == MessageStatus.UNCONFIRMED


def test_sending_again_asks_first(paula, db):
    message = message_in(MessageStatus.UNCONFIRMED)
    assert "gets it twice" in act(paula, "requeue", message).text
    message.refresh_from_db()
    assert message.status == MessageStatus.UNCONFIRMED


def test_only_unconfirmed_messages_are_sent_again(paula, db, broker):
    lost, read = lost_for_long(), message_in(MessageStatus.READ)
    page = act(paula, "requeue", lost, read, confirmed=True).text
    assert "1 message is sent again." in page
    lost.refresh_from_db()
    read.refresh_from_db()
    assert (lost.status, read.status) == (MessageStatus.QUEUED, MessageStatus.READ)


def test_cancelling_asks_first_and_takes_only_what_waits(paula, db):
    waiting, sent = message_in(MessageStatus.QUEUED), message_in(MessageStatus.SENT)
    assert "cannot be undone" in act(paula, "cancel", waiting, sent).text
    page = act(paula, "cancel", waiting, sent, confirmed=True).text
    assert "1 message cancelled." in page
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.status, sent.status) == (MessageStatus.CANCELLED, MessageStatus.SENT)


def test_nothing_to_do_is_said(paula, db):
    read = message_in(MessageStatus.READ)
    assert "nothing was sent again" in act(paula, "requeue", read, confirmed=True).text
    assert "nothing was cancelled" in act(paula, "cancel", read, confirmed=True).text


def test_actions_need_the_right_to_change_messages(db):
    user = User.objects.create(username="trainee", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_message"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    message = message_in(MessageStatus.QUEUED)
    act(client, "cancel", message, confirmed=True)
    message.refresh_from_db()
    assert message.status == MessageStatus.QUEUED
    assert "Cancel…" not in client.get(page_of(message)).text


def test_the_list_takes_the_same_queries_for_many_messages(
    paula, db, django_assert_max_num_queries
):
    MessageFactory.create_batch(30)
    with django_assert_max_num_queries(15):
        page = paula.get(LIST)
    assert page.text.count("data-row") == 30


def test_a_messages_page_takes_few_queries(paula, failed, django_assert_max_num_queries):
    MessageEvent.objects.create(message=failed, kind=EventKind.DELIVERED)
    with django_assert_max_num_queries(18):
        assert paula.get(page_of(failed)).status_code == 200


def test_times_are_local_with_utc_in_their_title(paula, db):
    at = timezone.now().replace(month=7, day=1, hour=10, minute=5, second=7)
    message = message_in(MessageStatus.READ, created_at=at)
    page = paula.get(page_of(message)).text
    assert f'title="{at:%Y}-07-01 10:05:07 UTC"' in page
    assert "1 Jul, 12:05" in page


def test_a_search_that_no_database_takes_is_refused_in_words(paula, failed):
    assert "Null characters are not allowed." in paula.get(LIST, {"q": "a\x00b"}).text


def test_support_sends_an_unconfirmed_message_again(sonia, db, broker):
    lost = lost_for_long()
    assert "1 message is sent again." in act(sonia, "requeue", lost, confirmed=True).text
