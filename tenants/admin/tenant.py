from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from tenants.admin.assignment import AssignmentsOfBakery
from tenants.admin.base import KnownKeys, confirmation
from tenants.admin.board import may_assign
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
from tenants.models import Membership, PhoneNumber, PhoneNumberAssignment, Tenant, User
from tenants.services import viewing
from tenants.services.number_use import NumberUse, capped_account, number_use
from tenants.services.setting_changes import note_differences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

_KEPT_AS = "_number_use"


def _use(request: HttpRequest) -> NumberUse:
    """Return how the numbers are used, read once a request: the admin asks for its columns several times."""
    use: NumberUse | None = getattr(request, _KEPT_AS, None)
    if use is None:
        use = number_use(capped_account())
        setattr(request, _KEPT_AS, use)
    return use


class NumberColumn:
    """A column of the list of bakeries: the number it has and the way to the board. Made for one request."""

    short_description = gettext_lazy("number")
    admin_order_field = None
    __name__ = "number"

    def __init__(self, use: NumberUse, *, may_assign: bool) -> None:
        self.use = use
        self.may_assign = may_assign

    def __call__(self, tenant: Tenant) -> SafeString:
        standing = getattr(tenant, "open_assignments", [])
        return render_to_string(
            "admin/tenants/tenant/_number.html",
            {
                "tenant": tenant,
                "assignment": standing[0] if standing else None,
                "use": self.use,
                "may_assign": self.may_assign,
            },
        )


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
class TenantAdmin(KnownKeys, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Bakeries and what each may do. Their numbers are given on the assignment board."""

    list_filter = ("whatsapp_enabled", HasNumberFilter, "tier")
    search_fields = ("name", "slug")
    search_help_text = gettext_lazy("Name of the bakery, or digits of its number")
    ordering = ("name", "id")
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_before_template = "admin/tenants/tenant/_numbers_strip.html"
    change_form_outer_before_template = "admin/tenants/tenant/_view_as.html"
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
                    ("daily_cap", "monthly_cap", "own_monthly_limit"),
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
        column = NumberColumn(_use(request), may_assign=may_assign(request))
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

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_view_as"] = self.has_view_permission(request)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "<uuid:pk>/view-as/",
            self.admin_site.admin_view(self.view_as),
            name="tenants_tenant_view_as",
        )
        return [ours, *super().get_urls()]

    def view_as(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Open the bakery's own pages, read-only. Whoever may see the bakery here may."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        tenant = get_object_or_404(Tenant, pk=pk)
        if request.method == "POST":
            viewing.start(request.session, tenant)
            return redirect("bakery_settings", slug=tenant.slug)
        return confirmation(
            request,
            self,
            title=_("Look at the pages of %(name)s?") % {"name": tenant.name},
            lines=[
                _("You see them as the bakery does, and change nothing."),
                _("After 30 minutes it ends by itself. It is written into the log of changes."),
            ],
            button=_("View as bakery"),
            back_url=page_url("tenants_tenant", pk),
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
            "use": _use(request),
            "may_assign": may_assign(request),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        before = Tenant.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if before is not None and isinstance(request.user, User):
            note_differences(before, obj, by=request.user)

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
            return _("Save the bakery first, then give it a number on the assignment board.")
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
