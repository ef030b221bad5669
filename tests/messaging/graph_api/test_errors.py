from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api.errors import (
    AccountError,
    CredentialError,
    ErrorClass,
    GraphApiError,
    NoAnswerError,
    NotSentError,
    RateLimitError,
    RecipientError,
    RequestError,
    TemplateError,
    TransientError,
    error_from_response,
)
from messaging.graph_api.masking import without_secrets
from tests.meta import raw


@pytest.mark.parametrize(
    ("name", "http_status", "kind"),
    [
        ("error_190_463", 401, CredentialError),
        ("error_200", 403, CredentialError),
        ("error_100_33", 400, AccountError),
        ("error_131042", 400, AccountError),
        ("error_131056", 400, RateLimitError),
        ("error_130429", 400, RateLimitError),
        ("error_4_throttled", 429, RateLimitError),
        ("error_131026", 400, RecipientError),
        ("error_132001", 404, TemplateError),
        ("error_2_transient", 503, TransientError),
        ("error_131000", 500, TransientError),
    ],
)
def test_each_refusal_becomes_the_exception_that_says_what_to_do_next(name, http_status, kind):
    error = error_from_response(http_status=http_status, body=raw(name))
    assert type(error) is kind
    assert error.error_class is error.facts.error_class
    assert error.http_status == http_status
    assert error.fbtrace_id == "AbCdEfGhIjK1234"


def test_the_parts_of_metas_envelope_are_kept():
    error = error_from_response(http_status=401, body=raw("error_190_463"))
    assert (error.code, error.subcode) == (190, 463)
    assert error.details.startswith("Error validating access token")
    assert "code 190/463" in str(error)
    assert "AbCdEfGhIjK1234" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad Gateway</body></html>",
        b'{"error": {"message": "half a bo',
        b"[]",
        b"null",
        b'{"error": "text"}',
        b'{"error": {"message": "no code"}}',
        b'{"error": {"code": true}}',
        b'{"error": []}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("http_status", [200, 400, 500, 502, 504])
def test_only_metas_envelope_counts_as_an_answer(http_status, body):
    error = error_from_response(http_status=http_status, body=body)
    assert type(error) is NoAnswerError
    assert error.error_class is ErrorClass.UNKNOWN_OUTCOME


def test_an_unknown_code_goes_by_its_http_class():
    body = b'{"error": {"code": 987654, "message": "new"}}'
    assert type(error_from_response(http_status=422, body=body)) is RequestError
    assert type(error_from_response(http_status=500, body=body)) is TransientError
    transient = b'{"error": {"code": 987654, "is_transient": true}}'
    assert type(error_from_response(http_status=400, body=transient)) is TransientError


def test_code_zero_is_a_code():
    error = error_from_response(http_status=401, body=b'{"error": {"code": 0}}')
    assert type(error) is CredentialError
    assert error.code == 0


def test_error_data_may_be_a_string_or_anything():
    for data, details in [
        ("plain words", "plain words"),
        (5, "title"),
        (None, "title"),
        ([], "title"),
    ]:
        body = json.dumps({"error": {"code": 100, "message": "title", "error_data": data}})
        assert error_from_response(http_status=400, body=body.encode()).details == details


def test_an_object_that_does_not_exist_is_known_without_a_subcode():
    body = json.loads(raw("error_100_33"))
    del body["error"]["error_subcode"]
    error = error_from_response(http_status=400, body=json.dumps(body).encode())
    assert type(error) is AccountError


@pytest.mark.parametrize(
    "message",
    [
        "Invalid appsecret_proof provided in the API argument",
        "API calls from the server require an appsecret_proof argument",
        "Se proporcionó un appsecret_proof no válido en el argumento de la API",
    ],
)
def test_a_refused_app_secret_is_no_fault_of_the_message(message):
    body = json.dumps({"error": {"code": 100, "type": "GraphMethodException", "message": message}})
    error = error_from_response(http_status=400, body=body.encode())
    assert type(error) is CredentialError
    assert error.facts.title.en.startswith("Meta does not accept our app secret")
    assert '"code":100' in error.answer.replace(" ", "")


def test_metas_own_pause_is_told_in_seconds():
    usage = {
        "987654321098765": [
            {"type": "whatsapp_business_management", "estimated_time_to_regain_access": 7},
            {"type": "other", "estimated_time_to_regain_access": "x"},
            5,
        ],
        "1": None,
    }
    headers = {"X-Business-Use-Case-Usage": json.dumps(usage)}
    throttled = raw("error_4_throttled")
    assert error_from_response(http_status=429, body=throttled).retry_after_s is None
    error = error_from_response(http_status=429, body=throttled, headers=headers)
    assert error.retry_after_s == 420.0
    error = error_from_response(http_status=429, body=throttled, headers={"Retry-After": "30"})
    assert error.retry_after_s == 30.0
    for header in ("", "{", "[]", "5"):
        headers = {"x-business-use-case-usage": header}
        error = error_from_response(http_status=429, body=throttled, headers=headers)
        assert error.retry_after_s is None


@pytest.mark.parametrize("header", [{"Retry-After": "9" * 18}, {"Retry-After": "1000000"}])
def test_a_pause_lasts_a_day_at_most(header):
    error = error_from_response(http_status=429, body=raw("error_4_throttled"), headers=header)
    assert error.retry_after_s == 86_400.0


@pytest.mark.parametrize("number", [10**18, -(10**18), 10**300])
def test_a_code_that_no_column_holds_is_no_code(number):
    body = json.dumps({"error": {"code": 100, "error_subcode": number}}).encode()
    assert error_from_response(http_status=400, body=body).subcode is None
    body = json.dumps({"error": {"code": number}}).encode()
    assert isinstance(error_from_response(http_status=400, body=body), NoAnswerError)


def test_what_no_column_can_hold_is_gone_from_an_errors_text():
    body = rb'{"error": {"code": 100, "message": "a\u0000b\ud800", "fbtrace_id": "A\u0000B"}}'
    error = error_from_response(http_status=400, body=body)
    assert (error.details, error.fbtrace_id) == ("ab\ufffd", "AB")


def test_the_accounts_usage_says_nothing_about_one_recipients_limit():
    headers = {"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":9}]}'}
    error = error_from_response(http_status=400, body=raw("error_131056"), headers=headers)
    assert error.retry_after_s is None
    assert error.facts.retry_delays_s[:4] == (1.0, 4.0, 16.0, 64.0)


@pytest.mark.parametrize(
    "secret",
    [
        "EAAsecretsystemusertoken123",
        "993000000000004|abcdef0123456789",
        "Bearer whatever-it-is",
        "access_token=tokenvalue",
        '"client_secret": "tokenvalue"',
        "+34600000101",
        "34 600 000 101",
        "+34 (600) 000-101",
    ],
)
def test_an_errors_text_holds_no_token_and_no_whole_number(secret):
    body = {"error": {"code": 100, "message": f"Refused {secret} here", "fbtrace_id": "A1"}}
    error = error_from_response(http_status=400, body=json.dumps(body).encode())
    for text in (str(error), repr(error), error.details):
        assert secret not in text
        for piece in ("secretsystem", "abcdef0123", "whatever", "tokenvalue", "600000101"):
            assert piece not in text.replace(" ", "")
    assert "Refused" in str(error)
    assert "here" in str(error)


def test_short_numbers_stay_readable():
    assert without_secrets("1024 characters, code 131056") == "1024 characters, code 131056"
    assert without_secrets("to +34600000101.") == "to +…101."


@given(st.text(max_size=60))
def test_no_seven_digits_in_a_row_survive(text):
    digits = 0
    for character in without_secrets(text):
        digits = digits + 1 if character.isdecimal() else 0
        assert digits < 7


def test_errors_survive_pickling_with_all_they_know():
    error = error_from_response(http_status=404, body=raw("error_132001"))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is TemplateError
    assert (copy.code, copy.http_status, str(copy)) == (error.code, 404, str(error))


def test_an_error_without_an_answer_still_speaks():
    error = NotSentError()
    assert error.error_class is ErrorClass.RETRY
    assert isinstance(error, GraphApiError)
    assert error.facts.retry_delays_s
    assert str(NoAnswerError()) == NoAnswerError().facts.title.en
