from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AlertKind(models.TextChoices):
    SENDING_OFF = "sending_off", _("sending is switched off on the server")
    ACCOUNT_STOPPED = "account_stopped", _("sending stopped")
    NUMBER_STOPPED = "number_stopped", _("a number is stopped")
    NUMBER_QUALITY = "number_quality", _("a number's quality has fallen")
    TEMPLATE_STOPPED = "template_stopped", _("a template cannot be sent")
    TEMPLATE_CHANGED = "template_changed", _("a template changed at Meta")
    NUMBERS_UNREAD = "numbers_unread", _("numbers cannot be read from Meta")
    NUMBER_GONE = "number_gone", _("a number in use is no longer at Meta")
    TEMPLATES_UNREAD = "templates_unread", _("templates cannot be read from Meta")
    MESSAGES_HELD = "messages_held", _("Meta holds messages back")
    MESSAGE_UNCONFIRMED = "message_unconfirmed", _("nobody knows whether a message was sent")
    NO_SPARE_NUMBER = "no_spare_number", _("no spare number is left")
    PORTFOLIO_LIMIT = "portfolio_limit", _("WhatsApp's daily limit of recipients is reached")
    TEMPLATE_QUALITY = "template_quality", _("people complain about a template")
    NUMBER_NAME = "number_name", _("Meta does not accept a display name")
    NAME_APPROVED = "name_approved", _("a new display name waits to be put into service")
    NUMBER_SECURITY = "number_security", _("a number's PIN was changed or asked for")
    ACCOUNT_RESTRICTED = "account_restricted", _("Meta restricts the account")
    ACCOUNT_WARNED = "account_warned", _("Meta warns the account")
    WEBHOOK_SILENT = "webhook_silent", _("Meta's statuses do not arrive")
    TOKEN_EXPIRES = "token_expires", _("the access token ends soon")
    TOKEN_DUE = "token_due", _("the access token is due to be replaced")
    TOKEN_OVERDUE = "token_overdue", _("the access token should have been replaced")
    TOKEN_NOT_REVOKED = "token_not_revoked", _("Meta still accepts an old access token")
    CALLBACK_DISABLED = "callback_disabled", _("a callback was switched off")
    ORDER_REFUSED = "order_refused", _("an order for a supplier who opted out was refused")
    NUMBER_CHANGED = "number_changed", _("a supplier changed its number")
    SETUP_BROKEN = "setup_broken", _("a line of the set-up no longer holds")


# What ends by a word of Meta's or by somebody having seen to it; all others end when the product sees them mended.
CLOSED_BY_HAND = frozenset(
    {
        AlertKind.TEMPLATE_QUALITY,
        AlertKind.NUMBER_NAME,
        AlertKind.NAME_APPROVED,
        AlertKind.NUMBER_SECURITY,
        AlertKind.ACCOUNT_RESTRICTED,
        AlertKind.ACCOUNT_WARNED,
        AlertKind.ORDER_REFUSED,
        AlertKind.NUMBER_CHANGED,
    }
)


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-opened_at", "-id")


AlertManager = models.Manager.from_queryset(AlertQuerySet)


class Alert(models.Model):
    """Something a person of the platform should know: opened once, closed when it is mended.

    `subject` names what it is about without personal data, such as "number 123456789012345"; `details` holds what the
    words about this one need: Meta's event and reason, times, the results of tests.
    """

    kind = models.CharField(_("kind"), max_length=32, choices=AlertKind)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    code = models.BigIntegerField(_("Meta's error code"), null=True, blank=True)
    details: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("details"), default=dict, db_default={}, blank=True
    )
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
