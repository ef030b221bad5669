from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# How long one click takes a saved round back.
UNDO_FOR = timedelta(minutes=10)


class AssignmentRoundQuerySet(models.QuerySet["AssignmentRound"]):
    def newest_first(self) -> Self:
        return self.order_by("-saved_at", "-id")

    def undoable(self) -> Self:
        """Rounds young enough to be undone. Whether something changed since is asked when it is done."""
        since = timezone.now() - UNDO_FOR
        return self.filter(saved_at__gt=since, undone_at__isnull=True, undo_of__isnull=True)


AssignmentRoundManager = models.Manager.from_queryset(AssignmentRoundQuerySet)


class AssignmentRound(models.Model):
    """What one saving of the assignment board gave and took, all of it together: the unit that is undone."""

    saved_by = models.CharField(_("saved by"), max_length=200)
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    bakeries = models.PositiveIntegerField(_("bakeries changed"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undo_of = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="undone_by",
        verbose_name=_("takes back"),
    )

    objects = AssignmentRoundManager()

    class Meta:
        verbose_name = _("saved round of assignments")
        verbose_name_plural = _("saved rounds of assignments")

    def __str__(self) -> str:
        return f"assignment round {self.pk}"

    @property
    def undo_until(self) -> datetime:
        return self.saved_at + UNDO_FOR
