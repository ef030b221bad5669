"""The dates ahead: which there are, what their state is, and who is reminded of them, once for each step."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail as outbox
from django.utils import translation

from messaging.models import Mail
from messaging.services import calendar_feeds, mails, reminders
from messaging.services.date_words import action_of, title_of
from messaging.services.dates_ahead import DatedEvent, DateKind, DateState, dated_events
from tests.factories import (
    AccountFactory,
    MembershipFactory,
    PriceRateFactory,
    StaffFactory,
    SupportFactory,
    TemplateFactory,
    message_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def kinds():
    return {event.kind for event in dated_events()}


def of_kind(kind):
    (event,) = [event for event in dated_events() if event.kind == kind]
    return event


def account(**fields):
    made = AccountFactory()
    type(made).objects.update(**fields)


def aged(days):
    account(token_issued_at=NOW - timedelta(days=days))


def test_a_token_with_an_end_ends_and_one_without_is_to_be_replaced_after_60_days():
    account(token_issued_at=NOW, token_expires_at=NOW + timedelta(days=60))
    assert of_kind(DateKind.TOKEN_ENDS).day == date(2027, 1, 25)
    account(token_expires_at=None)
    assert of_kind(DateKind.TOKEN_ROTATION).day == date(2027, 1, 25)


def test_the_version_in_use_ends_when_metas_table_says(settings):
    assert DateKind.VERSION_ENDS not in kinds()
    settings.WHATSAPP_API_VERSION = "v21.0"
    assert of_kind(DateKind.VERSION_ENDS).day == date(2027, 1, 21)


def test_prices_that_begin_and_prices_that_end_without_others_are_told():
    PriceRateFactory(market="Narnia", valid_to=date(2027, 1, 1))
    assert of_kind(DateKind.PRICES_END).day == date(2027, 1, 1)
    PriceRateFactory(market="Narnia", valid_from=date(2027, 1, 1))
    assert DateKind.PRICES_END not in kinds()
    assert of_kind(DateKind.PRICES_BEGIN).day == date(2027, 1, 1)


def test_a_template_that_nobody_sends_is_archived_a_year_after_its_last_message():
    quiet, busy, never = (TemplateFactory(name=name) for name in ("quiet", "busy", "never"))
    message_at(NOW - timedelta(days=300), template=quiet)
    message_at(NOW, template=busy)
    event = of_kind(DateKind.TEMPLATE_ARCHIVED)
    assert event.subject == str(quiet)
    assert event.day == date(2027, 1, 30)
    assert str(never) not in {event.subject for event in dated_events()}


def test_the_end_of_the_grace_is_a_date_too():
    account(previous_access_token="EAAold", previous_token_until=NOW + timedelta(hours=3))
    event = of_kind(DateKind.OLD_TOKEN_ENDS)
    assert event.day == date(2026, 11, 26)
    assert event.at is not None


def test_what_has_changed_lately_at_meta_is_told_as_past():
    assert of_kind(DateKind.SERVICE_CHARGED).state(NOW.date()) == DateState.PAST
    with time_machine.travel(NOW + timedelta(days=100)):
        assert DateKind.SERVICE_CHARGED not in kinds()


def test_dates_come_in_their_order():
    aged(10)
    days = [event.day for event in dated_events()]
    assert days == sorted(days)


@pytest.mark.parametrize(
    ("days_left", "state"),
    [(40, "ahead"), (16, "ahead"), (15, "soon"), (1, "soon"), (0, "overdue"), (-3, "overdue")],
)
def test_the_state_follows_from_the_days_left(days_left, state):
    event = DatedEvent(
        DateKind.TOKEN_ENDS, "x", NOW.date() + timedelta(days=days_left), steps=(15, 7, 1)
    )
    assert event.state(NOW.date()) == state


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("kind", DateKind)
def test_each_kind_has_words_in_both_languages(kind, language):
    event = DatedEvent(kind, "x", NOW.date(), subject="v21.0")
    with translation.override(language):
        told = (title_of(event), action_of(event))
    with translation.override("en"):
        assert (told == (title_of(event), action_of(event))) == (language == "en")


# --- Reminders -----------------------------------------------------------------------------------


@pytest.fixture
def paula():
    return StaffFactory(username="paula", email="paula@platform.example")


def steps_written():
    return [
        occasion.rsplit(":", 1)[1]
        for occasion in Mail.objects.order_by("id").values_list("occasion", flat=True)
    ]


@pytest.mark.parametrize(
    ("age", "step"),
    [(49, None), (50, "10"), (54, "10"), (55, "5"), (59, "5"), (60, "0"), (70, "0")],
)
def test_a_token_without_an_end_is_reminded_of_on_day_50_55_and_60(paula, age, step):
    aged(age)
    reminders.remind()
    assert steps_written() == ([step] if step else [])


@pytest.mark.parametrize(
    ("left", "step"), [(16, None), (15, "15"), (8, "15"), (7, "7"), (1, "1"), (0, "1"), (-2, "1")]
)
def test_a_token_with_an_end_is_reminded_of_15_7_and_1_days_before(paula, left, step):
    account(token_issued_at=NOW, token_expires_at=NOW + timedelta(days=left))
    reminders.remind()
    assert steps_written() == ([step] if step else [])


def test_each_step_is_mailed_once_however_often_the_task_runs(paula):
    aged(0)
    for day in range(50, 66):
        with time_machine.travel(NOW + timedelta(days=day)):
            for _run in range(3):
                reminders.remind()
                mails.send_waiting()
    assert steps_written() == ["10", "5", "0"]
    assert len(outbox.outbox) == 3
    assert "Cambia el token de acceso de WhatsApp" in outbox.outbox[0].subject
    assert "http://127.0.0.1:8000/admin/messaging/tokenrotation/now/" in outbox.outbox[0].body


def test_a_new_token_is_reminded_of_anew(paula):
    aged(50)
    reminders.remind()
    account(access_token="EAAanother")
    reminders.remind()
    assert len(steps_written()) == 2


def test_only_active_staff_with_an_address_who_may_change_the_token_are_reminded(paula):
    StaffFactory(is_active=False)
    StaffFactory(email="")
    SupportFactory()
    MembershipFactory()
    assert list(mails.platform_admins()) == [paula]


# --- The calendar --------------------------------------------------------------------------------


def test_the_calendar_is_read_by_a_calendar_program(paula):
    from icalendar import Calendar

    aged(10)
    with translation.override("es"):
        parsed = Calendar.from_ical(calendar_feeds.calendar())
    entry = next(entry for entry in parsed.walk("VEVENT") if str(entry["uid"]).startswith("token:"))
    assert str(entry["summary"]) == "Cambia el token de acceso de WhatsApp"
    assert entry.decoded("dtstart") == date(2027, 1, 15)
    assert len(entry.walk("VALARM")) == 3
    uids = [str(entry["uid"]) for entry in parsed.walk("VEVENT")]
    assert len(uids) == len(set(uids))


def test_an_address_dies_with_the_next_one_with_its_end_and_with_its_owners_rights(paula):
    first = calendar_feeds.open_feed(paula, language="en")
    assert b"BEGIN:VCALENDAR" in calendar_feeds.read_feed(first)
    second = calendar_feeds.open_feed(paula, language="en")
    with pytest.raises(calendar_feeds.NoFeedError):
        calendar_feeds.read_feed(first)
    type(paula).objects.filter(pk=paula.pk).update(is_active=False)
    with pytest.raises(calendar_feeds.NoFeedError):
        calendar_feeds.read_feed(second)
    type(paula).objects.filter(pk=paula.pk).update(is_active=True)
    assert calendar_feeds.close_feed(paula)
    with pytest.raises(calendar_feeds.NoFeedError):
        calendar_feeds.read_feed(second)
