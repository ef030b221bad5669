from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.fields import EncryptedTextField


class StopReason(models.TextChoices):
    """Why Meta itself stopped the line; empty where an error code says it."""

    RESTRICTED = "restricted", _("Meta has restricted the account")
    DISABLED = "disabled", _("Meta has disabled the account")
    DELETED = "deleted", _("the account was deleted at Meta")


class WhatsAppBusinessAccountQuerySet(models.QuerySet["WhatsAppBusinessAccount"]):
    def sending(self) -> Self:
        """Accounts whose line is open: neither paused by an admin nor stopped by an error."""
        return self.filter(sending_paused_at__isnull=True, sending_stopped_at__isnull=True)

    def without_secrets(self) -> Self:
        """For pages: reading the secrets decrypts them."""
        return self.defer(
            "access_token", "app_secrets", "webhook_verify_token", "previous_access_token"
        )


WhatsAppBusinessAccountManager = models.Manager.from_queryset(WhatsAppBusinessAccountQuerySet)


class WhatsAppBusinessAccount(models.Model):
    """The master account at Meta (since September 2026 Meta also calls its id the Messaging Account's).

    `restrictions` has one entry for each kind: `{"kind", "until" or null, "told_at"}`, times in ISO 8601.
    """

    waba_id = models.CharField(_("WABA id"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    app_id = models.CharField(_("app id"), max_length=64, blank=True)
    access_token = EncryptedTextField(_("access token"), blank=True)
    app_secrets = EncryptedTextField(
        _("app secrets"),
        blank=True,
        help_text=_("One a line; several while the secret is being changed at Meta."),
    )
    webhook_verify_token = EncryptedTextField(_("webhook verify token"), blank=True)
    token_type = models.CharField(
        _("token type"),
        max_length=32,
        blank=True,
        help_text=_("Meta's word; SYSTEM_USER is right."),
    )
    token_issued_at = models.DateTimeField(_("token issued"), null=True, blank=True)
    token_checked_at = models.DateTimeField(_("token checked"), null=True, blank=True)
    token_expires_at = models.DateTimeField(_("token expires"), null=True, blank=True)
    previous_access_token = EncryptedTextField(_("previous access token"), blank=True)
    previous_token_until = models.DateTimeField(
        _("previous token kept until"), null=True, blank=True
    )
    sending_paused_at = models.DateTimeField(_("sending paused"), null=True, blank=True)
    sending_stopped_at = models.DateTimeField(_("sending stopped"), null=True, blank=True)
    sending_stopped_code = models.BigIntegerField(_("Meta's error code"), null=True, blank=True)
    sending_stopped_reason = models.CharField(
        _("why sending stopped"), max_length=16, choices=StopReason, blank=True, db_default=""
    )
    sending_stopped_until = models.DateTimeField(_("sending stopped until"), null=True, blank=True)
    review_status = models.CharField(_("review at Meta"), max_length=32, blank=True, db_default="")
    ban_state = models.CharField(_("ban at Meta"), max_length=32, blank=True, db_default="")
    messaging_limit = models.CharField(
        _("messaging limit"), max_length=32, blank=True, db_default=""
    )
    max_phone_numbers = models.PositiveIntegerField(_("numbers Meta allows"), null=True, blank=True)
    max_phone_numbers_read_at = models.DateTimeField(
        _("told by Meta"), null=True, blank=True, editable=False
    )
    restrictions: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        _("restrictions"), default=list, db_default=[], blank=True
    )
    templates_synced_at = models.DateTimeField(_("templates synced"), null=True, blank=True)
    numbers_synced_at = models.DateTimeField(_("numbers synced"), null=True, blank=True)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, db_default=Now(), editable=False
    )

    objects = WhatsAppBusinessAccountManager()

    class Meta:
        verbose_name = _("WhatsApp Business Account")
        verbose_name_plural = _("WhatsApp Business Accounts")

    def __str__(self) -> str:
        return f"WABA {self.waba_id}"

    @property
    def app_secret_list(self) -> list[str]:
        return [line.strip() for line in self.app_secrets.splitlines() if line.strip()]

    @property
    def previous_token_list(self) -> list[str]:
        """The tokens that were replaced and are not revoked yet, the newest last."""
        return [line for line in self.previous_access_token.splitlines() if line]

    @property
    def token_looks_temporary(self) -> bool:
        """Whether the token is one of the dashboard's, which die within hours (Access tokens, read 2026-11-20)."""
        if self.token_type == "USER":  # noqa: S105 (Meta's word for a kind of token)
            return True
        if self.token_expires_at is None or self.token_issued_at is None:
            return False
        return self.token_expires_at - self.token_issued_at < timedelta(days=3)

    @property
    def is_sending(self) -> bool:
        return self.sending_paused_at is None and self.sending_stopped_at is None

    @property
    def halted_at(self) -> datetime | None:
        """Since when nothing is sent, whatever the cause; None while the line is open."""
        return self.sending_stopped_at or self.sending_paused_at
