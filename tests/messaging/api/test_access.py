"""Who may call what: every endpoint tried by those who may not."""

from __future__ import annotations

import uuid

import pytest
from django.db import OperationalError, connection

from tenants.models import ApiKey, Scope
from tests.factories import make_api_key
from tests.messaging.api.conftest import (
    CALLBACKS,
    DATES,
    MESSAGES,
    NUMBERS,
    SEND,
    TENANTS,
    Api,
    refusal,
)

SOME_ID = uuid.UUID(int=7)
ENDPOINTS = [
    ("post", SEND, Scope.MESSAGES_SEND),
    ("get", MESSAGES, Scope.MESSAGES_READ),
    ("get", f"{MESSAGES}/{SOME_ID}", Scope.MESSAGES_READ),
    ("post", f"{MESSAGES}/{SOME_ID}/cancel", Scope.MESSAGES_SEND),
    ("post", f"{MESSAGES}/{SOME_ID}/resend", Scope.MESSAGES_SEND),
    ("get", CALLBACKS, Scope.CALLBACKS_WRITE),
    ("post", CALLBACKS, Scope.CALLBACKS_WRITE),
    ("get", f"{CALLBACKS}/{SOME_ID}", Scope.CALLBACKS_WRITE),
    ("patch", f"{CALLBACKS}/{SOME_ID}", Scope.CALLBACKS_WRITE),
    ("delete", f"{CALLBACKS}/{SOME_ID}", Scope.CALLBACKS_WRITE),
    ("post", f"{CALLBACKS}/{SOME_ID}/rotate-secret", Scope.CALLBACKS_WRITE),
    ("post", f"{CALLBACKS}/{SOME_ID}/test", Scope.CALLBACKS_WRITE),
    ("get", f"{CALLBACKS}/{SOME_ID}/deliveries", Scope.CALLBACKS_WRITE),
    ("post", f"{CALLBACKS}/{SOME_ID}/deliveries/{SOME_ID}/redeliver", Scope.CALLBACKS_WRITE),
    ("get", TENANTS, Scope.ADMIN_READ),
    ("get", NUMBERS, Scope.ADMIN_READ),
    ("get", DATES, Scope.ADMIN_READ),
    ("put", f"{TENANTS}/{SOME_ID}", Scope.ADMIN_WRITE),
    ("post", f"{TENANTS}/{SOME_ID}/assign-phone", Scope.ADMIN_WRITE),
    ("delete", f"{TENANTS}/{SOME_ID}/assign-phone", Scope.ADMIN_WRITE),
]
every_endpoint = pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)


@every_endpoint
def test_nobody_enters_without_a_key(db, broker, nobody, method, path, scope):
    answer = nobody.call(method, path)
    assert refusal(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@every_endpoint
def test_nobody_enters_with_an_unknown_key(db, broker, method, path, scope):
    answer = Api("bw_unknown").call(method, path)
    assert refusal(answer) == (401, "unauthenticated")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@every_endpoint
def test_a_key_with_every_other_scope_is_refused(db, broker, method, path, scope):
    make_api_key("bw_other", scopes=[other.value for other in Scope if other != scope])
    assert refusal(Api("bw_other").call(method, path)) == (403, "forbidden")


@every_endpoint
def test_a_key_with_the_scope_comes_past_the_door(db, broker, method, path, scope):
    make_api_key("bw_right", scopes=[scope.value])
    assert Api("bw_right").call(method, path).status_code not in {401, 403, 405, 500}


@every_endpoint
def test_a_bakerys_key_is_no_key_of_the_platform_whatever_its_row_says(ana, method, path, scope):
    ApiKey.objects.filter(pk=ana.api.api_key.pk).update(scopes=Scope.values)
    answer = ana.api.call(method, path)
    is_platforms = scope in {Scope.ADMIN_READ, Scope.ADMIN_WRITE}
    assert (answer.status_code == 403) is is_platforms


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "options"])
def test_a_method_that_is_none_is_refused_in_the_same_shape(ana, method):
    answer = ana.api.call(method, SEND)
    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v2/whatsapp/send", f"{SEND}/", f"{TENANTS}/x/y/z"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_that_is_none_is_refused_in_the_same_shape(db, nobody, method, path):
    assert refusal(nobody.call(method, path)) == (404, "not_found")


def test_only_json_is_answered(ana):
    answer = ana.api.get(MESSAGES, Accept="text/html")
    assert refusal(answer) == (406, "not_acceptable")


def test_the_api_answers_in_english_whatever_the_caller_speaks(ana):
    for language in ("es", "en", "de"):
        answer = ana.api.get(MESSAGES, {"status": "x"}, **{"Accept-Language": language})
        assert answer.json()["error"]["fields"] == {"status": '"x" is not a valid choice.'}
        assert answer.headers["Content-Language"] == "en"
    assert ana.api.call("patch", SEND, **{"Accept-Language": "es"}).json()["error"]["message"] == (
        'Method "PATCH" not allowed.'
    )


def test_a_database_that_does_not_answer_is_said_so(ana):
    def down(*args):
        raise OperationalError("connection to server at 10.0.0.1 failed, password=secret")

    with connection.execute_wrapper(down):
        answer = ana.send()
    assert refusal(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "secret" not in answer.text


@pytest.mark.parametrize("debug", [False, True])
def test_an_unforeseen_error_says_nothing_of_itself(ana, settings, debug):
    settings.DEBUG = debug

    def broken(*args):
        raise ZeroDivisionError("secret")

    with connection.execute_wrapper(broken):
        answer = ana.send()
    assert answer.status_code == 500
    if not debug:
        assert refusal(answer) == (500, "internal_error")
        assert "secret" not in answer.text


def test_a_wrong_host_is_refused_in_the_same_shape(ana):
    assert refusal(ana.api.get(MESSAGES, Host="evil.example")) == (400, "malformed_request")


def test_no_cookie_is_set_and_no_whole_number_is_logged(ana, caplog, capsys):
    answer = ana.send()
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"
    ana.send(recipient_phone="+34600000101x")
    logged = caplog.text + capsys.readouterr().out
    assert "600000101" not in logged
    assert "bw_ana" not in logged
