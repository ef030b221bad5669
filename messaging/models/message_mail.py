from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.message import Message
from tenants.models import TenantOwnedQuerySet


class MessageMailState(models.TextChoices):
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    UNCONFIRMED = "unconfirmed", _("nobody knows whether it was sent")


class MessageMailQuerySet(TenantOwnedQuerySet["MessageMail"]):
    tenant_path = "message__tenant"

    def in_order(self) -> Self:
        return self.order_by("sent_at", "id")


MessageMailManager = models.Manager.from_queryset(MessageMailQuerySet)


class MessageMail(models.Model):
    """A message told by e-mail as well, at somebody's word: that it was, by whom, and to whom but for the name.

    The row is there before the mail is handed to the server, so that two clicks send one, and goes again where the server
    refuses it. The whole address is kept with the recipient, if the bakery wants that, and nowhere else.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="mails", verbose_name=_("message")
    )
    masked_address = models.CharField(_("to"), max_length=254, blank=True)
    sent_by = models.CharField(_("by"), max_length=120)
    state = models.CharField(
        _("state"), max_length=12, choices=MessageMailState, default=MessageMailState.SENDING
    )
    sent_at = models.DateTimeField(_("when"), default=timezone.now)

    objects = MessageMailManager()

    class Meta:
        verbose_name = _("message sent by e-mail")
        verbose_name_plural = _("messages sent by e-mail")
        indexes = (
            # How many went out within a day.
            models.Index(fields=("sent_at",), name="message_mail_sent_at"),
        )

    def __str__(self) -> str:
        return f"mail {self.pk} of message {self.message_id} ({self.state})"

    @property
    def is_sure(self) -> bool:
        """Whether the server has taken it. It has not said so where the process died meanwhile, too."""
        return self.state == MessageMailState.SENT
