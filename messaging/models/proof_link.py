from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant, TenantOwnedQuerySet


class ProofLinkQuerySet(TenantOwnedQuerySet["ProofLink"]):
    def open(self, *, now: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")


ProofLinkManager = models.Manager.from_queryset(ProofLinkQuerySet)


class ProofLink(models.Model):
    """Leave for whoever has the signed link to see the proof of delivery of one order, until it ends or is taken back.

    The link carries the id alone, which is random: neither the order nor anybody's number stands in it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        related_name="proof_links",
        verbose_name=_("bakery"),
        db_index=False,  # proof_link_of_order begins with it
    )
    reference = models.CharField(_("order number"), max_length=100)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.CharField(_("created by"), max_length=200)
    expires_at = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    revoked_by = models.CharField(_("taken back by"), max_length=200, blank=True)

    objects = ProofLinkManager()

    class Meta:
        verbose_name = _("link to a proof of delivery")
        verbose_name_plural = _("links to proofs of delivery")
        indexes = (
            # The links to one order.
            models.Index(fields=("tenant", "reference"), name="proof_link_of_order"),
        )
        constraints = (
            models.CheckConstraint(
                name="proof_link_ends_after_it_began",
                condition=models.Q(expires_at__gt=models.F("created_at")),
            ),
            models.CheckConstraint(
                name="proof_link_names_an_order", condition=~models.Q(reference="")
            ),
        )

    def __str__(self) -> str:
        return f"proof link {self.pk}"
