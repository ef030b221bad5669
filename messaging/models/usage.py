"""How many messages went out each day, counted again and again until late statuses have come."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, Tenant, TenantOwnedQuerySet


class DailyUsageQuerySet(TenantOwnedQuerySet["DailyUsage"]):
    def between(self, first: date, after: date) -> Self:
        """Half-open: from `first` on, up to but without `after`."""
        return self.filter(day__gte=first, day__lt=after)


DailyUsageManager = models.Manager.from_queryset(DailyUsageQuerySet)


class DailyUsage(models.Model):
    """The messages of one day that are alike in all that decides their price. Prices are looked up when read.

    `day` is the day the message was requested, `delivered_on` the one it is charged for, both in the account's time zone.
    `category`, `pricing_type` and `country_code` (the calling code) hold Meta's words and digits.
    """

    day = models.DateField(_("day"))
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="usage", verbose_name=_("bakery")
    )
    phone_number = models.ForeignKey(
        PhoneNumber, on_delete=models.PROTECT, related_name="usage", verbose_name=_("sent from")
    )
    category = models.CharField(_("category"), max_length=32, blank=True)
    country_code = models.CharField(_("calling code"), max_length=3)
    pricing_type = models.CharField(_("kind of charge"), max_length=32, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=MessageStatus)
    delivered_on = models.DateField(_("delivered"), null=True, blank=True)
    messages = models.PositiveIntegerField(_("messages"))
    # How many of them were tests: charged as all, but no notices of the bakery.
    trials = models.PositiveIntegerField(_("of these tests"), default=0, db_default=0)

    objects = DailyUsageManager()

    class Meta:
        verbose_name = _("messages of a day")
        verbose_name_plural = _("messages by day")
        constraints = (
            # Begins with the day: a month is one range of it.
            models.UniqueConstraint(
                fields=(
                    "day",
                    "tenant",
                    "phone_number",
                    "category",
                    "country_code",
                    "pricing_type",
                    "status",
                    "delivered_on",
                ),
                nulls_distinct=False,
                name="daily_usage_once",
            ),
        )

    def __str__(self) -> str:
        return f"usage of {self.day}"


class CountedDayQuerySet(models.QuerySet["CountedDay"]):
    def newest_first(self) -> Self:
        return self.order_by("-day")


CountedDayManager = models.Manager.from_queryset(CountedDayQuerySet)


class CountedDay(models.Model):
    """A day whose messages were counted, and when last. Locked while somebody counts it."""

    day = models.DateField(_("day"), unique=True)
    counted_at = models.DateTimeField(_("counted"), default=timezone.now)
    # From Meta's acceptance to the phone; null where nothing was delivered.
    delivered_p50_s = models.FloatField(_("half delivered within (s)"), null=True, blank=True)
    delivered_p95_s = models.FloatField(_("95 of 100 delivered within (s)"), null=True, blank=True)

    objects = CountedDayManager()

    class Meta:
        verbose_name = _("counted day")
        verbose_name_plural = _("counted days")

    def __str__(self) -> str:
        return f"counted {self.day}"
