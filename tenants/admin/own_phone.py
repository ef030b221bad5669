"""Which people have proved a number to be theirs, for test messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from tenants.admin.base import ReadOnlyAdmin
from tenants.display import moment
from tenants.models import OwnPhone
from tenants.phone_numbers import masked

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(OwnPhone)
class OwnPhoneAdmin(ReadOnlyAdmin):
    """Whose number is proved; the number itself is the person's affair."""

    list_display = ("user", "ends_in", "proved")
    list_display_links = None
    list_select_related = ("user",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("user", "ends_in", "proved")

    @admin.display(description=gettext_lazy("number"))
    def ends_in(self, own: OwnPhone) -> str:
        return masked(own.phone) if own.phone else "–"

    @admin.display(description=gettext_lazy("verified"))
    def proved(self, own: OwnPhone) -> SafeString | str:
        return moment(own.verified_at)
