"""Numbers with what only messaging can do: read them from Meta, change the default, show their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin import syncing
from messaging.admin.account_event import events_of
from messaging.admin.number_setup import NumberSetupPages
from messaging.admin.number_upkeep import Upkeep
from messaging.services.numbers import NumberInUseError, make_default, sync_phone_numbers
from messaging.services.readings import unread_numbers
from tenants.admin import PhoneNumberAdmin
from tenants.admin.base import confirmation
from tenants.display import link, list_url, page_url, phone
from tenants.models import PhoneNumber

if TYPE_CHECKING:
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

admin.site.unregister(PhoneNumber)


@admin.register(PhoneNumber)
class SendingNumberAdmin(NumberSetupPages, PhoneNumberAdmin):
    list_display = (*PhoneNumberAdmin.list_display, "its_messages")
    readonly_fields = (*PhoneNumberAdmin.readonly_fields, "its_messages", "its_events")
    fieldsets = (
        (None, {"fields": ("number", "verified_name", "use", "its_messages")}),
        *PhoneNumberAdmin.fieldsets[1:],
        (gettext_lazy("What Meta told"), {"fields": ("its_events",)}),
    )
    change_form_outer_before_template = "admin/messaging/phonenumber/_upkeep.html"

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def has_set_default_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("sync/", wrap(self.sync), name="tenants_phonenumber_sync"),
            path(
                "<int:pk>/set-default/",
                wrap(self.set_default),
                name="tenants_phonenumber_set_default",
            ),
        ]
        return [*ours, *self.setup_urls(), *super().get_urls()]

    def sync(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_sync_permission(request):
            raise PermissionDenied
        syncing.run(request, sync_phone_numbers)
        return HttpResponseRedirect(list_url("tenants_phonenumber"))

    def set_default(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_set_default_permission(request):
            raise PermissionDenied
        number = get_object_or_404(PhoneNumber, pk=pk)
        names = {"number": phone(number.display_phone_number)}
        if request.method != "POST":
            return confirmation(
                request,
                self,
                title=_("Make %(number)s the default number?") % names,
                lines=[
                    _(
                        "Every bakery without a number of its own sends from it, from the next message on."
                    ),
                    _("The former default number becomes spare."),
                ],
                button=_("Make it the default number"),
                back_url=page_url("tenants_phonenumber", pk),
            )
        try:
            make_default(number)
        except NumberInUseError:
            standing = number.assignments.open().select_related("tenant").first()
            holder = standing.tenant.name if standing else "?"
            text = _(
                "%(number)s belongs to %(holder)s. Take it away on the assignment board first."
            )
            messages.error(request, text % {**names, "holder": holder})
        else:
            messages.success(request, _("%(number)s is the default number now.") % names)
        return HttpResponseRedirect(page_url("tenants_phonenumber", pk))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        sync = syncing.Sync(
            url=reverse("admin:tenants_phonenumber_sync"), may=self.has_sync_permission(request)
        )
        more = {"sync": sync, "unread": unread_numbers(), **(extra_context or {})}
        return super().changelist_view(request, more)

    def page_context(self, request: HttpRequest, obj: PhoneNumber) -> dict[str, Any]:
        has_bakery = bool(getattr(obj, "open_assignments", []))
        return {
            "may_set_up": self.has_setup_permission(request),
            "upkeep": Upkeep.of(obj, has_bakery=has_bakery),
        }

    @admin.display(description=gettext_lazy("messages"))
    def its_messages(self, number: PhoneNumber) -> SafeString:
        return link(list_url("messaging_message", number=number.pk), _("Show"))

    @admin.display(description=gettext_lazy("events"))
    def its_events(self, number: PhoneNumber) -> SafeString | str:
        return events_of(number)
