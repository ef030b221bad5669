from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.translation import override

from messaging import queues
from messaging.admin.story import story_of
from messaging.models import EventKind, Message, MessageEvent, SendAttempt
from messaging.statuses import MessageStatus
from tests.factories import message_in

pytestmark = pytest.mark.django_db

SECOND = datetime(2026, 11, 22, 9, 0, 47, tzinfo=UTC)


def test_what_we_did_stands_before_what_meta_reports_for_the_same_second():
    message = message_in(MessageStatus.DELIVERED, wamid="wamid.HBgLinvented")
    ours = [
        (EventKind.QUEUED, SECOND.replace(microsecond=299_422)),
        (EventKind.ACCEPTED, SECOND.replace(microsecond=660_213)),
    ]
    metas = [(EventKind.DELIVERED, SECOND), (EventKind.SENT, SECOND)]
    for kind, at in [*metas, *ours]:
        MessageEvent.objects.create(message=message, kind=kind, at=at)
    started_at = SECOND.replace(microsecond=400_000)
    SendAttempt.objects.create(
        message=message, started_at=started_at, duration_ms=48, outcome="accepted"
    )
    with override("en"):
        titles = [line.title for line in story_of(message, language="en").lines]
    assert titles == ["Requested", "Sent to Meta", "Accepted by Meta", "Sent", "Delivered"]


def test_what_failed_on_one_device_stands_before_the_delivery_on_another():
    message = message_in(MessageStatus.DELIVERED)
    for kind in (EventKind.DELIVERED, EventKind.FAILED, EventKind.SENT, EventKind.READ):
        MessageEvent.objects.create(message=message, kind=kind, at=SECOND)
    with override("en"):
        titles = [line.title for line in story_of(message, language="en").lines]
    assert titles == ["Sent", "Failed", "Delivered", "Read"]


def we_will(message: Message) -> str:
    with override("en"):
        return story_of(message, language="en").headline.we_will


@pytest.mark.parametrize(
    ("account", "number", "words"),
    [
        ({"sending_stopped_at": SECOND, "sending_stopped_code": 190}, {}, "has stopped for the"),
        ({"sending_paused_at": SECOND}, {}, "somebody of the platform paused it"),
        ({}, {"sending_stopped_at": SECOND}, "once its number works again"),
        ({}, {}, "once a worker runs again"),
    ],
)
def test_what_waits_is_not_promised_while_nothing_goes_out(broker, account, number, words):
    message = message_in(MessageStatus.QUEUED)
    for row, columns in ((message.phone_number.account, account), (message.phone_number, number)):
        for name, value in columns.items():
            setattr(row, name, value)
    assert words in we_will(message)


def test_what_waits_goes_out_when_its_turn_comes(broker, settings):
    message = message_in(MessageStatus.QUEUED, send_after=SECOND)
    queues.worker_seen()
    assert we_will(message) == "Send it as soon as its turn comes."
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert "switched on for the whole platform" in we_will(message)
