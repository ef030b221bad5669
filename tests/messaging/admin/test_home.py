from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from messaging import queues
from messaging.graph_api.signature import Signature
from messaging.models import AlertKind, WebhookDelivery
from messaging.months import billing_today
from messaging.services import usage
from messaging.services.alerts import open_alert
from messaging.services.refusals import count_refusal
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
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


@pytest.fixture
def account(db):
    return AccountFactory.create()


@pytest.mark.parametrize(
    ("ratings", "value", "tone"),
    [
        (["GREEN", "GREEN", ""], "2 GREEN", "good"),
        (["GREEN", "YELLOW"], "1 YELLOW · 1 GREEN", "caution"),
        (["RED", "YELLOW", "GREEN"], "1 RED · 1 YELLOW · 1 GREEN", "bad"),
        (["UNKNOWN"], "–", "neutral"),
    ],
)
def test_numbers_are_counted_by_quality_the_worst_first(paula, account, ratings, value, tone):
    for rating in ratings:
        PhoneNumberFactory.create(quality_rating=rating)
    tile = tile_of(paula, "Numbers by quality")
    assert (tile.value, tile.tone) == (value, tone)
    assert ("quality=low" in tile.url) is (tone in {"caution", "bad"})


@pytest.mark.parametrize(
    ("facts", "value", "tone"),
    [
        ({"token_issued_at": -5}, "55 days left", "good"),
        ({"token_issued_at": -52}, "8 days left", "caution"),
        ({"token_issued_at": -61}, "overdue", "bad"),
        ({"token_issued_at": -5, "token_expires_at": 41}, "40 days left", "good"),
        ({"token_issued_at": -50, "token_expires_at": 10}, "9 days left", "bad"),
        ({}, "–", "neutral"),
    ],
)
def test_the_token_says_how_many_days_are_left(paula, account, facts, value, tone):
    now = timezone.now()
    WhatsAppBusinessAccount.objects.update(
        **{name: now + timedelta(days=days) for name, days in facts.items()}
    )
    tile = tile_of(paula, "Access token")
    assert (tile.value, tile.tone) == (value, tone)


@pytest.mark.parametrize(
    ("version", "words"),
    [("v26.0", "fine"), ("v18.0", "expired on"), ("v99.0", "We do not know this version.")],
)
def test_the_graph_version_says_whether_it_is_alive(paula, db, settings, version, words):
    settings.WHATSAPP_API_VERSION = version
    assert words in tile_of(paula, "Graph version").note


def test_refused_webhooks_stand_on_the_home(paula, db, broker):
    WebhookDelivery.objects.create(body=b"{}", processed_at=timezone.now())
    assert tile_of(paula, "Last webhook").note == "none refused in 24 hours"
    count_refusal("192.0.2.7", Signature.WRONG)
    tile = tile_of(paula, "Last webhook")
    assert (tile.note, tile.tone) == ("1 refused in 24 hours", "caution")


def test_refusals_stay_in_sight_beside_what_waits(paula, db, broker):
    WebhookDelivery.objects.create(body=b"{}", processed_at=timezone.now())
    WebhookDelivery.objects.create(body=b"{}")
    WebhookDelivery.objects.create(body=b"{}")
    count_refusal("192.0.2.7", Signature.WRONG)
    note = tile_of(paula, "Last webhook").note
    assert note == "some are to be applied · 1 refused in 24 hours"


def test_nobody_is_told_that_nothing_was_refused_while_nobody_knows(paula, db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    WebhookDelivery.objects.create(body=b"{}", processed_at=timezone.now())
    try:
        tile = tile_of(paula, "Last webhook")
    finally:
        queues.client.cache_clear()
    assert (tile.note, tile.tone) == ("refusals unknown: Redis did not answer", "caution")


def test_the_sending_tile_tells_of_the_switch_of_the_platform_and_of_a_stopped_number(
    paula, account, settings
):
    number = PhoneNumberFactory.create(account=account)
    assert tile_of(paula, "Sending").value == "on"
    PhoneNumber.objects.filter(pk=number.pk).update(
        sending_stopped_at=timezone.now(), sending_stopped_code=131031
    )
    tile = tile_of(paula, "Sending")
    assert (tile.value, tile.tone) == ("not everywhere", "bad")
    assert f"/admin/tenants/phonenumber/{number.pk}/" in tile.url
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert tile_of(paula, "Sending").value == "off"


def test_the_month_and_the_way_to_the_phone_are_told_in_figures(paula, db):
    now = timezone.now()
    message_in(MessageStatus.READ, accepted_at=now, delivered_at=now + timedelta(seconds=2))
    usage.count_days([billing_today()])
    assert tile_of(paula, "Delivered within").value == "2.0 s · 2.0 s"
    assert tile_of(paula, "This month").value == "1"


def test_the_last_days_are_drawn_once_there_is_something_to_draw(paula, db):
    assert paula.get("/admin/").context["charts"] is None
    message_in(MessageStatus.READ)
    usage.count_days([billing_today()])
    page = paula.get("/admin/")
    assert len(page.context["charts"].charts) == 3
    assert "Messages of the last 14 days by what became of them." in page.text
    assert page.context["charts"].rows[-1].cells == ["1", "1", "1", "0", "100.0 %", "–", "–"]


def test_each_bakerys_part_of_the_limit_is_told(paula, broker, meta):
    message = MessageFactory.create(accepted=True, tenant__name="Goiko")
    page = paula.get("/admin/")
    assert [(share.bakery, share.used) for share in page.context["shares"]] == [("Goiko", 1)]
    assert f"/admin/messaging/message/?tenant={message.tenant_id}&amp;when=day" in page.text


def tile_of(client, label):
    """The one tile with this label."""
    (tile,) = [tile for tile in client.get("/admin/").context["tiles"] if tile.label == label]
    return tile


def test_the_home_takes_few_queries(paula, db, django_assert_max_num_queries):
    number = DefaultNumberFactory.create()
    MessageFactory.create_batch(5)
    message_in(MessageStatus.READ, accepted_at=timezone.now(), delivered_at=timezone.now())
    WebhookDelivery.objects.create(body=b"{}")
    usage.count_days([billing_today()])
    open_alert(AlertKind.NUMBER_QUALITY, subject=number.phone_number_id)
    open_alert(AlertKind.TEMPLATE_CHANGED, subject="po_notification (es)")
    paula.get("/admin/")  # loads the count of recipients
    with django_assert_max_num_queries(15):  # two of them the rights of the role
        page = paula.get("/admin/")
    assert len(page.context["alerts"]) == 2
    assert page.context["charts"] is not None


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


def test_every_link_of_the_home_opens_for_support(sonia, db):
    AccountFactory.create()
    MessageFactory.create()
    home = sonia.get("/admin/").text.partition('id="content"')[2]
    links = set(re.findall(r'href="(/admin/[^"#]*)"', home))
    assert len(links) > 5
    codes = {link: sonia.get(unescape(link)).status_code for link in links}
    assert codes == dict.fromkeys(links, 200)
