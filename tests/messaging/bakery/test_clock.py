"""A bakery in the Canaries reads its own clock everywhere, an hour behind the platform's."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import travel

from messaging.models.message import first_id_at
from messaging.services import recipient_learning
from messaging.statuses import MessageStatus
from tenants.models import SecondFactor
from tests.factories import SupportFactory, message_in
from tests.messaging.bakery.conftest import look_at_goiko
from tests.messaging.bakery.test_pages import SETTINGS, text_of

# 11:00 in the Canaries, 12:00 in Madrid.
NOON = datetime.fromisoformat("2026-11-25T11:00:00+00:00")

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def canary(bakery):
    bakery.time_zone = "Atlantic/Canary"
    bakery.save()
    return bakery


def test_when_it_can_be_sent_again_is_told_by_the_bakerys_clock(browse, ana, canary):
    with travel(NOON, tick=False):
        message = message_in(
            MessageStatus.UNCONFIRMED, tenant=canary, id=first_id_at(NOON), created_at=NOON
        )
        client = browse(ana)
        page = client.get(f"{SETTINGS}/messages/{message.pk}").text
        said = client.post(f"{SETTINGS}/messages/{message.pk}/resend", follow=True).text
    for text in (page, said):
        assert "after 11:10" in text
        assert "12:1" not in text_of(text)


def test_a_look_by_the_support_ends_by_the_bakerys_clock(canary):
    client = Client(headers={"accept-language": "en"})
    client.force_login(SupportFactory.create())
    with travel(NOON, tick=False):
        look_at_goiko(client)
        assert "read-only, until 11:30" in client.get(SETTINGS).text


def test_devices_and_the_lock_of_the_second_factor_too(browse, ana, canary):
    with travel(NOON, tick=False):
        client = browse(ana, language="es")
        devices = text_of(client.get("/account/security").text)
        SecondFactor.objects.create(
            user=ana, secret="x" * 32, confirmed_at=NOON, recovery_digests=[],
            locked_until=NOON + timedelta(minutes=15),
        )  # fmt: skip
        page = client.post("/account/second-factor", {"code": "123456"}).text
    assert "11:00" in devices
    assert "11:15" in page
    assert "12:" not in devices + text_of(page)


def test_the_next_reader_has_their_own_clock(browse, ana, canary):
    browse(ana).get(SETTINGS)
    assert timezone.get_current_timezone_name() == "Europe/Madrid"


def test_the_file_of_a_persons_data_has_the_bakerys_clock(browse, ana, canary):
    message_in(MessageStatus.READ, tenant=canary, id=first_id_at(NOON), created_at=NOON)
    recipient_learning.learn()
    recipient = canary.recipients.get()
    answer = browse(ana).get(f"{SETTINGS}/suppliers/{recipient.pk}/data.csv")
    assert "2026-11-25 11:00:00" in answer.getvalue().decode()
