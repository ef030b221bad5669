from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.models import WebhookDelivery
from messaging.statuses import MessageStatus
from tests.factories import message_in
from tests.messaging.conftest import status_webhook

LIST = "/admin/messaging/webhookdelivery/"


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
    )
    page = paula.get(page_of(delivery)).text
    assert "&quot;object&quot;: &quot;whatsapp_business_account&quot;" in page
    assert "&lt;b&gt;ñ&lt;/b&gt;" in page
    assert "No message of ours." in page
    assert "applied in part" in paula.get(LIST).text


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
        processed_at=timezone.now(),
    )
    assert "could not be applied" in paula.get(LIST, {"state": "failed"}).text
    for _ in range(2):
        data = {"action": "apply_again", "_selected_action": [str(delivery.pk)]}
        assert "1 delivery applied again." in paula.post(LIST, data, follow=True).text
    message.refresh_from_db()
    delivery.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert delivery.traceback == ""
