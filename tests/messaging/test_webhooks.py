from __future__ import annotations

import json

import pytest
from django.db import OperationalError, connection

from messaging import demo, queues
from messaging.graph_api.signature import sign
from messaging.models import WebhookDelivery
from messaging.services import receiving
from tests.factories import AccountFactory
from tests.messaging.conftest import signed

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


def test_a_body_of_four_megabytes_is_too_large_and_one_of_three_is_not(client):
    big, fitting = b" " * (4 * 1024 * 1024), b" " * (3 * 1024 * 1024)
    assert client.post(URL, **signed(big, demo.APP_SECRET)).status_code == 413
    assert client.post(URL, **signed(fitting, demo.APP_SECRET)).status_code == 200
    assert WebhookDelivery.objects.count() == 1


def test_other_methods_are_refused(client):
    assert client.put(URL).status_code == 405


def test_without_a_database_meta_is_told_to_come_again(client):
    def broken(execute, sql, params, many, context):
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(broken):
        assert client.post(URL, **signed(BODY, demo.APP_SECRET)).status_code == 503


def test_with_redis_down_the_webhook_is_stored_and_the_sweep_finds_it(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    try:
        assert client.post(URL, **signed(BODY, demo.APP_SECRET)).status_code == 200
    finally:
        queues.client.cache_clear()
    assert receiving.wake_for_waiting()
