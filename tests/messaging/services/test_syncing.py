from __future__ import annotations

import json

import pytest
import responses

from messaging import demo, queues
from messaging.graph_api.errors import GraphApiError
from messaging.models import MessageTemplate
from messaging.services import numbers, sweeping, syncing, templates
from messaging.services.accounts import current_account
from messaging.services.tokens import check_token
from tenants.models import PhoneNumber
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    PhoneNumberFactory,
    TemplateFactory,
)
from tests.messaging.conftest import GRAPH

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NUMBERS_URL = f"{GRAPH}/{demo.WABA_ID}/phone_numbers"
TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"


def number_row(phone_number_id, **more):
    return {
        "id": phone_number_id,
        "display_phone_number": "+34 612 345 678",
        "verified_name": "Bakery Platform",
        "quality_rating": "GREEN",
    } | more


def lists(meta, url, *rows):
    meta.mock.get(url, json={"data": list(rows)})


def test_new_numbers_appear_changed_ones_change_and_gone_ones_are_kept(meta):
    account = AccountFactory()
    PhoneNumberFactory(phone_number_id="1", quality_rating="GREEN")
    PhoneNumberFactory(phone_number_id="2")
    lists(meta, NUMBERS_URL, number_row("1", quality_rating="RED"), number_row("3"))
    result = numbers.sync_phone_numbers()
    assert (result.created, result.updated, result.gone) == (["3"], ["1"], ["2"])
    assert PhoneNumber.objects.get(phone_number_id="1").quality_rating == "RED"
    assert PhoneNumber.objects.get(phone_number_id="3").display_phone_number == "+34612345678"
    account.refresh_from_db()
    assert account.numbers_synced_at is not None


def test_what_meta_does_not_tell_this_time_stays(meta):
    AccountFactory()
    PhoneNumberFactory(phone_number_id="1", status="CONNECTED")
    lists(meta, NUMBERS_URL, number_row("1"))
    numbers.sync_phone_numbers()
    assert PhoneNumber.objects.get().status == "CONNECTED"


def test_templates_follow_meta_by_name_and_language(meta):
    AccountFactory()
    TemplateFactory()
    TemplateFactory(name="old", language="es")
    rows = [
        demo.TEMPLATES[0] | {"category": "MARKETING"},
        demo.TEMPLATES[0] | {"id": "9", "language": "en-US"},
    ]
    lists(meta, TEMPLATES_URL, *rows)
    result = templates.sync_templates()
    assert result.created == ["po_notification (en_US)"]
    assert result.updated == ["po_notification (es)"]
    assert result.gone == ["old (es)"]
    spanish = MessageTemplate.objects.get(name="po_notification", language="es")
    assert (spanish.category, spanish.previous_category) == ("MARKETING", "UTILITY")
    assert not MessageTemplate.objects.get(name="old").is_sendable


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_sync_that_meta_does_not_answer_changes_nothing(meta, status):
    AccountFactory()
    TemplateFactory()
    meta.mock.get(TEMPLATES_URL, status=status, body="<html>")
    with pytest.raises(GraphApiError):
        templates.sync_templates()
    assert MessageTemplate.objects.get().is_sendable


def test_a_new_account_is_read_by_the_first_sweep_and_not_by_each(
    broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.sweep()
        sweeping.sweep()
    assert current_account().waba_id == demo.WABA_ID
    tasks = [json.loads(task)["headers"]["task"] for task in broker.lrange(queues.PERIODIC, 0, -1)]
    assert tasks.count(queues.SYNC_FROM_META) == 1


def test_one_failing_sync_does_not_keep_the_others_from_running(meta):
    AccountFactory()
    meta.mock.get(f"{GRAPH}/debug_token", status=500, body="")
    meta.mock.get(NUMBERS_URL, status=500, body="")
    lists(meta, TEMPLATES_URL, demo.TEMPLATES[0])
    syncing.sync_from_meta()
    assert MessageTemplate.objects.count() == 1


def test_the_token_keeps_what_meta_says_of_it(meta):
    account = AccountFactory()
    meta.mock.get(
        f"{GRAPH}/debug_token",
        json={
            "data": {
                "is_valid": True,
                "app_id": demo.APP_ID,
                "type": "USER",
                "issued_at": 1795341600,
                "expires_at": 1795345200,
            }
        },
    )
    check_token()
    account.refresh_from_db()
    assert account.token_looks_temporary
    assert account.token_checked_at is not None


def test_a_number_that_a_bakery_has_cannot_become_the_default_one():
    assignment = AssignmentFactory()
    with pytest.raises(numbers.NumberInUseError):
        numbers.make_default(assignment.phone_number)


def test_there_is_one_default_number_at_a_time():
    first, second = PhoneNumberFactory(), PhoneNumberFactory()
    numbers.make_default(first)
    numbers.make_default(second)
    assert list(PhoneNumber.objects.default()) == [second]


@responses.activate
def test_without_an_account_a_sync_says_what_to_set(settings):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    syncing.sync_from_meta()
    assert len(responses.calls) == 0
