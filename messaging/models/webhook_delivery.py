from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DeliveryOutcome(models.TextChoices):
    """The worst verdict in a delivery that was applied; empty while it waits for the first time."""

    APPLIED = "applied", _("applied")
    IGNORED = "ignored", _("ignored, all or in part")
    MALFORMED = "malformed", _("not readable, all or in part")
    ERROR = "error", _("could not be applied")


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def waiting(self) -> Self:
        """To be applied for the first time."""
        return self.filter(processed_at__isnull=True)

    def to_be_repeated(self) -> Self:
        return self.filter(again_at__isnull=False)

    def received_between(
        self, *, after: datetime | None = None, before: datetime | None = None
    ) -> Self:
        """Half-open: from `after` on, up to but without `before`."""
        found = self
        if after is not None:
            found = found.filter(received_at__gte=after)
        if before is not None:
            found = found.filter(received_at__lt=before)
        return found

    def newest_first(self) -> Self:
        return self.order_by("-id")


WebhookDeliveryManager = models.Manager.from_queryset(WebhookDeliveryQuerySet)


class WebhookDelivery(models.Model):
    """One signed POST of Meta's, as it came. Applied later by a worker and, being harmless to repeat, at any time again.

    `verdicts` has one entry for each thing in it: `{"change": "0.0", "what": "delivered", "verdict": "applied", "why": ""}`.
    The columns with a default of the database's own are left out by the INSERT that Meta waits for.
    """

    body = models.BinaryField(_("body"))
    size = models.PositiveIntegerField(_("size"), default=0, db_default=0)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    started_at = models.DateTimeField(_("begun"), null=True, blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    # Somebody asked for it to be applied again; what is new goes first.
    again_at = models.DateTimeField(_("to be applied again since"), null=True, blank=True)
    # When it was last applied once more; `started_at` and `processed_at` tell of the first time.
    repeated_at = models.DateTimeField(_("applied again"), null=True, blank=True)
    # How often the database's trouble, not the body's, ended the work on it.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=DeliveryOutcome, blank=True, default="", db_default=""
    )
    verdicts: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        _("verdicts"), default=list
    )
    traceback = models.TextField(_("traceback"), blank=True)

    objects = WebhookDeliveryManager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = (
            # What is still to be applied.
            models.Index(
                fields=("id",),
                name="webhook_delivery_waiting",
                condition=models.Q(processed_at__isnull=True),
            ),
            # What is to be applied again.
            models.Index(
                fields=("id",),
                name="webhook_delivery_again",
                condition=models.Q(again_at__isnull=False),
            ),
            # A range of time to be applied again, and what is old enough to be deleted.
            models.Index(fields=("received_at",), name="webhook_delivery_received"),
            # The inbox's list of what needs a look, the newest first.
            models.Index(
                fields=("outcome", "-id"),
                name="webhook_delivery_outcome",
                condition=models.Q(outcome__in=["ignored", "malformed", "error"]),
            ),
        )

    def __str__(self) -> str:
        return f"webhook delivery {self.pk}"

    @property
    def body_text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")


class UnknownWebhookField(models.Model):
    """A field of webhooks that we do nothing with: how often it came, and where to see the last one."""

    field = models.CharField(_("field"), max_length=64, unique=True)
    count = models.PositiveBigIntegerField(_("how often"), default=0)
    first_at = models.DateTimeField(_("first received"), default=timezone.now)
    last_at = models.DateTimeField(_("last received"), default=timezone.now)
    # No foreign key: the delivery is deleted by age, the count stays.
    last_delivery = models.PositiveBigIntegerField(_("last delivery"))

    class Meta:
        verbose_name = _("unknown webhook field")
        verbose_name_plural = _("unknown webhook fields")

    def __str__(self) -> str:
        return f"unknown webhook field {self.field}"
