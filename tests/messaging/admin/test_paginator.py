"""Lists of millions: newest first, older and newer by links, and nothing counted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection

from messaging.admin import paginator, searching
from messaging.admin.account_event import AccountEventAdmin
from messaging.admin.message import MessageAdmin
from messaging.models import AccountEvent, Aspect, Message
from messaging.services import ways
from messaging.statuses import MessageStatus
from tests.factories import AccountFactory, MessageFactory, message_in

pytestmark = pytest.mark.django_db

LIST = "/admin/messaging/message/"
EVENTS = "/admin/messaging/accountevent/"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _two_a_page(monkeypatch):
    monkeypatch.setattr(MessageAdmin, "list_per_page", 2)


@pytest.fixture
def five():
    return [
        str(message.pk)
        for message in reversed(
            [message_in(MessageStatus.READ, reference=f"PO-{n}") for n in range(5)]
        )
    ]


def listed(page: str) -> list[str]:
    """The ids of the messages on a page, in its order."""
    return list(dict.fromkeys(re.findall(r"/message/([0-9a-f-]{36})/change/", page)))


def way(page: str, rel: str) -> str:
    """The query of the link to what is older ("next") or newer ("prev"); empty where there is none."""
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return unescape(found[1]) if found else ""


def walk(client, url: str, rel: str) -> list[list[str]]:
    pages = []
    while True:
        page = client.get(url).text
        pages.append(listed(page))
        if not (query := way(page, rel)):
            return pages
        url = LIST + query


def test_every_row_is_reached_once_going_back_and_once_coming_forward(paula, five):
    back = walk(paula, LIST, "next")
    assert back == [five[:2], five[2:4], five[4:]]
    last = f"{LIST}?older={five[3]}"
    assert walk(paula, last, "prev") == [five[4:], five[2:4], five[:2]]


def test_what_came_meanwhile_shifts_no_page(paula, five):
    second = way(paula.get(LIST).text, "next")
    MessageFactory.create()
    assert listed(paula.get(LIST + second).text) == five[2:4]


def test_filters_and_searches_keep_to_themselves(paula, five):
    for number in range(3):
        message_in(MessageStatus.FAILED, failed_at=NOON, reference=f"XX-{number}")
    first = paula.get(LIST, {"status": "failed"}).text
    second = way(first, "next")
    assert "status=failed" in second
    assert len(listed(paula.get(LIST + second).text)) == 1
    assert way(paula.get(LIST + second).text, "next") == ""
    # Another filter begins at the newest again.
    assert 'name="older"' not in paula.get(LIST + second).text


@pytest.mark.parametrize(
    "place", ["nonsense", "", "0", "\x00", "01a216d9-0000-7000-8000-000000000000"]
)
def test_a_place_that_is_none_is_no_error(paula, five, place):
    assert paula.get(LIST, {"older": place}).status_code == 200
    assert listed(paula.get(LIST, {"newer": place}).text)


def test_nothing_is_counted(paula, five, django_assert_max_num_queries):
    with django_assert_max_num_queries(16) as seen:
        page = paula.get(LIST).text
    assert not [row for row in seen if "COUNT(" in row["sql"] and "messaging_message" in row["sql"]]
    assert "Select all of this list, on every page" in page


def test_a_short_list_says_how_many_it_has(paula):
    MessageFactory.create()
    assert "1 entry" in paula.get(LIST).text
    assert "1 result " in paula.get(LIST, {"status": "queued"}).text


def test_what_is_not_found_in_time_is_looked_for_in_parts(paula, five, monkeypatch):
    monkeypatch.setattr(ways, "FILTER_TIMEOUT_MS", 15)
    monkeypatch.setattr(paginator, "LOOKED_THROUGH", 3)
    slow = Message.objects.extra(
        where=["CASE WHEN pg_sleep(0.01) IS NULL THEN false ELSE reference = 'PO-0' END"]
    )
    monkeypatch.setattr(MessageAdmin, "get_queryset", lambda self, request: slow)
    page = paula.get(LIST).text
    assert listed(page) == []
    assert "were looked through" in page
    assert listed(paula.get(LIST + way(page, "next")).text) == [five[4]]


@pytest.mark.parametrize(("quick", "frequent"), [("bitmapscan", 1), ("indexscan", 99)])
def test_a_search_goes_the_way_that_its_newest_rows_tell(paula, five, monkeypatch, quick, frequent):
    """As if the other way were slow: the newest rows are gone through without bitmaps, by the indexes without plain scans."""
    monkeypatch.setattr(ways, "SAMPLED", 1)
    monkeypatch.setattr(ways, "FREQUENT", frequent)
    monkeypatch.setattr(paginator, "SEARCHED_THROUGH", 3)
    slow = Message.objects.extra(
        where=[
            "CASE WHEN current_setting(%s) = 'off' THEN true"
            " WHEN pg_sleep(0.1) IS NULL THEN false ELSE true END"
        ],
        params=[f"enable_{quick}"],
    )
    monkeypatch.setattr(MessageAdmin, "get_queryset", lambda self, request: slow)
    first = paula.get(LIST, {"q": "PO"}, follow=True).text
    assert listed(first) == five[:2]
    assert "were looked through" not in first


@pytest.mark.parametrize("frequent", [0, 99])
@pytest.mark.parametrize("sampled", [1, 3, 99])
@pytest.mark.parametrize("term", ["harinas", "harin 120", "PO-12", "molino harinas", "5680"])
def test_a_search_finds_the_same_on_each_way(paula, monkeypatch, term, sampled, frequent):
    monkeypatch.setattr(ways, "FREQUENT", frequent)
    monkeypatch.setattr(ways, "SAMPLED", sampled)
    monkeypatch.setattr(searching, "SAMPLED", sampled)
    sought = []
    for number in range(5):
        name = "Molino Norte" if number == 2 else f"Harinas {number} Molino"
        phone = f"+3461234{number}680" if number == 2 else f"+346123{number}5680"
        message_in(
            MessageStatus.READ,
            reference="XX-9",
            recipient_name="Otra",
            recipient_phone="+34600000001",
        )
        message = message_in(
            MessageStatus.READ,
            reference=f"PO-120{number}",
            recipient_name=name,
            recipient_phone=phone,
        )
        if number != 2 or term == "PO-12":
            sought.append(str(message.pk))
    sought.reverse()
    pages = walk(
        paula, paula.get(LIST, {"q": term}).headers.get("location") or f"{LIST}?q={term}", "next"
    )
    assert [pk for page in pages for pk in page] == sought
    back = walk(paula, f"{LIST}?q={term}&older={sought[-3]}", "prev")
    assert list(dict.fromkeys(pk for page in reversed(back) for pk in page)) == sought


def test_settings_of_the_list_end_with_it(paula, five):
    paula.get(LIST)
    with connection.cursor() as cursor:
        for name, value in (("statement_timeout", "0"), ("enable_indexscan", "on")):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)


def test_a_state_without_an_index_is_looked_for_in_parts_at_once(paula, five, monkeypatch):
    monkeypatch.setattr(paginator, "LOOKED_THROUGH", 3)
    held = message_in(MessageStatus.HELD)
    page = paula.get(LIST, {"status": "held"}).text
    assert listed(page) == [str(held.pk)]
    assert "were looked through" in page


def test_a_list_in_the_order_of_time_is_gone_through_alike(paula, monkeypatch):
    monkeypatch.setattr(AccountEventAdmin, "list_per_page", 1)
    account = AccountFactory.create()
    # Two at the same time, and one that was written down later than it happened.
    times = [NOON, NOON, NOON - timedelta(hours=1)]
    for place, at in enumerate(times):
        AccountEvent.objects.create(
            at=at, aspect=Aspect.ALERT, field="account_update", event="X", account=account,
            subject=f"news {place}", is_applied=True, details={}, digest=f"{place:064}",
        )  # fmt: skip
    url, seen = EVENTS, []
    while url:
        page = paula.get(url).text
        seen += re.findall(r"news \d", page)[:1]
        query = way(page, "next")
        url = EVENTS + query if query else ""
    assert seen == ["news 1", "news 0", "news 2"]
