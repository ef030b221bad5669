from __future__ import annotations

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PriceCategory(models.TextChoices):
    """Meta's categories that have a rate, in Meta's words (Cloud API, Pricing, read 2026-11-22)."""

    MARKETING = "marketing", _("marketing")
    UTILITY = "utility", _("utility")
    AUTHENTICATION = "authentication", _("authentication")
    AUTHENTICATION_INTERNATIONAL = "authentication_international", _("authentication abroad")
    SERVICE = "service", _("service")


class PriceRateQuerySet(models.QuerySet["PriceRate"]):
    def valid_on(self, day: date) -> Self:
        return self.filter(valid_from__lte=day).filter(
            models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=day)
        )

    def in_order(self) -> Self:
        return self.order_by("market", "category", "currency", "valid_from", "volume_from", "id")


PriceRateManager = models.Manager.from_queryset(PriceRateQuerySet)


def _range(function: str, lower: str, upper: str) -> models.Func:
    """Half-open; an empty upper end is no end."""
    return models.Func(models.F(lower), models.F(upper), function=function)


# btree_gist, which would compare the texts themselves, is missing in the PostgreSQL of `make run`. Halved, so that the
# range around the largest number still has an end.
_KEY = models.Func(
    Concat("market", models.Value("|"), "category", models.Value("|"), "currency"),
    function="hashtextextended",
    template="%(function)s(%(expressions)s, 0) / 2",
)
_SAME_KEY = models.Func(
    _KEY, _KEY, models.Value("[]"), function="int8range", template="%(function)s(%(expressions)s)"
)


class PriceRate(models.Model):
    """What Meta charges for one delivered message of a market and category while the rate is valid.

    A volume tier is for the messages after the first `volume_from` of a month, up to message `volume_to`; both count the
    portfolio's charged messages of the market and category.
    """

    market = models.CharField(_("market"), max_length=64)
    category = models.CharField(_("category"), max_length=32, choices=PriceCategory)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Write the three letters, such as EUR."))],
    )
    amount = models.DecimalField(
        _("price"), max_digits=9, decimal_places=6, validators=[MinValueValidator(0)]
    )
    volume_from = models.PositiveBigIntegerField(
        _("after messages"), default=0, help_text=_("Of one month, all bakeries together.")
    )
    volume_to = models.PositiveBigIntegerField(
        _("up to messages"), null=True, blank=True, help_text=_("Empty: without end.")
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("The first day without it; may be empty.")
    )
    is_confirmed = models.BooleanField(
        _("confirmed"), default=False, help_text=_("Taken from Meta's own rate card.")
    )
    source = models.CharField(_("source"), max_length=200)
    imported_at = models.DateTimeField(_("entered"), default=timezone.now, editable=False)

    objects = PriceRateManager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = (
            ExclusionConstraint(
                name="price_rate_no_overlap",
                expressions=[
                    (_SAME_KEY, RangeOperators.OVERLAPS),
                    (_range("int8range", "volume_from", "volume_to"), RangeOperators.OVERLAPS),
                    (_range("daterange", "valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_(
                    "The price book has a price of this market, category and currency in that time already. End it first."
                ),
            ),
            models.CheckConstraint(
                name="price_rate_ends_after_it_begins",
                condition=models.Q(valid_to__isnull=True)
                | models.Q(valid_to__gt=models.F("valid_from")),
                violation_error_message=_("It must end after it begins."),
            ),
            models.CheckConstraint(
                name="price_rate_tier_is_no_empty_range",
                condition=models.Q(volume_to__isnull=True)
                | models.Q(volume_to__gt=models.F("volume_from")),
                violation_error_message=_("The tier must end after it begins."),
            ),
            models.CheckConstraint(
                name="price_rate_not_negative",
                condition=models.Q(amount__gte=0),
                violation_error_message=_("A price is not below zero."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.market} {self.category} {self.currency} from {self.valid_from}"

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)
