"""Filters of the list of messages by which the cost pages' numbers lead to their messages."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import CharField, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from messaging.admin.cost_words import month_words
from messaging.admin.filters import BakeryFilter
from messaging.models.message import first_id_at
from messaging.months import Month, NoMonthError, begin_of
from messaging.services.costs import days_with
from messaging.services.overview import STATUSES_OF, Group
from messaging.services.prices import DELIVERED

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from messaging.models import Message
    from messaging.models.message import MessageQuerySet

_MONTHS = 12


class MonthFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """A month (2026-11), a day (2026-11-02) or the days from one to another (2026-11-02..2026-11-08).

    In the account's time zone, as a range of time-ordered ids.
    """

    title = gettext_lazy("month")
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        months: list[tuple[str, StrOrPromise]] = []
        month = Month.current()
        for _number in range(_MONTHS):
            months.append((str(month), month_words(month)))
            month = month.previous
        return months

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        found: MessageQuerySet = queryset  # type: ignore[assignment]  # the admin asks our own manager
        wanted = _days(self.value() or "")
        if wanted is None:
            return queryset
        return found.created_between(after=begin_of(wanted[0]), before=begin_of(wanted[1]))


def _uuid(written: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(written)
    except ValueError:
        return None


def _on(days: list[date]) -> Q:
    """Ranges of ids of these days, one range for days that follow each other."""
    ranges: list[tuple[date, date]] = []
    for day in days:
        after = day + timedelta(days=1)
        if ranges and ranges[-1][1] == day:
            ranges[-1] = (ranges[-1][0], after)
        else:
            ranges.append((day, after))
    found = Q(pk__in=())
    for first, after in ranges:
        found |= Q(id__gte=first_id_at(begin_of(first)), id__lt=first_id_at(begin_of(after)))
    return found


def _days(written: str) -> tuple[date, date] | None:
    try:
        month = Month.parse(written)
    except NoMonthError:
        pass
    else:
        return month.first, month.after
    first, _separator, last = written.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None
    is_range = days[0].year >= 2000 and days[0] <= days[1] and days[1].year < 2100
    return (days[0], days[1] + timedelta(days=1)) if is_range else None


class CountedFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """How a message counts on the cost page."""

    title = gettext_lazy("counted as")
    parameter_name = "counted"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [
            ("sent", _("sent")),
            ("delivered", _("delivered")),
            ("read", _("read")),
            ("failed", _("failed")),
            ("charged", _("charged")),
            ("free", _("free of charge")),
            ("unknown", _("charge unknown")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        wanted = self.value()
        if wanted not in dict(self.lookup_choices):
            return queryset
        if days := _days(request.GET.get(MonthFilter.parameter_name, "")):
            tenant_id = _uuid(request.GET.get(BakeryFilter.parameter_name, ""))
            its_days = days_with(wanted, first=days[0], after=days[1], tenant_id=tenant_id)
            queryset = queryset.filter(_on(its_days))
        if wanted in {Group.SENT, Group.DELIVERED, Group.READ, Group.FAILED}:
            return queryset.filter(status__in=STATUSES_OF[Group(wanted)])
        # As text, empty where Meta has not said anything: NULL is neither equal nor different.
        said = Coalesce(KeyTextTransform("type", "pricing"), Value(""), output_field=CharField())
        delivered = queryset.filter(status__in=DELIVERED).alias(charge=said)
        match wanted:
            case "charged":
                return delivered.filter(charge="regular")
            case "free":
                return delivered.filter(charge__startswith="free_")
            case "unknown":
                return delivered.exclude(charge="regular").exclude(charge__startswith="free_")
        return queryset
