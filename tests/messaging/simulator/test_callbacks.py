from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from messaging.services import callback_delivery
from messaging.services.callback_posts import signature_headers
from messaging.simulator import callbacks as inbox
from tests.factories import CallbackFactory
from tests.messaging.callback_server import waits_for

PAGE, RECEIVE = "/simulator/callbacks", "/simulator/callbacks/receive"
SECRET = CallbackFactory.secret
OTHER = "whsec_" + "QUJD" * 11


@pytest.fixture(autouse=True)
def _empty(state):
    """Nothing in Redis."""


@pytest.fixture
def page(client):
    return lambda: client.get(PAGE, headers={"Accept-Language": "en"}).content.decode()


def post(client, path=RECEIVE, *, secret=SECRET, body=None, **changes):
    text = body if body is not None else json.dumps({"type": "message.status", "data": {"x": "ñ"}})
    headers = signature_headers(
        secrets=[secret], webhook_id="id-1", at=datetime.now(UTC), body=text
    )
    return client.post(path, text, content_type="application/json", headers={**headers, **changes})


def test_a_post_that_is_signed_right_is_said_so(client, page):
    assert "Nothing has come yet." in page()
    client.post(f"{PAGE}/secret", {"secret": SECRET})
    assert post(client).status_code == 200
    text = page()
    assert "signature right" in text
    assert "message.status" in text
    assert "webhook-id: id-1" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": OTHER},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "x"},
        {"webhook-id": "id-2"},
    ],
)
def test_a_post_that_is_signed_wrong_is_said_so(client, page, forged):
    client.post(f"{PAGE}/secret", {"secret": SECRET})
    post(client, **forged)
    assert "signed with none of these secrets" in page()


def test_a_secret_that_is_entered_later_tells_of_what_came_before(client, page):
    post(client)
    assert "no secret entered yet" in page()
    client.post(f"{PAGE}/secret", {"secret": SECRET})
    assert "signature right" in page()


def test_while_the_secret_is_replaced_either_is_enough(client, page):
    client.post(f"{PAGE}/secret", {"secret": OTHER})
    headers = signature_headers(
        secrets=[SECRET, OTHER], webhook_id="id-1", at=datetime.now(UTC), body="{}"
    )
    client.post(RECEIVE, "{}", content_type="application/json", headers=headers)
    assert "signature right" in page()


@pytest.mark.parametrize(
    "secret", ["", "x", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_what_is_no_secret_is_refused(client, secret):
    answer = client.post(
        f"{PAGE}/secret", {"secret": secret}, follow=True, headers={"Accept-Language": "en"}
    )
    assert "A secret begins with whsec_" in answer.content.decode()
    assert inbox.secrets() == []


@pytest.mark.parametrize("status", [200, 404, 410, 500])
def test_it_answers_as_its_address_says(client, status):
    assert post(client, f"{RECEIVE}/{status}").status_code == status
    assert inbox.newest()[0].answer == status


def test_a_status_that_is_none_is_200(client):
    assert post(client, f"{RECEIVE}/99999").status_code == 200


@pytest.mark.parametrize("body", ["", "{nope", "[1]", "<script>alert(1)</script>", "\x00"])
def test_a_body_of_any_kind_is_shown_as_text(client, page, body):
    assert post(client, body=body).status_code == 200
    assert "<script>alert" not in page()


def test_only_the_last_ones_are_kept(client):
    for _ in range(inbox._KEPT + 5):
        post(client)
    assert len(inbox.newest()) == inbox._KEPT


def test_posts_and_secrets_can_be_forgotten(client, page):
    post(client)
    client.post(f"{PAGE}/secret", {"secret": SECRET})
    client.post(f"{PAGE}/forget")
    assert "Nothing has come yet." in page()
    assert inbox.secrets() == []


@pytest.mark.django_db(transaction=True)
def test_a_real_callback_is_shown_with_its_signature(client, page, live_server, settings, broker):
    settings.CALLBACK_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]
    callback = CallbackFactory(url=f"{live_server.url}{RECEIVE}")
    client.post(f"{PAGE}/secret", {"secret": callback.secret})
    waits_for(callback)
    assert callback_delivery.deliver_waiting() == 1
    assert "signature right" in page()
    assert "ping" in page()
