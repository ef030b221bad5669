"""Filters of the list of templates: by what can be done with them, and by Meta's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from messaging.models import MessageTemplate, TemplateChange

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    Choices = list[tuple[str, str]]


class SendableFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        return [
            ("sendable", _("can be sent")),
            ("blocked", _("cannot be sent")),
            ("paused", _("paused by us")),
            ("changed", _("changed at Meta")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MessageTemplate]
    ) -> QuerySet[MessageTemplate]:
        sendable = MessageTemplate.objects.sendable().values("pk")
        match self.value():
            case "sendable":
                return queryset.filter(pk__in=sendable)
            case "blocked":
                there = MessageTemplate.objects.there().values("pk")
                return queryset.filter(pk__in=there).exclude(pk__in=sendable)
            case "paused":
                return queryset.filter(paused_at__isnull=False)
            case "changed":
                unseen = TemplateChange.objects.unseen_drift()
                return queryset.filter(pk__in=unseen.values("template"))
        return queryset


class MetasWordFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """Offers the words that stand in the column, whatever Meta invents."""

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        values = MessageTemplate.objects.order_by(self.parameter_name).values_list(
            self.parameter_name, flat=True
        )
        return [(word, self.words(word)) for word in values.distinct() if word]

    def words(self, word: str) -> str:
        return word

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MessageTemplate]
    ) -> QuerySet[MessageTemplate]:
        known = {word for word, _words in self.lookup_choices}
        if self.value() not in known:
            return queryset
        return queryset.filter(**{self.parameter_name: self.value()})


class StatusFilter(MetasWordFilter):
    title = gettext_lazy("status at Meta")
    parameter_name = "status"


class CategoryFilter(MetasWordFilter):
    title = gettext_lazy("category")
    parameter_name = "category"


class LanguageFilter(MetasWordFilter):
    title = gettext_lazy("language")
    parameter_name = "language"


class QualityFilter(MetasWordFilter):
    title = gettext_lazy("quality")
    parameter_name = "quality_score"

    def words(self, word: str) -> str:
        return _("not rated yet") if word == "UNKNOWN" else word
