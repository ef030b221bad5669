"""What did not arrive stays on the first page until somebody sees to it; what waits can be cancelled until it goes."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.models import MessageMail, WaitsFor
from messaging.services import resending
from messaging.services.failures import SHOWN_FOR
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.factories import MessageFactory, message_at, message_in
from tests.messaging.bakery.test_pages import SETTINGS, text_of

pytestmark = pytest.mark.usefixtures("broker")

# One in the morning in Madrid: bakers are at work, and yesterday ended an hour ago.
NIGHT = datetime.fromisoformat("2026-11-26T00:00:00+00:00")


def first_page(client) -> str:
    return text_of(client.get(SETTINGS).text)


def yesterdays_failure(bakery, **fields):
    return message_at(
        NIGHT - timedelta(hours=8), MessageStatus.FAILED, tenant=bakery,
        recipient_name="Harinas del Sur", error_code=131026, **fields,
    )  # fmt: skip


# --- What did not arrive ---------------------------------------------------------------------------


def test_a_failure_of_yesterday_is_not_forgotten_at_midnight(browse, ana, bakery):
    with travel(NIGHT, tick=False):
        yesterdays_failure(bakery)
        for _ in range(6):
            message_in(MessageStatus.READ, tenant=bakery, recipient_name="Juan García")
        text = first_page(browse(ana))
        spanish = first_page(browse(ana, language="es"))
    assert "1 notice did not arrive" in text
    assert "All is well" not in text
    assert text.index("These did not arrive") < text.index("Harinas del Sur")
    assert "1 aviso no ha llegado" in spanish


@pytest.mark.parametrize(
    "see_to",
    [
        lambda message, client, by: client.post(f"{SETTINGS}/messages/{message.pk}/done"),
        lambda message, client, by: resending.resend(message, to="+34600000102", by=by),
        lambda message, client, by: MessageMail.objects.create(message=message, state="sent"),
    ],
    ids=["marked as done", "sent again", "sent by e-mail"],
)
def test_it_goes_when_somebody_has_seen_to_it(browse, ana, bakery, see_to):
    with travel(NIGHT, tick=False):
        message = yesterdays_failure(bakery)
        client = browse(ana)
        see_to(message, client, ana)
        text = first_page(client)
        notices = text_of(client.get(f"{SETTINGS}/messages").text)
    assert "1 notice did not arrive" not in text
    assert "All is well" in text
    assert "These did not arrive" not in notices


def test_a_mail_that_perhaps_went_out_settles_nothing(browse, ana, bakery):
    message = message_in(MessageStatus.FAILED, tenant=bakery)
    MessageMail.objects.create(message=message, state="unconfirmed")
    assert "1 notice did not arrive" in first_page(browse(ana))


def test_after_a_week_it_is_past_helping(browse, ana, bakery):
    with travel(NIGHT, tick=False):
        yesterdays_failure(bakery)
    with travel(NIGHT + SHOWN_FOR, tick=False):
        assert "All is well" in first_page(browse(ana))


def test_a_supplier_who_opted_out_did_not_get_it_either(browse, ana, bakery):
    message_in(MessageStatus.CANCELLED, tenant=bakery, waits_for=WaitsFor.OPT_OUT)
    assert "1 notice did not arrive" in first_page(browse(ana))


@pytest.mark.parametrize(("minutes", "is_said"), [(9, False), (11, True)])
def test_what_whatsapp_did_not_answer_is_no_failure_before_ten_minutes(
    browse, ana, bakery, minutes, is_said
):
    since = timezone.now() - timedelta(minutes=minutes)
    message_in(MessageStatus.UNCONFIRMED, tenant=bakery, unconfirmed_at=since)
    assert ("1 notice did not arrive" in first_page(browse(ana))) is is_said


def test_the_number_counts_what_the_page_of_notices_lists(browse, ana, bakery):
    for _ in range(7):
        message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026)
    client = browse(ana)
    page = client.get(SETTINGS).text
    assert "7 notices did not arrive" in page
    assert 'href="/bakery/goiko/messages#failed"' in page
    assert len(client.get(f"{SETTINGS}/messages").context["failed"]) == 7


def test_what_arrived_has_no_button_to_be_done_with(browse, ana, bakery):
    failed, read = (
        message_in(status, tenant=bakery) for status in (MessageStatus.FAILED, MessageStatus.READ)
    )
    client = browse(ana)
    assert "Mark as done" in client.get(f"{SETTINGS}/messages/{failed.pk}").text
    assert "Mark as done" not in client.get(f"{SETTINGS}/messages/{read.pk}").text


# --- What waits ------------------------------------------------------------------------------------


def test_during_quiet_hours_the_card_does_not_promise_at_once(browse, ana, bakery):
    bakery.quiet_from, bakery.quiet_until = time(21), time(7)
    bakery.save()
    with travel(NIGHT, tick=False):
        text = first_page(browse(ana))
        spanish = first_page(browse(ana, language="es"))
    assert "Quiet hours until 07:00: orders wait until then, urgent ones go out at once." in text
    assert "Quiet until 07:00" in text
    assert "sent to your supplier at once" not in text
    assert "Horas de silencio hasta las 07:00" in spanish
    with travel(NIGHT + timedelta(hours=8), tick=False):
        assert "Each order is sent to your supplier at once." in first_page(browse(ana))


def test_after_send_the_card_says_what_still_goes_out_and_takes_it_back(browse, ana, bakery):
    MessageFactory.create_batch(2, tenant=bakery, send_after=timezone.now() + timedelta(hours=3))
    client = browse(ana)
    stale_tab = f"{SETTINGS}/switch"
    said = client.post(stale_tab, {"enabled": "off", "waiting": "send"}, follow=True).text
    assert text_of(said).count("2 waiting notices still go out.") == 2
    assert "Cancel what waits" in said
    taken_back = client.post(stale_tab, {"enabled": "off", "waiting": "cancel"}, follow=True).text
    assert "2 waiting notices were cancelled." in text_of(taken_back)
    assert "still go out." not in text_of(taken_back)
    history = text_of(client.get(f"{SETTINGS}/history").text)
    assert "2 waiting notices were still to be sent" in history
    assert "2 waiting notices were cancelled" in history


def test_one_waiting_notice_is_cancelled_by_itself(browse, bruno, bakery):
    one, other = MessageFactory.create_batch(2, tenant=bakery)
    client = browse(bruno)
    address = f"{SETTINGS}/messages/{one.pk}"
    assert "Cancel this notice" in client.get(address).text
    for _twice in range(2):
        said = client.post(f"{address}/cancel", follow=True).text
        assert "The notice is cancelled and will not be sent." in said
    assert "Cancel this notice" not in said
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.status, other.status) == (MessageStatus.CANCELLED, MessageStatus.QUEUED)
    assert Tenant.objects.get(pk=bakery.pk).whatsapp_enabled


def test_what_is_gone_cannot_be_cancelled_any_more(browse, ana, bakery):
    message = message_in(MessageStatus.SENT, tenant=bakery)
    said = browse(ana, language="es").post(f"{SETTINGS}/messages/{message.pk}/cancel", follow=True)
    assert "Ya no está en espera, así que no se puede cancelar." in said.text
