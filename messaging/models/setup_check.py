from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SetupKey(models.TextChoices):
    """The lines of the set-up: the guide's thirteen, the app secret, the subscription and the version, in its order."""

    BUSINESS = "business", _("Business verified by Meta")
    WABA = "waba", _("WhatsApp Business Account")
    NUMBERS = "numbers", _("Phone numbers added and verified")
    APP_SECRET = "app_secret", _("App id and app secret")
    SYSTEM_USER = "system_user", _("System user")
    TOKEN = "token", _("Access token")
    TEMPLATE = "template", _("Template po_notification approved")
    WEBHOOK = "webhook", _("Webhook address verified")
    SUBSCRIPTION = "subscription", _("Subscription to the account's events")
    ENVIRONMENT = "environment", _("Environment variables")
    SERVICES = "services", _("Services running")
    VERSION = "version", _("Graph API version")
    TEST = "test", _("Test message delivered")
    ASSIGNED = "assigned", _("Every bakery has its number")
    QUALITY = "quality", _("Quality GREEN")
    BILLING = "billing", _("Billing configured at Meta")


class SetupState(models.TextChoices):
    """How a line of the set-up stands. A check finds all but the first and the last."""

    UNCHECKED = "unchecked", _("not checked yet")
    DONE = "done", _("done")
    NEEDS_YOU = "needs_you", _("needs you")
    WAITING = "waiting", _("waiting for Meta")
    BY_HAND = "by_hand", _("to be confirmed by hand")
    LATER = "later", _("cannot start yet")
    BROKEN = "broken", _("broken")


class SetupCheck(models.Model):
    """How one line of the set-up stands, and its last proof.

    `found` is what the last check that got an answer found, `code` and `facts` say it in any language, and `state` is what
    follows with the past and a person's word. While Meta does not answer all of that stays and `trouble` is set.
    """

    key = models.CharField(_("line"), max_length=16, choices=SetupKey, unique=True)
    state = models.CharField(
        _("state"), max_length=12, choices=SetupState, default=SetupState.UNCHECKED
    )
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    found = models.CharField(
        _("found"), max_length=12, choices=SetupState, default=SetupState.UNCHECKED
    )
    code = models.CharField(_("finding"), max_length=32, blank=True)
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("facts"), default=dict, blank=True
    )
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    tried_at = models.DateTimeField(_("tried"), null=True, blank=True)
    trouble = models.CharField(_("no answer"), max_length=64, blank=True)
    proved_at = models.DateTimeField(_("last proof"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_code = models.CharField(
        _("finding that was confirmed"), max_length=32, blank=True, default="", db_default=""
    )
    confirmed_extent = models.PositiveIntegerField(
        _("how much was confirmed"), default=0, db_default=0
    )

    # What the simulator has proved is no proof at Meta, nor the other way round. Unknown in rows that were never checked.
    was_simulated = models.BooleanField(_("found at the simulator"), null=True, blank=True)

    class Meta:
        verbose_name = _("line of the set-up")
        verbose_name_plural = _("set-up")
        permissions = (("confirm_setupcheck", _("Can confirm lines of the set-up by hand")),)

    def __str__(self) -> str:
        return f"set-up {self.key} ({self.state})"

    @property
    def is_done(self) -> bool:
        return self.state == SetupState.DONE

    @property
    def extent(self) -> int:
        """How much of what a person is asked about there is, such as bakeries that share a number."""
        return int(self.facts.get("extent") or 0)

    @property
    def is_confirmed(self) -> bool:
        """Whether a person's word covers what the last check found: the same finding, and no more of it."""
        is_same = self.code == self.confirmed_code and self.extent <= self.confirmed_extent
        return self.confirmed_at is not None and is_same
