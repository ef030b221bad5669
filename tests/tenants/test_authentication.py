from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.views import APIView

from bakery_whatsapp.api import RefusalError
from tenants import rate_limit
from tenants.authentication import (
    ApiKeyAuthentication,
    HasScope,
    KeyRateLimit,
    RateLimitedError,
    UnauthenticatedError,
    allowed_tenants,
    visible_to,
)
from tenants.models import Membership, Scope
from tests.factories import MembershipFactory, TenantFactory, make_api_key

pytestmark = pytest.mark.django_db

SECRET = "bw_a-secret-of-this-test"


def request(header: str | None = f"Bearer {SECRET}", api_key=None) -> Request:
    headers = {} if header is None else {"Authorization": header}
    made = Request(RequestFactory().get("/", headers=headers))
    made.auth = api_key
    return made


def authenticated(header: str | None = f"Bearer {SECRET}"):
    found = ApiKeyAuthentication().authenticate(request(header))
    return found and found[1]


@pytest.mark.parametrize("header", [f"Bearer {SECRET}", f"bearer {SECRET}", f" BEARER   {SECRET} "])
def test_a_key_is_known_by_its_digest(header):
    api_key = make_api_key(SECRET)
    assert authenticated(header) == api_key
    assert SECRET not in str(vars(api_key))


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", SECRET, "Bearer"])
def test_other_headers_are_no_key(header):
    make_api_key(SECRET)
    try:
        assert authenticated(header) is None
    except UnauthenticatedError:
        assert header == "Bearer"


@pytest.mark.parametrize(
    "secret", ["x", SECRET + "x", SECRET[:-1], "é", "x" * 10_000, f"{SECRET} b"]
)
def test_a_wrong_key_is_refused(secret):
    make_api_key(SECRET)
    with pytest.raises(UnauthenticatedError):
        authenticated(f"Bearer {secret}")


def test_expired_and_revoked_keys_are_refused_in_the_same_words():
    now = datetime.now(UTC)
    make_api_key("bw_expired", expires_at=now)
    make_api_key("bw_revoked", revoked_at=now)
    make_api_key("bw_later", expires_at=now + timedelta(minutes=1))
    assert authenticated("Bearer bw_later")
    texts = set()
    for secret in ("bw_expired", "bw_revoked", "bw_never-was"):
        with pytest.raises(UnauthenticatedError) as refused:
            authenticated(f"Bearer {secret}")
        texts.add(str(refused.value))
    assert len(texts) == 1


def test_the_last_use_is_written_once_a_minute(django_assert_num_queries):
    api_key = make_api_key(SECRET)
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False) as clock:
        with django_assert_num_queries(2):
            authenticated()
        clock.shift(59)
        with django_assert_num_queries(1):
            authenticated()
        clock.shift(1)
        with django_assert_num_queries(2):
            authenticated()
        api_key.refresh_from_db()
        assert api_key.last_used_at == datetime(2026, 11, 20, 12, 1, tzinfo=UTC)


# --- Scopes --------------------------------------------------------------------------------------


def view(scope=None):
    return type("SomeView", (APIView,), {} if scope is None else {"required_scope": scope})()


def test_a_view_that_names_no_scope_lets_nobody_in():
    api_key = make_api_key(SECRET, scopes=Scope.values)
    with pytest.raises(RefusalError) as refused:
        HasScope().has_permission(request(api_key=api_key), view())
    assert refused.value.code == "forbidden"


def test_the_scope_decides():
    api_key = make_api_key(SECRET, scopes=[Scope.MESSAGES_READ])
    assert HasScope().has_permission(request(api_key=api_key), view(Scope.MESSAGES_READ))
    with pytest.raises(RefusalError, match="messages:send"):
        HasScope().has_permission(request(api_key=api_key), view(Scope.MESSAGES_SEND))


def test_a_key_sees_its_bakery_and_the_platforms_key_all():
    mine, other = MembershipFactory(), MembershipFactory()
    api_key, platform = make_api_key("bw_a", tenant=mine.tenant), make_api_key("bw_b")
    assert list(allowed_tenants(api_key)) == [mine.tenant]
    assert set(allowed_tenants(platform)) == {mine.tenant, other.tenant}
    assert list(visible_to(api_key, Membership.objects.all())) == [mine]


# --- Rate limit ----------------------------------------------------------------------------------


def allow(api_key) -> bool:
    return KeyRateLimit().allow_request(request(api_key=api_key), view())


@pytest.mark.usefixtures("broker")
def test_a_key_may_ask_so_often_a_minute_and_then_waits_for_the_next():
    api_key = make_api_key(SECRET, requests_per_minute=2)
    other = make_api_key("bw_other", tenant=TenantFactory(), requests_per_minute=2)
    with time_machine.travel(datetime(2026, 11, 20, 12, 0, 45, tzinfo=UTC), tick=False) as clock:
        assert [allow(api_key) for _ in range(2)] == [True, True]
        with pytest.raises(RateLimitedError) as refused:
            allow(api_key)
        assert (refused.value.code, refused.value.wait) == ("rate_limited", 15)
        assert allow(other)
        clock.shift(15)
        assert allow(api_key)


def test_without_redis_nobody_is_held_up(settings):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    api_key = make_api_key(SECRET, requests_per_minute=1)
    assert [allow(api_key) for _ in range(3)] == [True, True, True]


@pytest.mark.usefixtures("broker")
def test_the_refusal_says_when_to_come_again(client):
    make_api_key(SECRET, requests_per_minute=1)
    header = {"Authorization": f"Bearer {SECRET}"}
    with time_machine.travel(datetime(2026, 11, 20, 12, 0, 45, tzinfo=UTC), tick=False):
        first, second = (client.get("/api/v1/whatsapp/messages", headers=header) for _ in "ab")
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["Retry-After"] == "15"
    assert second.json()["error"]["code"] == "rate_limited"


@pytest.mark.usefixtures("broker")
def test_all_processes_together_keep_to_the_limit():
    api_key = make_api_key(SECRET, requests_per_minute=300)  # 3 places a handful
    allowed = 0
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False):
        for request_number in range(330):
            if request_number % 50 == 0:
                rate_limit._places.clear()  # as another process, which knows nothing of this one
            with contextlib.suppress(RateLimitedError):
                allowed += allow(api_key)
    assert 300 - 6 * 2 <= allowed <= 300


@pytest.mark.usefixtures("broker")
def test_a_limit_that_is_lowered_counts_at_once():
    api_key = make_api_key(SECRET, requests_per_minute=6000)
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False):
        assert [allow(api_key) for _ in range(10)] == [True] * 10
        api_key.requests_per_minute = 10
        with pytest.raises(RateLimitedError):
            allow(api_key)


@pytest.mark.usefixtures("broker")
def test_redis_is_asked_once_for_a_handful_of_requests(settings):
    api_key = make_api_key(SECRET, requests_per_minute=6000)
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False):
        assert rate_limit.place_of_request(api_key, 7) == 1
        settings.CACHES = {
            "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
        }
        assert [rate_limit.place_of_request(api_key, 7) for _ in range(49)] == [*range(2, 51)]
        assert rate_limit.place_of_request(api_key, 7) == 0
