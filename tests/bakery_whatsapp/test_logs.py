from __future__ import annotations

import json
import logging
import re

import pytest
import structlog
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.exception import response_for_exception
from django.http import HttpResponse
from django.test import Client, RequestFactory

from bakery_whatsapp.logs import RequestLogMiddleware
from tests.structure.test_urls import ALL, OPEN_PREFIXES, is_open


def test_a_plain_line_is_level_sentence_and_fields_in_the_order_given(log_lines):
    written = log_lines()
    structlog.get_logger("x").info("It rained", b=1, a="two")
    assert written() == ["[INFO] It rained b=1 a=two"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x1b[2K", "\u2028", "\x85"])
def test_what_others_wrote_cannot_begin_a_line_of_its_own(log_lines, end):
    written = log_lines()
    structlog.get_logger("x").info("Said", text=f"a{end}[INFO] Sent")
    logging.getLogger("some.library").warning("b%s[INFO] Sent", end)
    out = written()
    assert [line.partition("]")[0] for line in out] == ["[INFO", "[WARNING"]
    assert "\x1b" not in "".join(out)


def test_json_lines_carry_the_same_fields(log_lines):
    written = log_lines("json")
    structlog.get_logger("x").warning("It rained", b=1)
    (line,) = written()
    row = json.loads(line)
    assert (row["event"], row["level"], row["b"]) == ("It rained", "warning", 1)


@pytest.mark.parametrize(
    "text",
    [
        "to +34600000101 now",
        "to +34 600 000 101 now",
        "token EAAabcdefghijkl",
        "Authorization: Bearer bw_secret-secret",
        "GET /x?hub.verify_token=hush-hush&a=1",
        "GET /x?access_token=hush-hush",
    ],
)
def test_phone_numbers_and_secrets_never_reach_a_line(log_lines, text):
    written = log_lines()
    logging.getLogger("some.library").warning("it said %s", text)
    structlog.get_logger("x").info("Said", text=text, nested={"text": text}, rows=[text])
    out = "\n".join(written())
    for secret in ("600000101", "600 000 101", "abcdefghijkl", "bw_secret", "hush-hush"):
        assert secret not in out


def test_the_query_string_of_a_request_is_not_logged(client, log_lines, db):
    written = log_lines()
    client.get("/health/live?hub.verify_token=hush-hush&phone=%2B34600000101")
    out = "\n".join(written())
    assert "hush" not in out
    assert "600000101" not in out


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_djangos_own_lines_about_a_request_leave_out_its_query_string(log_lines, rf, log_format):
    written = log_lines(log_format)
    request = rf.get("/api/v1/whatsapp/webhook?hub.verify_token=hush&q=600000101")
    logging.getLogger("django.request").error("Broken", extra={"request": request})
    out = "\n".join(written())
    assert "GET /api/v1/whatsapp/webhook" in out
    assert "hush" not in out
    assert "600000101" not in out


def test_lines_of_a_request_say_from_which_network_behind_the_proxy_too():
    bound = []

    def remember(request):
        bound.append(structlog.contextvars.get_contextvars())
        return HttpResponse()

    middleware = RequestLogMiddleware(remember)
    for extra in (
        {"REMOTE_ADDR": "198.51.100.7"},
        {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "8.8.8.8, 10.0.0.1"},
        {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_REAL_IP": "8.8.4.4"},
    ):
        request = RequestFactory().get("/")
        request.META |= extra
        request.user = AnonymousUser()
        middleware(request)
    assert [fields["ip"] for fields in bound] == ["198.51.100.0/24", "8.8.8.0/24", "8.8.4.0/24"]
    assert [fields["user_id"] for fields in bound] == [None] * 3
    assert len({fields["request_id"] for fields in bound}) == 3


def test_lines_of_a_request_say_which_person_is_logged_in(admin_user):
    bound = []

    def remember(request):
        bound.append(structlog.contextvars.get_contextvars())
        return HttpResponse()

    request = RequestFactory().get("/")
    request.COOKIES["sessionid"] = "some"
    request.user = admin_user
    RequestLogMiddleware(remember)(request)
    assert bound[0]["user_id"] == admin_user.pk


# --- Addresses that open something by themselves ----------------------------------------------------

_SECRET = "WzEsMV0:1tN.hush-hush_0f5c"


# Every open address whose rest is the proof, filled with one. The API asks for a key; the simulator has no secrets.
_OPENING = [
    "/" + re.sub(r"<[^>]+>", _SECRET, route)
    for route, _name, pattern in ALL
    if is_open(pattern) and "<" in route and not route.startswith(("api/", *OPEN_PREFIXES))
]


@pytest.mark.parametrize("address", _OPENING)
@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_an_address_that_opens_something_stands_in_no_line(address, log_format, log_lines, db):
    written = log_lines(log_format)
    # As in a place that hides nothing.
    logging.getLogger("django.request").setLevel("INFO")
    browser = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    browser.post(address)  # without the cookie
    browser.post(address, secure=True, headers={"referer": f"https://elsewhere.test{address}"})
    browser.post(address, headers={"origin": f"https://elsewhere.test{address}"})
    browser.get(address)  # nothing is behind it
    request = RequestFactory().get(address)
    response_for_exception(request, ResourceWarning(f"Could not open {address}"))
    out = "\n".join(written())
    assert "Forbidden" in out or "weekly-summary" in address  # where mail programs may post
    assert "Internal Server Error" in out
    assert "hush" not in out


def test_there_are_addresses_with_a_secret():
    assert len(_OPENING) >= 6


def test_other_addresses_stay_readable_in_lines():
    for path in ("/bakery/goiko/proof", "/bakery/goiko/people", "/password/change"):
        assert RequestLogMiddleware.format_request(RequestFactory().get(path)) == f"GET {path}"
