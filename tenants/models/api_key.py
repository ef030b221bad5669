from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.tenant import Tenant, TenantOwnedQuerySet


class Scope(models.TextChoices):
    MESSAGES_SEND = "messages:send", _("send messages")
    MESSAGES_READ = "messages:read", _("read messages")
    CALLBACKS_WRITE = "callbacks:write", _("register callbacks and read what they were told")
    ADMIN_READ = "admin:read", _("read bakeries and numbers")
    ADMIN_WRITE = "admin:write", _("create bakeries and assign numbers")


DEFAULT_SCOPES = (Scope.MESSAGES_SEND, Scope.MESSAGES_READ)


def digest(secret: str) -> str:
    """SHA-256 as hex. No salt is needed: an API key has 256 random bits of its own."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyQuerySet(TenantOwnedQuerySet["ApiKey"]):
    def usable(self, *, now: datetime) -> Self:
        """The rows for which `is_usable`."""
        return self.filter(revoked_at__isnull=True).exclude(expires_at__lte=now)


ApiKeyManager = models.Manager.from_queryset(ApiKeyQuerySet)


class ApiKey(models.Model):
    """A key of the HTTP API: for one bakery, or without `tenant` for the whole platform. Only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
        verbose_name=_("bakery"),
        help_text=_("Empty: the key is for the whole platform."),
    )
    label = models.CharField(_("label"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    secret_digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=32, choices=Scope), verbose_name=_("scopes")
    )
    requests_per_minute = models.PositiveIntegerField(_("requests a minute"), default=6000)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, db_default=Now(), editable=False
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    # PostgreSQL's xmin and ctid, another pair after every change of the row; "" unless they were read along.
    row_version = ""

    objects = ApiKeyManager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = (
            models.CheckConstraint(
                name="api_key_known_scopes",
                condition=models.Q(scopes__contained_by=[scope.value for scope in Scope]),
                violation_error_message=_("Unknown scope."),
            ),
        )

    def __str__(self) -> str:
        return f"API key {self.prefix}…"

    def is_usable(self, *, now: datetime) -> bool:
        """Whether it opens the API: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
