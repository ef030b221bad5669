from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from messaging.models.searching import NameWords, OrderDigits
from messaging.models.template import MessageTemplate
from messaging.statuses import FINAL, MAY_FOLLOW, MessageStatus
from tenants.models import PhoneNumber, Tenant, TenantOwnedQuerySet

REFERENCE_LENGTH = 100
E164 = RegexValidator(r"^\+[1-9]\d{6,14}$", _("A phone number begins with + and its country code."))


def first_id_at(moment: datetime) -> uuid.UUID:
    """Return the smallest UUIDv7 of that millisecond, so that a time range becomes a range of primary keys."""
    milliseconds = int(moment.astimezone(UTC).timestamp() * 1000)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))


class MessageQuerySet(TenantOwnedQuerySet["Message"]):
    def advance(self, to: MessageStatus, **changes: object) -> int:
        """Move all that may become `to`; return how many moved. One UPDATE, so two workers cannot both win."""
        state: dict[str, object] = {
            "status": to,
            "updated_at": timezone.now(),
            "send_after": None,
            "claimed_at": None,
            "unconfirmed_at": timezone.now() if to == MessageStatus.UNCONFIRMED else None,
            "waits_for": "",
        }
        return self.filter(status__in=MAY_FOLLOW[to]).update(**(state | changes))

    def queued(self) -> Self:
        return self.filter(send_after__isnull=False)

    def due(self, *, now: datetime) -> Self:
        """Queued rows whose time has come, on accounts whose line is open."""
        return self.filter(
            send_after__lte=now,
            phone_number__account__sending_paused_at__isnull=True,
            phone_number__account__sending_stopped_at__isnull=True,
        )

    def failed(self) -> Self:
        # Both: the time has an index, and a later delivery leaves it standing.
        return self.filter(failed_at__isnull=False, status=MessageStatus.FAILED)

    def ended_unsent(self, status: MessageStatus) -> Self:
        """Those that were cancelled or expired; each has left the queue without reaching Meta, which has an index."""
        return self.filter(
            accepted_at__isnull=True,
            send_after__isnull=True,
            claimed_at__isnull=True,
            status=status,
        )

    def notices(self) -> Self:
        """All but tests, which nobody's supplier waits for."""
        return self.filter(is_trial=False)

    def with_what_came_of_them(self) -> Self:
        """With template, for the words, and with what went out in their place."""
        return self.select_related("template").prefetch_related("replacements")

    def newest_first(self) -> Self:
        # The primary key is time-ordered; sorting by created_at would need an index of its own.
        return self.order_by("-id")

    def created_between(
        self, *, after: datetime | None = None, before: datetime | None = None
    ) -> Self:
        """Half-open: from `after` on, up to but without `before`."""
        found = self
        if after is not None:
            found = found.filter(id__gte=first_id_at(after))
        if before is not None:
            found = found.filter(id__lt=first_id_at(before))
        return found


MessageManager = models.Manager.from_queryset(MessageQuerySet)


class Priority(models.IntegerChoices):
    NORMAL = 0, _("normal")
    URGENT = 1, _("urgent")


class IfUnconfirmed(models.TextChoices):
    """What the caller wants when nobody knows whether the message was sent."""

    LEAVE = "leave", _("leave it to the platform")
    RESEND = "resend", _("send it again; it may arrive twice")


class WaitsFor(models.TextChoices):
    """Why a queued message does not go out at once."""

    RETRY = "retry", _("the next try")
    PAIR_LIMIT = "pair_limit", _("WhatsApp's limit for one recipient")
    PORTFOLIO_LIMIT = "portfolio_limit", _("WhatsApp's daily limit of recipients")
    DAILY_CAP = "daily_cap", _("the bakery's daily limit")
    MONTHLY_CAP = "monthly_cap", _("the bakery's monthly limit")
    QUIET_HOURS = "quiet_hours", _("the end of the bakery's quiet hours")
    TEMPLATE = "template", _("its template to be sendable again")
    # What a cancelled message would have had to wait for.
    OPT_OUT = "opt_out", _("the recipient to want messages again")


class Message(models.Model):
    """One template message to one recipient. Queued rows are the queue; Celery only wakes workers.

    `send_after` is set exactly while the message waits and `claimed_at` exactly while a worker has it, so that the queue
    has small indexes and `status` is in none: a delivered or read status then rewrites no index at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="messages", verbose_name=_("bakery")
    )
    phone_number = models.ForeignKey(
        PhoneNumber, on_delete=models.PROTECT, related_name="messages", verbose_name=_("sent from")
    )
    template = models.ForeignKey(
        MessageTemplate,
        on_delete=models.PROTECT,
        related_name="messages",
        verbose_name=_("template"),
    )
    recipient_phone = models.CharField(_("recipient"), max_length=16, validators=[E164])
    recipient_name = models.CharField(_("recipient's name"), max_length=200, blank=True)
    components: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        _("components"), default=list
    )
    rendered_text = models.TextField(_("text"), blank=True)
    reference = models.CharField(_("order number"), max_length=REFERENCE_LENGTH, blank=True)
    # NULL, not empty: unique only where there is one.
    idempotency_key = models.CharField(  # noqa: DJ001
        max_length=255, null=True, blank=True, editable=False
    )
    request_digest = models.CharField(max_length=64, blank=True, editable=False)
    warnings: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(
        _("repairs"), default=list, blank=True
    )
    requested_by = models.CharField(_("requested by"), max_length=120, blank=True)
    # No index of its own: the constraint below has one, of the few rows that replace another.
    replaces = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="replacements",
        verbose_name=_("sent again for"),
    )

    status = models.CharField(
        _("status"), max_length=12, choices=MessageStatus, default=MessageStatus.QUEUED
    )
    send_after = models.DateTimeField(
        _("to be sent from"), null=True, blank=True, default=timezone.now
    )
    claimed_at = models.DateTimeField(_("taken by a worker"), null=True, blank=True)
    expires_at = models.DateTimeField(_("to be sent until"))
    unconfirmed_at = models.DateTimeField(_("unconfirmed since"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("left as it is"), null=True, blank=True)
    waits_for = models.CharField(_("waits for"), max_length=16, choices=WaitsFor, blank=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=Priority, default=Priority.NORMAL
    )
    # Sent to try whether all works, to the phone of whoever asked for it.
    is_trial = models.BooleanField(_("a test"), default=False, db_default=False, editable=False)
    if_unconfirmed = models.CharField(
        _("if unconfirmed"), max_length=8, choices=IfUnconfirmed, default=IfUnconfirmed.LEAVE
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    wamid = models.CharField(  # noqa: DJ001 (NULL, not empty: unique only where there is one)
        _("WhatsApp message id"), max_length=512, null=True, blank=True
    )
    # Meta's own id of the recipient, the only one it shows of people with a WhatsApp user name. In no index, so that a
    # status stays a small write.
    error_code = models.BigIntegerField(_("error code"), null=True, blank=True)
    error_details = models.CharField(_("Meta's details"), max_length=500, blank=True)
    fbtrace_id = models.CharField(_("Meta's trace id"), max_length=64, blank=True)
    pricing: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        _("pricing"), null=True, blank=True
    )

    created_at = models.DateTimeField(_("requested"), default=timezone.now, editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    failed_at = models.DateTimeField(_("failed"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    # The recipient was erased: name and text are gone, and of the number only the calling code is left, by which the
    # message was priced.
    erased_at = models.DateTimeField(_("recipient erased"), null=True, blank=True, editable=False)

    objects = MessageManager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        permissions = (
            ("resend_message", "Can send messages again"),
            ("cancel_message", "Can cancel waiting messages"),
            ("ask_meta_message", "Can ask Meta what became of messages"),
        )
        indexes = (
            # A bakery's messages, newest first, and its last message.
            models.Index(fields=("tenant", "-id"), name="message_of_tenant"),
            # An order's messages, also by the beginning of its number.
            models.Index(
                fields=("reference", "-id"),
                name="message_order",
                condition=~models.Q(reference=""),
                opclasses=("varchar_pattern_ops", "uuid_ops"),
            ),
            # The queue of one number: claiming a few of each bakery's, urgent ones first.
            models.Index(
                fields=("phone_number", "tenant", "-priority", "send_after"),
                name="message_queue",
                condition=models.Q(send_after__isnull=False),
            ),
            # What nobody knows the fate of.
            models.Index(
                fields=("unconfirmed_at",),
                name="message_unconfirmed",
                condition=models.Q(unconfirmed_at__isnull=False),
            ),
            # What waited past its time.
            models.Index(
                fields=("expires_at",),
                name="message_expiry",
                condition=models.Q(send_after__isnull=False),
            ),
            # What a worker took and never settled.
            models.Index(
                fields=("claimed_at",),
                name="message_claimed",
                condition=models.Q(claimed_at__isnull=False),
            ),
            # Everything sent to one recipient.
            models.Index(fields=("recipient_phone", "-id"), name="message_recipient"),
            # A recipient of whose number the end is known.
            models.Index(
                OpClass(Reverse("recipient_phone"), "text_pattern_ops"), name="message_phone_end"
            ),
            # A recipient by the words of the name, an order by its digits, and both together.
            GinIndex(NameWords("recipient_name"), OrderDigits("reference"), name="message_words"),
            # What failed, the newest first. A status that changes no `failed_at` rewrites it not.
            models.Index(
                fields=("-id",),
                name="message_failed",
                condition=models.Q(failed_at__isnull=False),
            ),
            # What left the queue and never reached Meta: cancelled and expired ones.
            models.Index(
                fields=("-id",),
                name="message_never_accepted",
                condition=models.Q(
                    accepted_at__isnull=True, send_after__isnull=True, claimed_at__isnull=True
                ),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("wamid",),
                condition=models.Q(wamid__isnull=False),
                name="message_wamid_unique",
            ),
            models.UniqueConstraint(
                fields=("tenant", "idempotency_key"),
                condition=models.Q(idempotency_key__isnull=False),
                name="message_idempotency_key_unique",
            ),
            # Two clicks at once never send twice.
            models.UniqueConstraint(
                fields=("replaces",),
                condition=models.Q(replaces__isnull=False),
                name="message_replaced_once",
            ),
            models.CheckConstraint(
                name="message_waits_exactly_while_queued",
                condition=models.Q(status=MessageStatus.QUEUED, send_after__isnull=False)
                | (~models.Q(status=MessageStatus.QUEUED) & models.Q(send_after__isnull=True)),
            ),
            models.CheckConstraint(
                name="message_claimed_exactly_while_sending",
                condition=models.Q(status=MessageStatus.SENDING, claimed_at__isnull=False)
                | (~models.Q(status=MessageStatus.SENDING) & models.Q(claimed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="message_unconfirmed_has_its_time",
                condition=models.Q(status=MessageStatus.UNCONFIRMED, unconfirmed_at__isnull=False)
                | (
                    ~models.Q(status=MessageStatus.UNCONFIRMED)
                    & models.Q(unconfirmed_at__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="message_status_known",
                condition=models.Q(status__in=[status.value for status in MessageStatus]),
            ),
        )

    def __str__(self) -> str:
        return f"message {self.pk} ({self.status})"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL
