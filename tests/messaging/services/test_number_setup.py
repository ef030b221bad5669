from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests
import time_machine

from messaging import queues
from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.services.number_setup import (
    REGISTER_TRIES,
    TooManyTriesError,
    enter_code,
    register_number,
    request_code,
)
from tenants.models import NumberSetup, PhoneNumber
from tests.factories import PhoneNumberFactory
from tests.messaging.conftest import GRAPH
from tests.messaging.services.test_syncing import NUMBERS_URL, number_row

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def number(meta) -> PhoneNumber:
    made = PhoneNumberFactory(phone_number_id="1", code_verification_status="NOT_VERIFIED")
    row = number_row("1", code_verification_status="VERIFIED", status="CONNECTED")
    meta.mock.get(NUMBERS_URL, json={"data": [row]})
    return made


def url(edge: str) -> str:
    return f"{GRAPH}/1/{edge}"


def refusal(code: int):
    return {"status": 400, "json": {"error": {"code": code, "message": "no"}}}


def pins_sent(meta) -> list[str]:
    bodies = [
        call.request.body
        for call in meta.mock.calls
        if call.request.url.startswith(url("register"))
    ]
    return [json.loads(body)["pin"] for body in bodies]


def stored_pin(number) -> str:
    return NumberSetup.objects.get(phone_number=number).pin


def test_a_code_that_meta_sends_is_noted_and_one_it_refuses_is_not(meta, number):
    meta.mock.post(url("request_code"), **refusal(136024))
    with pytest.raises(GraphApiError):
        request_code(number, method="SMS", language="es")
    assert not NumberSetup.objects.exists()
    meta.mock.replace("POST", url("request_code"), json={"success": True})
    request_code(number, method="SMS", language="es")
    assert NumberSetup.objects.get().code_requested_at is not None


def test_the_right_code_verifies_the_number_and_it_is_read_again(meta, number):
    meta.mock.post(url("verify_code"), json={"success": True})
    enter_code(number, "123456")
    number.refresh_from_db()
    assert number.code_verification_status == "VERIFIED"


def test_registering_makes_a_pin_keeps_it_encrypted_and_uses_it_again(meta, number):
    meta.mock.post(url("register"), json={"success": True})
    register_number(number)
    register_number(number)
    first, second = pins_sent(meta)
    assert first == second == stored_pin(number)
    assert len(first) == 6
    assert first.isdecimal()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pin FROM tenants_numbersetup")
        assert first not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("edge", "do"),
    [("verify_code", lambda number: enter_code(number, "123456")), ("register", register_number)],
)
def test_what_meta_did_is_done_also_when_it_cannot_be_read_afterwards(
    meta, number, broker, edge, do, django_capture_on_commit_callbacks
):
    meta.mock.post(url(edge), json={"success": True})
    meta.mock.replace("GET", NUMBERS_URL, status=503, body="<html>")
    with django_capture_on_commit_callbacks(execute=True):
        assert do(number) is False
    assert broker.exists(f"wake:{queues.SYNC_FROM_META}")
    meta.mock.replace("GET", NUMBERS_URL, json={"data": [number_row("1")]})
    assert do(number) is True


def test_a_pin_is_kept_when_the_answer_is_lost(meta, number):
    meta.mock.post(url("register"), body=requests.ConnectionError("reset"))
    with pytest.raises(NoAnswerError):
        register_number(number)
    assert [stored_pin(number)] == pins_sent(meta)


def test_a_wrong_pin_does_not_replace_the_right_one(meta, number):
    meta.mock.post(url("register"), json={"success": True})
    register_number(number, pin="111111")
    meta.mock.replace("POST", url("register"), **refusal(133005))
    with pytest.raises(GraphApiError):
        register_number(number, pin="222222")
    assert stored_pin(number) == "111111"


def test_a_stored_pin_that_meta_calls_wrong_is_forgotten(meta, number):
    meta.mock.post(url("register"), **refusal(133005))
    NumberSetup.objects.create(phone_number=number, pin="111111")
    with pytest.raises(GraphApiError):
        register_number(number)
    assert stored_pin(number) == ""


def test_before_meta_would_lock_the_number_we_stop_until_the_72_hours_are_over(meta, number):
    meta.mock.post(url("register"), **refusal(133005))
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(REGISTER_TRIES):
            with pytest.raises(GraphApiError):
                register_number(number)
        with pytest.raises(TooManyTriesError) as refused:
            register_number(number)
        assert refused.value.until == NOW + timedelta(hours=72)
        assert len(pins_sent(meta)) == REGISTER_TRIES
        clock.move_to(NOW + timedelta(hours=73))
        meta.mock.replace("POST", url("register"), json={"success": True})
        register_number(number)
    number.refresh_from_db()
    assert number.status == "CONNECTED"
