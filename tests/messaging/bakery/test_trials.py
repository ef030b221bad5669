"""A test is no notice: it stands among what was sent, never among what suppliers did not get, and its cost is told apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone

from messaging.models import MessageEvent, PriceRate
from messaging.services import mails, weekly_summary
from messaging.services.usage import count_days
from messaging.statuses import MessageStatus
from tests.factories import PriceRateFactory, message_at, message_in
from tests.messaging.bakery.test_month import NOON, november, read  # noqa: F401 (a fixture)
from tests.messaging.bakery.test_pages import SETTINGS, text_of

pytestmark = pytest.mark.usefixtures("broker")

LIST = f"{SETTINGS}/messages"
TEST: dict[str, Any] = {
    "is_trial": True,
    "reference": "TEST",
    "requested_by": "bakery:ana",
    "recipient_name": "Ana",
    "recipient_phone": "+34600000199",
}


@pytest.fixture
def failed(bakery):
    return message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026, **TEST)


def test_a_failed_test_is_none_of_what_did_not_arrive(browse, ana, failed):
    page = browse(ana).get(SETTINGS)
    text = text_of(page.text)
    assert "did not arrive" not in text
    assert "All is well" in text
    assert "0 failed" in text
    assert page.context["lines"][0].message == failed
    assert "These did not arrive" not in browse(ana).get(LIST).text


def test_a_failed_test_says_why_and_sends_nobody_to_a_supplier(browse, ana, failed):
    MessageEvent.objects.create(message=failed, kind="queued")
    text = text_of(browse(ana).get(f"{LIST}/{failed.pk}").text)
    assert "Not delivered" in text
    assert "This is a test: no supplier waits for it." in text
    for offered in ("supplier yourself", "Call", "Send it again", "Tell it by e-mail", "Seen to?"):
        assert offered not in text
    assert "Order TEST" not in text
    assert "Somebody asked for this test" in text
    assert "The order asked" not in text


def test_a_test_is_not_sent_to_another_phone(browse, ana, failed):
    said = browse(ana).post(
        f"{LIST}/{failed.pk}/resend", {"phone": "+34600000198"}, follow=True
    )  # fmt: skip
    assert "This is a test. Have a new one sent instead." in text_of(said.text)
    assert not failed.replacements.exists()


def test_each_state_lists_what_it_counts_and_tests_have_a_list_of_their_own(browse, ana, bakery):
    for fields in ({}, TEST):
        message_in(MessageStatus.READ, tenant=bakery, **fields)
    client = browse(ana)
    read_ones = client.get(f"{LIST}?status=read").context["lines"]
    assert [line.message.is_trial for line in read_ones] == [False]
    tests = client.get(f"{LIST}?status=test").context["lines"]
    assert [line.message.is_trial for line in tests] == [True]
    assert "1 read" in text_of(client.get(SETTINGS).text)
    assert len(client.get(f"{SETTINGS}?show=read").context["lines"]) == 1


@pytest.mark.usefixtures("november")
def test_the_month_counts_notices_and_says_that_tests_are_in_the_cost(browse, ana, bakery):
    PriceRate.objects.all().delete()
    PriceRateFactory.create(amount="0.50")
    for fields in ({}, TEST, TEST):
        message_at(NOON, tenant=bakery, **fields)
    message_at(NOON, MessageStatus.FAILED, tenant=bakery, **TEST)
    count_days([NOON.date()])
    client = browse(ana)
    text = read(client)
    assert "1 sent 1 delivered 1 read 0 failed" in text
    assert "€1.50" in text
    assert "2 tests are in the cost, and not in the numbers above." in text
    assert "?status=test&amp;month=2026-11" in client.get(f"{SETTINGS}/month").text


def test_the_week_counts_no_tests(ana, bakery):
    moment = timezone.now() - timedelta(days=1)
    for fields in ({}, TEST):
        message_at(moment, MessageStatus.FAILED, tenant=bakery, error_code=131026, **fields)
    week = weekly_summary.week_of(bakery, moment - timedelta(days=1), timezone.now())
    assert (week.notices, week.totals.failed, len(week.unresolved)) == (1, 1, 1)


def test_a_week_of_tests_alone_is_not_told_of(ana, bakery):
    message_at(timezone.now() - timedelta(days=7), tenant=bakery, **TEST)
    weekly_summary.write_due()
    mails.send_waiting()
    assert outbox.outbox == []
