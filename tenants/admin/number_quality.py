from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from tenants.admin.base import ReadOnlyAdmin, ReadOnlyInline
from tenants.display import link, moment, page_url, phone, quality_badge
from tenants.models import NumberSetup, QualityReading

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


class _Columns:
    @admin.display(description=gettext_lazy("quality"), ordering="rating")
    def quality(self, reading: QualityReading) -> SafeString | str:
        return quality_badge(reading.rating)

    @admin.display(description=gettext_lazy("from"), ordering="at")
    def since(self, reading: QualityReading) -> SafeString | str:
        return moment(reading.at)


class QualityOfNumber(_Columns, ReadOnlyInline):
    model = QualityReading
    verbose_name_plural = gettext_lazy("History of its quality")
    ordering = ("-at", "-id")
    per_page = 20
    fields = readonly_fields = ("quality", "since")


@admin.register(QualityReading)
class QualityReadingAdmin(_Columns, ReadOnlyAdmin):
    """From when on Meta rated which number how."""

    list_display = ("since", "number", "quality")
    list_select_related = ("phone_number",)
    list_filter = ("rating",)
    ordering = ("-at", "-id")
    fields = readonly_fields = ("number", "quality", "since")

    @admin.display(description=gettext_lazy("number"))
    def number(self, reading: QualityReading) -> SafeString:
        number = reading.phone_number
        return link(page_url("tenants_phonenumber", number.pk), phone(number.display_phone_number))


@admin.register(NumberSetup)
class NumberSetupAdmin(ReadOnlyAdmin):
    """What was done to set a number up. The PIN is never shown."""

    list_display = ("number", "asked", "health_read")
    list_select_related = ("phone_number",)
    ordering = ("id",)
    fields = readonly_fields = ("number", "asked", "health_read", "register_tried_at")

    @admin.display(description=gettext_lazy("number"))
    def number(self, setup: NumberSetup) -> SafeString:
        number = setup.phone_number
        return link(page_url("tenants_phonenumber", number.pk), phone(number.display_phone_number))

    @admin.display(description=gettext_lazy("code requested"))
    def asked(self, setup: NumberSetup) -> SafeString | str:
        return moment(setup.code_requested_at)

    @admin.display(description=gettext_lazy("health read"))
    def health_read(self, setup: NumberSetup) -> SafeString | str:
        return moment(setup.health_checked_at)
