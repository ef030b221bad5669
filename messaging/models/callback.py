from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from messaging.models.message import Message
from tenants.fields import EncryptedTextField
from tenants.models import Tenant, TenantOwnedQuerySet

MAX_URL_LENGTH = 500


class CallbackEvent(models.TextChoices):
    """What a callback may ask for."""

    STATUSES = "statuses", _("statuses of messages")
    REPLIES = "replies", _("replies")


class DisabledReason(models.TextChoices):
    BY_HAND = "by_hand", _("switched off by hand")
    FAILING = "failing", _("it did not work for too long")
    GONE = "gone", _("its address answered 410, gone")


class CallbackQuerySet(TenantOwnedQuerySet["Callback"]):
    def enabled(self) -> Self:
        return self.filter(disabled_at__isnull=True)

    def ready(self, *, now: datetime) -> Self:
        """Those that may be told something now: neither switched off nor resting."""
        rested = models.Q(retry_at__isnull=True) | models.Q(retry_at__lte=now)
        return self.enabled().filter(rested)

    def newest_first(self) -> Self:
        return self.order_by("-id")


CallbackManager = models.Manager.from_queryset(CallbackQuerySet)


class Callback(models.Model):
    """An address of a bakery's own system (without `tenant`: of the platform's) that is told what happens.

    `failing_since` is set exactly while its last posts failed. It then rests until `retry_at`, so that it holds up nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="callbacks",
        verbose_name=_("bakery"),
        help_text=_("Empty: it is told of every bakery's messages."),
    )
    url = models.CharField(_("address"), max_length=MAX_URL_LENGTH)
    events: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=16, choices=CallbackEvent), verbose_name=_("is told of")
    )
    # As Standard Webhooks writes it: whsec_ and 32 random bytes in base64.
    secret = EncryptedTextField(_("secret"), editable=False)
    previous_secret = EncryptedTextField(_("previous secret"), blank=True, editable=False)
    previous_secret_until = models.DateTimeField(
        _("previous secret until"), null=True, blank=True, editable=False
    )
    created_by = models.CharField(_("created by"), max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    disabled_at = models.DateTimeField(_("switched off"), null=True, blank=True, editable=False)
    disabled_reason = models.CharField(
        _("why"), max_length=16, choices=DisabledReason, blank=True, editable=False
    )
    last_success_at = models.DateTimeField(_("last success"), null=True, editable=False)
    last_failure_at = models.DateTimeField(_("last failure"), null=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    given_up = models.PositiveIntegerField(_("given up in a row"), default=0, editable=False)
    retry_at = models.DateTimeField(_("rests until"), null=True, editable=False)

    objects = CallbackManager()

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        constraints = (
            models.CheckConstraint(
                name="callback_known_events",
                condition=models.Q(
                    events__contained_by=[event.value for event in CallbackEvent],
                    events__len__gt=0,
                ),
                violation_error_message=_("Choose what it is told of."),
            ),
            models.CheckConstraint(
                name="callback_disabled_for_a_reason",
                condition=models.Q(disabled_at__isnull=True, disabled_reason="")
                | (models.Q(disabled_at__isnull=False) & ~models.Q(disabled_reason="")),
            ),
        )

    def __str__(self) -> str:
        return f"callback {self.pk}"

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    def secrets(self, *, now: datetime) -> list[str]:
        """Return the secrets to sign with: while one is being replaced, both."""
        until = self.previous_secret_until
        if self.previous_secret and until is not None and now < until:
            return [self.secret, self.previous_secret]
        return [self.secret]


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("given up")


class CallbackDeliveryQuerySet(TenantOwnedQuerySet["CallbackDelivery"]):
    tenant_path = "callback__tenant"

    def waiting(self) -> Self:
        return self.filter(next_attempt_at__isnull=False)

    def newest_first(self) -> Self:
        # The primary key is time-ordered.
        return self.order_by("-id")


CallbackDeliveryManager = models.Manager.from_queryset(CallbackDeliveryQuerySet)


class CallbackDelivery(models.Model):
    """One thing that a callback is told, and how that went. Its id is the `webhook-id`, the same at every attempt.

    `next_attempt_at` is set exactly while it waits; a worker that takes it moves it on, so that what a killed worker had
    is posted again. `body` is kept as the text that is signed: jsonb would reorder it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    callback = models.ForeignKey(
        Callback,
        on_delete=models.CASCADE,
        related_name="deliveries",
        verbose_name=_("callback"),
        db_index=False,  # callback_delivery_of_callback begins with it
    )
    message = models.ForeignKey(
        Message,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="callback_deliveries",
        verbose_name=_("message"),
    )
    event_type = models.CharField(_("what"), max_length=32)
    body = models.TextField(_("body"))
    status = models.CharField(
        _("state"), max_length=10, choices=DeliveryStatus, default=DeliveryStatus.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(
        _("next attempt"), null=True, blank=True, default=timezone.now
    )
    gives_up_at = models.DateTimeField(_("tried until"))
    response_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    response_text = models.CharField(_("beginning of the answer"), max_length=500, blank=True)
    error = models.CharField(_("what went wrong"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    attempted_at = models.DateTimeField(_("last attempt"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    objects = CallbackDeliveryManager()

    class Meta:
        verbose_name = _("callback delivery")
        verbose_name_plural = _("callback deliveries")
        indexes = (
            # A callback's log, newest first.
            models.Index(fields=("callback", "-id"), name="callback_delivery_of_callback"),
            # What waits for one callback, in the order of its time.
            models.Index(
                fields=("callback", "next_attempt_at"),
                name="callback_delivery_waiting",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
            # What waited too long.
            models.Index(
                fields=("gives_up_at",),
                name="callback_delivery_overdue",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="callback_delivery_waits_exactly_while_waiting",
                condition=models.Q(status=DeliveryStatus.WAITING, next_attempt_at__isnull=False)
                | models.Q(
                    status__in=(DeliveryStatus.DELIVERED, DeliveryStatus.FAILED),
                    next_attempt_at__isnull=True,
                ),
            ),
        )

    def __str__(self) -> str:
        return f"callback delivery {self.pk} ({self.status})"
