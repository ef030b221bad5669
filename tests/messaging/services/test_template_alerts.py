"""The alerts about templates follow their rows, whoever learned of a change: sync, webhook or our own staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging import demo
from messaging.models import Alert, AlertKind, MessageTemplate
from messaging.services import template_alerts, template_drafts, templates
from tests.factories import AccountFactory, TemplateFactory
from tests.messaging.conftest import GRAPH

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"
ROW = demo.TEMPLATES[0]
STOPPED, QUALITY = AlertKind.TEMPLATE_STOPPED, AlertKind.TEMPLATE_QUALITY


@pytest.fixture
def template() -> MessageTemplate:
    AccountFactory.create()
    made: MessageTemplate = TemplateFactory.create(
        quality_score="GREEN", meta_template_id=ROW["id"]
    )
    return made


def sync(meta, **changes: Any) -> None:
    meta.mock.reset()
    meta.mock.get(TEMPLATES_URL, json={"data": [ROW | changes]})
    templates.sync_templates()


def standing(kind: AlertKind) -> Alert | None:
    return Alert.objects.open().filter(kind=kind).first()


def let_time_pass() -> None:
    Alert.objects.update(opened_at=timezone.now() - timedelta(hours=1))


@pytest.mark.parametrize(
    ("status", "code"), [("REJECTED", None), ("PAUSED", 132015), ("DISABLED", 132016)]
)
def test_a_sync_that_finds_a_template_stopped_opens_what_the_lost_webhook_would_have(
    meta, template, status, code
):
    sync(meta, status=status, rejected_reason="INVALID_FORMAT")
    sync(meta, status=status, rejected_reason="INVALID_FORMAT")
    alert = Alert.objects.get(kind=STOPPED)
    assert (alert.subject, alert.code) == ("po_notification (es)", code)
    assert alert.details == {"event": status, "reason": "INVALID_FORMAT"}


def test_what_metas_webhook_said_of_a_stop_is_kept_by_the_next_sync(meta, template):
    said = {"event": "PAUSED", "title": "FIRST_PAUSE", "advice": "look at it"}
    MessageTemplate.objects.update(status="PAUSED")
    template.status = "PAUSED"
    template_alerts.follow_status(template, details=said)
    sync(meta, status="PAUSED")
    alert = standing(STOPPED)
    assert alert is not None
    assert alert.details == said


def test_a_sync_that_finds_it_approved_again_closes_the_alert_once_that_can_be_trusted(
    meta, template
):
    sync(meta, status="PAUSED")
    sync(meta, status="APPROVED")
    assert standing(STOPPED)
    let_time_pass()
    sync(meta, status="APPROVED")
    assert not standing(STOPPED)


def test_a_rejected_template_that_is_in_review_again_is_no_alert_any_more(meta, template):
    sync(meta, status="REJECTED")
    sync(meta, status="PENDING")
    assert not standing(STOPPED)


def test_that_messages_wait_for_a_review_stays_told_while_it_lasts(meta, template):
    Alert.objects.create(kind=STOPPED, subject=str(template))
    sync(meta, status="PENDING")
    assert standing(STOPPED)


def test_a_sync_tells_of_a_bad_quality_once_and_closes_it_with_a_good_one(meta, template):
    sync(meta, quality_score={"score": "RED"})
    alert = standing(QUALITY)
    assert alert is not None
    assert alert.details == {"event": "RED", "before": "GREEN"}
    # Somebody has seen to it; as long as it stays RED there is nothing new.
    Alert.objects.update(closed_at=timezone.now())
    sync(meta, quality_score={"score": "RED"})
    assert not standing(QUALITY)
    sync(meta, quality_score={"score": "YELLOW"})
    assert standing(QUALITY)
    sync(meta, quality_score={"score": "GREEN"})
    assert not standing(QUALITY)


def test_a_quality_alert_that_an_earlier_sync_left_open_is_closed(meta, template):
    Alert.objects.create(kind=QUALITY, subject=str(template), details={"event": "RED"})
    sync(meta)
    assert not standing(QUALITY)


def test_an_end_that_meta_announced_outlives_a_green_sync(meta, template):
    told = {"event": "DISABLED", "due_at": "2099-01-01T00:00:00+00:00"}
    Alert.objects.create(kind=QUALITY, subject=str(template), details=told)
    sync(meta)
    assert standing(QUALITY)


def test_a_template_that_we_delete_leaves_no_alert_behind(meta, template):
    sync(meta, status="REJECTED", quality_score={"score": "RED"})
    assert standing(STOPPED)
    assert standing(QUALITY)
    meta.mock.delete(TEMPLATES_URL, json={"success": True})
    template.refresh_from_db()
    template_drafts.delete_template(template, all_languages=False, by="paula")
    assert not standing(STOPPED)
    assert not standing(QUALITY)


def test_a_template_that_is_gone_at_meta_leaves_no_alert_that_it_is_stopped(meta, template):
    sync(meta, status="PAUSED")
    sync(meta, name="another", id="9")
    assert not standing(STOPPED)


def test_while_all_is_as_it_should_be_the_alerts_are_read_once(template, django_assert_num_queries):
    rows = list(MessageTemplate.objects.all())
    with django_assert_num_queries(1):
        template_alerts.follow_all(rows, rated={})
