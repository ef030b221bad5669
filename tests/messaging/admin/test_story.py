from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.translation import override

from messaging.admin.story import story_of
from messaging.models import EventKind, MessageEvent, SendAttempt
from messaging.statuses import MessageStatus
from tests.factories import message_in

SECOND = datetime(2026, 11, 22, 9, 0, 47, tzinfo=UTC)


@pytest.mark.django_db
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
