from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from tenants.admin.assignment import AssignmentsOfBakery
from tenants.admin.base import confirmation
from tenants.admin.number_board import NumberBoard, NumberColumn
from tenants.display import (
    BAD,
    GOOD,
    badge,
    link,
    list_url,
    moment,
    page_url,
    phone,
    yes_or_no,
)
from tenants.models import Membership, PhoneNumber, PhoneNumberAssignment, Tenant
from tenants.services.assignments import (
    NumberTakenError,
    ReservedNumberError,
    assign_number,
    release_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

_CHOICE = "number-"


class HasNumberFilter(admin.SimpleListFilter):
    title = gettext_lazy("number")
    parameter_name = "number"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, StrOrPromise]]:
        return [("own", _("has its own number")), ("default", _("uses the default number"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        if self.value() not in {"own", "default"}:
            return queryset
        has_own = Exists(PhoneNumberAssignment.objects.open().filter(tenant=OuterRef("pk")))
        return queryset.filter(has_own if self.value() == "own" else ~has_own)


class MembershipInline(TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Membership
    extra = 0
    fields = ("user", "role", "since")
    readonly_fields = ("since",)
    autocomplete_fields = ("user",)
    hide_title = True
    verbose_name = gettext_lazy("person")
    verbose_name_plural = gettext_lazy("people")

    @admin.display(description=gettext_lazy("since"))
    def since(self, membership: Membership) -> SafeString | str:
        return moment(membership.created_at)


@admin.register(Tenant)
class TenantAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """The list of bakeries is where numbers are given: the guide's step 9."""

    list_filter = ("whatsapp_enabled", HasNumberFilter, "tier")
    search_fields = ("name", "slug")
    search_help_text = gettext_lazy("Name of the bakery, or digits of its number")
    ordering = ("name", "id")
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_before_template = "admin/tenants/tenant/_numbers_strip.html"
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields: tuple[str, ...] = ("id", "number", "created", "changed")
    inlines = (AssignmentsOfBakery, MembershipInline)
    fieldsets: Any = (
        (None, {"fields": ("name", "slug", "number", "whatsapp_enabled")}),
        (gettext_lazy("Language and time"), {"fields": (("language", "time_zone"),)}),
        (
            gettext_lazy("Limits"),
            {
                "fields": (
                    "tier",
                    ("daily_cap", "monthly_cap"),
                    "guaranteed_recipients",
                    ("quiet_from", "quiet_until"),
                    "suspended_until",
                    "suspension_reason",
                )
            },
        ),
        (gettext_lazy("Technical"), {"fields": ("id", ("created", "changed"))}),
    )

    def get_list_display(self, request: HttpRequest) -> Sequence[str | Callable[..., Any]]:
        column = NumberColumn(
            request,
            may_assign=self.has_assign_permission(request),
            may_release=self.has_release_permission(request),
        )
        return ["name", column, "notices", *self.more_columns(request)]

    def more_columns(self, request: HttpRequest) -> list[str]:
        return ["people"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        standing = PhoneNumberAssignment.objects.open().select_related("phone_number")
        found: QuerySet[Tenant] = super().get_queryset(request)
        return found.prefetch_related(
            Prefetch("assignments", queryset=standing, to_attr="open_assignments"),
            "memberships__user",
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Tenant], search_term: str
    ) -> tuple[QuerySet[Tenant], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted: Any = Q(name__icontains=term) | Q(slug__istartswith=term)
        digits = re.sub(r"\D", "", term)
        if len(digits) >= 3:
            wanted = wanted | Exists(
                PhoneNumberAssignment.objects.open().filter(
                    tenant=OuterRef("pk"), phone_number__display_phone_number__contains=digits
                )
            )
        return queryset.filter(wanted), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "board": NumberBoard.of(request),
            "may_assign": self.has_assign_permission(request),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def has_assign_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("tenants.add_phonenumberassignment")

    def has_release_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("tenants.change_phonenumberassignment")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("assign-numbers/", wrap(self.assign_numbers), name="tenants_tenant_assign"),
            path("<uuid:pk>/release-number/", wrap(self.release), name="tenants_tenant_release"),
        ]
        return [*ours, *super().get_urls()]

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("WhatsApp notices"), ordering="whatsapp_enabled")
    def notices(self, tenant: Tenant) -> SafeString:
        if tenant.is_suspended:
            return badge(_("suspended"), icon="block", tone=BAD, title=tenant.suspension_reason)
        return yes_or_no(tenant.whatsapp_enabled, yes=_("on"), no=_("off"))

    @admin.display(description=gettext_lazy("people"))
    def people(self, tenant: Tenant) -> SafeString:
        count = len(tenant.memberships.all())
        return link(list_url("tenants_membership", tenant__id__exact=tenant.pk), str(count))

    @admin.display(description=gettext_lazy("number"))
    def number(self, tenant: Tenant) -> SafeString | str:
        if tenant._state.adding:
            return _("Save the bakery first, then give it a number in the list of bakeries.")
        standing = tenant.assignments.open().select_related("phone_number").first()
        if standing is None:
            default = PhoneNumber.objects.default().first()
            if default is None:
                return _("none, and there is no default number")
            return _("uses the default number %(number)s") % {
                "number": phone(default.display_phone_number)
            }
        return format_html(
            "{} {}",
            badge(
                phone(standing.phone_number.display_phone_number), icon="check_circle", tone=GOOD
            ),
            link(page_url("tenants_phonenumber", standing.phone_number_id), _("Show the number")),
        )

    @admin.display(description=gettext_lazy("created"))
    def created(self, tenant: Tenant) -> SafeString | str:
        return moment(tenant.created_at)

    @admin.display(description=gettext_lazy("changed"))
    def changed(self, tenant: Tenant) -> SafeString | str:
        return moment(tenant.updated_at)

    # --- Assigning -----------------------------------------------------------------------------

    def assign_numbers(self, request: HttpRequest) -> HttpResponse:
        """Take every choice made in the list, and say of each how it went."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_assign_permission(request):
            raise PermissionDenied
        chosen = _chosen(request)
        if not chosen:
            messages.warning(request, _("Choose a number first."))
        assigned = [tenant for tenant in chosen if self._assign(request, tenant, chosen[tenant])]
        anchor = f"#bakery-{assigned[0].pk}" if assigned else ""
        query = request.POST.get("back", "")
        return HttpResponseRedirect(f"{list_url('tenants_tenant')}?{query}{anchor}")

    def _assign(self, request: HttpRequest, tenant: Tenant, phone_number: PhoneNumber) -> bool:
        number = phone(phone_number.display_phone_number)
        names = {"bakery": tenant.name, "number": number}
        try:
            assign_number(tenant=tenant, phone_number=phone_number, by=request.user.get_username())
        except NumberTakenError as error:
            text = _(
                "%(bakery)s: %(number)s already belongs to %(holder)s. Release it there first."
            )
            messages.error(request, text % {**names, "holder": error.holder.name})
            return False
        except ReservedNumberError:
            text = _(
                "%(bakery)s: %(number)s is the default number. Make another one the default first."
            )
            messages.error(request, text % names)
            return False
        messages.success(request, _("✓ %(bakery)s now sends from %(number)s.") % names)
        return True

    def release(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_release_permission(request):
            raise PermissionDenied
        tenant = get_object_or_404(Tenant, pk=pk)
        standing = tenant.assignments.open().select_related("phone_number").first()
        if standing is None:
            messages.info(
                request, _("%(bakery)s has no number of its own.") % {"bakery": tenant.name}
            )
            return HttpResponseRedirect(list_url("tenants_tenant"))
        names = {"bakery": tenant.name, "number": phone(standing.phone_number.display_phone_number)}
        if request.method == "POST":
            release_number(
                tenant=tenant,
                by=request.user.get_username(),
                reason=request.POST.get("reason", "").strip()[:300],
            )
            messages.success(
                request, _("%(number)s is spare again. %(bakery)s no longer has it.") % names
            )
            return HttpResponseRedirect(f"{list_url('tenants_tenant')}#bakery-{tenant.pk}")
        return confirmation(
            request,
            self,
            title=_("Release %(number)s?") % names,
            lines=[
                _("%(bakery)s sends from the default number afterwards.") % names,
                _(
                    "Its recipients will see another sender. The number can be assigned again at any time."
                ),
            ],
            button=_("Release the number"),
            back_url=list_url("tenants_tenant"),
            is_dangerous=True,
            asks_reason=True,
        )


def _chosen(request: HttpRequest) -> dict[Tenant, PhoneNumber]:
    """Read the list's selects; what is no id of ours is left out."""
    wanted: dict[UUID, str] = {}
    for name, value in request.POST.items():
        if (
            name.startswith(_CHOICE)
            and isinstance(value, str)
            and value.isdecimal()
            and len(value) < 19
        ):
            try:
                wanted[UUID(name.removeprefix(_CHOICE))] = value
            except ValueError:
                continue
    tenants = Tenant.objects.filter(pk__in=wanted).by_name()
    numbers = PhoneNumber.objects.in_bulk([int(value) for value in wanted.values()])
    return {
        tenant: numbers[int(wanted[tenant.pk])]
        for tenant in tenants
        if int(wanted[tenant.pk]) in numbers
    }
