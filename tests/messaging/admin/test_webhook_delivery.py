from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import queues
from messaging.admin import inbox
from messaging.graph_api.signature import Signature
from messaging.models import UnknownWebhookField, WebhookDelivery
from messaging.services import refusals, replaying
from messaging.statuses import MessageStatus
from tenants.models import User
from tests.factories import MembershipFactory, message_in
from tests.messaging.conftest import status_webhook

pytestmark = pytest.mark.usefixtures("broker")

LIST = "/admin/messaging/webhookdelivery/"
REPLAY = f"{LIST}replay/"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def page_of(delivery) -> str:
    return reverse("admin:messaging_webhookdelivery_change", args=(delivery.pk,))


def test_a_delivery_shows_its_body_and_the_verdict_of_each_thing_in_it(paula, db):
    delivery = WebhookDelivery.objects.create(
        body=json.dumps({"object": "whatsapp_business_account", "text": "<b>ñ</b>"}).encode(),
        processed_at=timezone.now(),
        verdicts=[
            {"change": "0.0", "what": "delivered", "verdict": "applied", "why": ""},
            {"change": "0.1", "what": "read", "verdict": "ignored", "why": "No message of ours."},
        ],
        outcome="ignored",
    )
    page = paula.get(page_of(delivery)).text
    assert "&quot;object&quot;: &quot;whatsapp_business_account&quot;" in page
    assert "&lt;b&gt;ñ&lt;/b&gt;" in page
    assert "No message of ours." in page
    assert "ignored, all or in part" in page
    spanish = {"accept-language": "es"}
    assert "<td>entregado</td>" in paula.get(page_of(delivery), headers=spanish).text
    assert "entregado, leído" in paula.get(LIST, headers=spanish).text


@pytest.mark.parametrize(
    "body", [b"{nope", b"\xff\xfe\x00", b"", b"[" * 100_000, json.dumps("\x00\ud800").encode()]
)
def test_a_body_of_any_kind_is_shown(paula, db, body):
    delivery = WebhookDelivery.objects.create(body=body, verdicts=[{"verdict": "malformed"}])
    assert paula.get(page_of(delivery)).status_code == 200
    assert paula.get(LIST).status_code == 200


def test_applying_again_settles_what_was_missed(paula, db):
    message = message_in(MessageStatus.SENT, wamid="wamid.A1")
    delivery = WebhookDelivery.objects.create(
        body=json.dumps(status_webhook(message, "delivered")).encode(),
        traceback="Traceback: invented",
        outcome="error",
        processed_at=timezone.now(),
    )
    assert f"/{delivery.pk}/change/" in paula.get(LIST, {"state": "error"}).text
    for _ in range(2):
        data = {"action": "apply_again", "_selected_action": [str(delivery.pk)]}
        assert "1 delivery applied again." in paula.post(LIST, data, follow=True).text
    message.refresh_from_db()
    delivery.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert delivery.traceback == ""


def delivery_of(*, at=NOON, **fields):
    return WebhookDelivery.objects.create(
        **({"body": b"{}", "received_at": at, "processed_at": at, "outcome": "applied"} | fields)
    )


@pytest.mark.parametrize("state", ["waiting", "again", "applied", "ignored", "malformed", "error"])
def test_the_list_shows_what_ended_so_and_nothing_else(paula, state):
    rows = {
        "waiting": delivery_of(processed_at=None, outcome=""),
        "again": delivery_of(again_at=NOON, outcome=""),
        **{
            name: delivery_of(outcome=name) for name in ("applied", "ignored", "malformed", "error")
        },
    }
    page = paula.get(LIST, {"state": state}).text
    shown = {name for name, row in rows.items() if f"/{row.pk}/change/" in page}
    assert shown == {state}


def test_each_state_is_one_click_away(paula):
    page = paula.get(LIST, {"state": "ignored"}).text
    for state in ("waiting", "again", "applied", "ignored", "malformed", "error"):
        assert f'href="{LIST}?state={state}"' in page
    assert f'href="{LIST}?state=ignored" aria-current="true"' in page


def test_support_reads_bodies_and_applies_nothing_again(sonia):
    row = delivery_of(body=b'{"object": "whatsapp_business_account"}')
    assert "Apply a range of time again" not in sonia.get(LIST).text
    assert "whatsapp_business_account" in sonia.get(page_of(row)).text
    assert sonia.get(REPLAY).status_code == 403
    sonia.post(LIST, {"action": "apply_again", "_selected_action": [str(row.pk)]})
    assert not WebhookDelivery.objects.to_be_repeated().exists()


def test_only_staff_open_the_inbox(db):
    row = delivery_of()
    owner = Client()
    owner.force_login(MembershipFactory.create().user)
    for client in (owner, Client()):
        for url in (LIST, page_of(row), REPLAY):
            assert "login" in client.get(url).headers["location"]


def test_the_list_loads_no_body_and_says_how_long_things_took(paula, django_assert_max_num_queries):
    for _ in range(20):
        delivery_of(
            started_at=NOON + timedelta(seconds=75),
            processed_at=NOON + timedelta(seconds=75.25),
            size=2048,
        )
    with django_assert_max_num_queries(14):
        page = paula.get(LIST).text
    assert "250 ms" in page
    assert "1\xa0minute" in page
    assert "2.0\xa0KB" in page


def test_the_wait_of_one_that_was_applied_again_is_its_first(paula):
    row = delivery_of(
        started_at=NOON + timedelta(seconds=2), repeated_at=NOON + timedelta(minutes=3)
    )
    page = paula.get(page_of(row)).text
    assert "2.0 s" in page
    assert "Applied again" in page
    assert "minutes" not in page


def test_many_chosen_ones_are_left_to_the_workers(paula, monkeypatch):
    monkeypatch.setattr(replaying, "AT_ONCE", 1)
    rows = [delivery_of(), delivery_of()]
    data = {"action": "apply_again", "_selected_action": [str(row.pk) for row in rows]}
    page = paula.post(LIST, data, follow=True).text
    assert "2 deliveries will be applied again by a worker." in page
    assert WebhookDelivery.objects.to_be_repeated().count() == 2


def test_a_range_of_time_is_applied_again(paula):
    inside = delivery_of(outcome="error")
    delivery_of(outcome="applied")
    delivery_of(outcome="error", at=NOON + timedelta(hours=2))
    assert 'type="datetime-local"' in paula.get(REPLAY).text
    # Madrid is an hour ahead of UTC in November.
    data = {"after": "2026-11-25T13:00", "before": "2026-11-25T14:00", "outcome": "error"}
    page = paula.post(REPLAY, data, follow=True).text
    assert "1 delivery will be applied again by a worker." in page
    assert WebhookDelivery.objects.to_be_repeated().get() == inside


@pytest.mark.parametrize(
    ("after", "before", "says"),
    [
        ("2026-11-25T14:00", "2026-11-25T13:00", "This must be later than the beginning."),
        ("soon", "2026-11-25T13:00", "Enter a valid date/time."),
        ("0001-01-01T00:00", "9999-12-31T23:59", "Choose a year from 2000 to 2199."),
        ("2026-11-25T12:00", "20026-11-25T13:00", "Enter a valid date/time."),
        ("2026-11-25T12:00", "2026-11-25T14:00", "More than 1 deliveries"),
    ],
)
def test_a_range_that_will_not_do_is_told_beside_its_field(paula, monkeypatch, after, before, says):
    monkeypatch.setattr(inbox, "MAX_RANGE", 1)
    for _ in range(2):
        delivery_of()
    page = paula.post(REPLAY, {"after": after, "before": before, "outcome": ""}).text
    assert says in page
    assert not WebhookDelivery.objects.to_be_repeated().exists()


def test_whoever_may_only_look_applies_nothing_again(db):
    viewer = User.objects.create(username="viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_webhookdelivery"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(viewer)
    row = delivery_of()
    assert "Apply a range of time again" not in client.get(LIST).text
    assert client.get(REPLAY).status_code == 403
    assert client.post(REPLAY, {}).status_code == 403
    client.post(LIST, {"action": "apply_again", "_selected_action": [str(row.pk)]})
    assert WebhookDelivery.objects.get().outcome == "applied"


def test_refusals_and_unknown_fields_stand_above_the_list(paula):
    assert "Refused within" not in paula.get(LIST).text
    for _ in range(3):
        refusals.count_refusal("198.51.100.7", Signature.WRONG)
    delivery = delivery_of()
    UnknownWebhookField.objects.create(field="flows", count=7, last_delivery=delivery.pk)
    page = paula.get(LIST).text
    assert "198.51.100.0/24" in page
    assert "Refused within 24 hours · 3" in page
    assert "wrong signature" in page
    assert "<td>flows</td><td>7</td>" in page


def test_the_list_is_there_though_redis_is_not(paula, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    try:
        assert "Redis, which counts them, does not answer." in paula.get(LIST).text
    finally:
        queues.client.cache_clear()


def test_a_state_that_is_none_lists_nothing(paula):
    delivery = delivery_of()
    assert page_of(delivery) not in paula.get(LIST, {"state": "nonsense"}).text


def test_the_list_is_filtered_by_time_and_by_why(paula):
    why = "The number it was sent to is none of ours."
    strange = delivery_of(
        at=timezone.now(),
        outcome="ignored",
        verdicts=[{"change": "0.0", "what": "sent", "verdict": "ignored", "why": why}],
    )
    old = delivery_of(at=timezone.now() - timedelta(days=3))
    for filters in ({"when": "hour"}, {"when": "day"}, {"why": why}):
        page = paula.get(LIST, filters).text
        assert page_of(strange) in page, filters
        assert page_of(old) not in page, filters
    assert page_of(old) in paula.get(LIST, {"when": "week"}).text


def test_the_whole_list_is_asked_about_before_it_is_applied_again(paula):
    rows = [delivery_of(), delivery_of()]
    form = {
        "action": "apply_again",
        "select_across": "1",
        "_selected_action": [str(row.pk) for row in rows],
    }
    assert "Apply the whole list again?" in paula.post(LIST, form).text
    page = paula.post(LIST, form | {"confirmed": "yes"}, follow=True).text
    assert "2 deliveries applied again." in page
