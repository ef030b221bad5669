"""Who changed what of a bakery's settings, for whoever is asked about it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy, ngettext

from tenants.admin.base import ReadOnlyAdmin
from tenants.display import moment
from tenants.models import SettingChange
from tenants.services.setting_changes import OFF, ON

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


# As tenants/services/setting_changes.py and the switch write them.
_WORDS = {
    ON: gettext_lazy("switched on"),
    OFF: gettext_lazy("switched off"),
    "send": gettext_lazy("to be sent all the same"),
    "cancel": gettext_lazy("to be cancelled"),
}


@admin.register(SettingChange)
class SettingChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "tenant", "what", "subject", "old", "new", "changed_by_name")
    list_display_links = None
    list_filter = ("what",)
    list_select_related = ("tenant",)
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description=gettext_lazy("changed"))
    def at(self, change: SettingChange) -> SafeString | str:
        return moment(change.changed_at)

    @admin.display(description=gettext_lazy("before"))
    def old(self, change: SettingChange) -> str:
        return _in_words(change, change.before)

    @admin.display(description=gettext_lazy("after"))
    def new(self, change: SettingChange) -> str:
        return _in_words(change, change.after)


def _in_words(change: SettingChange, value: str) -> str:
    if change.what == SettingChange.What.WAITING and value.isdecimal():
        text = ngettext("%(count)s waiting", "%(count)s waiting", int(value))
        return text % {"count": value}
    return str(_WORDS.get(value, value)) or "–"
