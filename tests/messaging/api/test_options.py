"""What a caller may ask of a send beside the message itself: priority, lifetime, fate when lost; and caps, quiet hours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from time_machine import travel

from messaging.models import IfUnconfirmed, Message, Priority
from tests.factories import TemplateFactory
from tests.messaging.api.conftest import MESSAGES, SEND, Api, refusal, template

NIGHT = datetime(2026, 11, 20, 23, tzinfo=ZoneInfo("Europe/Madrid"))
MORNING = "2026-11-21T06:00:00Z"


def set_tenant(bakery, **fields):
    type(bakery.tenant).objects.filter(pk=bakery.tenant.pk).update(**fields)


def fields(answer):
    return answer.json()["error"]["fields"]


@pytest.fixture
def wakes(broker):
    """How many workers were woken."""
    return lambda: broker.llen("send")


# --- Priority, lifetime, if_unconfirmed ------------------------------------------------------------


def test_options_are_stored_and_shown(ana):
    status_url = ana.send(priority="urgent", if_unconfirmed="resend", ttl_seconds=3600).json()[
        "status_url"
    ]
    message = Message.objects.get()
    assert (message.priority, message.if_unconfirmed) == (Priority.URGENT, IfUnconfirmed.RESEND)
    assert message.expires_at - message.created_at == timedelta(hours=1)
    shown = ana.api.get(status_url).json()
    assert (shown["priority"], shown["if_unconfirmed"]) == ("urgent", "resend")
    assert (shown["attempts"], shown["waits_for"]) == (0, None)
    assert shown["send_after"] == shown["created_at"]


def test_left_out_or_null_options_are_the_defaults(ana, settings):
    settings.WHATSAPP_MESSAGE_TTL_HOURS = 5
    ana.send()
    ana.send(priority=None, if_unconfirmed=None, ttl_seconds=None)
    for message in Message.objects.all():
        assert (message.priority, message.if_unconfirmed) == (Priority.NORMAL, IfUnconfirmed.LEAVE)
        assert message.expires_at - message.created_at == timedelta(hours=5)


@pytest.mark.parametrize("seconds", [60, 7 * 86_400])
def test_the_shortest_and_the_longest_lifetime_are_taken(ana, seconds):
    assert ana.send(ttl_seconds=seconds).status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": "high"},
        {"priority": 1},
        {"priority": ["urgent"]},
        {"if_unconfirmed": "fail"},
        {"if_unconfirmed": True},
        {"ttl_seconds": 59},
        {"ttl_seconds": 7 * 86_400 + 1},
        {"ttl_seconds": -1},
        {"ttl_seconds": 10**30},
        {"ttl_seconds": "3600"},
        {"ttl_seconds": 3600.0},
        {"ttl_seconds": True},
    ],
)
def test_options_that_make_no_sense_are_named(ana, changes):
    answer = ana.send(**changes)
    assert refusal(answer) == (422, "validation_error")
    assert fields(answer).keys() == changes.keys()


@pytest.mark.parametrize(
    "changes", [{"priority": "urgent"}, {"if_unconfirmed": "resend"}, {"ttl_seconds": 60}]
)
def test_another_option_is_another_body(ana, changes):
    ana.send(idempotency_key="k")
    assert refusal(ana.send(idempotency_key="k", **changes)) == (409, "idempotency_conflict")


# --- Quiet hours and caps --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_message_in_quiet_hours_waits_for_their_end(ana, wakes):
    set_tenant(ana, quiet_from=time(22), quiet_until=time(7))
    with travel(NIGHT, tick=False):
        answer = ana.send().json()
        shown = ana.api.get(answer["status_url"]).json()
    assert answer["status"] == "queued"
    assert shown["send_after"] == MORNING
    assert shown["waits_for"] == {
        "code": "quiet_hours",
        "text": "the end of the bakery's quiet hours",
    }
    assert wakes() == 0


@pytest.mark.django_db(transaction=True)
def test_an_urgent_message_breaks_the_quiet_hours(ana, wakes):
    set_tenant(ana, quiet_from=time(22), quiet_until=time(7))
    with travel(NIGHT, tick=False):
        ana.send(priority="urgent")
    assert Message.objects.get().send_after == NIGHT
    assert wakes() == 1


def test_a_dry_run_says_when_it_would_go_out(ana):
    set_tenant(ana, quiet_from=time(22), quiet_until=time(7))
    with travel(NIGHT, tick=False):
        answer = ana.send(dry_run=True).json()
        at_once = ana.send(dry_run=True, priority="urgent", ttl_seconds=60).json()
    assert (answer["send_after"], answer["waits_for"]["code"]) == (MORNING, "quiet_hours")
    assert answer["expires_at"] == "2026-11-21T22:00:00Z"
    assert (at_once["send_after"], at_once["waits_for"]) == ("2026-11-20T22:00:00Z", None)
    assert at_once["expires_at"] == "2026-11-20T22:01:00Z"


def test_over_its_cap_a_bakerys_message_is_accepted_and_waits(ana, carla):
    set_tenant(ana, daily_cap=1)
    with travel(NIGHT, tick=False):
        reasons = [
            ana.api.get(bakery.send().json()["status_url"]).json().get("waits_for")
            for bakery in (ana, ana)
        ]
        carla.send()
    assert [reason and reason["code"] for reason in reasons] == [None, "daily_cap"]
    assert Message.objects.of(carla.tenant).get().waits_for == ""


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_pass_a_cap_by_no_more_than_their_number(ana):
    set_tenant(ana, daily_cap=2)
    callers = 4
    barrier = Barrier(callers)

    def send(_number):
        try:
            barrier.wait()
            return [Api("bw_ana").post(SEND, ana.order()).status_code for _ in range(3)]
        finally:
            connection.close()

    with ThreadPoolExecutor(callers) as pool:
        answers = [code for codes in pool.map(send, range(callers)) for code in codes]
    assert set(answers) == {202}
    assert 2 <= Message.objects.filter(waits_for="").count() < 2 + callers


# --- Languages that stand in -----------------------------------------------------------------------


@pytest.fixture
def fallback(settings):
    settings.WHATSAPP_LANGUAGE_FALLBACK = "es:es_ES,es_MX;ca:es"


def test_the_first_approved_language_stands_in_and_the_answer_says_so(ana, fallback):
    TemplateFactory(name="welcome", language="es_ES", status="PAUSED")
    substitute = TemplateFactory(name="welcome", language="es_MX")
    answer = ana.send(template=template(template_name="welcome"))
    assert answer.json()["warnings"] == [
        {
            "path": "template.language",
            "code": "language_fallback",
            "before": "es",
            "after": "es_MX",
        }
    ]
    assert Message.objects.get().template == substitute


def test_the_order_of_the_setting_decides(ana, fallback):
    TemplateFactory(name="welcome", language="es_MX")
    first = TemplateFactory(name="welcome", language="es_ES")
    ana.send(template=template(template_name="welcome"))
    assert Message.objects.get().template == first


def test_an_unapproved_template_is_stood_in_for(ana, fallback):
    TemplateFactory(name="welcome", language="es", status="REJECTED")
    TemplateFactory(name="welcome", language="es_ES")
    answer = ana.send(dry_run=True, template=template(template_name="welcome"))
    assert answer.json()["warnings"][0]["after"] == "es_ES"


def test_an_approved_template_is_taken_as_asked(ana, fallback):
    TemplateFactory(language="es_ES")
    assert ana.send().json()["warnings"] == []


def test_without_an_approved_substitute_the_refusal_stays(ana, fallback):
    TemplateFactory(name="welcome", language="es_ES", status="PENDING")
    answer = ana.send(template=template(template_name="welcome"))
    assert refusal(answer) == (422, "unknown_template")
    TemplateFactory(name="welcome", language="es", status="PENDING")
    answer = ana.send(template=template(template_name="welcome"))
    assert refusal(answer) == (422, "template_not_approved")


def test_nothing_stands_in_unless_configured(ana):
    TemplateFactory(name="welcome", language="es_ES")
    answer = ana.send(template=template(template_name="welcome"))
    assert refusal(answer) == (422, "unknown_template")


def test_waiting_messages_are_listed_by_their_reason(ana):
    set_tenant(ana, quiet_from=time(22), quiet_until=time(7))
    with travel(NIGHT, tick=False):
        waiting = ana.send().json()["message_id"]
        ana.send(priority="urgent")
    rows = ana.api.get(MESSAGES, {"waits_for": "quiet_hours"}).json()["results"]
    assert [row["message_id"] for row in rows] == [waiting]
