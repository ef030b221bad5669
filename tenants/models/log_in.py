from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LogIn(models.Model):
    """Somebody's log-in on one device, as long as its session lives. Of the address only the network is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="log_ins",
        verbose_name=_("person"),
    )
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    started_at = models.DateTimeField(_("since"), default=timezone.now)
    network = models.CharField(_("network"), max_length=64, blank=True)
    browser = models.CharField(_("browser"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("log-in")
        verbose_name_plural = _("log-ins")

    def __str__(self) -> str:
        return f"log-in {self.pk}"
