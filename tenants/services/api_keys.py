"""API keys: made once and shown once, revoked for good."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from tenants.audit import record_change
from tenants.models import ApiKey, Scope, Tenant
from tenants.models.api_key import DEFAULT_SCOPES, digest

log = structlog.get_logger(__name__)

PLATFORM_SCOPES = frozenset({Scope.ADMIN_READ, Scope.ADMIN_WRITE})
_PREFIX = "bw_"
_SHOWN = 10


class InvalidApiKeyError(ValueError):
    """A key that may not exist. The message says what to ask for instead."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """`secret` is the key itself: it is known now and never again."""

    api_key: ApiKey
    secret: str


def create_api_key(
    *,
    label: str,
    tenant: Tenant | None = None,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    expires_at: datetime | None = None,
) -> NewApiKey:
    """Make a key for one bakery, or without `tenant` for the whole platform. Raises InvalidApiKeyError."""
    wanted = _known_scopes(scopes, tenant)
    if not label.strip():
        raise InvalidApiKeyError(_("Name who will use the key."))
    if len(label.strip()) > 100:
        raise InvalidApiKeyError(_("The label may have at most 100 characters."))
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidApiKeyError(_("The key must expire in the future."))
    secret = _PREFIX + secrets.token_urlsafe(32)
    api_key = ApiKey.objects.create(
        tenant=tenant,
        label=label.strip(),
        prefix=secret[:_SHOWN],
        secret_digest=digest(secret),
        scopes=wanted,
        expires_at=expires_at,
    )
    log.info(
        "API key created", api_key_id=api_key.pk, tenant_id=tenant and tenant.pk, scopes=wanted
    )
    return NewApiKey(api_key, secret)


def revoke_api_key(api_key: ApiKey) -> bool:
    """Refuse the key from now on. False when it was revoked before."""
    now = timezone.now()
    revoked = ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=now)
    if revoked:
        record_change(api_key, revoked_at=(None, now))
        log.info("API key revoked", api_key_id=api_key.pk)
    return revoked > 0


def _known_scopes(scopes: Iterable[str], tenant: Tenant | None) -> list[str]:
    wanted = sorted({str(scope) for scope in scopes})
    known = {scope.value for scope in Scope}
    if not wanted:
        raise InvalidApiKeyError(_("Give the key at least one scope."))
    if unknown := [scope for scope in wanted if scope not in known]:
        raise InvalidApiKeyError(
            _("There is no scope %(unknown)s. Use %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(sorted(known))}
        )
    if tenant is not None and PLATFORM_SCOPES.intersection(wanted):
        raise InvalidApiKeyError(
            _(
                "A bakery's key cannot have the scopes admin:read and admin:write: they are the platform's."
            )
        )
    return wanted
