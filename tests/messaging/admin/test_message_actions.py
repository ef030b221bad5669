"""What is done from one message's page, by whom, and what it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import queues
from messaging.models import EventKind, Message, MessageEvent, Suppression, WebhookDelivery
from messaging.statuses import MessageStatus
from tests.factories import MembershipFactory, RecipientFactory, message_in
from tests.messaging.conftest import failure, receive, status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

ACTIONS = ("resend", "correct", "cancel", "suppress", "replay", "ask_meta")


@pytest.fixture
def failed():
    return message_in(MessageStatus.FAILED, reference="PO-12345", error_code=131026)


def page_of(message) -> str:
    return reverse("admin:messaging_message_change", args=(message.pk,))


def at(name: str, message) -> str:
    return reverse(f"admin:messaging_message_{name}", args=(message.pk,))


def waiting() -> Message:
    return Message.objects.filter(status=MessageStatus.QUEUED).get()


def test_the_number_it_failed_to_is_refused_beside_the_field(paula, failed):
    page = paula.post(at("correct", failed), {"to": "+34 600-000-101"}).text
    assert "That is the number it was for already." in page
    assert Message.objects.count() == 1


@pytest.mark.parametrize("client_name", ["paula", "sonia"])
def test_admin_and_support_correct_a_number_and_send_again(request, client_name, failed):
    client = request.getfixturevalue(client_name)
    assert "Correct number and send again…" in client.get(page_of(failed)).text
    form = client.get(at("correct", failed)).text
    assert "+34 6•• ••• 101" in form
    answer = client.post(at("correct", failed), {"to": "600 000 102"})
    assert answer.headers["location"] == page_of(waiting())
    assert waiting().requested_by == f"admin:{client_name}"
    assert page_of(failed) in client.get(page_of(waiting())).text
    old = client.get(page_of(failed)).text
    assert "Sent again as a new message" in old
    assert page_of(waiting()) in old
    assert "It has been sent again already." in old
    assert LogEntry.objects.filter(object_id=str(failed.pk)).exists()


def test_a_number_of_another_supplier_of_the_bakery_is_asked_about_first(paula, failed):
    RecipientFactory(tenant=failed.tenant, phone="+34600000102", name="Nerea")
    to = {"to": "+34 600 000 102"}
    asked = paula.post(at("correct", failed), to)
    assert "This is the number of Nerea already: nothing has been sent." in asked.text
    assert "Send it to Nerea all the same" in asked.text
    assert Message.objects.get() == failed
    paula.post(at("correct", failed), {**to, "even_to": "+34 600 000 102"})
    assert waiting().recipient_phone == "+34600000102"


def test_two_clicks_send_once(paula, failed):
    for _ in range(2):
        page = paula.post(at("resend", failed), follow=True).text
    assert "It has been sent again already." in page
    assert waiting().replaces == failed


@pytest.mark.parametrize("to", ["", "soon", "600 00", "+34"])
def test_what_is_no_number_is_told_beside_the_field(paula, failed, to):
    page = paula.post(at("correct", failed), {"to": to})
    assert page.status_code == 200
    assert "This is no phone number." in page.text or "Write the number." in page.text
    assert Message.objects.get() == failed


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (MessageStatus.QUEUED, "It still waits to be sent. Cancel it first."),
        (MessageStatus.SENDING, "It is being sent right now."),
        (MessageStatus.SENT, "the recipient would get it twice"),
        (MessageStatus.READ, "It has arrived"),
        (MessageStatus.UNCONFIRMED, "Nobody knows yet whether it was sent."),
    ],
)
def test_what_could_arrive_twice_is_refused_with_the_reason(paula, status, why):
    message = message_in(status)
    page = paula.get(page_of(message)).text
    assert why in page
    assert f'href="{at("resend", message)}"' not in page
    for answer in (
        paula.get(at("resend", message), follow=True),
        paula.post(at("resend", message), follow=True),
    ):
        assert why in answer.text
    assert Message.objects.count() == 1


def test_a_refusal_is_told_in_the_readers_language(paula, failed):
    type(failed.tenant).objects.update(whatsapp_enabled=False)
    spanish = {"accept-language": "es"}
    page = paula.post(at("resend", failed), follow=True, headers=spanish).text
    assert "desactivados en esta panadería" in page


def test_what_waits_is_cancelled_after_asking(paula):
    message = message_in(MessageStatus.QUEUED)
    assert "Cancel the message" in paula.get(at("cancel", message)).text
    message.refresh_from_db()
    assert message.status == MessageStatus.QUEUED
    assert "The message is cancelled." in paula.post(at("cancel", message), follow=True).text
    message.refresh_from_db()
    assert message.status == MessageStatus.CANCELLED


def test_what_has_gone_is_not_cancelled(paula, failed):
    assert "nothing was cancelled" in paula.post(at("cancel", failed), follow=True).text


@pytest.mark.parametrize(("scope", "of_bakery"), [("bakery", True), ("account", False)])
def test_a_number_is_suppressed_for_the_bakery_or_for_all(paula, failed, scope, of_bakery):
    data = {"scope": scope, "reason": "He called and asked"}
    page = paula.post(at("suppress", failed), data, follow=True).text
    assert "Nothing is sent to this number any more." in page
    stop = Suppression.objects.get()
    assert stop.tenant == (failed.tenant if of_bakery else None)
    assert (stop.asked_by, stop.reason, stop.phone) == (
        "paula",
        "He called and asked",
        "+34600000101",
    )
    assert "suppressed before" in paula.post(at("suppress", failed), data, follow=True).text
    assert (
        "does not want these WhatsApp messages"
        in paula.post(at("resend", failed), follow=True).text
    )


def test_suppressing_needs_a_reason(paula, failed):
    assert paula.post(at("suppress", failed), {"scope": "account"}).status_code == 200
    assert not Suppression.objects.exists()


def test_support_does_not_suppress(sonia, failed):
    assert "Suppress this number" not in sonia.get(page_of(failed)).text
    assert (
        sonia.post(at("suppress", failed), {"scope": "account", "reason": "x"}).status_code == 403
    )


@pytest.fixture
def told():
    """A message whose failure a webhook has told of."""
    message = message_in(MessageStatus.SENT, wamid="wamid.HBgLinvented")
    receive(status_webhook(message, "failed", **failure(131026)))
    message.refresh_from_db()
    return message


def test_a_line_opens_to_the_webhook_that_told_of_it_without_the_number(paula, told):
    event = told.events.get(kind=EventKind.FAILED)
    delivery = WebhookDelivery.objects.get()
    assert event.delivery == delivery.pk
    page = paula.get(page_of(told)).text
    assert reverse("admin:messaging_webhookdelivery_change", args=(delivery.pk,)) in page
    assert "&quot;recipient_id&quot;: &quot;+34 6•• ••• 101&quot;" in page
    assert "34600000101" not in page


def test_its_webhook_is_applied_again(paula, told):
    event = told.events.get(kind=EventKind.FAILED)
    page = paula.post(at("replay", told), {"event": event.pk}, follow=True).text
    assert "The webhook was applied again." in page
    assert WebhookDelivery.objects.get().verdicts[0]["verdict"] == "repeated"


@pytest.mark.parametrize("event", ["", "0", "x", "99999999999999999999", "-1"])
def test_a_line_that_is_none_of_the_message_is_not_found(paula, told, event):
    assert paula.post(at("replay", told), {"event": event}).status_code == 404


def test_a_webhook_deleted_by_age_is_told(paula, told):
    event = told.events.get(kind=EventKind.FAILED)
    WebhookDelivery.objects.all().delete()
    assert "It has been deleted by age." in paula.get(page_of(told)).text
    page = paula.post(at("replay", told), {"event": event.pk}, follow=True).text
    assert "not there any more" in page


def test_a_body_that_is_no_json_has_no_excerpt(paula, told):
    WebhookDelivery.objects.update(body=b"\xff{", size=2)
    assert "The whole body" in paula.get(page_of(told)).text


def test_support_reads_the_webhook_and_applies_nothing_again(sonia, told):
    page = sonia.get(page_of(told)).text
    assert "The whole body" in page
    assert at("replay", told) not in page
    event = told.events.get(kind=EventKind.FAILED)
    assert sonia.post(at("replay", told), {"event": event.pk}).status_code == 403


def test_the_text_for_metas_support_names_no_recipient(paula, failed):
    Message.objects.update(fbtrace_id="AbCdEf", wamid="wamid.HBgLinvented")
    page = paula.get(page_of(failed)).text
    text = page.partition('id="support-text"')[2].partition("</textarea>")[0]
    for fact in ("wamid.HBgLinvented", "131026", "AbCdEf", failed.phone_number.phone_number_id):
        assert fact in text
    assert "600000101" not in text.replace(" ", "")


def test_the_header_hides_the_number(paula, failed):
    page = paula.get(page_of(failed)).text
    header = page.partition('class="bw-headline__state"')[2].partition("</p>")[0]
    assert "Juan García (+34\xa06••\xa0•••\xa0101)" in header
    assert "PO-12345" in header


@pytest.mark.parametrize(
    ("code", "here", "everywhere"),
    [
        (131050, "no common cause", "no common cause"),
        (131056, "no common cause", "no common cause"),
        (132005, "look at its data", "Several bakeries are hit"),
        (190, "Only this bakery is hit so far.", "Several bakeries are hit"),
        (100, "Only this bakery is hit so far.", "Several bakeries are hit"),
    ],
)
def test_what_follows_from_others_like_it_depends_on_the_code(paula, code, here, everywhere):
    message = message_in(MessageStatus.FAILED, error_code=code)
    assert "It is the only one that day." in paula.get(page_of(message)).text
    message_in(MessageStatus.FAILED, error_code=code, tenant=message.tenant)
    assert here in paula.get(page_of(message)).text
    message_in(MessageStatus.FAILED, error_code=code)
    assert everywhere in paula.get(page_of(message)).text


def test_others_like_it_lead_to_their_lists(paula, failed):
    message_in(
        MessageStatus.FAILED,
        error_code=131026,
        tenant=failed.tenant,
        recipient_phone="+34600000109",
    )
    message_in(MessageStatus.READ)
    page = paula.get(page_of(failed)).text
    assert "<strong>1</strong> to this number" in page
    assert "<strong>2</strong> with this code that day, of this bakery" in page
    assert "they point to no common cause" in page
    address = f"/admin/messaging/message/?to={failed.pk}"
    assert address in page
    listed = paula.get(address).text
    assert listed.count("data-row") == 2
    message_in(MessageStatus.FAILED, error_code=131026)
    page = paula.get(page_of(failed)).text
    assert "<strong>3</strong> with this code that day, of all bakeries" in page
    assert "they point to no common cause" in page
    assert "Several bakeries are hit" not in page
    day = timezone.localdate().isoformat()
    of_all = paula.get("/admin/messaging/message/", {"code": "131026", "month": day}).text
    assert of_all.count("data-row") == 3


@pytest.mark.parametrize(
    "query",
    [
        {"to": "nonsense"},
        {"to": "01a216d9-0000-7000-8000-000000000000"},
        {"code": "x"},
        {"code": "9" * 30},
    ],
)
def test_a_link_to_others_with_nonsense_lists_nothing(paula, failed, query):
    page = paula.get("/admin/messaging/message/", query)
    assert page.status_code == 200
    assert page_of(failed) not in page.text


def test_whoever_may_not_is_refused(failed):
    owner = Client()
    owner.force_login(MembershipFactory.create(tenant=failed.tenant).user)
    for client in (owner, Client()):
        for name in ACTIONS:
            for answer in (client.get(at(name, failed)), client.post(at(name, failed))):
                assert answer.status_code == 302
                assert "login" in answer.headers["location"]
    assert Message.objects.get().status == MessageStatus.FAILED


def test_a_message_that_does_not_exist_is_not_found(paula):
    for name in ACTIONS:
        url = reverse(
            f"admin:messaging_message_{name}", args=("01a216d9-0000-7000-8000-000000000000",)
        )
        assert paula.post(url).status_code == 404


@pytest.mark.parametrize(
    ("status", "fields", "words"),
    [
        (MessageStatus.QUEUED, {}, "Send it as soon as its turn comes."),
        (MessageStatus.QUEUED, {"send_after": timezone.now() + timedelta(hours=1)}, "Send it at "),
        (MessageStatus.UNCONFIRMED, {}, "never send it again by ourselves"),
        (
            MessageStatus.UNCONFIRMED,
            {"if_unconfirmed": "resend"},
            "unless WhatsApp tells of it before",
        ),
        (MessageStatus.SENT, {}, "Wait for Meta"),
        (MessageStatus.FAILED, {"error_code": 131026}, "Not try again by ourselves."),
        (MessageStatus.CANCELLED, {}, "Not send it any more."),
    ],
)
def test_the_page_says_what_happens_by_itself(paula, status, fields, words):
    queues.worker_seen()
    assert words in paula.get(page_of(message_in(status, **fields))).text


def test_attempts_open_to_request_and_answer_without_token_and_number(paula, failed):
    now = timezone.now()
    for error in (None, 131026):
        failed.send_attempts.create(
            started_at=now, duration_ms=9, outcome="recipient" if error else "accepted",
            http_status=400 if error else 200, error_code=error, error_details="undeliverable" if error else "",
            fbtrace_id="AbCd" if error else "",
        )  # fmt: skip
    failed.send_attempts.create(started_at=now, duration_ms=15_000, outcome="unknown_outcome")
    page = paula.get(page_of(failed)).text
    assert "Bearer •••" in page
    assert failed.phone_number.account.access_token not in page
    assert "&quot;to&quot;: &quot;+34 6•• ••• 101&quot;" in page
    assert "&quot;details&quot;: &quot;undeliverable&quot;" in page
    assert "No answer arrived." in page
    assert "34600000101" not in page


def test_an_earlier_delivery_told_of_the_line(told):
    """The line keeps the webhook with the earliest time, as it keeps that time."""
    receive(status_webhook(told, "failed", at=1795341000, **failure(131026)))
    event = MessageEvent.objects.get(message=told, kind=EventKind.FAILED)
    assert event.delivery == WebhookDelivery.objects.latest("id").pk
