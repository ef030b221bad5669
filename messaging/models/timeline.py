from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.functions import TruncSecond
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.message import Message
from tenants.models import TenantOwnedQuerySet


class EventKind(models.TextChoices):
    """What can stand in a message's timeline. Meta's four statuses keep Meta's words."""

    QUEUED = "queued", _("requested")
    ACCEPTED = "accepted", _("accepted by Meta")
    HELD = "held", _("held by Meta")
    UNCONFIRMED = "unconfirmed", _("no answer from Meta")
    RETRY = "retry", _("to be tried again")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


# Nothing fails once it was delivered; what failed on one device may reach another.
_LIFE = sorted(EventKind, key=lambda kind: kind in {EventKind.DELIVERED, EventKind.READ})


class MessageEventQuerySet(TenantOwnedQuerySet["MessageEvent"]):
    tenant_path = "message__tenant"

    def in_order(self) -> Self:
        """Oldest first. Meta's times are whole seconds, so within one second the order is that of a message's life."""
        rank = models.Case(
            *(models.When(kind=kind, then=place) for place, kind in enumerate(_LIFE)),
            default=len(EventKind),
        )
        return self.alias(second=TruncSecond("at"), rank=rank).order_by(
            "second", "rank", "at", "id"
        )


MessageEventManager = models.Manager.from_queryset(MessageEventQuerySet)


class MessageEvent(models.Model):
    """One line of a message's timeline. Append-only: a repeat is a no-op that keeps the earliest time."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="events", verbose_name=_("message")
    )
    kind = models.CharField(_("what"), max_length=16, choices=EventKind)
    code = models.BigIntegerField(_("error code"), null=True, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    # No foreign key: the delivery that told of it is deleted by age, the event stays.
    delivery = models.PositiveBigIntegerField(_("told by webhook"), null=True, blank=True)

    objects = MessageEventManager()

    class Meta:
        verbose_name = _("message event")
        verbose_name_plural = _("message events")
        constraints = (
            models.UniqueConstraint(
                fields=("message", "kind", "code"),
                nulls_distinct=False,
                name="message_event_once_per_kind",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of message {self.message_id}"


class SendAttemptQuerySet(TenantOwnedQuerySet["SendAttempt"]):
    tenant_path = "message__tenant"

    def in_order(self) -> Self:
        return self.order_by("started_at", "id")


SendAttemptManager = models.Manager.from_queryset(SendAttemptQuerySet)


class SendAttempt(models.Model):
    """One request to Meta and how it ended. `outcome` is "accepted", "held" or the class of the error.

    `path` is where it was posted, for version and number may be others by now; the body is the message's. `failure` names
    what kept Meta from answering. `response` is what was answered, as `graph_api.kept_answers` keeps it, emptied with
    WEBHOOK_RETENTION_DAYS and when the recipient is erased: Meta's message id in it holds the number.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="send_attempts", verbose_name=_("message")
    )
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))
    outcome = models.CharField(_("outcome"), max_length=32)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_code = models.BigIntegerField(_("error code"), null=True, blank=True)
    error_subcode = models.BigIntegerField(_("error subcode"), null=True, blank=True)
    error_details = models.CharField(_("Meta's details"), max_length=500, blank=True)
    fbtrace_id = models.CharField(_("Meta's trace id"), max_length=64, blank=True)
    path = models.CharField(_("posted to"), max_length=200, blank=True, default="", db_default="")
    failure = models.CharField(
        _("why no answer came"), max_length=20, blank=True, default="", db_default=""
    )
    response = models.TextField(_("Meta's answer"), blank=True, default="", db_default="")

    objects = SendAttemptManager()

    class Meta:
        verbose_name = _("send attempt")
        verbose_name_plural = _("send attempts")
        indexes = (
            # A message's attempts in order.
            models.Index(fields=("message", "started_at"), name="send_attempt_of_message"),
            # Answers old enough to be forgotten; a forgotten one is not in it.
            models.Index(
                fields=("started_at",),
                name="send_attempt_with_answer",
                condition=~models.Q(response=""),
            ),
        )

    def __str__(self) -> str:
        return f"attempt {self.pk} ({self.outcome})"
