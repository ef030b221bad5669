"""Filters of the list of messages. Each leads to an index: the list may have millions of rows."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from messaging.models import Message, MessageTemplate
from messaging.statuses import MessageStatus
from tenants.display import phone
from tenants.models import PhoneNumber, Tenant

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from messaging.models.message import MessageQuerySet

    Choices = list[tuple[str, StrOrPromise]]


_UNDECIDED = "undecided"


class StatusFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """`status` itself is in no index, on purpose; each rare state has a small one of its own but those two."""

    title = gettext_lazy("status")
    parameter_name = "status"

    @property
    def is_unindexed(self) -> bool:
        """Whether nearly no message is in the state, for it passes at once, and no index leads to those that are."""
        return self.value() in {MessageStatus.ACCEPTED, MessageStatus.HELD}

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        states: Choices = [(status.value, status.label) for status in MessageStatus]
        return [*states, (_UNDECIDED, _("unconfirmed, to be decided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        wanted = self.value()
        if wanted == _UNDECIDED:
            return queryset.filter(unconfirmed_at__isnull=False, acknowledged_at__isnull=True)
        if wanted not in MessageStatus.values:
            return queryset
        if wanted == MessageStatus.QUEUED:
            return queryset.filter(send_after__isnull=False)
        if wanted == MessageStatus.SENDING:
            return queryset.filter(claimed_at__isnull=False)
        if wanted == MessageStatus.UNCONFIRMED:
            return queryset.filter(unconfirmed_at__isnull=False)
        found: MessageQuerySet = queryset  # type: ignore[assignment]  # the admin asks our own manager
        if wanted == MessageStatus.FAILED:
            return found.failed()
        if wanted in {MessageStatus.CANCELLED, MessageStatus.EXPIRED}:
            return found.ended_unsent(MessageStatus(wanted))
        return queryset.filter(status=wanted)


class WhenFilter(admin.SimpleListFilter):
    """Days of the admin's time zone and the last 24 hours, as a range of time-ordered ids."""

    title = gettext_lazy("requested")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        return [
            ("day", _("in the last 24 hours")),
            ("today", _("today")),
            ("yesterday", _("yesterday")),
            ("week", _("in the last 7 days")),
            ("month", _("in the last 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        found: MessageQuerySet = queryset  # type: ignore[assignment]  # the admin asks our own manager
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        match self.value():
            case "day":
                return found.created_between(after=timezone.now() - timedelta(hours=24))
            case "today":
                return found.created_between(after=today)
            case "yesterday":
                return found.created_between(after=today - timedelta(days=1), before=today)
            case "week":
                return found.created_between(after=today - timedelta(days=7))
            case "month":
                return found.created_between(after=today - timedelta(days=30))
        return queryset


class BakeryFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    title = gettext_lazy("bakery")
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        return [(str(pk), name) for pk, name in Tenant.objects.by_name().values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        known = {pk for pk, _name in self.lookup_choices}
        return queryset.filter(tenant=self.value()) if self.value() in known else queryset


class NumberFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    title = gettext_lazy("number")
    parameter_name = "number"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        numbers = PhoneNumber.objects.by_number().values_list("pk", "display_phone_number")
        return [(str(pk), phone(number)) for pk, number in numbers]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        known = {pk for pk, _name in self.lookup_choices}
        return queryset.filter(phone_number=self.value()) if self.value() in known else queryset


class TemplateFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    title = gettext_lazy("template")
    parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        return [(str(found.pk), str(found)) for found in MessageTemplate.objects.by_name()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        known = {pk for pk, _name in self.lookup_choices}
        return queryset.filter(template=self.value()) if self.value() in known else queryset


class _LinkedFilter(admin.SimpleListFilter):
    """Set by a link from elsewhere and shown only then: its values are too many to choose from."""

    template = "admin/messaging/message/_linked_filter.html"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        value = self.value()
        return [(value, self.words(value))] if value else []

    def words(self, value: str) -> str:
        return value


class SameRecipientFilter(_LinkedFilter):
    """Everything sent to the number of one message, which the address names instead of the number."""

    title = gettext_lazy("recipient")
    parameter_name = "to"

    def words(self, value: str) -> str:
        return phone(self._number(value)) or value

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(recipient_phone=self._number(self.value() or ""))

    @staticmethod
    def _number(value: str) -> str:
        try:
            found = Message.objects.filter(pk=uuid.UUID(value))
        except ValueError:
            return ""
        return found.values_list("recipient_phone", flat=True).first() or ""


class CodeFilter(_LinkedFilter):
    """What Meta refused with one code."""

    title = gettext_lazy("error code")
    parameter_name = "code"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        found: MessageQuerySet = queryset  # type: ignore[assignment]  # the admin asks our own manager
        value = self.value() or ""
        if not (value.isascii() and value.lstrip("-").isdigit() and len(value) < 19):
            return found.none()
        return found.failed().filter(error_code=int(value))
