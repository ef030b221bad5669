"""What stands above every page while nothing goes out: since when, until when, and that nobody knows where so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from time_machine import travel

from messaging.models import Alert, AlertKind, WaitsFor
from messaging.services import numbers, obstacles
from messaging.services.bakery_settings import set_monthly_limit
from messaging.services.obstacles import ObstacleKind
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant
from tests.factories import AccountFactory, message_at, message_in
from tests.messaging.bakery.test_pages import SETTINGS, text_of
from tests.messaging.services.test_syncing import NUMBERS_URL, lists, number_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

# 9:00 in Madrid.
BEGAN = datetime.fromisoformat("2026-11-25T08:00:00+00:00")
NOW = BEGAN + timedelta(hours=3)
TOMORROW = BEGAN + timedelta(days=1)


def platform_off(settings, **_):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    obstacles.watch_server_switch()


def suspended(bakery, **_):
    bakery.suspended_until, bakery.suspension_reason = TOMORROW, "Unpaid invoice"
    bakery.save()


def no_number(**_):
    PhoneNumberAssignment.objects.update(assigned_at=BEGAN - timedelta(days=3), ended_at=BEGAN)
    PhoneNumber.objects.update(is_default=False)


def stopped(**_):
    AccountFactory.create()
    AccountFactory._meta.model.objects.update(sending_stopped_at=BEGAN)


def paused(**_):
    AccountFactory.create()
    AccountFactory._meta.model.objects.update(sending_paused_at=BEGAN)


def number_stopped(**_):
    PhoneNumber.objects.update(sending_stopped_at=BEGAN)


def number_unusable(bakery, meta, **_):
    own = bakery.assignments.get().phone_number
    lists(meta, NUMBERS_URL, number_row(own.phone_number_id, status="BANNED"))
    numbers.sync_phone_numbers()


def whatsapp_limit(bakery, **_):
    message_at(
        BEGAN, MessageStatus.QUEUED, tenant=bakery, waits_for=WaitsFor.PORTFOLIO_LIMIT,
        send_after=NOW + timedelta(minutes=5),
    )  # fmt: skip


def monthly_limit(bakery, **_):
    bakery.monthly_cap = 2
    bakery.save()
    for minutes in (-30, 0, 20):
        message_at(
            BEGAN + timedelta(minutes=minutes), tenant=bakery,
            accepted_at=BEGAN + timedelta(minutes=minutes),
        )  # fmt: skip


def daily_limit(bakery, **_):
    bakery.daily_cap = 1
    bakery.save()
    message_at(BEGAN, tenant=bakery, accepted_at=BEGAN)


HAPPENS: dict[ObstacleKind, tuple[Callable[..., Any], str]] = {
    ObstacleKind.PLATFORM_OFF: (platform_off, ""),
    ObstacleKind.SUSPENDED: (suspended, "26 Nov, 09:00"),
    ObstacleKind.NO_NUMBER: (no_number, ""),
    ObstacleKind.STOPPED: (stopped, ""),
    ObstacleKind.PAUSED: (paused, ""),
    ObstacleKind.NUMBER_STOPPED: (number_stopped, ""),
    ObstacleKind.NUMBER_UNUSABLE: (number_unusable, ""),
    ObstacleKind.WHATSAPP_LIMIT: (whatsapp_limit, ""),
    ObstacleKind.MONTHLY_LIMIT: (monthly_limit, "1 Dec, 00:00"),
    ObstacleKind.DAILY_LIMIT: (daily_limit, "26 Nov, 00:00"),
}


def test_every_obstacle_is_tried_here():
    assert set(HAPPENS) == set(ObstacleKind)


@pytest.mark.parametrize("kind", ObstacleKind)
def test_each_banner_says_since_when_and_until_when(kind, browse, ana, bakery, settings, meta):
    happens, until = HAPPENS[kind]
    with travel(BEGAN, tick=False):
        happens(bakery=bakery, settings=settings, meta=meta)
    with travel(NOW, tick=False):
        (banner,) = banners_of(browse(ana))
        spanish = banners_of(browse(ana, language="es"))[0]
    assert "Since 25 Nov, 09:00" in banner
    assert "Desde 25 nov, 09:00" in spanish
    if until:
        assert f"Until {until}" in banner
        assert "We do not know" not in banner
    else:
        assert "We do not know yet until when." in banner
        assert "Todavía no sabemos hasta cuándo." in spanish


def test_what_waits_for_whatsapps_limit_says_when_it_is_tried_again(browse, ana, bakery):
    with travel(NOW, tick=False):
        whatsapp_limit(bakery)
        (banner,) = banners_of(browse(ana))
    assert "We try again at 25 Nov, 12:05" in banner


def test_a_stop_that_meta_ends_by_itself_says_when(browse, ana):
    stopped()
    AccountFactory._meta.model.objects.update(sending_stopped_until=TOMORROW)
    with travel(NOW, tick=False):
        assert "Until 26 Nov, 09:00" in banners_of(browse(ana))[0]


def test_a_lowered_limit_is_reached_when_it_was_lowered(browse, ana, bakery):
    with travel(BEGAN, tick=False):
        for _ in range(3):
            message_in(MessageStatus.READ, tenant=bakery, accepted_at=BEGAN)
    with travel(NOW, tick=False):
        set_monthly_limit(bakery, 2, by=ana)
        (banner,) = banners_of(browse(ana))
    assert "Since 25 Nov, 12:00" in banner


def test_a_prolonged_suspension_began_when_it_began_and_a_new_one_begins_anew(bakery):
    with travel(BEGAN, tick=False):
        suspended(bakery)
    with travel(NOW, tick=False):
        bakery.suspended_until = TOMORROW + timedelta(days=1)
        bakery.save(update_fields=["suspended_until"])
        assert Tenant.objects.get(pk=bakery.pk).suspended_at == BEGAN
    later = TOMORROW + timedelta(days=2)
    with travel(later, tick=False):
        bakery.suspended_until = later + timedelta(days=1)
        bakery.save()
        assert Tenant.objects.get(pk=bakery.pk).suspended_at == later
        bakery.suspended_until = None
        bakery.save()
        assert Tenant.objects.get(pk=bakery.pk).suspended_at is None


def test_the_servers_switch_is_an_alert_while_it_is_off(settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    obstacles.watch_server_switch()
    obstacles.watch_server_switch()
    alerts = Alert.objects.filter(kind=AlertKind.SENDING_OFF)
    assert alerts.open().count() == 1
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = True
    obstacles.watch_server_switch()
    assert not alerts.open().exists()


def test_the_switch_that_cannot_be_turned_on_does_not_say_the_reason_twice(browse, ana, bakery):
    Tenant.objects.filter(pk=bakery.pk).update(whatsapp_enabled=False)
    bakery.refresh_from_db()
    with travel(NOW, tick=False):
        suspended(bakery)
        page = browse(ana).post(f"{SETTINGS}/switch", {"enabled": "on"}, follow=True).text
    assert "They stay off: what stands in the way is said below." in text_of(page)
    assert page.count("The platform has suspended your WhatsApp notices.") == 1


def banners_of(client):
    page = client.get(SETTINGS).text
    return [
        text_of(f"<main>{found}</main>")
        for found in re.findall(r'<section class="notice".*?</section>', page, re.S)
    ]
