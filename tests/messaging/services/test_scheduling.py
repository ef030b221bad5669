"""Quiet hours and caps together: when a message may go out, and what it waits for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from messaging.models import Message, WaitsFor
from messaging.models.message import first_id_at
from messaging.services.scheduling import schedule
from messaging.statuses import MessageStatus
from tests.factories import TenantFactory, message_in

MADRID = ZoneInfo("Europe/Madrid")
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def madrid(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=MADRID).astimezone(UTC)


NOON = madrid(2026, 11, 20, 12)
TOMORROW = madrid(2026, 11, 21)


def planned(tenant, *, now=NOON, lifetime=7 * DAY, is_urgent=False):
    plan = schedule(tenant, now=now, lifetime=lifetime, is_urgent=is_urgent)
    return plan.send_after, plan.waits_for


def requested(tenant, moment=NOON, status=MessageStatus.SENT, **fields):
    state = {"id": first_id_at(moment), "created_at": moment, "expires_at": moment + 7 * DAY}
    if status == MessageStatus.QUEUED:
        state["send_after"] = moment
    elif status in {MessageStatus.SENT, MessageStatus.DELIVERED}:
        state["accepted_at"] = moment
    return message_in(status, tenant=tenant, **(state | fields))


def test_without_quiet_hours_and_caps_a_message_goes_out_at_once_and_nothing_is_asked(
    django_assert_num_queries,
):
    tenant = TenantFactory()
    with django_assert_num_queries(0):
        assert planned(tenant) == (NOON, "")


def test_quiet_hours_delay_all_but_the_urgent():
    tenant = TenantFactory(quiet_from=time(11), quiet_until=time(16))
    assert planned(tenant) == (madrid(2026, 11, 20, 16), WaitsFor.QUIET_HOURS)
    assert planned(tenant, is_urgent=True) == (NOON, "")


def test_up_to_the_cap_messages_go_out_and_the_next_waits_for_tomorrow():
    tenant = TenantFactory(daily_cap=2)
    requested(tenant, madrid(2026, 11, 20, 0, 1))
    assert planned(tenant) == (NOON, "")
    requested(tenant, madrid(2026, 11, 20, 9), MessageStatus.QUEUED)
    assert planned(tenant) == (TOMORROW, WaitsFor.DAILY_CAP)


def test_an_urgent_message_does_not_break_a_cap():
    tenant = TenantFactory(daily_cap=0)
    assert planned(tenant, lifetime=DAY, is_urgent=True) == (TOMORROW + DAY, WaitsFor.DAILY_CAP)


@pytest.mark.parametrize(
    "status", [MessageStatus.CANCELLED, MessageStatus.EXPIRED, MessageStatus.FAILED]
)
def test_what_never_reached_anybody_takes_no_room(status):
    tenant = TenantFactory(daily_cap=1)
    requested(tenant, status=status)
    assert planned(tenant) == (NOON, "")


@pytest.mark.parametrize("status", [MessageStatus.SENDING, MessageStatus.UNCONFIRMED])
def test_what_is_under_way_takes_room(status):
    tenant = TenantFactory(daily_cap=1)
    requested(tenant, status=status)
    assert planned(tenant) == (TOMORROW, WaitsFor.DAILY_CAP)


def test_yesterdays_messages_and_other_bakeries_take_no_room():
    tenant = TenantFactory(daily_cap=1)
    requested(tenant, madrid(2026, 11, 19, 23, 59))
    requested(TenantFactory())
    assert planned(tenant) == (NOON, "")


def test_what_waited_until_today_takes_todays_room():
    tenant = TenantFactory(daily_cap=1)
    requested(tenant, NOON - DAY, accepted_at=madrid(2026, 11, 20, 0, 1))
    assert planned(tenant) == (TOMORROW, WaitsFor.DAILY_CAP)


def test_what_is_due_since_yesterday_takes_todays_room():
    tenant = TenantFactory(daily_cap=1)
    requested(tenant, NOON - DAY, MessageStatus.QUEUED)
    assert planned(tenant) == (TOMORROW, WaitsFor.DAILY_CAP)


def test_each_day_is_filled_up_to_the_cap_and_no_further():
    tenant = TenantFactory(daily_cap=2)
    days = []
    for number in range(7):
        now = NOON + timedelta(seconds=number)
        send_after, waits_for = planned(tenant, now=now)
        requested(tenant, now, MessageStatus.QUEUED, send_after=send_after, waits_for=waits_for)
        days.append(send_after.astimezone(MADRID).day)
    assert days == [20, 20, 21, 21, 22, 22, 23]


def test_over_the_monthly_cap_a_message_waits_for_the_next_month_or_expires():
    tenant = TenantFactory(monthly_cap=1, daily_cap=1)
    requested(tenant, madrid(2026, 11, 1))
    december = madrid(2026, 12, 1)
    plan = schedule(tenant, now=NOON, lifetime=DAY, is_urgent=False)
    assert (plan.send_after, plan.waits_for) == (december, WaitsFor.MONTHLY_CAP)
    assert plan.expires_at == NOON + DAY
    last_day = madrid(2026, 11, 30, 18)
    assert planned(tenant, now=last_day) == (december, WaitsFor.MONTHLY_CAP)


def test_what_will_expire_before_its_turn_takes_no_room():
    tenant = TenantFactory(daily_cap=1)
    requested(tenant)
    for _ in range(3):
        requested(
            tenant, NOON + timedelta(seconds=1 + _), MessageStatus.QUEUED,
            send_after=TOMORROW, expires_at=NOON + timedelta(hours=1),
        )  # fmt: skip
    assert planned(tenant, now=NOON + timedelta(minutes=1)) == (TOMORROW, WaitsFor.DAILY_CAP)


def test_a_cap_that_leads_into_quiet_hours_stays_the_reason():
    tenant = TenantFactory(daily_cap=1, quiet_from=time(22), quiet_until=time(7))
    requested(tenant)
    assert planned(tenant) == (madrid(2026, 11, 21, 7), WaitsFor.DAILY_CAP)
    assert planned(tenant, is_urgent=True) == (TOMORROW, WaitsFor.DAILY_CAP)


def test_quiet_hours_that_lead_into_a_new_day_use_its_room():
    tenant = TenantFactory(daily_cap=1, quiet_from=time(22), quiet_until=time(7))
    evening = madrid(2026, 11, 20, 23)
    requested(tenant)
    assert planned(tenant, now=evening) == (madrid(2026, 11, 21, 7), WaitsFor.QUIET_HOURS)


def test_the_day_is_the_bakerys_own():
    tenant = TenantFactory(daily_cap=1, time_zone="Atlantic/Canary")
    requested(tenant, madrid(2026, 11, 20, 0, 30))  # on the Canaries it is still the 19th
    assert planned(tenant) == (NOON, "")


def test_looking_for_room_ends(django_assert_max_num_queries, settings):
    settings.WHATSAPP_MESSAGE_TTL_HOURS = 24 * 365
    tenant = TenantFactory(daily_cap=1)
    for day in range(12):
        due = madrid(2026, 11, 20, 12) + day * DAY
        at = NOON + timedelta(seconds=day)
        requested(tenant, at, MessageStatus.QUEUED, send_after=due, expires_at=NOON + 365 * DAY)
    with django_assert_max_num_queries(10):
        send_after, waits_for = planned(tenant, lifetime=365 * DAY)
    assert waits_for == WaitsFor.DAILY_CAP
    assert send_after > NOON + 7 * DAY
    assert Message.objects.count() == 12
