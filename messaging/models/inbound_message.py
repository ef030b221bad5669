from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.message import Message
from tenants.models import PhoneNumber, Tenant, TenantOwnedQuerySet


class InboundMessageQuerySet(TenantOwnedQuerySet["InboundMessage"]):
    def newest_first(self) -> Self:
        return self.order_by("-received_at", "-id")


InboundMessageManager = models.Manager.from_queryset(InboundMessageQuerySet)


class InboundMessage(models.Model):
    """What a recipient wrote. Belongs to the bakery that owns the number, or that last wrote to this person from the default one."""

    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="inbound_messages",
        verbose_name=_("bakery"),
        help_text=_("Empty: nobody of ours had written to this person."),
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
        )

    def __str__(self) -> str:
        return f"received message {self.pk} ({self.kind})"
