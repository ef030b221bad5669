from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin.pages import pretty_json, verdict_badge
from messaging.admin.paginator import NewestPaginator
from messaging.admin.wording import reason
from messaging.models import WebhookDelivery
from messaging.services.receiving import apply_delivery
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, BUSY, CAUTION, GOOD, badge, moment

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.safestring import SafeString


class ProcessedFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("waiting", _("to be applied")), ("failed", _("could not be applied"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        match self.value():
            case "waiting":
                return queryset.filter(processed_at__isnull=True)
            case "failed":
                return queryset.exclude(traceback="")
        return queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What Meta posted, as it came, and what became of each thing in it."""

    list_display = ("received", "state", "content", "size", "processed")
    list_filter = (ProcessedFilter,)
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    paginator = NewestPaginator
    list_after_template = "admin/messaging/message/_newest_only.html"
    actions = ("apply_again",)
    fields = readonly_fields = (
        "received",
        "state",
        "processed",
        "verdict_table",
        "failure",
        "pretty_body",
    )

    def heading(self, delivery: WebhookDelivery) -> str:
        return _("Webhook %(id)d") % {"id": delivery.pk}

    def has_apply_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("messaging.change_webhookdelivery")

    @admin.action(description=gettext_lazy("Apply again"), permissions=["apply"])
    def apply_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Harmless at any time: what was applied before changes nothing."""
        count = apply_delivery(list(queryset.values_list("pk", flat=True)))
        text = ngettext(
            "%(count)d delivery applied again.", "%(count)d deliveries applied again.", count
        )
        messages.success(request, text % {"count": count})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        more = {"may_apply": self.has_apply_permission(request), **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, more)
        return answer

    change_form_outer_before_template = "admin/messaging/webhookdelivery/_apply.html"

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("received"))
    def received(self, delivery: WebhookDelivery) -> SafeString | str:
        return moment(delivery.received_at)

    @admin.display(description=gettext_lazy("processed"))
    def processed(self, delivery: WebhookDelivery) -> SafeString | str:
        return moment(delivery.processed_at)

    @admin.display(description=gettext_lazy("state"))
    def state(self, delivery: WebhookDelivery) -> SafeString:
        if delivery.traceback:
            return badge(_("could not be applied"), icon="error", tone=BAD)
        if delivery.processed_at is None:
            return badge(_("to be applied"), icon="schedule", tone=BUSY)
        verdicts = {str(verdict.get("verdict")) for verdict in delivery.verdicts}
        if verdicts & {"malformed", "error"}:
            return badge(_("not readable"), icon="error", tone=BAD)
        if "ignored" in verdicts:
            return badge(_("applied in part"), icon="help", tone=CAUTION)
        return badge(_("applied"), icon="check_circle", tone=GOOD)

    @admin.display(description=gettext_lazy("content"))
    def content(self, delivery: WebhookDelivery) -> str:
        """Say what is in it, such as "delivered, read ×2"."""
        found = Counter(str(verdict.get("what") or "?") for verdict in delivery.verdicts)
        return ", ".join(f"{what} ×{n}" if n > 1 else what for what, n in found.items()) or "–"

    @admin.display(description=gettext_lazy("size"))
    def size(self, delivery: WebhookDelivery) -> str:
        return _("%(count)d bytes") % {"count": len(delivery.body)}

    @admin.display(description=gettext_lazy("verdicts"))
    def verdict_table(self, delivery: WebhookDelivery) -> SafeString | str:
        if not delivery.verdicts:
            return "–"
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    str(verdict.get("change", "")),
                    str(verdict.get("what", "")),
                    verdict_badge(str(verdict.get("verdict", ""))),
                    reason(str(verdict.get("why") or "")),
                )
                for verdict in delivery.verdicts
            ),
        )
        heads = (_("change"), _("what"), _("verdict"), _("why"))
        head = format_html_join("", '<th scope="col">{}</th>', ((word,) for word in heads))
        return format_html(
            '<table class="bw-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
            head,
            rows,
        )

    @admin.display(description=gettext_lazy("traceback"))
    def failure(self, delivery: WebhookDelivery) -> SafeString | str:
        if not delivery.traceback:
            return "–"
        return format_html('<pre class="bw-code" tabindex="0">{}</pre>', delivery.traceback)

    @admin.display(description=gettext_lazy("body"))
    def pretty_body(self, delivery: WebhookDelivery) -> SafeString:
        try:
            return pretty_json(json.loads(delivery.body_text))
        except (ValueError, RecursionError):
            return format_html('<pre class="bw-code" tabindex="0">{}</pre>', delivery.body_text)
