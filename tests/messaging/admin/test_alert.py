"""Alerts in their list and on the home, stopped numbers in the banner, unconfirmed messages to be decided."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind, Message
from messaging.services import accounts
from messaging.services.numbers import sync_phone_numbers
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    TemplateFactory,
    message_in,
)
from tests.messaging.services.test_syncing import NUMBERS_URL, lists, number_row

LIST = "/admin/messaging/alert/"


def open_one(kind, **fields):
    return Alert.objects.create(kind=kind, **fields)


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_of_alert_says_what_to_do_and_leads_to_a_page(paula, db, kind):
    alert = open_one(kind, subject="123")
    page = paula.get(LIST).text
    home = paula.get("/admin/").text
    words = escape(alert.get_kind_display())[1:]
    assert words in page
    assert words in home
    line = paula.get("/admin/").context["alerts"][0]
    assert line.action
    assert paula.get(line.url).status_code == 200


def test_an_alert_with_metas_code_says_what_meta_means(paula, db):
    open_one(AlertKind.TEMPLATE_STOPPED, subject="po_notification (es)", code=132015)
    for page in (paula.get(LIST).text, paula.get("/admin/").text):
        assert "po_notification (es)" in page
        assert "Meta paused this template" in page
        assert "(132015)" in page


@pytest.mark.parametrize("kind", [AlertKind.NUMBERS_UNREAD, AlertKind.TEMPLATES_UNREAD])
@pytest.mark.parametrize(
    ("code", "why", "more"),
    [
        (None, "Meta did not answer, or not clearly.", ""),
        (2, "down or overloaded for the moment. (2)", ""),
        (190, "(190)", "token"),
    ],
)
def test_an_alert_about_reading_says_that_what_is_shown_stands(paula, db, kind, code, why, more):
    open_one(kind, subject="1", code=code)
    line = paula.get("/admin/").context["alerts"][0]
    assert why in line.why
    assert more in line.action
    assert "read again every hour" in line.action
    assert "the message" not in f"{line.why} {line.action}"
    # A refused token stops more than this reading.
    assert ("This alone stops no sending." in line.action) is (code != 190)


@pytest.mark.parametrize(
    "page",
    [
        "/admin/tenants/phonenumber/",
        "/admin/tenants/phonenumberassignment/board/",
        "/admin/tenants/tenant/",
    ],
)
def test_while_numbers_cannot_be_read_their_pages_say_since_when_they_stand(paula, meta, page):
    number = DefaultNumberFactory(phone_number_id="1")
    assert "never synced" in paula.get(page).text
    lists(meta, NUMBERS_URL, number_row("1"))
    sync_phone_numbers()
    assert "last synced" in paula.get(page).text
    assert "Meta could not be read since" not in paula.get(page).text
    meta.mock.replace("GET", NUMBERS_URL, status=502, body="<html>")
    with pytest.raises(GraphApiError):
        sync_phone_numbers()
    number.account.refresh_from_db()
    text = paula.get(page).text
    assert "Meta could not be read since" in text
    assert number.account.numbers_synced_at.isoformat(timespec="seconds") in text
    assert "Numbers cannot be read from Meta" in paula.get("/admin/").text
    meta.mock.replace("GET", NUMBERS_URL, json={"data": [number_row("1")]})
    sync_phone_numbers()
    assert not Alert.objects.open().filter(kind=AlertKind.NUMBERS_UNREAD).exists()


def test_an_alert_about_a_number_names_number_bakery_and_rating_and_leads_to_its_page(paula, db):
    held = AssignmentFactory(
        tenant__name="Panadería San Juan",
        phone_number__display_phone_number="+34612345699",
        phone_number__quality_rating="RED",
    ).phone_number
    default = DefaultNumberFactory()
    open_one(AlertKind.NUMBER_STOPPED, subject=default.phone_number_id, code=133010)
    open_one(AlertKind.NUMBER_QUALITY, subject=held.phone_number_id)
    fallen, stopped = paula.get("/admin/").context["alerts"]
    assert fallen.about == "+34\u00a0612\u00a0345\u00a0699 · Panadería San Juan · RED"
    assert fallen.url == f"/admin/tenants/phonenumber/{held.pk}/change/"
    assert stopped.about.endswith("· default number")
    page = paula.get(LIST).text
    assert fallen.about in page
    assert fallen.url in page
    assert held.phone_number_id not in page


def test_an_alert_about_a_template_leads_to_its_page(paula, db):
    template = TemplateFactory()
    long = TemplateFactory(name="a" * 300)
    open_one(AlertKind.TEMPLATE_QUALITY, subject=str(template))
    open_one(AlertKind.TEMPLATE_STOPPED, subject=str(long)[:200])
    lines = paula.get("/admin/").context["alerts"]
    assert [line.url for line in lines] == [
        f"/admin/messaging/messagetemplate/{one.pk}/change/" for one in (long, template)
    ]


def test_many_alerts_about_numbers_take_the_queries_of_one(paula, db):
    for page in (LIST, "/admin/"):
        counted = []
        for count in (1, 6):
            for row in AssignmentFactory.create_batch(count):
                open_one(AlertKind.NUMBER_QUALITY, subject=row.phone_number.phone_number_id)
            paula.get(page)
            with CaptureQueriesContext(connection) as queries:
                paula.get(page)
            counted.append(len(queries))
        assert counted[0] == counted[1]


def test_open_alerts_come_first_and_closed_ones_leave_the_home(paula, db):
    now = timezone.now()
    closed = open_one(AlertKind.NUMBER_STOPPED, subject="closed-one", closed_at=now)
    standing = open_one(
        AlertKind.NUMBER_STOPPED, subject="open-one", opened_at=now - timedelta(days=9)
    )
    page = paula.get(LIST).text
    assert page.index(standing.subject) < page.index(closed.subject)
    assert closed.subject not in paula.get("/admin/").text
    only = paula.get(f"{LIST}?state=closed").text
    assert standing.subject not in only


def test_a_home_without_alerts_does_not_speak_of_them(paula, db):
    assert "To be looked at" not in paula.get("/admin/").text


@pytest.mark.parametrize("page", ["/admin/", "/admin/tenants/tenant/", LIST])
def test_a_stopped_number_shows_on_every_page(paula, db, broker, page):
    number = DefaultNumberFactory()
    accounts.stop_number(number, code=133010)
    text = paula.get(page).text
    assert "has stopped. Its messages wait" in text
    assert "(133010)" in text
    assert f"/admin/tenants/phonenumber/{number.pk}/change/" in text
    accounts.resume_number(number)
    assert 'role="alert"' not in paula.get(page).text


def test_the_home_tells_how_much_of_metas_limit_is_used(paula, db, broker):
    assert "Recipients in 24 hours" not in paula.get("/admin/").text
    number = DefaultNumberFactory(messaging_limit="TIER_2K")
    MessageFactory(accepted=True)
    page = paula.get("/admin/").text
    assert "Recipients in 24 hours" in page
    assert "1 of 2,000" in page
    PhoneNumber.objects.filter(pk=number.pk).update(messaging_limit="TIER_UNLIMITED")
    assert "no limit" in paula.get("/admin/").text


def test_unconfirmed_messages_are_found_and_left_as_they_are(paula, db):
    message = message_in(MessageStatus.UNCONFIRMED, reference="PO-1")
    waiting = message_in(MessageStatus.QUEUED, reference="PO-2")
    address = "/admin/messaging/message/"
    for status in ("undecided", "unconfirmed"):
        text = paula.get(f"{address}?status={status}").text
        assert "PO-1" in text
        assert "PO-2" not in text
    chosen = {"action": "leave", "_selected_action": [message.pk, waiting.pk]}
    assert "1 message is left as it is." in paula.post(address, chosen, follow=True).text
    assert "PO-1" not in paula.get(f"{address}?status=undecided").text
    message.refresh_from_db()
    assert message.status == MessageStatus.UNCONFIRMED
    assert Message.objects.filter(acknowledged_at__isnull=False).get() == message
