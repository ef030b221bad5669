"""Bakeries with what only messaging knows: when they last sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Message
from messaging.services.readings import unread_numbers
from tenants.admin import TenantAdmin
from tenants.display import link, list_url, moment
from tenants.models import Tenant

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

admin.site.unregister(Tenant)


@admin.register(Tenant)
class SendingTenantAdmin(TenantAdmin):
    readonly_fields = (*TenantAdmin.readonly_fields, "its_messages")
    fieldsets = (
        (None, {"fields": ("name", "slug", "number", "whatsapp_enabled", "its_messages")}),
        *TenantAdmin.fieldsets[1:],
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"unread": unread_numbers(), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def more_columns(self, request: HttpRequest) -> list[str]:
        return ["last_message", *super().more_columns(request)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        newest = Message.objects.filter(tenant=OuterRef("pk")).newest_first()
        return (
            super()
            .get_queryset(request)
            .annotate(last_message_at=Subquery(newest.values("created_at")[:1]))
        )

    @admin.display(description=gettext_lazy("last message"))
    def last_message(self, tenant: Tenant) -> SafeString | str:
        at = getattr(tenant, "last_message_at", None)
        if at is None:
            return _("none yet")
        return link(list_url("messaging_message", tenant=tenant.pk), moment(at))

    @admin.display(description=gettext_lazy("messages"))
    def its_messages(self, tenant: Tenant) -> SafeString | str:
        if tenant._state.adding:
            return "–"
        return link(list_url("messaging_message", tenant=tenant.pk), _("Show its messages"))
