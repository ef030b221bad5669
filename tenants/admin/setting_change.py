"""Who changed what of a bakery's settings, for whoever is asked about it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from tenants.admin.base import ReadOnlyAdmin
from tenants.display import moment
from tenants.models import SettingChange

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(SettingChange)
class SettingChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "tenant", "what", "subject", "before", "after", "changed_by_name")
    list_display_links = None
    list_filter = ("what",)
    list_select_related = ("tenant",)
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description=gettext_lazy("changed"))
    def at(self, change: SettingChange) -> SafeString | str:
        return moment(change.changed_at)
