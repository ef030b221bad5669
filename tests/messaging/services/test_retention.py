from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import SendAttempt, WebhookDelivery
from messaging.services import retention
from tests.factories import MessageFactory
from tests.messaging.conftest import in_other_hands

pytestmark = pytest.mark.django_db


def delivery(*, days, **fields):
    then = timezone.now() - timedelta(days=days)
    return WebhookDelivery.objects.create(
        body=b"{}", received_at=then, **({"processed_at": then} | fields)
    )


def test_what_was_applied_is_deleted_after_its_days(settings):
    settings.WEBHOOK_RETENTION_DAYS = 30
    delivery(days=31)
    kept = [
        delivery(days=29),
        delivery(days=400, processed_at=None),
        delivery(days=400, again_at=timezone.now()),
    ]
    assert retention.delete_old_deliveries() == 1
    assert set(WebhookDelivery.objects.all()) == set(kept)


def test_without_a_limit_nothing_is_deleted(settings):
    settings.WEBHOOK_RETENTION_DAYS = 0
    delivery(days=4000)
    assert retention.delete_old_deliveries() == 0


def test_many_are_deleted_in_batches(settings, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(retention, "_BATCH", 2)
    for _ in range(5):
        delivery(days=31)
    with django_assert_max_num_queries(4):
        assert retention.delete_old_deliveries() == 5


def attempt(*, days, response='{"messages":[]}'):
    return SendAttempt.objects.create(
        message=MessageFactory(accepted=True),
        started_at=timezone.now() - timedelta(days=days),
        duration_ms=40,
        outcome="accepted",
        http_status=200,
        fbtrace_id="AbC",
        response=response,
    )


def test_what_meta_answered_is_emptied_after_its_days_and_its_facts_stay(settings, monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 2)
    settings.WEBHOOK_RETENTION_DAYS = 30
    for _ in range(3):
        attempt(days=31)
    young = attempt(days=29)
    assert retention.delete_old_answers() == 3
    assert retention.delete_old_answers() == 0
    assert SendAttempt.objects.exclude(response="").get() == young
    facts = SendAttempt.objects.values_list("http_status", "fbtrace_id", "duration_ms")
    assert set(facts) == {(200, "AbC", 40)}


def test_without_a_limit_no_answer_is_emptied(settings):
    settings.WEBHOOK_RETENTION_DAYS = 0
    attempt(days=4000)
    assert retention.delete_old_answers() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_in_use_is_passed_over(settings):
    used = delivery(days=31)
    delivery(days=31)
    with in_other_hands(used.pk):
        assert retention.delete_old_deliveries() == 1
    assert WebhookDelivery.objects.get() == used
