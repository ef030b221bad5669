from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.template import MessageTemplate
from tenants.models import WhatsAppBusinessAccount


class TemplateDraftQuerySet(models.QuerySet["TemplateDraft"]):
    def newest_first(self) -> Self:
        return self.order_by("-updated_at", "-id")


TemplateDraftManager = models.Manager.from_queryset(TemplateDraftQuerySet)


class TemplateDraft(models.Model):
    """A template somebody is writing, new or as a change of one at Meta. No message can name it: it is none of ours yet.

    `components` has Meta's own shape, unfinished as it may be; the linter reads it before it is submitted.
    """

    account = models.ForeignKey(
        WhatsAppBusinessAccount,
        on_delete=models.CASCADE,
        related_name="template_drafts",
        verbose_name=_("account"),
    )
    template = models.OneToOneField(
        MessageTemplate,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="draft",
        verbose_name=_("changes the template"),
    )
    name = models.CharField(_("name"), max_length=512, blank=True)
    language = models.CharField(_("language"), max_length=16, default="es")
    category = models.CharField(_("category"), max_length=32, default="UTILITY")
    parameter_format = models.CharField(_("placeholders"), max_length=16, default="POSITIONAL")
    components: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        _("components"), default=list
    )
    begun_from = models.TextField(
        _("text it was begun from"),
        blank=True,
        default="",
        db_default="",
        help_text=_("What the template said when this change of it was begun."),
    )
    submitting_since = models.DateTimeField(_("being submitted since"), null=True, blank=True)
    unanswered_at = models.DateTimeField(_("submitted without an answer"), null=True, blank=True)
    updated_by = models.CharField(_("last changed by"), max_length=150, blank=True)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = TemplateDraftManager()

    class Meta:
        verbose_name = _("template draft")
        verbose_name_plural = _("template drafts")

    def __str__(self) -> str:
        return f"draft {self.pk}: {self.name or '–'} ({self.language})"
