"""Who calls the HTTP API: a key, its scopes, its share of requests and the bakeries it may see."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from bakery_whatsapp.api import RefusalError
from tenants.models import ApiKey, Tenant, TenantOwnedQuerySet
from tenants.models.api_key import digest
from tenants.services.api_keys import PLATFORM_SCOPES

log = structlog.get_logger(__name__)

LAST_USED_RESOLUTION = timedelta(minutes=1)
RATE_WINDOW_S = 60
_MAX_KEY_LENGTH = 200

_Rows = TypeVar("_Rows", bound=TenantOwnedQuerySet[Any])


class UnauthenticatedError(RefusalError):
    """No usable key. Says the same for a wrong, an expired and a revoked one: a guesser learns nothing."""

    def __init__(self, message: str, *, challenge: str) -> None:
        super().__init__("unauthenticated", message)
        self.auth_header = challenge


class RateLimitedError(RefusalError):
    def __init__(self, wait_s: int) -> None:
        super().__init__(
            "rate_limited", f"Too many requests with this key. Try again in {wait_s} s."
        )
        self.wait = wait_s


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer bw_…`; `request.auth` is then the ApiKey."""

    keyword = "Bearer"
    challenge = 'Bearer realm="bakery_whatsapp"'

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        scheme, _separator, secret = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        return AnonymousUser(), _usable_key(secret.strip())

    def authenticate_header(self, request: Request) -> str:
        return self.challenge


def _usable_key(secret: str) -> ApiKey:
    now = timezone.now()
    found: ApiKey | None = None
    if 0 < len(secret) <= _MAX_KEY_LENGTH:
        found = ApiKey.objects.usable(now=now).filter(secret_digest=digest(secret)).first()
    if found is None:
        raise UnauthenticatedError(
            "This API key is not valid, has expired or was revoked.",
            challenge=f'{ApiKeyAuthentication.challenge}, error="invalid_token"',
        )
    if found.last_used_at is None or found.last_used_at <= now - LAST_USED_RESOLUTION:
        unwritten = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - LAST_USED_RESOLUTION)
        ApiKey.objects.filter(unwritten, pk=found.pk).update(last_used_at=now)
    return found


class HasScope(BasePermission):
    """The key has the view's `required_scope`; a view that names none lets nobody in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        api_key = request.auth
        if not isinstance(api_key, ApiKey):
            raise UnauthenticatedError(
                "Send an API key: Authorization: Bearer ….",
                challenge=ApiKeyAuthentication.challenge,
            )
        scope = getattr(view, "required_scope", None)
        if scope is None or scope not in api_key.scopes:
            raise RefusalError("forbidden", f"This API key lacks the scope {scope}.")
        if scope in PLATFORM_SCOPES and api_key.tenant_id is not None:
            raise RefusalError("forbidden", f"The scope {scope} needs a key of the platform.")
        return True


class KeyRateLimit(BaseThrottle):
    """At most `requests_per_minute` of the key in each minute of the clock; without Redis nobody is held up."""

    def allow_request(self, request: Request, view: Any) -> bool:
        api_key = request.auth
        if isinstance(api_key, ApiKey):
            now = time.time()
            if _count_request(api_key, int(now // RATE_WINDOW_S)) > api_key.requests_per_minute:
                raise RateLimitedError(RATE_WINDOW_S - int(now % RATE_WINDOW_S))
        return True


def _count_request(api_key: ApiKey, window: int) -> int:
    """Return how many requests the key made in this window, this one included; 0 when Redis does not answer."""
    name = f"api-key-requests:{api_key.pk}:{window}"
    try:
        return _incremented(name)
    except (RedisError, ValueError) as error:  # ValueError: the window's counter was evicted
        log.warning("Rate limit not checked", error=type(error).__name__)
        return 0


def _incremented(name: str) -> int:
    try:
        return cache.incr(name)
    except ValueError:  # The first request of the window; another may be faster.
        return 1 if cache.add(name, 1, timeout=2 * RATE_WINDOW_S) else cache.incr(name)


def allowed_tenants(api_key: ApiKey) -> QuerySet[Tenant]:
    """Return the bakeries the key may act for."""
    return visible_to(api_key, Tenant.objects.all())


def visible_to(api_key: ApiKey, queryset: _Rows) -> _Rows:
    """Return the rows of the key's bakery; all of them for a key of the platform."""
    if api_key.tenant_id is None:
        return queryset
    if queryset.model is Tenant:
        return queryset.filter(pk=api_key.tenant_id)
    return queryset.filter(**{queryset.tenant_path: api_key.tenant_id})
