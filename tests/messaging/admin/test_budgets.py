"""Pages that show much take few queries, and no more with more rows."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.models import Announcement, Mail, MailKind, WebhookDelivery
from messaging.months import billing_today
from messaging.services import announcements, first_week, usage
from messaging.statuses import MessageStatus
from tenants.models import User
from tests.factories import AccountFactory, MembershipFactory, message_at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def queries(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def announce(count: int) -> None:
    for _number in range(count):
        owner = MembershipFactory.create().user
        announcements.announce(
            announcements.copy_of_ours(), to={owner.pk}, by=owner.pk, key=uuid.uuid4()
        )


def failed_messages(count: int) -> None:
    now = timezone.now()
    for number in range(count):
        message_at(now, MessageStatus.FAILED, error_code=131026 + number, failed_at=now)
    usage.count_days([billing_today()])


@pytest.mark.parametrize(
    ("address", "budget", "fill"),
    [
        ("/admin/messaging/announcement/", 12, announce),
        ("/admin/messaging/announcement/new/", 12, lambda n: MembershipFactory.create_batch(n)),
        ("/admin/messaging/mail/", 12, announce),
        ("/admin/messaging/calendarfeed/dates/", 16, failed_messages),
    ],
)
def test_a_list_takes_the_same_few_queries_however_long_it_is(paula, address, budget, fill):
    AccountFactory.create()
    fill(2)
    few = queries(paula, address)
    fill(6)
    assert queries(paula, address) <= few <= budget


def test_the_page_of_an_announcement_and_its_mails(paula):
    announce(1)
    announcement, mail = Announcement.objects.get(), Mail.objects.get()
    assert mail.kind == MailKind.ANNOUNCEMENT
    page = reverse("admin:messaging_announcement_change", args=(announcement.pk,))
    assert queries(paula, page) <= 12
    assert queries(paula, reverse("admin:messaging_mail_change", args=(mail.pk,))) <= 12


def test_the_token_page(paula):
    AccountFactory.create()
    assert queries(paula, reverse("admin:messaging_tokenrotation_page")) <= 14


def test_the_first_week_takes_a_few_queries_a_day(paula):
    week = first_week.begin(by=User.objects.get(username="paula").pk)
    page = reverse("admin:messaging_firstweek_change", args=(week.pk,))
    failed_messages(3)
    one_day = queries(paula, page)
    failed_messages(9)
    assert queries(paula, page) == one_day <= 20
    type(week).objects.filter(pk=week.pk).update(started_at=timezone.now() - timedelta(days=6))
    assert queries(paula, page) <= one_day + 6 * 3


def test_one_webhook(paula):
    delivery = WebhookDelivery.objects.create(body=b"{}", size=2)
    page = reverse("admin:messaging_webhookdelivery_change", args=(delivery.pk,))
    assert queries(paula, page) <= 10
