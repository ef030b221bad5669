"""Every address asks who is there, unless it is listed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from messaging.api.base import ApiView
from tenants.authentication import ApiKeyAuthentication, HasScope, KeyRateLimit
from tenants.models import Scope

# Pages that work without a log-in, and why.
OPEN = {
    "login": "people log in here",
    "invitation": "the link in the mail is the proof",
    "set_language": "also on the log-in page",
    "password_reset": "for those who cannot log in",
    "password_reset_done": "for those who cannot log in",
    "password_reset_confirm": "the link in the mail is the proof",
    "password_reset_complete": "for those who cannot log in",
    "shared_proof": "the signed link is the proof",
    "schema": "says nothing secret",
    "docs": "says nothing secret",
    "calendar-feed": "calendar programs cannot log in; the secret in the address is the proof",
    "weekly-summary": "the signed link in the mail is the proof; mail programs post there",
    "first-week-answer": "the signed link in the mail is the proof",
    "whatsapp-webhook": "Meta's signature is checked instead",
    "health-live": "says nothing secret",
    "health-ready": "says nothing secret",
    "admin:login": "people log in here",
}
# Addresses without a name, by their pattern.
OPEN_PATTERNS = {"^api(?:/.*)?$": "answers 404"}
# A test bed of its own, never there in production.
OPEN_PREFIXES = ("simulator/",)


def patterns(
    resolver: URLResolver, prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    for row in resolver.url_patterns:
        route = prefix + str(row.pattern)
        if isinstance(row, URLResolver):
            inner = f"{namespace}{row.namespace}:" if row.namespace else namespace
            yield from patterns(row, route, inner)
        else:
            yield route, f"{namespace}{row.name or ''}", row


ALL = list(patterns(get_resolver()))


def is_open(pattern: URLPattern) -> bool:
    return not getattr(pattern.callback, "login_required", True)


@pytest.mark.parametrize(("route", "name", "pattern"), ALL, ids=[row[0] for row in ALL])
def test_an_address_asks_for_a_log_in_or_a_key_unless_it_is_listed(route, name, pattern):
    view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
    if view is not None and issubclass(view, ApiView):
        assert view.required_scope in Scope
        assert view.authentication_classes == [ApiKeyAuthentication]
        assert view.permission_classes == [HasScope]
        assert view.throttle_classes == [KeyRateLimit]
    elif is_open(pattern) and not route.startswith(OPEN_PREFIXES):
        assert name in OPEN or route in OPEN_PATTERNS, f"{route} is open to everybody"


def test_every_view_of_rest_framework_is_ours_or_listed():
    for _route, name, pattern in ALL:
        view = getattr(pattern.callback, "cls", None)
        if view is not None and issubclass(view, APIView) and not issubclass(view, ApiView):
            assert name in OPEN


def test_no_address_of_the_api_ends_in_a_slash():
    routes = [route for route, _name, _pattern in ALL if route.startswith("api/")]
    assert routes
    assert not [route for route in routes if route.endswith("/")]


def test_every_listed_address_exists():
    names = {name for _route, name, _pattern in ALL}
    assert OPEN.keys() - names <= {"admin:login"} | {
        name for name in OPEN if name.startswith("password_reset")
    }
