from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AlertKind(models.TextChoices):
    ACCOUNT_STOPPED = "account_stopped", _("sending stopped")
    NUMBER_STOPPED = "number_stopped", _("a number is stopped")
    TEMPLATE_STOPPED = "template_stopped", _("a template cannot be sent")
    TEMPLATE_CHANGED = "template_changed", _("a template changed at Meta")
    TEMPLATES_UNREAD = "templates_unread", _("templates cannot be read from Meta")
    MESSAGES_HELD = "messages_held", _("Meta holds messages back")
    MESSAGE_UNCONFIRMED = "message_unconfirmed", _("nobody knows whether a message was sent")
    PORTFOLIO_LIMIT = "portfolio_limit", _("WhatsApp's daily limit of recipients is reached")
    TOKEN_EXPIRES = "token_expires", _("the access token ends soon")
    TOKEN_DUE = "token_due", _("the access token is due to be replaced")
    TOKEN_OVERDUE = "token_overdue", _("the access token should have been replaced")
    TOKEN_NOT_REVOKED = "token_not_revoked", _("Meta still accepts an old access token")


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-opened_at", "-id")


AlertManager = models.Manager.from_queryset(AlertQuerySet)


class Alert(models.Model):
    """Something a person of the platform should know: opened once, closed when it is mended.

    `subject` names what it is about without personal data, such as "number 123456789012345".
    """

    kind = models.CharField(_("kind"), max_length=32, choices=AlertKind)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    code = models.BigIntegerField(_("Meta's error code"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = AlertManager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject"),
                condition=models.Q(closed_at__isnull=True),
                name="alert_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"alert {self.pk} ({self.kind})"
