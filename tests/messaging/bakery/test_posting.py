"""Who comes to the address of a form without the form is led to the page it stands on, never to an empty one."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import PASSWORD, NoticeKindFactory
from tests.messaging.bakery.test_pages import SETTINGS, text_of
from tests.messaging.bakery.test_walk import OF_A_BAKERY, address, ids  # noqa: F401 (a fixture)

pytestmark = pytest.mark.usefixtures("broker")

LEADS_TO = {
    "bakery_choose_notice": f"{SETTINGS}#what",
    "bakery_send_test": f"{SETTINGS}#what",
    "bakery_quiet_hours": f"{SETTINGS}#when",
    "bakery_limit": f"{SETTINGS}#how-much",
    "bakery_weekly_summary": f"{SETTINGS}#weekly",
    "bakery_confirm_phone": f"{SETTINGS}/phone",
    "bakery_forget_phone": f"{SETTINGS}/phone",
    "bakery_resend": f"{SETTINGS}/messages/{{message_id}}",
    "bakery_cancel": f"{SETTINGS}/messages/{{message_id}}",
    "bakery_mark_done": f"{SETTINGS}/messages/{{message_id}}",
    "bakery_invite": f"{SETTINGS}/people",
    "bakery_invitation_again": f"{SETTINGS}/people",
    "bakery_invitation_back": f"{SETTINGS}/people",
    "bakery_proof_link": f"{SETTINGS}/messages",
    "bakery_proof_revoke": f"{SETTINGS}/messages",
}


@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_every_address_of_a_bakery_can_be_opened(browse, ana, ids, name):  # noqa: F811
    client = browse(ana)
    answer = client.get(address(name, "goiko", ids))
    if name in LEADS_TO:
        assert answer.headers["location"] == LEADS_TO[name].format(**ids)
        answer = client.get(answer.headers["location"])
    assert answer.status_code in {200, 302}


@pytest.mark.parametrize("path", ["/account/devices/1/end", "/account/devices/end"])
def test_the_buttons_of_ones_devices_too(browse, ana, path):
    assert browse(ana).get(path).headers["location"] == "/account/security#devices"


@pytest.mark.parametrize("path", ["/logout", "/viewing/end"])
def test_logging_in_after_a_button_of_every_page_leads_to_the_start(browse, ana, path):
    assert browse(ana).get(path).headers["location"] == "/"


def test_a_log_in_that_interrupted_a_form_ends_on_the_forms_page(bakery, ana):
    client = Client(headers={"accept-language": "en"})
    asked = client.post(f"{SETTINGS}/notices/{NoticeKindFactory.create().pk}", {"wanted": "off"})
    page = client.post(
        asked.headers["location"], {"username": "ana", "password": PASSWORD}, follow=True
    )
    assert page.status_code == 200
    assert "What we send" in page.text


def test_the_language_can_be_changed_on_a_form_with_an_error(browse, ana):
    client = browse(ana)
    wrong = client.post(f"{SETTINGS}/limit", {"limit": "0"})
    assert f'name="next" value="{SETTINGS}/limit"' in wrong.text
    page = client.post(
        "/i18n/setlang", {"language": "es", "next": f"{SETTINGS}/limit"}, follow=True
    )
    assert page.status_code == 200
    assert "Cuántos enviamos" in page.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Nothing was changed. Open the page again"), ("es", "No se ha cambiado nada.")],
)
def test_what_an_address_does_not_take_is_answered_with_a_page(browse, ana, language, words):
    answer = browse(ana, language=language).put(SETTINGS)
    assert answer.status_code == 405
    assert words in text_of(answer.text)
    assert answer.headers["Allow"] == "GET, HEAD"


def test_the_webhook_and_the_api_answer_in_their_own_shape(client, db):
    assert client.put("/api/v1/whatsapp/webhook").content == b""
    assert client.get("/api/v1/whatsapp/send").json()["error"]["code"] == "unauthenticated"
