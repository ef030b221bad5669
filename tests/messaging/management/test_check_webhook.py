from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging import demo
from tests.factories import DefaultNumberFactory
from tests.messaging.conftest import GRAPH

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


@pytest.fixture
def meta_with(meta, settings, names):
    """Meta knows our app under the given id; the rest is as it should be."""
    settings.SITE_URL = "https://bakery.example.com"
    address = "https://bakery.example.com/api/v1/whatsapp/webhook"
    names["bakery.example.com"] = [["93.184.216.34"]]
    DefaultNumberFactory()

    def answer(app_id):
        app = {"whatsapp_business_api_data": {"id": app_id}}
        meta.mock.get(f"{GRAPH}/{demo.WABA_ID}/subscribed_apps", json={"data": [app]})
        meta.mock.get(
            f"{GRAPH}/{demo.DEFAULT_PHONE_NUMBER_ID}",
            json={"webhook_configuration": {"application": address}},
        )
        row = {"object": "whatsapp_business_account", "fields": [{"name": "messages"}]}
        meta.mock.get(f"{GRAPH}/{demo.APP_ID}/subscriptions", json={"data": [row]})
        meta.mock.add_callback(
            "GET", address, lambda asked: (200, {}, asked.params["hub.challenge"])
        )

    return answer


def run(*arguments):
    out = StringIO()
    call_command("check_webhook", *arguments, stdout=out)
    return out.getvalue()


def test_all_well_is_said_line_by_line(meta_with):
    meta_with(demo.APP_ID)
    lines = run().splitlines()
    assert lines[0] == "our address: https://bakery.example.com/api/v1/whatsapp/webhook"
    assert lines[1] == "good: Our app is subscribed to the account."
    assert len(lines) == 6


def test_what_is_wrong_ends_with_1_and_says_what_to_do(meta_with):
    meta_with("111")
    with pytest.raises(CommandError) as failure:
        run()
    assert failure.value.returncode == 1
    assert f"The app {demo.APP_ID} is not subscribed" in str(failure.value)
    assert "subscribed_apps" in str(failure.value)


def test_json_is_for_scripts(meta_with):
    meta_with(demo.APP_ID)
    told = json.loads(run("--json"))
    assert {row["result"] for row in told["findings"]} == {"ok"}


def test_without_an_account_it_says_what_to_set(db, settings):
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = ""
    with pytest.raises(CommandError, match="WHATSAPP_BUSINESS_ACCOUNT_ID"):
        run()
