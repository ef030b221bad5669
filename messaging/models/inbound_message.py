from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.graph_api.message_text import text_at
from messaging.models.message import Message
from tenants.models import PhoneNumber, Tenant, TenantOwnedQuerySet
from tenants.phone_numbers import from_digits


class Asks(models.TextChoices):
    """What somebody asks for with one of the agreed words."""

    STOP = "stop", _("no more messages")
    START = "start", _("messages again")


class InboundMessageQuerySet(TenantOwnedQuerySet["InboundMessage"]):
    def newest_first(self) -> Self:
        return self.order_by("-received_at", "-id")

    def to_be_answered(self) -> Self:
        return self.filter(answer_due_at__isnull=False)


InboundMessageManager = models.Manager.from_queryset(InboundMessageQuerySet)


class InboundMessage(models.Model):
    """What a recipient wrote. Belongs to the bakery that owns the number, or that last wrote to this person from the default one.

    `answer_due_at` is set exactly while our answer to an opt-out waits; `answer_claimed_at` stays from the moment it is sent,
    so that a second one never goes out, whatever became of the first.
    """

    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="inbound_messages",
        verbose_name=_("bakery"),
        help_text=_("Empty: nobody can tell which bakery is meant."),
    )
    phone_number = models.ForeignKey(
        PhoneNumber, on_delete=models.PROTECT, related_name="inbound_messages", verbose_name=_("to")
    )
    answers = models.ForeignKey(
        Message,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("answers"),
    )
    wamid = models.CharField(_("WhatsApp message id"), max_length=512, unique=True)
    # Meta leaves the phone out for people with a WhatsApp user name; then only the user id is known (since 2026).
    sender_phone = models.CharField(_("from"), max_length=16, blank=True)
    sender_user_id = models.CharField(_("user id"), max_length=128, blank=True)
    kind = models.CharField(_("type"), max_length=32)
    text = models.TextField(_("text"), blank=True)
    content: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("content"), default=dict
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    asks = models.CharField(
        _("asks for"), max_length=8, choices=Asks, blank=True, default="", db_default=""
    )
    answer_due_at = models.DateTimeField(_("to be answered from"), null=True, blank=True)
    answer_claimed_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answer_wamid = models.CharField(
        _("WhatsApp message id of the answer"),
        max_length=512,
        blank=True,
        default="",
        db_default="",
    )
    answer_error_code = models.BigIntegerField(_("error code of the answer"), null=True, blank=True)

    objects = InboundMessageManager()

    class Meta:
        verbose_name = _("received message")
        verbose_name_plural = _("received messages")
        indexes = (
            # A bakery's replies, newest first.
            models.Index(fields=("tenant", "-received_at"), name="inbound_message_of_tenant"),
            # Whether somebody wrote to a number within the last 24 hours.
            models.Index(
                fields=("phone_number", "sender_phone", "-received_at"),
                name="inbound_message_window",
            ),
            # The same for people who show no number.
            models.Index(
                fields=("phone_number", "sender_user_id", "-received_at"),
                name="inbound_message_of_user_id",
                condition=~models.Q(sender_user_id=""),
            ),
            # What is still to be answered.
            models.Index(
                fields=("answer_due_at",),
                name="inbound_message_to_answer",
                condition=models.Q(answer_due_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"received message {self.pk} ({self.kind})"

    @property
    def new_phone(self) -> str:
        """The number that somebody's old one was changed for; empty where the message tells of no such change.

        Source: Webhooks, messages, system, 2026-11-22.
        """
        if self.kind != "system":
            return ""
        digits = text_at(self.content, "system", "wa_id")
        return from_digits(digits or text_at(self.content, "system", "new_wa_id"))
