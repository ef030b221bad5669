"""The alarm of silence: when it sounds, which cause it names, and when it ends."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests
import responses
from django.utils import timezone

from messaging import demo
from messaging.models import Alert, AlertKind, WebhookDelivery
from messaging.models.message import first_id_at
from messaging.services import receiving, silence, webhook_checks
from messaging.services.webhook_checks import Cause, Check, Finding, Result
from messaging.statuses import MessageStatus
from tests.factories import AccountFactory, DefaultNumberFactory, MessageFactory, message_in
from tests.messaging.conftest import GRAPH, messages_webhook, status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

SITE = "https://bakery.example.com"
ADDRESS = f"{SITE}/api/v1/whatsapp/webhook"
APPS = f"{GRAPH}/{demo.WABA_ID}/subscribed_apps"
NUMBER = f"{GRAPH}/{demo.DEFAULT_PHONE_NUMBER_ID}"
SUBSCRIPTIONS = f"{GRAPH}/{demo.APP_ID}/subscriptions"


@pytest.fixture(autouse=True)
def public(settings, names):
    settings.SITE_URL = SITE
    names["bakery.example.com"] = [["93.184.216.34"]]


def answer_the_challenge(asked):
    return 200, {}, asked.params["hub.challenge"]


class Healthy:
    """Meta and the way to us with nothing wrong; a test takes one part out."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        ours = {"whatsapp_business_api_data": {"id": demo.APP_ID, "name": "Bakery"}}
        self.mock.get(APPS, json={"data": [ours]})
        self.mock.get(NUMBER, json={"webhook_configuration": {"application": ADDRESS}, "id": "1"})
        row = {
            "object": "whatsapp_business_account",
            "active": True,
            "fields": [{"name": "messages", "version": "v26.0"}],
        }
        self.mock.get(SUBSCRIPTIONS, json={"data": [row]})
        self.mock.add_callback("GET", ADDRESS, callback=answer_the_challenge)

    def instead(self, url, **answer):
        self.mock.remove("GET", url)
        self.mock.get(url, **answer)


@pytest.fixture
def way(meta):
    return Healthy(meta.mock)


def accepted_ago(**age):
    at = timezone.now() - timedelta(**age)
    return MessageFactory(accepted=True, accepted_at=at, id=_id_at(at))


def _id_at(at):
    # Ids of one millisecond must differ.
    base = first_id_at(at)
    return base.__class__(int=base.int + next(_COUNTER))


_COUNTER = iter(range(1, 10_000))


def watch(broker):
    broker.flushdb()
    silence.watch()


def alarm():
    return Alert.objects.open().filter(kind=AlertKind.WEBHOOK_SILENT).first()


def cause_of(alert):
    return alert.details["cause"] and alert.details["cause"]["cause"]


# --- When it sounds ------------------------------------------------------------------------------
def test_messages_without_any_status_for_ten_minutes_open_one_alarm(way, broker):
    accepted_ago(minutes=9)
    watch(broker)
    assert alarm() is None
    accepted_ago(minutes=11)
    watch(broker)
    watch(broker)
    assert alarm().subject == demo.WABA_ID
    assert Alert.objects.count() == 1
    findings = [Finding.from_json(row) for row in alarm().details["findings"]]
    assert [one.check for one in findings] == list(Check)
    assert {one.result for one in findings} == {Result.OK}
    assert cause_of(alarm()) is None


def test_the_minutes_can_be_set(way, broker, settings):
    settings.WHATSAPP_SILENCE_MINUTES = 3
    accepted_ago(minutes=4)
    watch(broker)
    assert alarm() is not None


def test_a_status_of_another_message_since_is_no_silence(broker, meta):
    accepted_ago(minutes=20)
    other = accepted_ago(minutes=19)
    receiving.store_delivery(json.dumps(status_webhook(other, "sent")).encode())
    receiving.apply_waiting()
    watch(broker)
    assert alarm() is None


def test_what_came_before_the_message_is_no_sign_of_life(way, broker):
    old = accepted_ago(hours=3)
    receiving.store_delivery(json.dumps(status_webhook(old, "sent")).encode())
    receiving.apply_waiting()
    WebhookDelivery.objects.update(received_at=timezone.now() - timedelta(hours=2))
    accepted_ago(hours=1)
    watch(broker)
    assert alarm() is not None


def test_a_reply_is_no_status_and_a_delivery_still_to_be_applied_may_be_one(way, broker):
    message = accepted_ago(minutes=20)
    row = {"from": "34600000101", "id": "wamid.IN", "timestamp": "1795341600", "type": "text"}
    reply = messages_webhook(message.phone_number.phone_number_id, messages=[row])
    receiving.store_delivery(json.dumps(reply).encode())
    receiving.apply_waiting()
    watch(broker)
    assert alarm() is not None
    Alert.objects.all().delete()
    receiving.store_delivery(b"{}")
    watch(broker)
    assert alarm() is None


def test_what_meta_holds_back_and_what_only_waits_is_no_silence(broker, meta):
    at = timezone.now() - timedelta(minutes=20)
    message_in(MessageStatus.HELD, wamid="wamid.H", accepted_at=at, id=_id_at(at))
    message_in(MessageStatus.QUEUED, id=_id_at(at))
    watch(broker)
    assert alarm() is None


def test_it_looks_once_a_minute_and_asks_meta_in_silence_only(
    meta, broker, django_assert_num_queries
):
    DefaultNumberFactory()
    with django_assert_num_queries(2):
        watch(broker)
    with django_assert_num_queries(0):
        silence.watch()
    assert len(meta.mock.calls) == 0


def test_it_ends_when_statuses_arrive_again_and_not_before(way, broker):
    message = accepted_ago(minutes=20)
    watch(broker)
    # Read from Meta's history, not from a webhook: the way is still broken.
    type(message).objects.filter(pk=message.pk).update(
        status=MessageStatus.SENT, sent_at=timezone.now()
    )
    watch(broker)
    assert alarm() is not None
    receiving.store_delivery(json.dumps(status_webhook(message, "delivered")).encode())
    receiving.apply_waiting()
    watch(broker)
    assert alarm() is None


# --- Which cause it names ------------------------------------------------------------------------
def sounded(broker):
    accepted_ago(minutes=20)
    watch(broker)
    return alarm()


def test_an_app_that_is_not_subscribed_is_named(way, broker):
    others = {"whatsapp_business_api_data": {"id": "111", "name": "Another app"}}
    way.instead(APPS, json={"data": [others]})
    alert = sounded(broker)
    assert cause_of(alert) == Cause.NOT_SUBSCRIBED
    assert alert.details["cause"]["fact"] == demo.APP_ID


@pytest.mark.parametrize("level", ["phone_number", "whatsapp_business_account", "application"])
def test_another_address_is_named_at_whichever_level_it_is_set(way, broker, level):
    told = {"application": ADDRESS, level: "https://other.example/hook?token=secret"}
    way.instead(NUMBER, json={"webhook_configuration": told})
    alert = sounded(broker)
    assert cause_of(alert) == Cause.OTHER_ADDRESS
    assert alert.details["cause"]["fact"] == "https://other.example/hook"


def test_an_override_of_the_account_is_named(way, broker):
    row = {
        "whatsapp_business_api_data": {"id": demo.APP_ID},
        "override_callback_uri": "https://old.example/hook",
    }
    way.instead(APPS, json={"data": [row]})
    assert cause_of(sounded(broker)) == Cause.OTHER_ADDRESS


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"object": "user"}, Cause.APP_INACTIVE),
        ({"object": "whatsapp_business_account", "active": False}, Cause.APP_INACTIVE),
        (
            {
                "object": "whatsapp_business_account",
                "fields": ["account_update", {"name": 5}, None],
            },
            Cause.FIELD_MISSING,
        ),
    ],
)
def test_a_missing_field_or_an_inactive_subscription_is_named(way, broker, row, cause):
    way.instead(SUBSCRIPTIONS, json={"data": [row]})
    assert cause_of(sounded(broker)) == cause


def test_refused_signatures_are_named(way, broker, monkeypatch):
    monkeypatch.setattr(webhook_checks, "signature_refusals", lambda *, since: 12)
    alert = sounded(broker)
    assert (cause_of(alert), alert.details["cause"]["fact"]) == (Cause.SIGNATURE_REFUSED, "12")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"body": requests.exceptions.SSLError("certificate has expired")}, Cause.CERTIFICATE),
        ({"body": requests.ConnectionError("verify_token=secret")}, Cause.UNREACHABLE),
        ({"status": 403}, Cause.VERIFY_TOKEN),
        ({"status": 502, "body": "<html>"}, Cause.WRONG_ANSWER),
        ({"status": 200, "body": "hello"}, Cause.WRONG_ANSWER),
        ({"status": 301, "headers": {"location": SITE}}, Cause.WRONG_ANSWER),
    ],
)
def test_our_own_address_is_tried_as_meta_does(way, broker, answer, cause):
    way.instead(ADDRESS, **answer)
    alert = sounded(broker)
    assert cause_of(alert) == cause
    assert "secret" not in json.dumps(alert.details)
    assert demo.VERIFY_TOKEN not in json.dumps(alert.details)


@pytest.mark.parametrize(
    ("site", "cause"),
    [
        (SITE.replace("https", "http"), Cause.NOT_HTTPS),
        ("http://localhost:8000", Cause.LOCAL_ADDRESS),
        ("https://192.168.1.5", Cause.PRIVATE_ADDRESS),
    ],
)
def test_an_address_that_meta_cannot_reach_is_named_without_trying(
    way, broker, settings, site, cause
):
    settings.SITE_URL = site
    way.instead(NUMBER, json={"id": "1"})
    assert cause_of(sounded(broker)) == cause


def test_the_likeliest_cause_is_named_first_and_meta_may_be_away(way, broker):
    way.instead(APPS, json={"error": {"code": 190, "message": "expired"}}, status=401)
    way.instead(NUMBER, status=503, body="<html>")
    way.instead(SUBSCRIPTIONS, body=requests.ConnectionError())
    alert = sounded(broker)
    assert cause_of(alert) is None
    found = {row["check"]: (row["result"], row["fact"]) for row in alert.details["findings"]}
    assert found["subscribed"] == ("unknown", "190")
    assert found["address"] == ("unknown", "NoAnswerError")
    assert found["reachable"][0] == "ok"


def test_without_app_id_what_needs_it_is_left_open(way, broker):
    account = AccountFactory(app_id="")
    type(account).objects.update(app_id="")
    findings = webhook_checks.run_checks(AccountFactory(), since=timezone.now())
    results = {one.check: one.cause for one in findings}
    assert results[Check.SUBSCRIBED] == results[Check.APP] == Cause.NO_APP


def test_with_the_simulator_our_own_address_is_left_out(meta, settings):
    settings.WHATSAPP_GRAPH_URL = "http://127.0.0.1:8000/simulator/graph"
    settings.SITE_URL = "http://127.0.0.1:8000"
    finding = webhook_checks.run_checks(AccountFactory(), since=timezone.now())[-1]
    assert (finding.result, finding.cause) == (Result.SKIPPED, Cause.SIMULATED)


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.NONE}))
def test_every_cause_has_its_sentence_and_what_to_do(cause):
    finding = Finding(Check.APP, Result.BAD, cause, "FACT")
    assert webhook_checks.sentence_of(finding)
    assert "%" not in webhook_checks.sentence_of(finding)
    assert str(webhook_checks.WORDS[cause][1])
