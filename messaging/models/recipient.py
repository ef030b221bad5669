from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from messaging.models.message import E164, Message
from messaging.models.searching import NameWords, words_beginning
from messaging.statuses import MessageStatus
from tenants.models import Tenant, TenantOwnedQuerySet


class ConsentHow(models.TextChoices):
    """In what way somebody agreed to be written to."""

    SPOKEN = "spoken", _("by word of mouth")
    WRITTEN = "written", _("in writing")
    WHATSAPP = "whatsapp", _("by WhatsApp")


class RecipientQuerySet(TenantOwnedQuerySet["Recipient"]):
    def with_trouble(self, codes: frozenset[int]) -> Self:
        """Add `is_bad`, whether the last message failed with one of Meta's `codes`, and `sort_name`."""
        failed = models.Q(
            last_message__status=MessageStatus.FAILED, last_message__error_code__in=codes
        )
        return self.annotate(
            is_bad=models.Case(
                models.When(failed, then=True), default=False, output_field=models.BooleanField()
            ),
            sort_name=Lower("name"),
        )

    def called(self, text: str) -> Self:
        """Those in whose name every word of the text begins one, whatever its accents and capitals."""
        words = words_beginning(text)
        if words is None:
            return self.none()
        return self.alias(name_words=NameWords("name")).filter(name_words=words)


RecipientManager = models.Manager.from_queryset(RecipientQuerySet)


class Recipient(models.Model):
    """Somebody a bakery writes to, as that bakery knows them. Messages are matched by the number.

    Learned from messages by a worker, or entered by the bakery. Orders go to the number their caller gives: a corrected
    number here changes none of them, so the former ones are kept, by which older messages are found.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        related_name="recipients",
        verbose_name=_("bakery"),
        db_index=False,  # recipient_once_per_number begins with it
    )
    phone = models.CharField(_("number"), max_length=16, validators=[E164])
    name = models.CharField(_("name"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    # For what does not reach them by WhatsApp.
    email = models.EmailField(_("e-mail address"), blank=True, default="", db_default="")
    consent_how = models.CharField(
        _("agreed to be written to"), max_length=12, choices=ConsentHow, blank=True
    )
    consent_date = models.DateField(_("agreed on"), null=True, blank=True)
    consent_by = models.CharField(_("noted by"), max_length=200, blank=True)
    former_phones: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=16), verbose_name=_("former numbers"), default=list, blank=True
    )
    phone_since = models.DateTimeField(_("number since"), default=timezone.now)
    # The newest message to this number; whether it arrived is read there.
    last_message = models.ForeignKey(
        Message,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("last message"),
        db_index=False,  # recipient_last_message is it
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    objects = RecipientManager()

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        indexes = (
            # Up to which message recipients are learned.
            models.Index(
                fields=("-last_message",),
                name="recipient_last_message",
                condition=models.Q(last_message__isnull=False),
            ),
            # Whose former number a message goes to.
            models.Index(
                fields=("tenant",),
                name="recipient_corrected",
                condition=~models.Q(former_phones=[]),
            ),
        )
        constraints = (
            # Also finds a bakery's recipients: begins with it.
            models.UniqueConstraint(
                fields=("tenant", "phone"),
                name="recipient_once_per_number",
                violation_error_message=_("This number is on the list already."),
            ),
            models.CheckConstraint(
                name="recipient_consent_has_its_day",
                condition=models.Q(consent_how="", consent_date__isnull=True)
                | (~models.Q(consent_how="") & models.Q(consent_date__isnull=False)),
                violation_error_message=_("Say how and when they agreed, or neither."),
            ),
        )

    def __str__(self) -> str:
        return f"recipient {self.pk}"

    @property
    def phones(self) -> list[str]:
        """The number of now and those of before."""
        return [self.phone, *self.former_phones]
