"""What an attempt sent and got, on the message's page: without token and number, and as a curl that a shell takes."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.graph_api.failures import Failure
from messaging.models import Message, SendAttempt
from messaging.statuses import MessageStatus
from tests.factories import body, message_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    return message_in(
        MessageStatus.FAILED,
        components=body("Juan O'Brien", "PO-$HOME", "250,50 €"),
        error_code=131026,
        error_details="Message undeliverable",
        wamid="wamid.HBgLinvented",
        fbtrace_id="AbCdEfGh",
    )


def attempt(message: Message, **fields) -> SendAttempt:
    known = {
        "started_at": timezone.now(),
        "duration_ms": 203,
        "outcome": "accepted",
        "http_status": 200,
        "path": f"/v25.0/{message.phone_number.phone_number_id}/messages",
    }
    return SendAttempt.objects.create(message=message, **known | fields)


def line_on(client, message: Message, *, language: str) -> str:
    """The whole line of the first attempt, with the sentence that stands above what is opened."""
    page = client.get(
        reverse("admin:messaging_message_change", args=(message.pk,)),
        headers={"accept-language": language},
    ).text
    start = "Sent to Meta" if language == "en" else "Enviado a Meta"
    return html.unescape(page.partition(start)[2].partition("</li>")[0])


def exchange_on(client, message: Message) -> str:
    """What the line of the first attempt opens to."""
    return line_on(client, message, language="en").partition("Request and answer")[2]


def curl_in(part: str) -> str:
    return part.partition("curl -X POST")[1] + part.partition("curl -X POST")[2].partition("<")[0]


def test_the_request_names_version_number_and_body_but_neither_token_nor_recipient(paula, message):
    attempt(message)
    part = exchange_on(paula, message)
    number = message.phone_number.phone_number_id
    assert f"POST https://graph.facebook.com/v25.0/{number}/messages" in part
    assert "Authorization: Bearer •••" in part
    assert '"text": "Juan O\'Brien"' in part
    assert message.phone_number.account.access_token not in part
    assert "600000101" not in part.replace(" ", "").replace("\xa0", "")


def test_metas_answer_stands_there_word_for_word(paula, message):
    said = {"error": {"message": "(#100) Invalid parameter", "code": 100, "fbtrace_id": "AbC"}}
    attempt(message, http_status=400, outcome="request", response=json.dumps(said))
    part = exchange_on(paula, message)
    assert "HTTP 400\n\n{" in part
    assert '"message": "(#100) Invalid parameter"' in part
    assert "as far as it is kept" not in part


def test_of_an_answer_that_was_emptied_by_age_its_facts_are_shown(paula, message):
    attempt(
        message, http_status=400, outcome="recipient", error_code=131026, fbtrace_id="AbC", path=""
    )
    part = exchange_on(paula, message)
    assert "Meta's answer, as far as it is kept" in part
    assert '"code": 131026' in part
    assert f"/…/{message.phone_number.phone_number_id}/messages" in part


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize("language", ["en", "es"])
def test_what_got_no_answer_says_why(paula, message, failure, language):
    attempt(message, http_status=None, outcome="unknown_outcome", failure=failure)
    part = line_on(paula, message, language=language)
    sent = {
        "en": ("Nothing was sent.", "may have been sent"),
        "es": ("No salió nada.", "Puede que"),
    }
    assert any(words in part for words in sent[language])


def test_a_proxys_page_is_shown_as_text(paula, message):
    attempt(message, http_status=502, outcome="x", failure="not_meta", response="<h1>Bad</h1>")
    page = paula.get(reverse("admin:messaging_message_change", args=(message.pk,))).text
    assert "&lt;h1&gt;Bad&lt;/h1&gt;" in page
    assert "<h1>Bad</h1>" not in page


def test_the_curl_is_the_same_request_with_token_and_number_as_variables(paula, message, tmp_path):
    sent = attempt(message)
    curl = curl_in(exchange_on(paula, message))
    tool = tmp_path / "curl"
    tool.write_text('#!/bin/sh\nprintf "%s\\037" "$@"\n')
    tool.chmod(0o755)
    ran = subprocess.run(
        [shutil.which("sh") or "sh", "-c", curl],
        env={
            "PATH": str(tmp_path),
            "WHATSAPP_ACCESS_TOKEN": "T",
            "RECIPIENT_PHONE": "+34600000101",
        },
        capture_output=True,
        check=True,
        text=True,
    )
    words = ran.stdout.split("\x1f")
    assert f"https://graph.facebook.com{sent.path}" in words
    assert "Authorization: Bearer T" in words
    posted = json.loads(words[words.index("-d") + 1])
    assert posted["to"] == "+34600000101"
    assert posted["template"]["components"] == message.components
    assert posted["biz_opaque_callback_data"] == str(message.pk)


def test_nothing_of_an_erased_person_is_shown(paula, message):
    attempt(message)
    Message.objects.update(
        recipient_phone="+34",
        recipient_name="",
        components=[],
        erased_at=timezone.now(),
        wamid=None,
    )
    part = exchange_on(paula, message)
    assert "Erased with the person." in part
    assert "curl" not in part


def test_the_text_for_metas_support_lists_each_request(paula, message):
    attempt(message, http_status=None, failure="timeout", outcome="unknown_outcome")
    later = timezone.now() + timedelta(minutes=5)
    attempt(
        message,
        started_at=later,
        http_status=400,
        error_code=100,
        error_subcode=33,
        fbtrace_id="Zz",
    )
    page = paula.get(reverse("admin:messaging_message_change", args=(message.pk,))).text
    text = page.partition('id="support-text"')[2].partition("</textarea>")[0]
    for fact in (
        "wamid.HBgLinvented",
        "131026",
        "Message undeliverable",
        "AbCdEfGh",
        "Requested: ",
    ):
        assert fact in text
    assert f"{later:%Y-%m-%d %H:%M:%S} UTC, POST /v25.0/" in text
    assert "no answer after 203 ms, timeout" in text
    assert "HTTP 400 after 203 ms, code 100/33, fbtrace_id Zz" in text
