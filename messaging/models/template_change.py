from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.template import MessageTemplate


class TemplateChangeKind(models.TextChoices):
    """What became of a template: the first seven at Meta, seen by a sync; the others by our own staff."""

    TEXT = "text", _("its text changed")
    VARIABLES = "variables", _("its placeholders changed")
    CATEGORY = "category", _("its category changed")
    ANNOUNCED = "announced", _("Meta announces another category")
    QUALITY = "quality", _("its quality fell")
    GONE = "gone", _("it is no longer at Meta")
    STATUS = "status", _("its status changed")
    SUBMITTED = "submitted", _("submitted")
    EDITED = "edited", _("edited")
    DELETED = "deleted", _("deleted")
    PAUSED = "paused", _("paused by us")
    RESUMED = "resumed", _("resumed by us")


# What callers should know of: they may send the wrong values, pay more or be refused.
DRIFT = (
    TemplateChangeKind.TEXT,
    TemplateChangeKind.VARIABLES,
    TemplateChangeKind.CATEGORY,
    TemplateChangeKind.ANNOUNCED,
    TemplateChangeKind.QUALITY,
    TemplateChangeKind.GONE,
)


class TemplateChangeQuerySet(models.QuerySet["TemplateChange"]):
    def newest_first(self) -> Self:
        return self.order_by("-at", "-id")

    def unseen_drift(self) -> Self:
        """What changed at Meta and nobody has looked at."""
        return self.filter(kind__in=DRIFT, seen_at__isnull=True)


TemplateChangeManager = models.Manager.from_queryset(TemplateChangeQuerySet)


class TemplateChange(models.Model):
    """One change of a template, append-only but for who has seen it. `before` and `after` hold Meta's own values."""

    template = models.ForeignKey(
        MessageTemplate,
        on_delete=models.CASCADE,
        related_name="changes",
        verbose_name=_("template"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=TemplateChangeKind)
    before = models.TextField(_("before"), blank=True)
    after = models.TextField(_("after"), blank=True)
    at = models.DateTimeField(_("noticed"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150, blank=True)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    seen_by = models.CharField(_("seen by"), max_length=150, blank=True)

    objects = TemplateChangeManager()

    class Meta:
        verbose_name = _("change of a template")
        verbose_name_plural = _("changes of templates")
        indexes = (
            # A template's history, and its edits of the last 30 days.
            models.Index(fields=("template", "-at"), name="template_change_of"),
        )

    def __str__(self) -> str:
        return f"template change {self.pk} ({self.kind})"

    @property
    def is_unseen_drift(self) -> bool:
        return self.kind in DRIFT and self.seen_at is None
