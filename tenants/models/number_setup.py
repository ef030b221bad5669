from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.fields import EncryptedTextField
from tenants.models.phone_number import PhoneNumber


class NumberSetup(models.Model):
    """What only setting a number up needs. Beside the number, whose row every message reads."""

    phone_number = models.OneToOneField(
        PhoneNumber, on_delete=models.CASCADE, related_name="setup", verbose_name=_("number")
    )
    # Meta's own object (entities with their problems and proposed solutions); None: never told.
    health_status: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = (
        models.JSONField(_("health"), null=True, blank=True)
    )
    health_checked_at = models.DateTimeField(_("health read"), null=True, blank=True)
    code_requested_at = models.DateTimeField(_("code requested"), null=True, blank=True)
    pin = EncryptedTextField(_("PIN"), blank=True)
    # ISO 8601, the last 72 hours only: Meta locks a number that is registered too often.
    register_tried_at: models.JSONField[list[str], list[str]] = models.JSONField(
        _("registration tried"), default=list, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("number set-up")
        verbose_name_plural = _("number set-ups")

    def __str__(self) -> str:
        return f"set-up of phone number {self.phone_number_id}"

    def tries_since(self, moment: datetime) -> list[str]:
        """Return the noted registrations after this moment."""
        return [at for at in self.register_tried_at if datetime.fromisoformat(at) > moment]
