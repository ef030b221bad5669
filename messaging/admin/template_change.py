"""The history of all templates: what changed at Meta and what our own staff did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from messaging.models import TemplateChange
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import link, moment, page_url

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(TemplateChange)
class TemplateChangeAdmin(ReadOnlyAdmin):
    list_display = ("noticed", "template_link", "kind", "start_before", "start_after", "by")
    list_display_links = None
    list_filter = ("kind",)
    list_select_related = ("template",)
    ordering = ("-at", "-id")
    sortable_by = ()

    @admin.display(description=gettext_lazy("noticed"))
    def noticed(self, change: TemplateChange) -> SafeString | str:
        return moment(change.at)

    @admin.display(description=gettext_lazy("template"))
    def template_link(self, change: TemplateChange) -> SafeString:
        return link(page_url("messaging_messagetemplate", change.template_id), str(change.template))

    @admin.display(description=gettext_lazy("before"))
    def start_before(self, change: TemplateChange) -> str:
        return change.before[:70] or "–"

    @admin.display(description=gettext_lazy("after"))
    def start_after(self, change: TemplateChange) -> str:
        return change.after[:70] or "–"
