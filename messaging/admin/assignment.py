"""The assignment board with what only messaging can do: read the numbers from Meta, say when none is spare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from messaging.admin import syncing
from messaging.services.number_watch import watch_numbers
from messaging.services.numbers import sync_phone_numbers
from messaging.services.readings import unread_numbers
from tenants.admin import PhoneNumberAssignmentAdmin
from tenants.models import PhoneNumberAssignment

if TYPE_CHECKING:
    from django.http import HttpRequest

admin.site.unregister(PhoneNumberAssignment)


@admin.register(PhoneNumberAssignment)
class SendingAssignmentAdmin(PhoneNumberAssignmentAdmin):
    def may_sync(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def sync_numbers(self, request: HttpRequest) -> None:
        syncing.run(request, sync_phone_numbers)

    def more_context(self) -> dict[str, Any]:
        return {"unread": unread_numbers()}

    def assignments_changed(self) -> None:
        watch_numbers()
