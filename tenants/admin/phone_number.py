from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.admin.assignment import AssignmentsOfNumber
from tenants.admin.base import ReadOnlyAdmin
from tenants.admin.number_quality import QualityOfNumber
from tenants.admin.sealed_search import SealedSearch
from tenants.display import (
    BUSY,
    GOOD,
    NEUTRAL,
    UNRATED,
    badge,
    free_number_badge,
    gone_number_badge,
    link,
    list_url,
    moment,
    number_status_badge,
    page_url,
    phone,
    quality_badge,
)
from tenants.models import PhoneNumber, PhoneNumberAssignment
from tenants.services.number_use import capped_account, number_use

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


class UseFilter(admin.SimpleListFilter):
    title = gettext_lazy("use")
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("used", _("has a bakery")),
            ("spare", _("spare")),
            ("default", _("default number")),
            ("gone", _("no longer at Meta")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PhoneNumber]
    ) -> QuerySet[PhoneNumber]:
        used = Exists(PhoneNumberAssignment.objects.open().filter(phone_number=OuterRef("pk")))
        match self.value():
            case "used":
                return queryset.filter(used, gone_at__isnull=True)
            case "spare":
                return queryset.filter(~used, is_default=False, gone_at__isnull=True)
            case "default":
                return queryset.filter(is_default=True)
            case "gone":
                return queryset.filter(gone_at__isnull=False)
        return queryset


class QualityFilter(admin.SimpleListFilter):
    """Meta's three ratings and no rating; a list of the stored values would grow with Meta's words."""

    title = gettext_lazy("quality")
    parameter_name = "quality"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("GREEN", "GREEN"),
            ("YELLOW", "YELLOW"),
            ("RED", "RED"),
            ("low", _("YELLOW or RED")),
            ("none", _("not rated yet")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PhoneNumber]
    ) -> QuerySet[PhoneNumber]:
        if self.value() == "none":
            return queryset.filter(quality_rating__in=UNRATED)
        if self.value() == "low":
            return queryset.filter(quality_rating__in=("YELLOW", "RED"))
        return queryset.filter(quality_rating=self.value()) if self.value() else queryset


@admin.register(PhoneNumber)
class PhoneNumberAdmin(SealedSearch, ReadOnlyAdmin):
    """Numbers come from Meta by syncing; here they are looked at and one is made the default."""

    list_display: tuple[str, ...] = (
        "number",
        "verified_name",
        "use",
        "quality",
        "state",
        "limit",
    )
    list_filter = (UseFilter, QualityFilter)
    search_fields = ("display_phone_number", "verified_name", "phone_number_id")
    search_help_text = gettext_lazy("Digits of the number, display name or phone number id")
    ordering = ("display_phone_number", "id")
    list_before_template = "admin/tenants/phonenumber/_strip.html"
    inlines = (AssignmentsOfNumber, QualityOfNumber)
    readonly_fields: tuple[str, ...] = (
        "number",
        "use",
        "quality",
        "state",
        "limit",
        "synced",
        "created",
        "account_link",
    )
    fieldsets: Any = (
        (None, {"fields": ("number", "verified_name", "use")}),
        (
            gettext_lazy("As Meta says"),
            {
                "fields": (
                    ("quality", "state"),
                    ("name_status", "code_verification_status"),
                    ("limit", "throughput_level"),
                    ("platform_type", "synced"),
                )
            },
        ),
        (gettext_lazy("Technical"), {"fields": ("phone_number_id", "account_link", "created")}),
    )

    def heading(self, number: PhoneNumber) -> str:
        return phone(number.display_phone_number)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PhoneNumber]:
        standing = PhoneNumberAssignment.objects.open().select_related("tenant")
        found: QuerySet[PhoneNumber] = super().get_queryset(request)
        return found.select_related("account").prefetch_related(
            Prefetch("assignments", queryset=standing, to_attr="open_assignments")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PhoneNumber], search_term: str
    ) -> tuple[QuerySet[PhoneNumber], bool]:
        compact = search_term.replace(" ", "").replace("-", "")
        if compact.lstrip("+").isdecimal():
            search_term = compact
        found: tuple[QuerySet[PhoneNumber], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        use = number_use(capped_account())
        has_free = any(number.is_meta_free for number in use.numbers)
        more = {"use": use, "has_free": has_free, **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("number"), ordering="display_phone_number")
    def number(self, number: PhoneNumber) -> SafeString | str:
        written = phone(number.display_phone_number)
        if number.is_meta_free:
            return format_html("{} {}", written, free_number_badge())
        return written

    @admin.display(description=gettext_lazy("use"))
    def use(self, number: PhoneNumber) -> SafeString | str:
        if number.is_default:
            url = list_url("tenants_tenant", number="default")
            return link(url, badge(_("default number"), icon="star", tone=BUSY))
        standing = getattr(number, "open_assignments", [])
        if standing:
            tenant = standing[0].tenant
            return link(
                page_url("tenants_tenant", tenant.pk),
                badge(tenant.name, icon="check_circle", tone=GOOD),
            )
        if number.gone_at is not None:
            return "–"
        return badge(_("spare"), icon="add_circle", tone=NEUTRAL)

    @admin.display(description=gettext_lazy("quality"), ordering="quality_rating")
    def quality(self, number: PhoneNumber) -> SafeString | str:
        return quality_badge(number.quality_rating)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, number: PhoneNumber) -> SafeString | str:
        if number.gone_at is not None:
            return gone_number_badge(number.gone_at)
        return number_status_badge(number.status)

    @admin.display(description=gettext_lazy("limit"))
    def limit(self, number: PhoneNumber) -> str:
        return number.messaging_limit or "–"

    @admin.display(description=gettext_lazy("last synced"), ordering="last_synced_at")
    def synced(self, number: PhoneNumber) -> SafeString | str:
        return moment(number.last_synced_at)

    @admin.display(description=gettext_lazy("created"))
    def created(self, number: PhoneNumber) -> SafeString | str:
        return moment(number.created_at)

    @admin.display(description=gettext_lazy("account"))
    def account_link(self, number: PhoneNumber) -> SafeString | str:
        account = number.account
        return link(
            page_url("tenants_whatsappbusinessaccount", account.pk), account.name or account.waba_id
        )
