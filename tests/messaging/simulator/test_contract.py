"""The client that talks to Meta, against the simulator over real HTTP: neither knows which side the other is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from messaging import demo
from messaging.graph_api import errors
from messaging.graph_api.client import GraphApi, new_session
from messaging.graph_api.payloads import template_message
from messaging.graph_api.template_text import fit
from messaging.simulator import account, switches
from tests.messaging.simulator.conftest import GOIKO, PARAMETERS


@pytest.fixture
def api(state, live_server) -> Iterator[GraphApi]:
    with new_session(2) as session:
        yield api_at(live_server.url, session)


def api_at(url: str, session) -> GraphApi:
    return GraphApi(
        base_url=f"{url}/simulator/graph",
        version="v26.0",
        access_token=demo.ACCESS_TOKEN,
        app_secret=demo.APP_SECRET,
        session=session,
        timeout_s=(3.05, 10.0),
    )


def message(suffix: str = "101") -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in PARAMETERS]
    return template_message(
        to=f"+34600000{suffix}",
        name="po_notification",
        language="es",
        components=[{"type": "body", "parameters": parameters}],
        callback_data="ob:0192f3c4",
    )


def test_a_message_is_accepted(api):
    sent = api.send_message(GOIKO, message())
    assert sent.wamid.startswith("wamid.")
    assert (sent.wa_id, sent.message_status) == ("34600000101", "accepted")
    assert api.served_version == "v26.0"


def test_a_held_message_says_so(api):
    assert api.send_message(GOIKO, message("132")).message_status == "held_for_quality_assessment"


@pytest.mark.parametrize(
    ("suffix", "kind", "code"),
    [
        ("190", errors.CredentialError, 190),
        ("163", errors.CredentialError, 200),
        ("156", errors.RateLimitError, 131056),
        ("129", errors.RateLimitError, 130429),
        ("160", errors.TransientError, 131000),
        ("161", errors.TransientError, 2),
        ("164", errors.AccountError, 131031),
    ],
)
def test_a_refusal_arrives_as_the_error_that_says_what_to_do(api, suffix, kind, code):
    with pytest.raises(kind) as refused:
        api.send_message(GOIKO, message(suffix))
    assert refused.value.code == code
    assert refused.value.fbtrace_id


@pytest.mark.parametrize("suffix", ["152", "153", "154"])
def test_what_is_no_answer_arrives_as_an_unknown_outcome(api, suffix):
    with pytest.raises(errors.NoAnswerError):
        api.send_message(GOIKO, message(suffix))


def test_a_dropped_connection_arrives_as_an_unknown_outcome(web_process):
    with new_session(2) as session, pytest.raises(errors.NoAnswerError):
        api_at(web_process.url, session).send_message(GOIKO, message("150"))


def test_all_numbers_are_read_with_core_and_optional_fields(api):
    numbers = api.phone_numbers(demo.WABA_ID)
    assert [one.phone_number_id for one in numbers] == [one.phone_number_id for one in demo.NUMBERS]
    assert numbers[1].verified_name == "Panadería Goiko"
    assert (numbers[1].quality_rating, numbers[1].status) == ("GREEN", "CONNECTED")
    assert numbers[1].throughput_level == "STANDARD"


def test_one_number_is_read(api):
    account.set_quality(GOIKO, "RED")
    assert api.phone_number(GOIKO).quality_rating == "RED"


def test_templates_are_read_and_fit_the_parameters_that_the_simulator_takes(api):
    templates = api.message_templates(demo.WABA_ID)
    assert [one.name for one in templates] == ["po_notification", "low_stock_alert"]
    fitted = fit(
        template_components=templates[0].components,
        parameter_format=templates[0].parameter_format,
        given=message()["template"]["components"],
    )
    assert "PO-12345" in fitted.rendered_text


def test_the_account_names_who_pays(api):
    assert api.account(demo.WABA_ID)["primary_funding_id"]


def test_the_token_is_inspected(api):
    facts = api.debug_token(demo.ACCESS_TOKEN, app_id=demo.APP_ID, app_secret=demo.APP_SECRET)
    assert facts.is_valid


def test_the_subscription_is_read_and_renewed(api):
    account.set_subscribed(False)
    assert api.subscribed_apps(demo.WABA_ID) == []
    api.subscribe_app(demo.WABA_ID)
    assert len(api.subscribed_apps(demo.WABA_ID)) == 1


def test_where_webhooks_go_is_read(api, settings):
    settings.SIMULATOR_WEBHOOK_URL = "http://127.0.0.1:8000/api/v1/whatsapp/webhook"
    told = api.webhook_configuration(GOIKO)
    assert told.in_force == settings.SIMULATOR_WEBHOOK_URL
    (row,) = api.app_subscriptions(app_id=demo.APP_ID, app_secret=demo.APP_SECRET)
    assert (row.object, row.is_active) == ("whatsapp_business_account", True)
    assert "messages" in row.fields
    settings.SIMULATOR_WEBHOOK_URL = ""


def test_the_apps_fields_are_changed_once_its_address_has_answered(api, live_server, settings):
    settings.SIMULATOR_WEBHOOK_URL = f"{live_server.url}/api/v1/whatsapp/webhook"
    known = {"app_id": demo.APP_ID, "app_secret": demo.APP_SECRET}
    ours = {"callback_url": settings.SIMULATOR_WEBHOOK_URL, "verify_token": demo.VERIFY_TOKEN}
    api.subscribe_to_fields(**known, **ours, fields=["messages", "security"])
    (row,) = api.app_subscriptions(**known)
    assert (row.callback_url, row.fields) == (ours["callback_url"], ("messages", "security"))
    wrong_token = ours | {"verify_token": "wrong"}
    for address, fields, code in (
        (wrong_token, ["messages"], 2200),
        (ours, ["message_status"], 100),
        (ours | {"callback_url": ""}, ["messages"], 100),
    ):
        with pytest.raises(errors.GraphApiError) as refusal:
            api.subscribe_to_fields(**known, **address, fields=fields)
        assert refusal.value.code == code
    settings.SIMULATOR_WEBHOOK_URL = ""


def test_only_the_app_itself_reads_its_subscriptions(api):
    with pytest.raises(errors.GraphApiError) as refusal:
        api._call("GET", demo.APP_ID, "subscriptions")
    assert refusal.value.code == 15


@pytest.mark.parametrize(("suffix", "state"), [("101", "DELIVERED"), ("146", "FAILED")])
def test_the_history_of_a_message_is_read_and_says_how_its_webhooks_fared(
    api, endpoint, deliver, suffix, state
):
    sent = api.send_message(GOIKO, message(suffix))
    deliver()
    events = api.message_history(GOIKO, sent.wamid)
    assert [event.status for event in events] == ["SENT", "DELIVERED"]
    assert {event.webhook_state for event in events} == {state}
    with pytest.raises(errors.GraphApiError) as refusal:
        api.message_history(GOIKO, "wamid.nobody")
    assert (refusal.value.http_status, refusal.value.code) == (422, 100)


def test_an_expired_token_stops_reading_too(api):
    switches.save(switches.Switches(scenario="token_expired", latency_ms=0))
    with pytest.raises(errors.CredentialError):
        api.phone_numbers(demo.WABA_ID)
