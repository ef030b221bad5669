from __future__ import annotations

import hashlib
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.fields import EncryptedTextField
from tenants.models import WhatsAppBusinessAccount

FINGERPRINT_LENGTH = 8


def fingerprint_of(token: str) -> str:
    """Return what people may see of a token: the first characters of its SHA-256; "" of none."""
    return hashlib.sha256(token.encode()).hexdigest()[:FINGERPRINT_LENGTH] if token else ""


class TokenRotationQuerySet(models.QuerySet["TokenRotation"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")

    def candidates(self) -> Self:
        """Tokens that were pasted and found good, and wait to be put into service."""
        return self.filter(promoted_at__isnull=True, discarded_at__isnull=True)

    def promoted(self) -> Self:
        return self.filter(promoted_at__isnull=False)


TokenRotationManager = models.Manager.from_queryset(TokenRotationQuerySet)


def _person(label: Any) -> Any:
    """Who did it; empty for what a command or time did."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=label,
    )


class TokenRotation(models.Model):
    """One change of the access token, from the paste to Meta's refusal of the old one: who did what, and when.

    `token` holds the pasted token only until it is put into service or discarded. `facts` is what Meta said of it, as
    `token_records.facts_of` writes it. `old_fingerprint` is empty where there was none to replace.
    """

    account = models.ForeignKey(
        WhatsAppBusinessAccount,
        on_delete=models.CASCADE,
        related_name="token_rotations",
        verbose_name=_("WhatsApp Business Account"),
    )
    fingerprint = models.CharField(_("fingerprint"), max_length=FINGERPRINT_LENGTH)
    old_fingerprint = models.CharField(
        _("fingerprint of the old one"), max_length=FINGERPRINT_LENGTH, blank=True
    )
    token = EncryptedTextField(_("access token"), blank=True)
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("what Meta says"), default=dict, blank=True
    )
    is_return = models.BooleanField(_("went back to an earlier one"), default=False)
    pasted_at = models.DateTimeField(_("pasted"), default=timezone.now)
    pasted_by = _person(_("pasted by"))
    promoted_at = models.DateTimeField(_("put into service"), null=True, blank=True)
    promoted_by = _person(_("put into service by"))
    grace_until = models.DateTimeField(_("old one kept until"), null=True, blank=True)
    returned_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    refused_at = models.DateTimeField(_("old one refused by Meta"), null=True, blank=True)
    refused_by = _person(_("asked for by"))
    discarded_at = models.DateTimeField(_("discarded"), null=True, blank=True)

    objects = TokenRotationManager()

    class Meta:
        verbose_name = _("change of the token")
        verbose_name_plural = _("changes of the token")
        permissions = (
            ("verify_token", _("Can paste an access token and have Meta check it")),
            ("promote_token", _("Can put a checked access token into service")),
            ("return_token", _("Can go back to the previous access token")),
            ("retire_token", _("Can have the old access token revoked at once")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("account",),
                condition=models.Q(promoted_at__isnull=True, discarded_at__isnull=True),
                name="token_rotation_one_candidate",
            ),
            models.CheckConstraint(
                # A secret does not lie about once nobody needs it.
                name="token_rotation_keeps_no_used_token",
                condition=models.Q(promoted_at__isnull=True, discarded_at__isnull=True)
                | models.Q(token=""),
            ),
        )

    def __str__(self) -> str:
        return f"token rotation {self.pk}"

    @property
    def is_candidate(self) -> bool:
        return self.promoted_at is None and self.discarded_at is None
