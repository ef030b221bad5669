from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.template import MessageTemplate
from tenants.models import PhoneNumber, WhatsAppBusinessAccount


class Aspect(models.TextChoices):
    """What of its subject an event is about. Of two events about one aspect the newer holds."""

    STATUS = "status", _("template status")
    QUALITY = "quality", _("template quality")
    CATEGORY = "category", _("template category")
    CONTENT = "content", _("template text")
    NAME = "name", _("display name")
    CAPACITY = "capacity", _("limits and throughput")
    SECURITY = "security", _("two-step PIN")
    STANDING = "standing", _("ban or restriction")
    VIOLATION = "violation", _("violation")
    REVIEW = "review", _("account review")
    ALERT = "alert", _("alert of Meta's")
    PARTNER = "partner", _("partners")
    ECHO = "echo", _("written on the phone")
    RECOVERY = "recovery", _("statuses recovered")
    OTHER = "other", _("other")


class AccountEventQuerySet(models.QuerySet["AccountEvent"]):
    def newest_first(self) -> Self:
        return self.order_by("-at", "-id")


AccountEventManager = models.Manager.from_queryset(AccountEventQuerySet)


class AccountEvent(models.Model):
    """One thing Meta told of the account, a number or a template. Append-only; `digest` makes a repeat a no-op.

    `field` and `event` are Meta's words, `before` and `after` what the row held and what Meta says. `is_applied` tells
    whether the row was changed to it: news that is older than what the row knows is only kept.
    """

    at = models.DateTimeField(_("when"), default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    aspect = models.CharField(_("about"), max_length=16, choices=Aspect, default=Aspect.OTHER)
    field = models.CharField(_("webhook field"), max_length=64)
    event = models.CharField(_("event"), max_length=64)
    account = models.ForeignKey(
        WhatsAppBusinessAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("account"),
    )
    phone_number = models.ForeignKey(
        PhoneNumber,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("number"),
    )
    template = models.ForeignKey(
        MessageTemplate,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("template"),
    )
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    before = models.CharField(_("before"), max_length=200, blank=True)
    after = models.CharField(_("after"), max_length=200, blank=True)
    is_applied = models.BooleanField(_("applied"), default=False)
    details: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("details"), default=dict
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)

    objects = AccountEventManager()

    class Meta:
        verbose_name = _("event at Meta")
        verbose_name_plural = _("events at Meta")
        indexes = (
            # What was told last of one aspect of a template, and a template's history.
            models.Index(
                fields=("template", "aspect", "-at"),
                name="account_event_of_template",
                condition=models.Q(template__isnull=False),
            ),
            # The same of a number.
            models.Index(
                fields=("phone_number", "aspect", "-at"),
                name="account_event_of_number",
                condition=models.Q(phone_number__isnull=False),
            ),
            # The same of the account.
            models.Index(
                fields=("account", "aspect", "-at"),
                name="account_event_of_account",
                condition=models.Q(account__isnull=False),
            ),
            # The list of all, newest first.
            models.Index(fields=("-at", "-id"), name="account_event_newest"),
        )

    def __str__(self) -> str:
        return f"event {self.pk} ({self.field} {self.event})"
