from __future__ import annotations

import uuid
import zoneinfo
from datetime import datetime
from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.languages import language_choices

_Owned = TypeVar("_Owned", bound=models.Model)


class TenantOwnedQuerySet(models.QuerySet[_Owned]):
    """Rows that belong to one bakery. `tenant_path` names the way to it where the row has no column of its own."""

    tenant_path = "tenant"

    def of(self, tenant: Tenant) -> Self:
        return self.filter(**{self.tenant_path: tenant})

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Staff see all rows, members those of their bakeries, everybody else none (fails closed)."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if getattr(user, "is_staff", False):
            return self
        return self.filter(**{f"{self.tenant_path}__memberships__user": user})


class TenantQuerySet(TenantOwnedQuerySet["Tenant"]):
    def of(self, tenant: Tenant) -> Self:
        return self.filter(pk=tenant.pk)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if getattr(user, "is_staff", False):
            return self
        return self.filter(memberships__user=user)

    def by_name(self) -> Self:
        return self.order_by("name", "id")


TenantManager = models.Manager.from_queryset(TenantQuerySet)


def _known_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("%(name)s is no time zone. Use one such as Europe/Madrid."), params={"name": name}
        )


class Tenant(models.Model):
    """A bakery. It configures nothing at Meta; its one switch is `whatsapp_enabled`."""

    class Tier(models.TextChoices):
        STANDARD = "standard", _("Standard")
        ENTERPRISE = "enterprise", _("Enterprise")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    language = models.CharField(
        _("language"), max_length=10, choices=language_choices, default="es"
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Madrid", validators=[_known_time_zone]
    )
    whatsapp_enabled = models.BooleanField(
        _("WhatsApp notices"),
        default=False,
        help_text=_("The bakery's own switch. Off refuses new messages."),
    )
    tier = models.CharField(_("tier"), max_length=20, choices=Tier, default=Tier.STANDARD)
    daily_cap = models.PositiveIntegerField(
        _("daily cap"), null=True, blank=True, help_text=_("Messages a day.")
    )
    monthly_cap = models.PositiveIntegerField(
        _("monthly cap"), null=True, blank=True, help_text=_("Messages a month.")
    )
    own_monthly_limit = models.PositiveIntegerField(
        _("its own monthly limit"),
        null=True,
        blank=True,
        help_text=_("Messages a month, set by the bakery; the lower of both holds."),
    )
    guaranteed_recipients = models.PositiveIntegerField(
        _("guaranteed recipients"),
        default=0,
        help_text=_("Recipients a day that other bakeries cannot use up."),
    )
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("Local time; urgent messages go anyway."),
    )
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    suspended_until = models.DateTimeField(_("suspended until"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended since"), null=True, blank=True, editable=False)
    suspension_reason = models.CharField(_("reason of suspension"), max_length=300, blank=True)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, db_default=Now(), editable=False
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = TenantManager()

    class Meta:
        verbose_name = _("bakery")
        verbose_name_plural = _("bakeries")
        constraints = (
            models.CheckConstraint(
                name="tenant_quiet_hours_have_both_ends",
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                violation_error_message=_("Give both ends of the quiet hours, or neither."),
            ),
            models.CheckConstraint(
                name="tenant_suspension_has_a_reason",
                condition=models.Q(suspended_until__isnull=True) | ~models.Q(suspension_reason=""),
                violation_error_message=_("Say why the bakery is suspended."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep since when the bakery is suspended, whoever suspends it."""
        self.suspended_at = self._suspended_since() if self.is_suspended else None
        if (fields := kwargs.get("update_fields")) is not None and "suspended_until" in fields:
            kwargs["update_fields"] = [*fields, "suspended_at"]
        super().save(*args, **kwargs)

    def _suspended_since(self) -> datetime:
        """A suspension that is prolonged began when it began; one that is over does not count."""
        now = timezone.now()
        standing = Tenant.objects.filter(pk=self.pk, suspended_until__gt=now)
        return standing.values_list("suspended_at", flat=True).first() or now

    @property
    def monthly_limit(self) -> int | None:
        """Messages a month: the lower of the platform's cap and the bakery's own limit; None without either."""
        limits = [cap for cap in (self.monthly_cap, self.own_monthly_limit) if cap is not None]
        return min(limits, default=None)

    @property
    def is_suspended(self) -> bool:
        return self.suspended_until is not None and self.suspended_until > timezone.now()


class MembershipQuerySet(TenantOwnedQuerySet["Membership"]):
    pass


MembershipManager = models.Manager.from_queryset(MembershipQuerySet)


class Membership(models.Model):
    """A person's place in a bakery."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        STAFF = "staff", _("Staff")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("bakery")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.STAFF)
    gets_weekly_summary = models.BooleanField(
        _("weekly summary by e-mail"),
        default=True,
        db_default=True,
        help_text=_("Owners only; the mail has a link that ends it."),
    )
    created_at = models.DateTimeField(
        _("since"), default=timezone.now, db_default=Now(), editable=False
    )

    objects = MembershipManager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "user"),
                name="membership_once_per_person",
                violation_error_message=_("This person already belongs to the bakery."),
            ),
        )

    def __str__(self) -> str:
        return f"membership {self.pk} ({self.role})"
