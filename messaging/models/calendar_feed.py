from __future__ import annotations

import hashlib
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def feed_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def open(self) -> Self:
        return self.filter(revoked_at__isnull=True)

    def newest_first(self) -> Self:
        return self.order_by("-id")


CalendarFeedManager = models.Manager.from_queryset(CalendarFeedQuerySet)


class CalendarFeed(models.Model):
    """An address under which one person's calendar reads our dates without a log-in; only its secret's digest is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="calendar_feeds",
        verbose_name=_("person"),
    )
    secret_digest = models.CharField(_("digest"), max_length=64, unique=True)
    language = models.CharField(_("language"), max_length=10)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    last_read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = CalendarFeedManager()

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        permissions = (("subscribe_calendar", _("Can make an address for a calendar to read")),)
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=models.Q(revoked_at__isnull=True),
                name="calendar_feed_one_for_each_person",
            ),
        )

    def __str__(self) -> str:
        return f"calendar feed {self.pk}"
