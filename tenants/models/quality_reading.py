from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.phone_number import PhoneNumber


class QualityReadingQuerySet(models.QuerySet["QualityReading"]):
    def newest_first(self) -> Self:
        return self.order_by("-at", "-id")


QualityReadingManager = models.Manager.from_queryset(QualityReadingQuerySet)


class QualityReading(models.Model):
    """From when on Meta rated a number so. A row is written when the rating changes, not at each reading."""

    phone_number = models.ForeignKey(
        PhoneNumber,
        on_delete=models.CASCADE,
        related_name="quality_readings",
        verbose_name=_("number"),
    )
    rating = models.CharField(_("quality"), max_length=32)
    at = models.DateTimeField(_("seen first"), default=timezone.now)

    objects = QualityReadingManager()

    class Meta:
        verbose_name = _("quality reading")
        verbose_name_plural = _("quality readings")
        indexes = (
            # A number's history, newest first.
            models.Index(fields=("phone_number", "-at"), name="quality_reading_of_number"),
        )

    def __str__(self) -> str:
        return f"quality reading {self.pk} ({self.rating})"
