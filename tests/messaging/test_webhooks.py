from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from messaging import demo, queues
from messaging.graph_api.signature import sign
from messaging.models import WebhookDelivery
from messaging.services import receiving, refusals
from tests.factories import AccountFactory, MessageFactory
from tests.messaging.conftest import signed, status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

URL = "/api/v1/whatsapp/webhook"
BODY = {"object": "whatsapp_business_account", "entry": []}


@pytest.fixture(autouse=True)
def account():
    return AccountFactory()


def test_the_guides_manual_test_answers_the_bare_challenge(client):
    answer = client.get(URL, {"hub.verify_token": demo.VERIFY_TOKEN, "hub.challenge": "12345"})
    assert (answer.status_code, answer.content) == (200, b"12345")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_metas_own_verification_answers_the_bare_challenge(client):
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": demo.VERIFY_TOKEN,
        "hub.challenge": "<b>1</b>",
    }
    answer = client.get(URL, query)
    assert answer.content == b"<b>1</b>"
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.verify_token": "wrong", "hub.challenge": "1"},
        {"hub.verify_token": "ñandú", "hub.challenge": "1"},
        {"hub.mode": "unsubscribe", "hub.verify_token": demo.VERIFY_TOKEN, "hub.challenge": "1"},
    ],
)
def test_a_wrong_token_or_mode_is_refused(client, query):
    assert client.get(URL, query).status_code == 403


def test_without_a_verify_token_of_ours_nothing_verifies(client, account):
    account.webhook_verify_token = ""
    account.save()
    assert client.get(URL, {"hub.verify_token": "", "hub.challenge": "1"}).status_code == 403


def test_a_signed_body_is_stored_byte_for_byte_and_answered_200(client):
    raw = rb'{"t":"Panader\u00eda \/ \ud83e\udd50"}'
    assert client.post(URL, **signed(raw, demo.APP_SECRET)).status_code == 200
    assert bytes(WebhookDelivery.objects.get().body) == raw


def test_each_of_two_secrets_is_accepted_while_it_is_being_changed(client, account):
    account.app_secrets = "new-secret\nold-secret"
    account.save()
    for secret in ("new-secret", "old-secret"):
        assert client.post(URL, **signed(BODY, secret)).status_code == 200
    assert client.post(URL, **signed(BODY, demo.APP_SECRET)).status_code == 403


GOOD = sign(json.dumps(BODY).encode(), demo.APP_SECRET)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        GOOD.removeprefix("sha256="),
        GOOD.replace("sha256", "sha1"),
        f"{GOOD},{GOOD}",
        f"{GOOD}, sha256={'0' * 64}",
        "sha256=" + "é" * 64,
    ],
)
def test_a_missing_wrong_or_doubled_signature_is_refused_and_nothing_is_stored(client, header):
    headers = {} if header is None else {"X-Hub-Signature-256": header}
    answer = client.post(
        URL, data=json.dumps(BODY), content_type="application/json", headers=headers
    )
    assert answer.status_code == 403
    assert not WebhookDelivery.objects.exists()


def test_without_any_app_secret_every_post_is_refused(client, account):
    account.app_secrets = ""
    account.save()
    assert client.post(URL, **signed(BODY, "")).status_code == 403


@pytest.mark.parametrize("raw", [b"", b"not json", b"[1, 2]", b"\xff", b"[" * 50_000])
def test_what_is_signed_but_no_json_object_is_stored_and_answered_200(client, raw):
    assert client.post(URL, **signed(raw, demo.APP_SECRET)).status_code == 200
    assert bytes(WebhookDelivery.objects.get().body) == raw


def test_a_body_of_three_megabytes_is_taken_and_one_byte_more_is_too_large(client):
    fitting = b" " * (3 * 1024 * 1024)
    assert client.post(URL, **signed(fitting + b" ", demo.APP_SECRET)).status_code == 413
    assert client.post(URL, **signed(fitting, demo.APP_SECRET)).status_code == 200
    assert WebhookDelivery.objects.get().size == len(fitting)


def test_escapes_and_emoji_are_signed_as_they_were_sent(client, account):
    account.app_secrets = "bakery-app-secret"
    account.save()
    escaped = rb'{"t":"Panader\u00eda \u00abLa Espiga\u00bb \ud83e\udd50"}'
    header = "sha256=34c2eebe25243039fda0bce45a584f8a7429fa05abceeb2c8ce45cb1f17a14ae"
    for raw, status in ((escaped, 200), (json.dumps(json.loads(escaped)).encode() + b"\n", 403)):
        answer = client.post(
            URL,
            data=raw,
            content_type="application/json",
            headers={"X-Hub-Signature-256": header},
        )
        assert answer.status_code == status
    assert bytes(WebhookDelivery.objects.get().body) == escaped


def test_a_webhook_is_one_insert_and_nothing_else_in_the_database(
    client, django_assert_num_queries
):
    client.post(URL, **signed(BODY, demo.APP_SECRET))
    with django_assert_num_queries(1):
        assert client.post(URL, **signed(BODY, demo.APP_SECRET)).status_code == 200


def test_a_secret_saved_a_moment_ago_counts_at_once(client, account):
    assert client.post(URL, **signed(BODY, demo.APP_SECRET)).status_code == 200
    account.app_secrets = "new-secret"
    account.save()
    assert client.post(URL, **signed(BODY, "new-secret")).status_code == 200
    assert client.post(URL, **signed(BODY, demo.APP_SECRET)).status_code == 403


def test_refusals_are_counted_by_network_and_reason(client, settings):
    right = sign(json.dumps(BODY).encode(), demo.APP_SECRET)
    for header, address in (
        (None, "198.51.100.7"),
        (None, "198.51.100.8"),
        ("sha256=" + "0" * 64, "198.51.100.7"),
        (f"{right},{right}", "2001:db8:1:2::3"),
    ):
        headers = {} if header is None else {"X-Hub-Signature-256": header}
        client.post(
            URL,
            data=json.dumps(BODY),
            content_type="application/json",
            headers=headers,
            REMOTE_ADDR=address,
        )
    counted = {
        (line.network, line.reason.value): line.count
        for line in refusals.refusals(timezone.now() - timedelta(hours=1))
    }
    assert counted == {
        ("198.51.100.0/24", "missing"): 2,
        ("198.51.100.0/24", "wrong"): 1,
        ("2001:db8:1::/48", "doubled"): 1,
    }


@pytest.mark.parametrize(
    ("proto", "network"), [("https", "203.0.113.0/24"), ("http", "127.0.0.0/24")]
)
def test_behind_a_proxy_the_address_it_wrote_down_last_is_counted(client, settings, proto, network):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client.post(
        URL,
        data=b"{}",
        content_type="application/json",
        headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9", "X-Forwarded-Proto": proto},
    )
    (line,) = refusals.refusals(timezone.now())
    assert line.network == network


def test_a_refusal_is_answered_though_redis_cannot_count_it(client, redis_down):
    assert client.post(URL, data=b"{}", content_type="application/json").status_code == 403


def test_a_burst_of_webhooks_wakes_one_worker(client, broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(20):
            client.post(URL, **signed(BODY, demo.APP_SECRET))
    assert broker.llen(queues.WEBHOOKS) == 1


def test_the_webhook_answers_without_a_session_a_cookie_or_a_policy(client):
    answer = client.post(URL, **signed(BODY, demo.APP_SECRET))
    assert not answer.cookies
    assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.django_db(transaction=True)
def test_the_same_delivery_fifty_times_at_once_is_applied_once(account):
    message = MessageFactory(accepted=True)
    webhook = signed(status_webhook(message, "delivered"), demo.APP_SECRET)

    def post(_place):
        try:
            return Client().post(URL, **webhook).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(post, range(50))) == {200}
    receiving.apply_waiting()
    assert WebhookDelivery.objects.filter(outcome="applied").count() == 50
    assert message.events.count() == 1
    message.refresh_from_db()
    assert message.status == "delivered"


def test_other_methods_are_refused(client):
    assert client.put(URL).status_code == 405


def test_without_a_database_meta_is_told_to_come_again_and_then_it_is_applied_once(client):
    message = MessageFactory(accepted=True)
    webhook = signed(status_webhook(message, "delivered"), demo.APP_SECRET)

    def broken(execute, sql, params, many, context):
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(broken):
        assert client.post(URL, **webhook).status_code == 503
    for _repeat in range(2):
        assert client.post(URL, **webhook).status_code == 200
    receiving.apply_waiting()
    assert message.events.count() == 1


@pytest.fixture
def redis_down(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    yield
    queues.client.cache_clear()


def test_with_redis_down_the_webhook_is_stored_and_the_sweep_applies_it(
    client, redis_down, django_capture_on_commit_callbacks
):
    message = MessageFactory(accepted=True)
    with django_capture_on_commit_callbacks(execute=True):
        webhook = signed(status_webhook(message, "delivered"), demo.APP_SECRET)
        assert client.post(URL, **webhook).status_code == 200
    assert receiving.wake_for_waiting()
    receiving.apply_waiting()
    assert not receiving.wake_for_waiting()
    message.refresh_from_db()
    assert message.status == "delivered"
