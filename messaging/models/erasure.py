from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.fields import EncryptedTextField
from tenants.models import Tenant, TenantOwnedQuerySet


class ErasureQuerySet(TenantOwnedQuerySet["Erasure"]):
    def newest_first(self) -> Self:
        return self.order_by("-erased_at", "-id")

    def followed(self) -> Self:
        """Those of whose person Meta may still post something."""
        return self.filter(follows_until__isnull=False)

    def unfinished(self) -> Self:
        """Those whose person still stands in copies of what Meta posted."""
        return self.filter(copies_erased_at__isnull=True)


ErasureManager = models.Manager.from_queryset(ErasureQuerySet)


class Erasure(models.Model):
    """That a bakery had a person erased: when, by whom and from how many messages, not whom.

    `looked_for` says who is to be found in the raw copies of what Meta posted, until they were gone through. From then on
    `follows` tells the person by digests that nobody can turn back without our key, for what Meta posts until
    `follows_until`; `seen_to` is the last copy that was looked at.
    """

    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        related_name="erasures",
        verbose_name=_("bakery"),
        db_index=False,  # erasure_of_tenant begins with it
    )
    erased_at = models.DateTimeField(_("when"), default=timezone.now)
    erased_by = models.CharField(_("by"), max_length=200)
    messages = models.PositiveIntegerField(_("messages"), default=0)
    replies = models.PositiveIntegerField(_("replies"), default=0)
    looked_for = EncryptedTextField(blank=True, editable=False)
    copies_erased_at = models.DateTimeField(_("copies erased"), null=True, blank=True)
    follows: models.JSONField[dict[str, list[str]], dict[str, list[str]]] = models.JSONField(
        default=dict, db_default={}, blank=True, editable=False
    )
    follows_until = models.DateTimeField(null=True, blank=True, editable=False)
    seen_to = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    objects = ErasureManager()

    class Meta:
        verbose_name = _("erased person")
        verbose_name_plural = _("erased people")
        indexes = (
            # A bakery's, newest first.
            models.Index(fields=("tenant", "-erased_at"), name="erasure_of_tenant"),
            # Whose copies are still to be gone through.
            models.Index(
                fields=("id",),
                name="erasure_unfinished",
                condition=models.Q(copies_erased_at__isnull=True),
            ),
            # Of whom something may still come.
            models.Index(
                fields=("id",),
                name="erasure_followed",
                condition=models.Q(follows_until__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="erasure_forgets_whom",
                condition=models.Q(copies_erased_at__isnull=True) | models.Q(looked_for=""),
            ),
            models.CheckConstraint(
                name="erasure_follows_for_a_time",
                condition=models.Q(follows_until__isnull=False) | models.Q(follows={}),
            ),
        )

    def __str__(self) -> str:
        return f"erasure {self.pk}"
