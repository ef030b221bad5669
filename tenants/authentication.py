"""Who calls the HTTP API: a key, its scopes, its share of requests and the bakeries it may see."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from bakery_whatsapp.api import RefusalError
from tenants import known_keys
from tenants.models import ApiKey, Scope, Tenant, TenantOwnedQuerySet
from tenants.models.api_key import digest
from tenants.rate_limit import RATE_WINDOW_S, place_of_request
from tenants.rows import Columns, first_row
from tenants.services.api_keys import PLATFORM_SCOPES

LAST_USED_RESOLUTION = timedelta(minutes=1)
_MAX_KEY_LENGTH = 200

_COLUMNS = Columns(ApiKey, "api_key")
_KEY = f"""
SELECT {_COLUMNS.sql}, api_key.xmin::text || api_key.ctid::text FROM tenants_apikey AS api_key WHERE api_key.secret_digest = %(secret_digest)s
"""  # noqa: S608 (names of our own columns)

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
        view = request.parser_context.get("view")
        find = _known_key if getattr(view, "checks_key_itself", False) else _usable_key
        return AnonymousUser(), find(secret.strip())

    def authenticate_header(self, request: Request) -> str:
        return self.challenge


def _known_key(secret: str) -> ApiKey:
    """For a view that compares the key's `row_version` itself: see tenants/known_keys.py."""
    scope, now = Scope.MESSAGES_SEND, timezone.now()
    known = known_keys.recall(digest(secret), scope=scope, now=now)
    if known is None:
        known = _usable_key(secret)
        known_keys.remember(known)
    return known


def _usable_key(secret: str) -> ApiKey:
    now = timezone.now()
    found = _key_with(digest(secret)) if 0 < len(secret) <= _MAX_KEY_LENGTH else None
    if found is None or not found.is_usable(now=now):
        raise UnauthenticatedError(
            "This API key is not valid, has expired or was revoked.",
            challenge=f'{ApiKeyAuthentication.challenge}, error="invalid_token"',
        )
    if found.last_used_at is None or found.last_used_at <= now - LAST_USED_RESOLUTION:
        unwritten = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - LAST_USED_RESOLUTION)
        ApiKey.objects.filter(unwritten, pk=found.pk).update(last_used_at=now)
    return found


def _key_with(secret_digest: str) -> ApiKey | None:
    """Return the key as it stands now, usable or not."""
    found = first_row(_KEY, {"secret_digest": secret_digest})
    if found is None:
        return None
    api_key = _COLUMNS.row(found[:-1])
    if api_key is not None:
        api_key.row_version = found[-1]
    return api_key


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
            if place_of_request(api_key, int(now // RATE_WINDOW_S)) > api_key.requests_per_minute:
                raise RateLimitedError(RATE_WINDOW_S - int(now % RATE_WINDOW_S))
        return True


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
