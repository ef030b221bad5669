"""By what other names WhatsApp knows the people we write to: for whoever looks why an answer found its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from messaging.admin.paginator import NewestOnly
from messaging.models import PersonAlias
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import moment, phone

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(PersonAlias)
class PersonAliasAdmin(NewestOnly, ReadOnlyAdmin):
    list_display = ("alias", "number", "told_to", "since")
    list_select_related = ("phone_number",)
    search_fields = ("alias__exact", "phone__exact")
    search_help_text = gettext_lazy("User id or number, with its +")
    fields = readonly_fields = ("alias", "number", "told_to", "since")

    @admin.display(description=gettext_lazy("person's number"))
    def number(self, alias: PersonAlias) -> str:
        return phone(alias.phone)

    @admin.display(description=gettext_lazy("told to"))
    def told_to(self, alias: PersonAlias) -> str:
        return phone(alias.phone_number.display_phone_number)

    @admin.display(description=gettext_lazy("since"))
    def since(self, alias: PersonAlias) -> SafeString | str:
        return moment(alias.learned_at)
