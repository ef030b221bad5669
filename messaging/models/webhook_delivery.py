from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def waiting(self) -> Self:
        return self.filter(processed_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-id")


WebhookDeliveryManager = models.Manager.from_queryset(WebhookDeliveryQuerySet)


class WebhookDelivery(models.Model):
    """One signed POST of Meta's, as it came. Applied later by a worker and, being harmless to repeat, at any time again.

    `verdicts` has one entry for each thing in it: `{"change": "0.0", "what": "delivered", "verdict": "applied", "why": ""}`.
    """

    body = models.BinaryField(_("body"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
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
        )

    def __str__(self) -> str:
        return f"webhook delivery {self.pk}"

    @property
    def body_text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")
