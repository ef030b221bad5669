from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import WebhookDelivery
from messaging.statuses import MessageStatus
from tenants.models import WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    DefaultNumberFactory,
    MessageFactory,
    TemplateFactory,
    message_in,
)


def test_an_empty_platform_has_a_home_that_says_what_is_missing(paula):
    page = paula.get("/admin/").text
    for words in (
        "no account",
        "no default number",
        "Meta has not called our webhook.",
        "Nothing waits.",
    ):
        assert words in page


def test_every_number_leads_to_its_list(paula, db):
    DefaultNumberFactory.create()
    message_in(MessageStatus.FAILED)
    MessageFactory.create(send_after=timezone.now() - timedelta(minutes=5))
    WebhookDelivery.objects.create(body=b"{}")
    page = paula.get("/admin/").text
    assert "the oldest for 5" in page
    for link in (
        "/admin/messaging/message/?status=queued",
        "/admin/messaging/message/?when=today&amp;status=failed",
        "/admin/messaging/webhookdelivery/",
        "/admin/tenants/phonenumber/",
        "/admin/tenants/tenant/",
        "/admin/tenants/whatsappbusinessaccount/",
    ):
        assert link in page
        assert paula.get(link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("column", ["sending_paused_at", "sending_stopped_at"])
def test_the_home_says_that_nothing_is_sent(paula, db, column):
    AccountFactory.create()
    WhatsAppBusinessAccount.objects.update(**{column: timezone.now()})
    word = "paused" if "paused" in column else "stopped"
    assert f'<span class="bw-tile__value">{word}</span>' in paula.get("/admin/").text


def test_the_home_takes_few_queries(paula, db, django_assert_max_num_queries):
    MessageFactory.create_batch(5)
    with django_assert_max_num_queries(16):
        paula.get("/admin/")


@pytest.mark.parametrize(
    ("environment", "simulator", "label"),
    [
        ("production", False, "Production"),
        ("development", False, "Development"),
        ("test", True, "Simulator"),
    ],
)
def test_the_environment_stands_on_every_page(paula, settings, environment, simulator, label):
    settings.ENVIRONMENT, settings.WHATSAPP_SIMULATOR = environment, simulator
    page = paula.get("/admin/tenants/tenant/").text
    assert label in page
    assert ('href="/simulator/"' in page) is simulator


def test_a_template_is_previewed_with_metas_examples(paula, db):
    template = TemplateFactory.create()
    page = paula.get(f"/admin/messaging/messagetemplate/{template.pk}/change/").text
    assert '<p class="bw-bubble__body">Hola Juan García, has recibido una nueva orden' in page
    assert "Sync from Meta" in paula.get("/admin/messaging/messagetemplate/").text
