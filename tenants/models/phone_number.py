from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.account import WhatsAppBusinessAccount
from tenants.models.assignment_round import AssignmentRound
from tenants.models.tenant import Tenant, TenantOwnedQuerySet


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    def default(self) -> Self:
        return self.filter(is_default=True)

    def spare(self) -> Self:
        """Numbers that may be given to a bakery: with nobody, and not the reserved default one."""
        return self.filter(is_default=False).exclude(
            assignments__ended_at__isnull=True, assignments__isnull=False
        )

    def stopped(self) -> Self:
        """Numbers whose sending an error of Meta's has stopped."""
        return self.filter(sending_stopped_at__isnull=False)

    def by_number(self) -> Self:
        return self.order_by("display_phone_number", "id")


PhoneNumberManager = models.Manager.from_queryset(PhoneNumberQuerySet)


class PhoneNumber(models.Model):
    """A sending number at Meta. `quality_rating`, `status` and their kin hold Meta's words unchanged."""

    account = models.ForeignKey(
        WhatsAppBusinessAccount,
        on_delete=models.PROTECT,
        related_name="phone_numbers",
        verbose_name=_("account"),
    )
    phone_number_id = models.CharField(_("phone number id"), max_length=64, unique=True)
    display_phone_number = models.CharField(
        _("number"),
        max_length=20,
        blank=True,
        help_text=_("E.164, such as +34612345678. Empty until the first sync from Meta."),
    )
    verified_name = models.CharField(_("display name"), max_length=200, blank=True)
    is_default = models.BooleanField(
        _("default number"),
        default=False,
        help_text=_("Sends for every bakery without a number of its own."),
    )
    quality_rating = models.CharField(_("quality"), max_length=32, blank=True)
    status = models.CharField(_("status"), max_length=32, blank=True)
    status_read_at = models.DateTimeField(
        _("status since"), null=True, blank=True, help_text=_("When a sync first read it.")
    )
    name_status = models.CharField(_("name status"), max_length=64, blank=True)
    code_verification_status = models.CharField(_("verification"), max_length=32, blank=True)
    platform_type = models.CharField(_("platform"), max_length=32, blank=True)
    messaging_limit = models.CharField(_("messaging limit"), max_length=32, blank=True)
    throughput_level = models.CharField(_("throughput"), max_length=32, blank=True)
    sending_stopped_at = models.DateTimeField(_("sending stopped"), null=True, blank=True)
    sending_stopped_code = models.BigIntegerField(_("Meta's error code"), null=True, blank=True)
    last_synced_at = models.DateTimeField(_("last synced"), null=True, blank=True)
    gone_at = models.DateTimeField(
        _("gone at Meta"),
        null=True,
        blank=True,
        help_text=_("When a sync first did not find it; empty once one finds it again."),
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, db_default=Now(), editable=False
    )

    objects = PhoneNumberManager()

    class Meta:
        verbose_name = _("phone number")
        verbose_name_plural = _("phone numbers")
        constraints = (
            models.UniqueConstraint(
                fields=("account",),
                condition=models.Q(is_default=True),
                name="phone_number_one_default_per_account",
                violation_error_message=_("The account already has a default number."),
            ),
        )

    def __str__(self) -> str:
        return f"phone number {self.phone_number_id}"

    @property
    def is_meta_free(self) -> bool:
        """Whether Meta gave the number away (+1 555 …): bound to its account and sending only under an approved name.

        Source: Display names, 2026-11-22.
        """
        return self.display_phone_number.startswith("+1555")


class PhoneNumberAssignmentQuerySet(TenantOwnedQuerySet["PhoneNumberAssignment"]):
    def open(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-assigned_at", "-id")


PhoneNumberAssignmentManager = models.Manager.from_queryset(PhoneNumberAssignmentQuerySet)


class PhoneNumberAssignment(models.Model):
    """One stretch of time in which a number was a bakery's. Rows are closed, never rewritten: they are the history."""

    phone_number = models.ForeignKey(
        PhoneNumber,
        on_delete=models.PROTECT,
        related_name="assignments",
        verbose_name=_("phone number"),
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("bakery")
    )
    is_primary = models.BooleanField(_("primary"), default=True)
    assigned_at = models.DateTimeField(_("from"), default=timezone.now)
    ended_at = models.DateTimeField(_("to"), null=True, blank=True)
    assigned_by = models.CharField(_("assigned by"), max_length=200, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    end_reason = models.CharField(
        _("reason of the end"), max_length=300, blank=True, default="", db_default=""
    )
    # The savings of the board that began and ended it; none for what the API and commands did.
    opened_in = models.ForeignKey(
        AssignmentRound,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="opened",
        verbose_name=_("began with"),
    )
    closed_in = models.ForeignKey(
        AssignmentRound,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="closed",
        verbose_name=_("ended with"),
    )

    objects = PhoneNumberAssignmentManager()

    class Meta:
        verbose_name = _("number assignment")
        verbose_name_plural = _("number assignments")
        constraints = (
            models.UniqueConstraint(
                fields=("phone_number",),
                condition=models.Q(ended_at__isnull=True),
                name="assignment_one_tenant_per_number",
                violation_error_message=_("This number already belongs to a bakery."),
            ),
            models.UniqueConstraint(
                fields=("tenant",),
                condition=models.Q(ended_at__isnull=True, is_primary=True),
                name="assignment_one_primary_per_tenant",
                violation_error_message=_("This bakery already has a number."),
            ),
            models.CheckConstraint(
                name="assignment_ends_after_it_began",
                condition=models.Q(ended_at__isnull=True)
                | models.Q(ended_at__gte=models.F("assigned_at")),
                violation_error_message=_("An assignment cannot end before it began."),
            ),
        )

    def __str__(self) -> str:
        return f"assignment {self.pk}"
