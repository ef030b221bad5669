from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import WhatsAppBusinessAccount

APPROVED = "APPROVED"
GONE = "DELETED"


class MessageTemplateQuerySet(models.QuerySet["MessageTemplate"]):
    def approved(self) -> Self:
        """What Meta lets us send (Message templates, status list, read 2026-11-20): callers may ask for it."""
        return self.filter(status=APPROVED)

    def sendable(self) -> Self:
        """Approved and not paused by our own staff: what goes out now."""
        return self.approved().filter(paused_at__isnull=True)

    def there(self) -> Self:
        """Without those that are gone at Meta."""
        return self.exclude(status=GONE)

    def by_name(self) -> Self:
        return self.order_by("name", "language", "id")


MessageTemplateManager = models.Manager.from_queryset(MessageTemplateQuerySet)


class MessageTemplate(models.Model):
    """A template as Meta last described it; `status`, `category` and their kin hold Meta's words unchanged."""

    account = models.ForeignKey(
        WhatsAppBusinessAccount,
        on_delete=models.PROTECT,
        related_name="templates",
        verbose_name=_("account"),
    )
    meta_template_id = models.CharField(_("template id"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=512)
    language = models.CharField(_("language"), max_length=16)
    status = models.CharField(_("status"), max_length=32)
    category = models.CharField(_("category"), max_length=32, blank=True)
    previous_category = models.CharField(_("previous category"), max_length=32, blank=True)
    quality_score = models.CharField(_("quality"), max_length=32, blank=True)
    rejected_reason = models.CharField(_("rejection reason"), max_length=64, blank=True)
    parameter_format = models.CharField(_("parameter format"), max_length=16, default="POSITIONAL")
    components: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        _("components"), default=list
    )
    paused_at = models.DateTimeField(_("paused by us"), null=True, blank=True)
    last_synced_at = models.DateTimeField(_("last synced"), default=timezone.now)

    objects = MessageTemplateManager()

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "name", "language"),
                name="message_template_once_per_language",
                violation_error_message=_(
                    "The account already has this template in this language."
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def language_tag(self) -> str:
        """Its language as pages name it, en-US where Meta writes en_US."""
        return self.language.replace("_", "-")

    @property
    def is_approved(self) -> bool:
        return self.status == APPROVED

    @property
    def is_sendable(self) -> bool:
        return self.is_approved and self.paused_at is None

    @property
    def is_gone(self) -> bool:
        return self.status == GONE
