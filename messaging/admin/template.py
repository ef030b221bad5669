from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin import syncing
from messaging.admin.account_event import events_of
from messaging.admin.pages import pretty_json, template_status_badge
from messaging.graph_api.template_text import preview_body, render
from messaging.models import MessageTemplate
from messaging.services.templates import sync_templates
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import CAUTION, badge, link, list_url, moment, page_url, quality_badge
from tenants.models import WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


class ApprovedFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("sendable", _("can be sent")), ("blocked", _("cannot be sent"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MessageTemplate]
    ) -> QuerySet[MessageTemplate]:
        sendable = MessageTemplate.objects.sendable()
        match self.value():
            case "sendable":
                return queryset.filter(pk__in=sendable.values("pk"))
            case "blocked":
                return queryset.exclude(pk__in=sendable.values("pk"))
        return queryset


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    """Templates are written and approved at Meta; here they are read."""

    list_display = ("name", "language", "state", "category_now", "quality", "text_start", "synced")
    list_filter = (ApprovedFilter,)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name of the template")
    ordering = ("name", "language", "id")
    list_before_template = "admin/messaging/messagetemplate/_strip.html"
    change_form_template = "admin/messaging/messagetemplate/change_form.html"
    readonly_fields = (
        "state",
        "category_now",
        "quality",
        "synced",
        "raw",
        "sent_with_it",
        "account_link",
        "its_events",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "language"),
                    ("state", "rejected_reason"),
                    ("category_now", "quality"),
                    ("synced", "sent_with_it"),
                )
            },
        ),
        (gettext_lazy("What Meta told"), {"fields": ("its_events",)}),
        (
            gettext_lazy("Technical"),
            {"fields": (("meta_template_id", "parameter_format"), "account_link", "raw")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        found: QuerySet[MessageTemplate] = super().get_queryset(request)
        return found.select_related("account")

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_messagetemplate")

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "sync/", self.admin_site.admin_view(self.sync), name="messaging_messagetemplate_sync"
        )
        return [ours, *super().get_urls()]

    def sync(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_sync_permission(request):
            raise PermissionDenied
        syncing.run(request, sync_templates)
        return HttpResponseRedirect(list_url("messaging_messagetemplate"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = WhatsAppBusinessAccount.objects.only("templates_synced_at").order_by("id").first()
        sync = syncing.Sync(
            url=reverse("admin:messaging_messagetemplate_sync"),
            at=account.templates_synced_at if account else None,
            may=self.has_sync_permission(request),
        )
        answer: HttpResponse = super().changelist_view(
            request, {"sync": sync, **(extra_context or {})}
        )
        return answer

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        template = self.get_object(request, object_id)
        more = dict(extra_context or {})
        if template is not None:
            more["bubble"] = render(template.components)
        answer: HttpResponse = super().change_view(request, object_id, form_url, more)
        return answer

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, template: MessageTemplate) -> SafeString:
        return template_status_badge(template)

    @admin.display(description=gettext_lazy("category"), ordering="category")
    def category_now(self, template: MessageTemplate) -> SafeString | str:
        if template.previous_category and template.previous_category != template.category:
            title = _("Meta changed it from %(before)s; the price follows the category.")
            return badge(
                template.category,
                icon="price_change",
                tone=CAUTION,
                title=title % {"before": template.previous_category},
            )
        return template.category or "–"

    @admin.display(description=gettext_lazy("quality"))
    def quality(self, template: MessageTemplate) -> SafeString | str:
        return quality_badge(template.quality_score)

    @admin.display(description=gettext_lazy("text"))
    def text_start(self, template: MessageTemplate) -> str:
        text = preview_body(template.components)
        return f"{text[:69]}…" if len(text) > 70 else text

    @admin.display(description=gettext_lazy("last synced"), ordering="last_synced_at")
    def synced(self, template: MessageTemplate) -> SafeString | str:
        return moment(template.last_synced_at)

    @admin.display(description=gettext_lazy("messages"))
    def sent_with_it(self, template: MessageTemplate) -> SafeString:
        return link(list_url("messaging_message", template=template.pk), _("Show its messages"))

    @admin.display(description=gettext_lazy("account"))
    def account_link(self, template: MessageTemplate) -> SafeString:
        account = template.account
        return link(
            page_url("tenants_whatsappbusinessaccount", account.pk), account.name or account.waba_id
        )

    @admin.display(description=gettext_lazy("components"))
    def raw(self, template: MessageTemplate) -> SafeString:
        return pretty_json(template.components)

    @admin.display(description=gettext_lazy("events"))
    def its_events(self, template: MessageTemplate) -> SafeString | str:
        return events_of(template)
