"""The cost page in place of a list of counts: a month by bakery and by day, and its CSV files."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.cost_page import COST_PAGE, cost_page, unconfirmed_since
from messaging.csv_files import csv_answer
from messaging.models import CountedDay, DailyUsage
from messaging.months import Month, NoMonthError
from messaging.services import costs, statements, usage
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import link, list_url, moment
from tenants.models import Tenant

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.register(DailyUsage)
class DailyUsageAdmin(ReadOnlyAdmin):
    list_display = ("day", "tenant", "category", "status", "messages")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("csv/", wrap(self.csv), name=f"{COST_PAGE}_csv"),
            path("count/", wrap(self.count), name=f"{COST_PAGE}_count"),
        ]
        return [*ours, *super().get_urls()]

    def has_count_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_dailyusage")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._refuse_strangers(request)
        month, tenant = _asked(request)
        report = costs.month_report(month, tenant=tenant)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Cost by month"),
            "page": cost_page(report, tenant=tenant),
            "month": month,
            "tenant": tenant,
            "may_count": self.has_count_permission(request),
            "unconfirmed_since": unconfirmed_since(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/messaging/cost/month.html", context)

    def csv(self, request: HttpRequest) -> HttpResponseBase:
        """A line for each bakery, or with `tenant` for each of its messages."""
        self._refuse_strangers(request)
        month, tenant = _asked(request)
        if tenant is None:
            lines = statements.bakery_lines(costs.month_report(month))
            name = f"whatsapp-{month}.csv"
        else:
            lines = statements.message_lines(month, tenant=tenant)
            name = f"whatsapp-{month}-{tenant.slug}.csv"
        return csv_answer(lines, name=name)

    def count(self, request: HttpRequest) -> HttpResponse:
        """Count the month's days again, now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_count_permission(request):
            raise PermissionDenied
        month, tenant = _asked(request)
        days = set(month.days)
        usage.count_days(day for day in usage.days_since(month.first) if day in days)
        messages.success(request, _("Counted again."))
        more = {"tenant": tenant.pk} if tenant else {}
        return HttpResponseRedirect(list_url(COST_PAGE, month=month, **more))

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _asked(request: HttpRequest) -> tuple[Month, Tenant | None]:
    """Return the month (this one unless another is named) and the bakery, if one is. Raises Http404."""
    asked = request.POST or request.GET
    try:
        month = Month.parse(asked.get("month", "") or str(Month.current()))
        tenant = asked.get("tenant", "")
        return month, Tenant.objects.get(pk=uuid.UUID(tenant)) if tenant else None
    except (NoMonthError, ValueError, Tenant.DoesNotExist):
        raise Http404 from None


@admin.register(CountedDay)
class CountedDayAdmin(ReadOnlyAdmin):
    """When each day was counted last; for whoever wonders how fresh the cost page is."""

    list_display = ("day", "at", "its_messages")
    list_display_links = None
    ordering = ("-day",)
    fields = readonly_fields = ("day", "at")

    @admin.display(description=gettext_lazy("counted"))
    def at(self, counted: CountedDay) -> SafeString | str:
        return moment(counted.counted_at)

    @admin.display(description=gettext_lazy("messages"))
    def its_messages(self, counted: CountedDay) -> SafeString:
        return link(list_url("messaging_message", month=counted.day), _("Show its messages"))
