from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.inbound_message import InboundMessage
from tenants.models import PhoneNumber, Tenant, TenantOwnedQuerySet


class SuppressionQuerySet(TenantOwnedQuerySet["Suppression"]):
    def open(self) -> Self:
        return self.filter(lifted_at__isnull=True)

    def about(self, *, phone: str, user_id: str) -> Self:
        """What concerns this person, by number or by user id. `phone` as `phone_numbers.comparable` writes it."""
        same = models.Q()
        if phone:
            same |= models.Q(phone=phone)
        if user_id:
            same |= models.Q(user_id=user_id)
        return self.filter(same) if same else self.none()

    def binding(self, tenant_id: uuid.UUID) -> Self:
        """The open ones that this bakery has to keep to: its own and those of the whole account."""
        return self.open().filter(models.Q(tenant=tenant_id) | models.Q(tenant__isnull=True))

    def against(self, *, is_marketing: bool) -> Self:
        """Those that forbid a message: every one forbids marketing, only some forbid orders."""
        return self if is_marketing else self.filter(what=Suppression.What.ALL)

    def newest_first(self) -> Self:
        return self.order_by("-asked_at", "-id")


SuppressionManager = models.Manager.from_queryset(SuppressionQuerySet)


class Suppression(models.Model):
    """A person who is not to be written to: by one bakery, or by nobody of the account where `tenant` is empty.

    Rows are closed when the person wants messages again, never deleted: they are the history. A bakery sees its own rows only;
    of those of the whole account it learns that the person cannot be written to, not why.
    """

    class What(models.TextChoices):
        ALL = "all", _("everything")
        MARKETING = "marketing", _("marketing")

    class Source(models.TextChoices):
        WORD = "word", _("the person wrote the word")
        PREFERENCE = "preference", _("the person told WhatsApp")
        REFUSED = "refused", _("Meta refused a message")
        STAFF = "staff", _("the platform's staff")

    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="suppressions",
        verbose_name=_("bakery"),
        help_text=_("Empty: no bakery of the account writes to this person."),
    )
    # One spelling for all that WhatsApp knows (phone_numbers.comparable); empty while only the user id is known.
    phone = models.CharField(_("person's number"), max_length=16, blank=True)
    user_id = models.CharField(_("user id"), max_length=128, blank=True)
    what = models.CharField(_("what"), max_length=12, choices=What, default=What.ALL)
    source = models.CharField(_("who says so"), max_length=12, choices=Source)
    phone_number = models.ForeignKey(
        PhoneNumber,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="suppressions",
        verbose_name=_("told to"),
    )
    asked_at = models.DateTimeField(_("since"), default=timezone.now)
    # A stop asked for again later outlives a resume that lies between the two.
    last_asked_at = models.DateTimeField(_("asked last"), default=timezone.now)
    asked_in = models.ForeignKey(
        InboundMessage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stopped",
        verbose_name=_("asked in"),
    )
    asked_by = models.CharField(_("entered by"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_in = models.ForeignKey(
        InboundMessage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="resumed",
        verbose_name=_("lifted in"),
    )
    lifted_by = models.CharField(_("lifted by"), max_length=200, blank=True)
    lift_reason = models.CharField(_("reason for lifting"), max_length=300, blank=True)

    objects = SuppressionManager()

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        indexes = (
            # A bakery's opt-outs, newest first.
            models.Index(fields=("tenant", "-asked_at"), name="suppression_of_tenant"),
            # All that is known of one number, lifted ones too.
            models.Index(fields=("phone",), name="suppression_phone"),
            # All that is known of one user id.
            models.Index(
                fields=("user_id",), name="suppression_user_id", condition=~models.Q(user_id="")
            ),
        )
        constraints = (
            # Beginning with the number, so that its index also answers who of a batch may be written to.
            models.UniqueConstraint(
                fields=("phone", "tenant", "what", "source"),
                condition=models.Q(lifted_at__isnull=True) & ~models.Q(phone=""),
                nulls_distinct=False,
                name="suppression_open_once_per_phone",
                violation_error_message=_("This person is opted out already."),
            ),
            models.UniqueConstraint(
                fields=("user_id", "tenant", "what", "source"),
                condition=models.Q(lifted_at__isnull=True) & ~models.Q(user_id=""),
                nulls_distinct=False,
                name="suppression_open_once_per_user_id",
                violation_error_message=_("This person is opted out already."),
            ),
            models.CheckConstraint(
                name="suppression_names_a_person",
                condition=~models.Q(phone="") | ~models.Q(user_id=""),
                violation_error_message=_("Give a number."),
            ),
            models.CheckConstraint(
                name="suppression_ends_after_it_began",
                condition=models.Q(lifted_at__isnull=True)
                | models.Q(lifted_at__gte=models.F("last_asked_at")),
                violation_error_message=_("An opt-out cannot end before it began."),
            ),
        )

    def __str__(self) -> str:
        return f"opt-out {self.pk} ({self.what})"

    @property
    def is_only_a_resume(self) -> bool:
        """True where somebody wanted messages again of whom no stop is known; one that comes late meets it here."""
        return self.lifted_at is not None and self.lifted_at == self.asked_at
