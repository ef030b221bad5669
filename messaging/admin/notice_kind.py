"""What the platform offers to tell by WhatsApp, and what each bakery has chosen of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from unfold.admin import ModelAdmin

from messaging.models import NoticeChoice, NoticeKind
from tenants.admin.base import KnownKeys, ReadOnlyAdmin


@admin.register(NoticeKind)
class NoticeKindAdmin(KnownKeys, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("template_name", "title", "is_on_by_default", "order_parameter", "position")
    ordering = ("position", "id")
    sortable_by = ()

    def get_readonly_fields(self, request: Any, obj: NoticeKind | None = None) -> tuple[str, ...]:
        # The bakeries have chosen about this one.
        return ("template_name",) if obj else ()


@admin.register(NoticeChoice)
class NoticeChoiceAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "kind", "is_on")
    list_display_links = None
    list_filter = ("is_on", "kind")
    list_select_related = ("tenant", "kind")
    ordering = ("-id",)
    sortable_by = ()
