from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import requests
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from bakery_whatsapp.embedded import free_port
from messaging import demo, queues
from messaging.models import SetupCheck, SetupKey, SetupState
from messaging.services.accounts import pause_sending
from messaging.statuses import MessageStatus
from tenants.models import Tenant, WhatsAppBusinessAccount
from tests.factories import TemplateFactory, message_in
from tests.messaging.services.setup.conftest import ready, setup_meta
from tests.messaging.token_meta import said_of

__all__ = ["ready", "setup_meta"]  # fixtures

pytestmark = pytest.mark.django_db
YES = (
    "Can we send right now? Yes. The line is open, numbers and templates are there, a worker runs."
)


def run(*arguments):
    out = StringIO()
    try:
        call_command("check_whatsapp", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), error
    return out.getvalue(), None


@pytest.fixture
def done(ready):
    """All sixteen lines are done, the test message too."""
    template, tenant = TemplateFactory.create(), Tenant.objects.get()
    message = message_in(MessageStatus.DELIVERED, tenant=tenant, template=template)
    SetupCheck.objects.create(
        key=SetupKey.TEST,
        state=SetupState.DONE,
        found=SetupState.DONE,
        code="test_arrived",
        facts={"message": str(message.pk), "status": "delivered"},
        proved_at=timezone.now(),
    )
    for key in SetupKey:
        SetupCheck.objects.get_or_create(
            key=key, defaults={"state": SetupState.DONE, "proved_at": timezone.now()}
        )
    return ready


def test_what_is_missing_ends_with_1_and_is_told_line_by_line(ready):
    ready.templates = []
    text, error = run()
    assert error.returncode == 1
    assert str(error) == "2 of 16 lines are not done. Nothing can be sent right now."
    lines = text.splitlines()
    assert len(lines) == 17
    assert lines[0].startswith("Can we send right now? No. Meta has approved no template yet")
    assert lines[1] == " 1 done: Business verified by Meta. Meta calls the business verified."
    assert " 5 needs_you: Template po_notification approved. The account has no template" in text
    assert demo.ACCESS_TOKEN not in text


def test_all_done_ends_well_also_offline_and_as_json(done):
    text, error = run("--offline", "--json")
    assert error is None
    told = json.loads(text)
    assert (told["can_send"], told["done"], told["total"]) == (True, 16, 16)
    assert len(told["lines"]) == 16
    assert not done.asked


def test_dates_read_alike_everywhere(ready):
    issued_at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    ready.tokens[demo.ACCESS_TOKEN] = said_of(timedelta(days=60), issued_at=issued_at)
    with time_machine.travel(issued_at, tick=False):
        text, _error = run()
    assert "Meta accepts it until 25 Jan 2027." in text


def test_nothing_found_out_ends_with_2(done):
    done.failure = requests.ConnectionError()
    text, error = run()
    assert error.returncode == 2
    assert "lines could not be looked at now." in str(error)
    assert text.startswith(YES)
    assert "(not found out now: Meta did not answer (NoAnswerError).)" in text


def test_what_is_known_to_be_wrong_counts_more_than_what_could_not_be_looked_at(done):
    done.refuses_token = 190
    text, error = run()
    assert error.returncode == 1
    assert "1 of 16 lines are not done." in str(error)
    assert "(not found out now: Meta refuses the stored access token (step 4).)" in text


def test_all_done_while_nothing_is_sent_ends_with_1(done):
    pause_sending(WhatsAppBusinessAccount.objects.get())
    text, error = run("--offline")
    assert (error.returncode, str(error)) == (1, "Nothing can be sent right now.")
    assert "No. Somebody of the platform has paused sending." in text


def test_offline_without_any_look_says_so(db):
    text, error = run("--offline")
    assert "1 unchecked: Business verified by Meta." in text
    assert error is not None


def test_a_release_is_checked_with_djangos_own_checks(done, settings):
    settings.SECURE_HSTS_SECONDS = 0
    settings.WHATSAPP_APP_SECRETS = []
    settings.ENVIRONMENT = "production"
    text, error = run("--deploy", "--offline")
    assert "warning security.W004: " in text
    assert "error bakery_whatsapp.E004: " in text
    assert error.returncode == 1
    assert "The settings have errors: " in str(error)
    text, _error = run("--deploy", "--offline", "--json")
    assert {"id": "security.W004", "level": "warning"}.items() <= next(
        one for one in json.loads(text)["settings"] if one["id"] == "security.W004"
    ).items()


@pytest.mark.parametrize("arguments", [(), ("--deploy",), ("--offline", "--json")])
def test_without_a_database_one_sentence_is_said_and_it_ends_with_2(start_process, arguments):
    nowhere = f"postgresql://postgres@127.0.0.1:{free_port()}/none"
    command = start_process(
        "django", "check_whatsapp", *arguments, DATABASE_URL=nowhere, PYTHONPATH=os.curdir
    )
    assert command.popen.wait(60) == 2
    assert "CommandError: The database does not answer. Start it, or correct" in command.output
    assert "Traceback" not in command.output


def test_without_a_broker_its_line_says_so(done, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    queues.client.cache_clear()
    try:
        text, error = run()
    finally:
        queues.client.cache_clear()
    assert error.returncode == 1
    assert "No. Redis does not answer." in text
    assert " 7 broken: Services running. Redis does not answer." in text
