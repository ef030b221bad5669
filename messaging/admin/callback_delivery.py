"""What callbacks were told, and what was answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin.pages import message_link, pretty_json
from messaging.admin.paginator import NewestOnly
from messaging.models import CallbackDelivery, DeliveryStatus
from messaging.services import callbacks
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, BUSY, GOOD, badge, link, moment, page_url

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.safestring import SafeString

_LOOKS = {
    DeliveryStatus.WAITING: (BUSY, "schedule"),
    DeliveryStatus.DELIVERED: (GOOD, "check_circle"),
    DeliveryStatus.FAILED: (BAD, "error"),
}


@admin.register(CallbackDelivery)
class CallbackDeliveryAdmin(NewestOnly, ReadOnlyAdmin):
    """What was told, to whom, and what was answered."""

    list_display = ("created", "what", "state", "answered", "attempts", "about", "to")
    list_filter = ("status", "event_type")
    list_select_related = ("callback", "message")
    actions = ("send_again",)
    change_form_outer_before_template = "admin/messaging/callbackdelivery/_again.html"
    readonly_fields = (
        "what",
        "to",
        "about",
        "state",
        "created",
        "delivered",
        "next_time",
        "answered",
        "what_went_wrong",
        "answer",
        "pretty_body",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("what", "to"),
                    ("state", "about"),
                    ("created", "delivered"),
                    ("attempts", "next_time"),
                    "pretty_body",
                )
            },
        ),
        (
            gettext_lazy("Last attempt"),
            {"fields": (("answered", "what_went_wrong"), "answer", "id")},
        ),
    )

    def heading(self, delivery: CallbackDelivery) -> str:
        return str(delivery.event_type)

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        return lookup == "callback__id__exact" or bool(
            super().lookup_allowed(lookup, value, request)
        )

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("messaging.change_callbackdelivery")

    @admin.action(description=gettext_lazy("Send again"), permissions=["operate"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[CallbackDelivery]) -> None:
        """Harmless: it goes out under the same id, so that the other side can tell."""
        off = queryset.filter(callback__disabled_at__isnull=False).exists()
        count = callbacks.redeliver_all(queryset)
        if count:
            text = ngettext("%(count)d is sent again.", "%(count)d are sent again.", count)
            messages.success(request, text % {"count": count})
        if off:
            messages.warning(
                request, _("Nothing goes to a callback that is switched off. Switch it on first.")
            )

    def page_context(self, request: HttpRequest, obj: CallbackDelivery) -> dict[str, Any]:
        return {"may_operate": self.has_operate_permission(request)}

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("created"))
    def created(self, delivery: CallbackDelivery) -> SafeString | str:
        return moment(delivery.created_at, with_seconds=True)

    @admin.display(description=gettext_lazy("what"))
    def what(self, delivery: CallbackDelivery) -> str:
        """Say what was told, such as "message.status: delivered"."""
        status = json.loads(delivery.body)["data"].get("status")
        return f"{delivery.event_type}: {status}" if status else delivery.event_type

    @admin.display(description=gettext_lazy("to"))
    def to(self, delivery: CallbackDelivery) -> SafeString:
        return link(page_url("messaging_callback", delivery.callback_id), delivery.callback.url)

    @admin.display(description=gettext_lazy("state"))
    def state(self, delivery: CallbackDelivery) -> SafeString:
        status = DeliveryStatus(delivery.status)
        tone, icon = _LOOKS[status]
        return badge(status.label, icon=icon, tone=tone)

    @admin.display(description=gettext_lazy("HTTP status"))
    def answered(self, delivery: CallbackDelivery) -> str:
        return str(delivery.response_status or "–")

    @admin.display(description=gettext_lazy("message"))
    def about(self, delivery: CallbackDelivery) -> SafeString | str:
        return message_link(delivery.message) if delivery.message else "–"

    @admin.display(description=gettext_lazy("delivered"))
    def delivered(self, delivery: CallbackDelivery) -> SafeString | str:
        return moment(delivery.delivered_at, with_seconds=True)

    @admin.display(description=gettext_lazy("next attempt"))
    def next_time(self, delivery: CallbackDelivery) -> SafeString | str:
        return moment(delivery.next_attempt_at, with_seconds=True)

    @admin.display(description=gettext_lazy("what went wrong"))
    def what_went_wrong(self, delivery: CallbackDelivery) -> str:
        # Kept in English by services/callback_posts.py, where the sentences are marked for translation.
        return _(delivery.error) if delivery.error else "–"

    @admin.display(description=gettext_lazy("beginning of the answer"))
    def answer(self, delivery: CallbackDelivery) -> SafeString | str:
        if not delivery.response_text:
            return "–"
        return format_html('<pre class="bw-code" tabindex="0">{}</pre>', delivery.response_text)

    @admin.display(description=gettext_lazy("body"))
    def pretty_body(self, delivery: CallbackDelivery) -> SafeString:
        return pretty_json(json.loads(delivery.body))
