from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.fields import EncryptedTextField


class SecondFactor(models.Model):
    """A person's authenticator app and recovery codes. Asked for after the password once it is confirmed.

    `last_step` is the time step of the code used last, so that none is taken twice. Of recovery codes only digests are
    kept; a used one is removed.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="second_factor",
        verbose_name=_("person"),
    )
    secret = EncryptedTextField(_("secret"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(_("in use since"), null=True, blank=True)
    last_step = models.BigIntegerField(_("last code"), default=0, editable=False)
    failures = models.PositiveIntegerField(_("wrong codes in a row"), default=0, editable=False)
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    recovery_digests: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=64), verbose_name=_("recovery codes"), default=list, blank=True
    )

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return f"second factor {self.pk}"
