from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.mail import Mail, MailKind, MailQuerySet, MailState
from tenants.models import Tenant, TenantOwnedQuerySet


def _mails(count: models.Count) -> models.Subquery:
    """Count mails of the announcement, in the query that reads it."""
    occasion = Concat(
        models.Value("announcement:"), Cast(models.OuterRef("pk"), models.CharField())
    )
    mine = Mail.objects.filter(kind=MailKind.ANNOUNCEMENT, occasion=occasion).order_by()
    return models.Subquery(mine.values("occasion").annotate(count=count).values("count"))


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def with_results(self) -> Self:
        """Add how many mails it has (`all_mails`) and how many went out (`sent_mails`), empty for none."""
        went_out = models.Count("pk", filter=Q(state=MailState.SENT))
        return self.annotate(all_mails=_mails(models.Count("pk")), sent_mails=_mails(went_out))

    def newest_first(self) -> Self:
        return self.order_by("-id")


AnnouncementManager = models.Manager.from_queryset(AnnouncementQuerySet)


class Announcement(models.Model):
    """What was told to owners of bakeries by mail. `texts` holds `{"subject", "text"}` for each language.

    `key` comes with the form, so that a form sent twice announces once. Whom it went to are its mails.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    texts: models.JSONField[dict[str, dict[str, str]], dict[str, dict[str, str]]] = (
        models.JSONField(_("texts"))
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("sent by"),
    )
    created_at = models.DateTimeField(_("sent"), default=timezone.now)

    objects = AnnouncementManager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        permissions = (("send_announcement", _("Can send an announcement to owners of bakeries")),)

    def __str__(self) -> str:
        return f"announcement {self.pk}"

    @property
    def occasion(self) -> str:
        return f"announcement:{self.pk}"

    @property
    def mails(self) -> MailQuerySet:
        found: MailQuerySet = Mail.objects.filter(
            kind=MailKind.ANNOUNCEMENT, occasion=self.occasion
        )
        return found


class FirstWeekQuerySet(models.QuerySet["FirstWeek"]):
    def running(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-id")


FirstWeekManager = models.Manager.from_queryset(FirstWeekQuerySet)


class FirstWeek(models.Model):
    """Seven days in which the platform is told each morning how it goes. Ends by itself, with a summary."""

    announcement = models.ForeignKey(
        Announcement,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="first_weeks",
        verbose_name=_("announcement"),
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("begun by"),
    )
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = FirstWeekManager()

    class Meta:
        verbose_name = _("first week")
        verbose_name_plural = _("first weeks")
        permissions = (("watch_firstweek", _("Can begin and end the watch over a first week")),)
        constraints = (
            models.UniqueConstraint(
                models.Value(1), condition=Q(ended_at__isnull=True), name="first_week_one_runs"
            ),
        )

    def __str__(self) -> str:
        return f"first week {self.pk}"


class FirstWeekAnswerQuerySet(TenantOwnedQuerySet["FirstWeekAnswer"]):
    def given(self) -> Self:
        return self.filter(answered_at__isnull=False)


FirstWeekAnswerManager = models.Manager.from_queryset(FirstWeekAnswerQuerySet)


class FirstWeekAnswer(models.Model):
    """What one owner was asked on a day of the first week, and what they answered; `is_good` is empty until then."""

    first_week = models.ForeignKey(
        FirstWeek, on_delete=models.CASCADE, related_name="answers", verbose_name=_("first week")
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="+", verbose_name=_("bakery")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("person"),
    )
    day = models.PositiveSmallIntegerField(_("day"))
    is_good = models.BooleanField(_("goes well"), null=True, blank=True)
    comment = models.TextField(_("comment"), max_length=1000, blank=True)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = FirstWeekAnswerManager()

    class Meta:
        verbose_name = _("answer about the first week")
        verbose_name_plural = _("answers about the first week")
        constraints = (
            models.UniqueConstraint(
                fields=("first_week", "tenant", "user", "day"), name="first_week_asked_once"
            ),
        )

    def __str__(self) -> str:
        return f"first week answer {self.pk}"
