from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenants.admin.base import ReadOnlyAdmin, ReadOnlyInline
from tenants.admin.board import AssignmentBoard
from tenants.admin.sealed_search import SealedSearch
from tenants.display import GOOD, badge, link, moment, page_url, phone
from tenants.models import AssignmentRound, PhoneNumberAssignment

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


_WHO_AND_WHEN = ("since", "assigned_by", "reason", "until", "ended_by", "end_reason")


class AssignmentColumns:
    """The history of numbers: which number, whose, from when to when, by whom, why."""

    @admin.display(description=gettext_lazy("number"))
    def sender(self, assignment: PhoneNumberAssignment) -> SafeString:
        url = page_url("tenants_phonenumber", assignment.phone_number_id)
        return link(url, phone(assignment.phone_number.display_phone_number))

    @admin.display(description=gettext_lazy("bakery"))
    def bakery(self, assignment: PhoneNumberAssignment) -> SafeString:
        return link(page_url("tenants_tenant", assignment.tenant_id), assignment.tenant.name)

    @admin.display(description=gettext_lazy("from"), ordering="assigned_at")
    def since(self, assignment: PhoneNumberAssignment) -> SafeString | str:
        return moment(assignment.assigned_at)

    @admin.display(description=gettext_lazy("to"), ordering="ended_at")
    def until(self, assignment: PhoneNumberAssignment) -> SafeString | str:
        if assignment.ended_at is None:
            return badge(_("in use"), icon="check_circle", tone=GOOD)
        return moment(assignment.ended_at)


class _History(AssignmentColumns, ReadOnlyInline):
    model = PhoneNumberAssignment
    verbose_name_plural = gettext_lazy("History of its numbers")
    ordering = ("-assigned_at", "-id")
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> QuerySet[PhoneNumberAssignment]:
        found: QuerySet[PhoneNumberAssignment] = super().get_queryset(request)
        return found.select_related("tenant", "phone_number")


class AssignmentsOfBakery(_History):
    fields = readonly_fields = ("sender", *_WHO_AND_WHEN)


class AssignmentsOfNumber(_History):
    verbose_name_plural = gettext_lazy("History of its bakeries")
    fields = readonly_fields = ("bakery", *_WHO_AND_WHEN)


class StandingFilter(admin.SimpleListFilter):
    title = gettext_lazy("in use")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", _("in use")), ("no", _("ended"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PhoneNumberAssignment]
    ) -> QuerySet[PhoneNumberAssignment]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(ended_at__isnull=self.value() == "yes")
        return queryset


@admin.register(PhoneNumberAssignment)
class PhoneNumberAssignmentAdmin(AssignmentBoard, AssignmentColumns, SealedSearch, ReadOnlyAdmin):
    """The history of numbers; the board where they are given is a page of its own beside it."""

    list_display = (
        "since",
        "sender",
        "bakery",
        "assigned_by",
        "reason",
        "until",
        "ended_by",
        "end_reason",
    )
    list_filter = (StandingFilter,)
    list_select_related = ("tenant", "phone_number")
    search_fields = (
        "tenant__name",
        "phone_number__display_phone_number",
        "phone_number__phone_number_id",
    )
    search_help_text = gettext_lazy("Bakery or number")
    ordering = ("-assigned_at", "-id")
    fields = readonly_fields = (
        "sender",
        "bakery",
        "is_primary",
        *_WHO_AND_WHEN,
    )


class GivenInRound(_History):
    fk_name = "opened_in"
    verbose_name_plural = gettext_lazy("Numbers given")
    fields = readonly_fields = ("sender", "bakery", "since", "until")


class TakenInRound(_History):
    fk_name = "closed_in"
    verbose_name_plural = gettext_lazy("Numbers taken away")
    fields = readonly_fields = ("sender", "bakery", "since", "until")


@admin.register(AssignmentRound)
class AssignmentRoundAdmin(ReadOnlyAdmin):
    """What was saved on the board together. Whoever may look at assignments may look at these."""

    list_display = ("saved", "saved_by", "bakeries", "reason", "undone")
    ordering = ("-saved_at", "-id")
    search_fields = ("saved_by", "reason")
    inlines = (GivenInRound, TakenInRound)
    fields = readonly_fields = (
        "saved",
        "saved_by",
        "bakeries",
        "reason",
        "undone",
        "undo_of",
    )

    def has_view_permission(self, request: HttpRequest, obj: AssignmentRound | None = None) -> bool:
        return request.user.has_perm("tenants.view_phonenumberassignment")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def heading(self, saved: AssignmentRound) -> str:
        text = ngettext("%(count)d bakery, %(by)s", "%(count)d bakeries, %(by)s", saved.bakeries)
        return text % {"count": saved.bakeries, "by": saved.saved_by}

    @admin.display(description=gettext_lazy("saved"), ordering="saved_at")
    def saved(self, saved: AssignmentRound) -> SafeString | str:
        return moment(saved.saved_at)

    @admin.display(description=gettext_lazy("undone"), ordering="undone_at")
    def undone(self, saved: AssignmentRound) -> SafeString | str:
        return moment(saved.undone_at)
