from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant, TenantOwnedQuerySet


class MailKind(models.TextChoices):
    REMINDER = "reminder", _("reminder of a date")
    LIMIT_NEAR = "limit_near", _("a bakery's monthly limit is near")
    ANNOUNCEMENT = "announcement", _("announcement")
    FIRST_WEEK = "first_week", _("report of the first week")
    QUESTION = "question", _("question how it goes")
    WEEKLY_SUMMARY = "weekly_summary", _("weekly summary")


class MailState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    UNCONFIRMED = "unconfirmed", _("nobody knows whether it was sent")


class MailQuerySet(TenantOwnedQuerySet["Mail"]):
    def due(self, now: datetime) -> Self:
        return self.filter(state=MailState.WAITING, due_at__lte=now)

    def newest_first(self) -> Self:
        return self.order_by("-id")


MailManager = models.Manager.from_queryset(MailQuerySet)


class Mail(models.Model):
    """A mail to one person, written once for one occasion and sent once: the row is the queue and the record.

    `occasion` names what it is for, such as "token:1a2b3c4d:2027-01-10:15"; `content` is a letter as `letters.py` writes
    it. `tenant` is the bakery it speaks of, empty where it speaks of the platform.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=MailKind)
    occasion = models.CharField(_("occasion"), max_length=120)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mails",
        verbose_name=_("person"),
    )
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="mails",
        verbose_name=_("bakery"),
    )
    language = models.CharField(_("language"), max_length=10)
    content: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("content"))
    state = models.CharField(
        _("state"), max_length=12, choices=MailState, default=MailState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    due_at = models.DateTimeField(_("to be sent from"), default=timezone.now)
    claimed_at = models.DateTimeField(_("taken"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = MailManager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        permissions = (("resend_mail", _("Can send mails that failed once more")),)
        constraints = (
            # However often a task runs and however many workers do, nobody gets it twice.
            models.UniqueConstraint(
                fields=("kind", "occasion", "user", "tenant"),
                nulls_distinct=False,
                name="mail_once_for_an_occasion",
            ),
        )
        indexes = (
            # What the sending task looks for each minute; sent mails are not in it.
            models.Index(
                fields=("due_at",),
                condition=models.Q(state__in=("waiting", "sending")),
                name="mail_to_be_sent",
            ),
        )

    def __str__(self) -> str:
        return f"mail {self.pk} ({self.kind}, {self.state})"

    @property
    def subject(self) -> str:
        return str(self.content.get("subject", ""))
