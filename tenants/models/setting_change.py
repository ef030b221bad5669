from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.tenant import Tenant, TenantOwnedQuerySet


class SettingChangeQuerySet(TenantOwnedQuerySet["SettingChange"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")


SettingChangeManager = models.Manager.from_queryset(SettingChangeQuerySet)


class SettingChange(models.Model):
    """Somebody changed what their bakery sends, when or how much: append-only.

    `before` and `after` are "on" or "off", "21:00-07:00", or a number; empty means none. `subject` says of which notice.
    Of what waited when the notices were switched off, `before` is how many and `after` "send" or "cancel".
    """

    class What(models.TextChoices):
        SWITCH = "switch", _("WhatsApp notices")
        NOTICE = "notice", _("kind of notice")
        QUIET_HOURS = "quiet_hours", _("quiet hours")
        MONTHLY_LIMIT = "monthly_limit", _("monthly limit")
        WAITING = "waiting", _("waiting notices")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="setting_changes", verbose_name=_("bakery")
    )
    what = models.CharField(_("what"), max_length=16, choices=What)
    subject = models.CharField(_("of what"), max_length=512, blank=True)
    before = models.CharField(_("before"), max_length=32, blank=True)
    after = models.CharField(_("after"), max_length=32, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("changed by"),
    )
    # Stays when the person is gone.
    changed_by_name = models.CharField(_("name then"), max_length=310, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = SettingChangeManager()

    class Meta:
        verbose_name = _("changed setting")
        verbose_name_plural = _("changed settings")
        indexes = (
            # A bakery's latest changes, on its page.
            models.Index(fields=("tenant", "-id"), name="setting_change_of_tenant"),
        )

    def __str__(self) -> str:
        return f"setting change {self.pk} ({self.what})"
