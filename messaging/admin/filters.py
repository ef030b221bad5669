"""Filters of the list of messages. Each leads to an index: the list may have millions of rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from messaging.models import MessageTemplate
from messaging.statuses import MessageStatus
from tenants.display import phone
from tenants.models import PhoneNumber, Tenant

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from messaging.models import Message
    from messaging.models.message import MessageQuerySet

    Choices = list[tuple[str, StrOrPromise]]


_UNDECIDED = "undecided"


class StatusFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        states: Choices = [(status.value, status.label) for status in MessageStatus]
        return [*states, (_UNDECIDED, _("unconfirmed, to be decided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        wanted = self.value()
        if wanted == _UNDECIDED:
            return queryset.filter(unconfirmed_at__isnull=False, acknowledged_at__isnull=True)
        if wanted not in MessageStatus.values:
            return queryset
        # `status` is in no index on purpose; what waits has small ones of its own.
        if wanted == MessageStatus.QUEUED:
            return queryset.filter(send_after__isnull=False)
        if wanted == MessageStatus.SENDING:
            return queryset.filter(claimed_at__isnull=False)
        if wanted == MessageStatus.UNCONFIRMED:
            return queryset.filter(unconfirmed_at__isnull=False)
        return queryset.filter(status=wanted)


class WhenFilter(admin.SimpleListFilter):
    """Days of the admin's time zone, as a range of time-ordered ids."""

    title = gettext_lazy("requested")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        return [
            ("today", _("today")),
            ("yesterday", _("yesterday")),
            ("week", _("in the last 7 days")),
            ("month", _("in the last 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        found: MessageQuerySet = queryset  # type: ignore[assignment]  # the admin asks our own manager
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        match self.value():
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
