from __future__ import annotations

import json
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
import requests
import responses
import urllib3
from requests.adapters import HTTPAdapter
from responses import matchers

from messaging.graph_api.client import GraphApi, new_session
from messaging.graph_api.errors import (
    AccountError,
    CredentialError,
    GraphApiError,
    NoAnswerError,
    NotSentError,
    RateLimitError,
    RecipientError,
    RequestError,
    TemplateError,
    TransientError,
)
from messaging.graph_api.payloads import template_message, text_message
from messaging.graph_api.signature import appsecret_proof
from tests.meta import raw, stored

BASE = "https://graph.facebook.com"
TOKEN = "EAAinventedsystemusertoken"
NUMBER, WABA = "123456789012345", "987654321098765"
SEND_URL = f"{BASE}/v26.0/{NUMBER}/messages"
PAYLOAD = template_message(
    to="+34600000101",
    name="po_notification",
    language="es",
    components=[],
    callback_data="0192f3c4",
)


@pytest.fixture
def meta() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def client(*, base_url=BASE, app_secret=None, timeout_s=(1.0, 1.0)) -> GraphApi:
    return GraphApi(
        base_url=base_url,
        version="v26.0",
        access_token=TOKEN,
        app_secret=app_secret,
        session=new_session(2),
        timeout_s=timeout_s,
    )


def test_an_accepted_message_returns_its_wamid(meta):
    meta.post(SEND_URL, body=raw("send_accepted"), match=[matchers.json_params_matcher(PAYLOAD)])
    sent = client().send_message(NUMBER, PAYLOAD)
    assert sent.wamid == "wamid.HBgLMzQ2MDAwMDAxMDEVAgARGBI1"
    assert (sent.wa_id, sent.message_status) == ("34600000101", "accepted")
    assert sent.raw == stored("send_accepted")


def test_a_free_text_is_sent_and_refused_outside_its_window(meta):
    body = text_message(to="+34600000101", body="Has dado de baja.", callback_data="answer:7")
    meta.post(SEND_URL, body=raw("send_accepted"), match=[matchers.json_params_matcher(body)])
    text = {"to": "+34600000101", "body": "Has dado de baja.", "callback_data": "answer:7"}
    assert client().send_text(NUMBER, **text).wamid == "wamid.HBgLMzQ2MDAwMDAxMDEVAgARGBI1"
    error = {"error": {"message": "no", "type": "OAuthException", "code": 131047}}
    meta.post(SEND_URL, status=400, json=error)
    with pytest.raises(RecipientError) as raised:
        client().send_text(NUMBER, **text)
    assert raised.value.code == 131047


def test_what_no_column_can_hold_is_gone_from_an_answer(meta):
    meta.post(SEND_URL, body=rb'{"messages": [{"id": "wamid.\u0000A1", "x": "\ud800"}]}')
    sent = client().send_message(NUMBER, PAYLOAD)
    assert sent.wamid == "wamid.A1"
    json.dumps(sent.raw, ensure_ascii=False).encode()


def test_a_held_message_says_so(meta):
    meta.post(SEND_URL, body=raw("send_held"))
    assert client().send_message(NUMBER, PAYLOAD).message_status == "held_for_quality_assessment"


def test_an_answer_with_the_id_alone_is_enough(meta):
    meta.post(SEND_URL, json={"messages": [{"id": "wamid.A1"}]})
    sent = client().send_message(NUMBER, PAYLOAD)
    assert (sent.wamid, sent.wa_id, sent.message_status) == ("wamid.A1", None, None)


def test_the_token_travels_in_the_header_only(meta):
    meta.post(SEND_URL, body=raw("send_accepted"))
    client(app_secret="app-secret").send_message(NUMBER, PAYLOAD)
    request = meta.calls[0].request
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in request.url
    assert TOKEN not in str(request.body)
    assert f"appsecret_proof={appsecret_proof(TOKEN, 'app-secret')}" in request.url


def test_without_app_secret_there_is_no_proof(meta):
    meta.post(SEND_URL, body=raw("send_accepted"))
    client().send_message(NUMBER, PAYLOAD)
    assert "appsecret_proof" not in meta.calls[0].request.url


def test_the_clients_repr_hides_token_and_secret():
    text = repr(client(app_secret="app-secret"))
    assert TOKEN not in text
    assert "app-secret" not in text


def test_the_version_that_really_served_is_kept(meta):
    meta.post(SEND_URL, body=raw("send_accepted"), headers={"facebook-api-version": "v21.0"})
    graph = client()
    assert graph.served_version is None
    graph.send_message(NUMBER, PAYLOAD)
    assert graph.served_version == "v21.0"


@pytest.mark.parametrize(
    ("name", "http_status", "kind", "code"),
    [
        ("error_190_463", 401, CredentialError, 190),
        ("error_200", 403, CredentialError, 200),
        ("error_100_33", 400, AccountError, 100),
        ("error_131056", 400, RateLimitError, 131056),
        ("error_4_throttled", 429, RateLimitError, 4),
        ("error_132001", 404, TemplateError, 132001),
        ("error_131000", 500, TransientError, 131000),
        ("error_2_transient", 503, TransientError, 2),
        ("error_132001", 200, TemplateError, 132001),
    ],
)
def test_metas_refusals_are_told_apart(meta, name, http_status, kind, code):
    meta.post(SEND_URL, body=raw(name), status=http_status)
    with pytest.raises(GraphApiError) as caught:
        client().send_message(NUMBER, PAYLOAD)
    assert type(caught.value) is kind
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("http_status", "body"),
    [
        (200, b"<html>Sorry, something went wrong</html>"),
        (502, b"<html>Bad Gateway</html>"),
        (500, b""),
        (200, b""),
        (200, b'{"messaging_product": "whatsapp", "mess'),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"messages": []}'),
        (200, b'{"messages": {"id": "wamid.A1"}}'),
        (200, b'{"messages": [{"id": ""}]}'),
        (200, b'{"messages": [{"id": "%s"}]}' % (b"w" * 513)),
        (200, b'{"messages": [{"id": 5}]}'),
        (200, b'{"messages": [null]}'),
        (200, b"[" * 50_000),
        (302, b""),
        (404, b"Not Found"),
    ],
)
def test_anything_but_metas_own_words_leaves_the_outcome_unknown(meta, http_status, body):
    meta.post(SEND_URL, body=body, status=http_status)
    with pytest.raises(NoAnswerError) as caught:
        client().send_message(NUMBER, PAYLOAD)
    assert caught.value.http_status == http_status


def test_a_redirect_is_not_followed(meta):
    meta.post(SEND_URL, status=307, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(NoAnswerError):
        client().send_message(NUMBER, PAYLOAD)


def tls_error(cause: ssl.SSLError) -> requests.exceptions.SSLError:
    pool = urllib3.HTTPSConnectionPool("graph.facebook.com")
    reason = urllib3.exceptions.SSLError(cause)
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(pool, "/", reason))


@pytest.mark.parametrize(
    ("raised", "kind", "failure"),
    [
        (
            tls_error(ssl.SSLCertVerificationError("self-signed certificate")),
            NotSentError,
            "certificate",
        ),
        (tls_error(ssl.SSLError("bad record mac")), NoAnswerError, "broken_off"),
        (ValueError("from inside the answer's headers"), NoAnswerError, "broken_off"),
        (requests.ReadTimeout("late"), NoAnswerError, "timeout"),
        (requests.ConnectTimeout("never"), NotSentError, "connect_timeout"),
        (requests.ConnectionError("Connection aborted"), NoAnswerError, "broken_off"),
        (requests.exceptions.ChunkedEncodingError("Incomplete"), NoAnswerError, "broken_off"),
        (requests.exceptions.ContentDecodingError("gzip"), NoAnswerError, "broken_off"),
        (requests.exceptions.InvalidHeader(f"Bearer {TOKEN}"), RequestError, "not_written"),
        (requests.exceptions.InvalidJSONError("NaN"), RequestError, "not_written"),
    ],
)
def test_a_failed_exchange_says_why_and_whether_anything_was_sent(meta, raised, kind, failure):
    meta.post(SEND_URL, body=raised)
    with pytest.raises(GraphApiError) as caught:
        client().send_message(NUMBER, PAYLOAD)
    assert type(caught.value) is kind
    assert (caught.value.failure, caught.value.answer) == (failure, "")
    assert caught.value.__context__ is None
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """Answer one connection with these bytes and close it; None keeps it open and says nothing."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.recv(65536)
                if answer is None:
                    done.wait(10)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join(10)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + raw("send_accepted")[:60],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + raw("send_accepted")[:30],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"not HTTP at all\r\n\r\n",
    ],
    ids=["nothing", "half a body", "half a chunk", "broken compression", "no HTTP"],
)
def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown(answer):
    with server(answer) as url, pytest.raises(NoAnswerError):
        client(base_url=url).send_message(NUMBER, PAYLOAD)


def test_a_server_that_never_answers_leaves_the_outcome_unknown():
    with server(None) as url, pytest.raises(NoAnswerError):
        client(base_url=url, timeout_s=(1.0, 0.1)).send_message(NUMBER, PAYLOAD)


def test_a_refused_connection_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSentError) as caught:
        client(base_url=f"http://127.0.0.1:{port}").send_message(NUMBER, PAYLOAD)
    assert caught.value.failure == "refused"


def test_a_name_that_does_not_exist_means_that_nothing_was_sent(monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSentError) as caught:
        client(base_url="https://graph.invalid").send_message(NUMBER, PAYLOAD)
    assert caught.value.failure == "no_address"


@pytest.mark.parametrize("wrong", ["", "../me", "1/2", "1?x=1", "número", "1 2", "1\n"])
def test_an_id_cannot_lead_the_call_elsewhere(wrong):
    with pytest.raises(RequestError):
        client().send_message(wrong, PAYLOAD)


def test_a_token_with_a_line_break_is_refused_without_being_shown():
    graph = GraphApi(base_url=BASE, version="v26.0", access_token="EAAx\ny", session=new_session(1))
    with pytest.raises(RequestError) as caught:
        graph.send_message(NUMBER, PAYLOAD)
    assert "EAAx" not in "".join(traceback.format_exception(caught.value))


def test_the_session_neither_retries_nor_reads_the_environment():
    session = new_session(7)
    adapter = session.get_adapter(BASE)
    assert isinstance(adapter, HTTPAdapter)
    assert adapter.max_retries.total == 0
    assert not session.trust_env


def _fields(request_url: str) -> str:
    return unquote(request_url)


def test_phone_numbers_come_with_their_optional_facts(meta):
    url = f"{BASE}/v26.0/{WABA}/phone_numbers"
    meta.get(url, body=raw("phone_numbers"))
    meta.get(url, body=raw("phone_numbers_optional"))
    first, second = client().phone_numbers(WABA)
    assert (first.phone_number_id, first.display_phone_number) == (NUMBER, "+34 612 345 678")
    assert (first.status, first.throughput_level) == ("CONNECTED", "STANDARD")
    assert (first.messaging_limit, first.is_official_business_account) == ("TIER_2K", False)
    assert (second.verified_name, second.quality_rating) == ("Panadería Goiko", "YELLOW")
    assert second.raw["name_status"] == "APPROVED"
    assert "verified_name" in _fields(meta.calls[0].request.url)
    assert "throughput" in _fields(meta.calls[1].request.url)


def test_a_field_meta_no_longer_knows_costs_only_the_optional_facts(meta):
    url = f"{BASE}/v26.0/{WABA}/phone_numbers"
    meta.get(url, body=raw("phone_numbers"))
    meta.get(url, status=400, json={"error": {"code": 100, "message": "nonexisting field"}})
    numbers = client().phone_numbers(WABA)
    assert [number.verified_name for number in numbers] == ["Bakery Platform", "Panadería Goiko"]
    assert [number.status for number in numbers] == [None, None]
    assert "status" not in numbers[0].raw


def test_one_phone_number_can_be_read(meta):
    url = f"{BASE}/v26.0/{NUMBER}"
    meta.get(url, json=stored("phone_numbers")["data"][0])
    meta.get(url, json=stored("phone_numbers_optional")["data"][0])
    number = client().phone_number(NUMBER)
    assert (number.verified_name, number.status) == ("Bakery Platform", "CONNECTED")


def test_a_number_that_cannot_be_read_is_an_error(meta):
    meta.get(f"{BASE}/v26.0/{NUMBER}", body=raw("error_100_33"), status=400)
    with pytest.raises(AccountError):
        client().phone_number(NUMBER)


def test_all_pages_of_templates_are_read_by_cursor_and_the_next_url_is_not_followed(meta):
    url = f"{BASE}/v26.0/{WABA}/message_templates"
    meta.get(url, body=raw("message_templates_page_1"))
    meta.get(
        url,
        body=raw("message_templates_page_2"),
        match=[matchers.query_param_matcher({"after": "MTA"}, strict_match=False)],
    )
    first, second = client().message_templates(WABA)
    assert (first.name, first.language, first.status) == ("po_notification", "es", "APPROVED")
    assert (first.quality, first.parameter_format) == ("GREEN", "POSITIONAL")
    assert first.components[0]["type"] == "BODY"
    assert (second.category, second.previous_category) == ("MARKETING", "UTILITY")
    assert "access_token" not in meta.calls[1].request.url


def test_a_stale_cursor_starts_the_reading_again_once(meta):
    url = f"{BASE}/v26.0/{WABA}/message_templates"
    stale = {"error": {"code": 131059, "message": "stale"}}
    meta.get(url, body=raw("message_templates_page_1"))
    meta.get(url, status=400, json=stale)
    meta.get(url, body=raw("message_templates_page_2"))
    assert [row.name for row in client().message_templates(WABA)] == ["low_stock_alert"]
    meta.get(url, status=400, json=stale)
    meta.get(url, status=400, json=stale)
    with pytest.raises(RequestError) as caught:
        client().message_templates(WABA)
    assert caught.value.code == 131059


def test_templates_are_read_without_the_optional_fields_where_meta_refuses_them(meta):
    url = f"{BASE}/v26.0/{WABA}/message_templates"
    meta.get(url, status=400, json={"error": {"code": 100, "message": "nonexisting field"}})
    meta.get(url, body=raw("message_templates_page_2"))
    assert len(client().message_templates(WABA)) == 1
    assert "quality_score" not in _fields(meta.calls[1].request.url)


def test_paging_ends_when_meta_repeats_a_cursor(meta):
    meta.get(f"{BASE}/v26.0/{WABA}/message_templates", body=raw("message_templates_page_1"))
    assert len(client().message_templates(WABA)) == 2
    assert len(meta.calls) == 2


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {"id": "1"}}])
def test_a_list_that_is_none_is_no_answer(meta, answer):
    meta.get(f"{BASE}/v26.0/{WABA}/message_templates", json=answer)
    with pytest.raises(NoAnswerError):
        client().message_templates(WABA)


def test_rows_without_the_least_facts_are_left_out(meta):
    rows = [None, 5, {}, {"id": "1"}, {"id": 12, "name": "a", "language": "es", "components": "x"}]
    meta.get(f"{BASE}/v26.0/{WABA}/message_templates", json={"data": rows, "paging": "x"})
    (row,) = client().message_templates(WABA)
    assert (row.template_id, row.components, row.quality) == ("12", [], None)


def test_a_token_is_inspected_with_the_apps_own_token(meta):
    meta.get(
        f"{BASE}/v26.0/debug_token",
        body=raw("debug_token"),
        match=[
            matchers.query_param_matcher({"input_token": "EAAnew"}, strict_match=False),
            matchers.header_matcher({"Authorization": "Bearer 993000000000004|s3cret"}),
        ],
    )
    facts = client().debug_token("EAAnew", app_id="993000000000004", app_secret="s3cret")
    assert facts.is_valid
    assert (facts.app_id, facts.type) == ("993000000000004", "SYSTEM_USER")
    assert facts.expires_at == datetime.fromtimestamp(1798184000, UTC)
    assert not facts.never_expires
    assert facts.target_ids == {
        "whatsapp_business_management": (WABA,),
        "whatsapp_business_messaging": (),
    }


def test_an_invalid_token_is_an_answer_too(meta):
    meta.get(f"{BASE}/v26.0/debug_token", body=raw("debug_token_invalid"))
    facts = client().debug_token("EAAold", app_id="993000000000004", app_secret="s3cret")
    assert (facts.is_valid, facts.error_code, facts.error_subcode) == (False, 190, 463)
    assert (facts.expires_at, facts.never_expires) == (None, True)


def test_a_token_is_revoked_with_the_apps_id_and_secret(meta):
    meta.get(
        f"{BASE}/v26.0/oauth/revoke",
        json={"success": True},
        match=[
            matchers.query_param_matcher(
                {
                    "client_id": "993000000000004",
                    "client_secret": "s3cret",
                    "revoke_token": "EAAold",
                },
                strict_match=False,
            ),
            matchers.header_matcher({"Authorization": f"Bearer {TOKEN}"}),
        ],
    )
    client().revoke_token("EAAold", app_id="993000000000004", app_secret="s3cret")


@pytest.mark.parametrize("answer", [{}, {"success": False}, {"success": "true"}])
def test_a_revocation_that_is_not_confirmed_is_no_answer(meta, answer):
    meta.get(f"{BASE}/v26.0/oauth/revoke", json=answer)
    with pytest.raises(NoAnswerError):
        client().revoke_token("EAAold", app_id="993000000000004", app_secret="s3cret")


def test_a_token_is_exchanged_for_one_of_60_days(meta):
    asked = {
        "grant_type": "fb_exchange_token",
        "client_id": "993000000000004",
        "client_secret": "s3cret",
        "fb_exchange_token": TOKEN,
        "set_token_expires_in_60_days": "true",
    }
    meta.get(
        f"{BASE}/v26.0/oauth/access_token",
        json={"access_token": "EAAnew", "token_type": "bearer", "expires_in": 5183944},
        match=[matchers.query_param_matcher(asked, strict_match=False)],
    )
    exchanged = client().exchange_token(TOKEN, app_id="993000000000004", app_secret="s3cret")
    assert exchanged == "EAAnew"


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 5}])
def test_an_exchange_without_a_token_is_no_answer(meta, answer):
    meta.get(f"{BASE}/v26.0/oauth/access_token", json=answer)
    with pytest.raises(NoAnswerError):
        client().exchange_token(TOKEN, app_id="993000000000004", app_secret="s3cret")


def test_a_failed_inspection_names_no_token():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSentError) as caught:
        client(base_url=f"http://127.0.0.1:{port}").debug_token(
            "EAAnew", app_id="993000000000004", app_secret="s3cret"
        )
    text = "".join(traceback.format_exception(caught.value))
    # The call above stands in the traceback's source lines; what the error itself says counts.
    assert "input_token=" not in text
    assert "EAAnew" not in str(caught.value)
    assert caught.value.__context__ is None


def test_subscribed_apps_are_listed_and_ours_can_be_added(meta):
    url = f"{BASE}/v26.0/{WABA}/subscribed_apps"
    meta.get(url, body=raw("subscribed_apps"))
    meta.post(url, json={"success": True})
    (app,) = client().subscribed_apps(WABA)
    assert (app.app_id, app.name) == ("993000000000004", "Bakery Platform")
    assert app.override_callback_uri == "https://bakery.example/api/v1/whatsapp/webhook"
    client().subscribe_app(WABA)


def test_an_app_is_subscribed_to_fields_with_its_own_token(meta):
    call = meta.post(f"{BASE}/v26.0/993000000000004/subscriptions", json={"success": True})
    client().subscribe_to_fields(
        app_id="993000000000004",
        app_secret="secret",
        callback_url="https://bakery.example/hook",
        verify_token="a-verify-token",
        fields=["messages", "account_update"],
    )
    (sent,) = [one.request for one in call.calls]
    assert sent.headers["Authorization"] == "Bearer 993000000000004|secret"
    assert "a-verify-token" not in sent.url
    assert json.loads(sent.body) == {
        "object": "whatsapp_business_account",
        "callback_url": "https://bakery.example/hook",
        "verify_token": "a-verify-token",
        "fields": "messages,account_update",
        "include_values": True,
    }


def test_fields_that_are_not_confirmed_are_no_answer(meta):
    meta.post(f"{BASE}/v26.0/993000000000004/subscriptions", json={"success": False})
    with pytest.raises(NoAnswerError):
        client().subscribe_to_fields(
            app_id="993000000000004",
            app_secret="secret",
            callback_url="https://bakery.example/hook",
            verify_token="a-verify-token",
            fields=["messages"],
        )


def test_a_subscription_that_is_not_confirmed_is_no_answer(meta):
    meta.post(f"{BASE}/v26.0/{WABA}/subscribed_apps", json={"success": False})
    with pytest.raises(NoAnswerError):
        client().subscribe_app(WABA)


def test_the_account_comes_in_metas_own_words(meta):
    url = f"{BASE}/v26.0/{WABA}"
    meta.get(url, json={"id": WABA, "name": "Bakery Platform", "currency": "EUR"})
    meta.get(url, json={"id": WABA, "primary_funding_id": "1"})
    assert client().account(WABA) == {
        "id": WABA,
        "name": "Bakery Platform",
        "currency": "EUR",
        "primary_funding_id": "1",
    }


def test_accents_leave_escaped_as_json(meta):
    meta.post(SEND_URL, body=raw("send_accepted"))
    payload = dict(PAYLOAD) | {"text": {"body": "Panadería 🥐"}}
    client().send_message(NUMBER, payload)
    assert json.loads(meta.calls[0].request.body)["text"]["body"] == "Panadería 🥐"


def test_one_server_has_one_pool_of_connections():
    adapter = new_session(4).get_adapter("https://graph.facebook.com/")
    assert isinstance(adapter, HTTPAdapter)

    def pool(url, **options):
        request = requests.Request("POST", url).prepare()
        return adapter.get_connection_with_tls_context(request, **{"verify": True} | options)

    first = pool("https://graph.facebook.com/v26.0/1/messages")
    assert pool("https://graph.facebook.com/v26.0/2/messages?appsecret_proof=a") is first
    assert (first.scheme, first.host, first.pool.maxsize) == ("https", "graph.facebook.com", 4)
    for other in (
        pool("https://graph.facebook.com:8443/v26.0/1/messages"),
        pool("http://graph.facebook.com/v26.0/1/messages"),
        pool("https://graph.facebook.com/v26.0/1/messages", verify=False),
        pool("https://graph.facebook.com/x", proxies={"https": "http://127.0.0.1:1"}),
    ):
        assert other is not first
    assert pool("https://graph.facebook.com/v26.0/1/messages") is first
