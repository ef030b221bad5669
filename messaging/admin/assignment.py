"""The assignment board with what only messaging can do: read the numbers from Meta, say when none is spare, count what each
bakery sends, try the numbers just given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.admin import syncing
from messaging.admin.number_setup import TrialForm
from messaging.csv_files import csv_answer
from messaging.services.number_watch import watch_numbers
from messaging.services.numbers import sync_phone_numbers
from messaging.services.readings import unread_numbers
from messaging.services.trial import send_trials
from messaging.services.usage import messages_a_day
from tenants.admin import PhoneNumberAssignmentAdmin
from tenants.display import link, list_url, phone
from tenants.models import AssignmentRound, PhoneNumber, PhoneNumberAssignment
from tenants.services.number_board import read_board

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from django.http.response import HttpResponseBase
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from messaging.csv_files import Cell

_NAME = "tenants_phonenumberassignment"
# Of a saved round, whose number it takes.
_TRIAL = "tenants_assignmentround_test"

admin.site.unregister(PhoneNumberAssignment)


@admin.register(PhoneNumberAssignment)
class SendingAssignmentAdmin(PhoneNumberAssignmentAdmin):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("board/csv/", wrap(self.csv), name=f"{_NAME}_csv"),
            path("board/<int:pk>/test/", wrap(self.trial), name=_TRIAL),
        ]
        return [*ours, *super().get_urls()]

    def may_sync(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def sync_numbers(self, request: HttpRequest) -> None:
        syncing.run(request, sync_phone_numbers)

    def more_context(self) -> dict[str, Any]:
        return {"unread": unread_numbers()}

    def assignments_changed(self) -> None:
        watch_numbers()

    def messages_a_day(self) -> Mapping[UUID, SafeString]:
        return {
            tenant: link(list_url("messaging_message", tenant=tenant, when="month"), _a_day(count))
            for tenant, count in messages_a_day().items()
        }

    def csv_url(self) -> str:
        return reverse(f"admin:{_NAME}_csv")

    def csv(self, request: HttpRequest) -> HttpResponseBase:
        """The board for a spreadsheet: a line for each bakery."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return csv_answer(_board_lines(), name="whatsapp-numbers.csv")

    # --- Trying what was given -------------------------------------------------------------------

    def has_trial_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def trial_url(self, request: HttpRequest, round_pk: int) -> str:
        may = self.has_trial_permission(request)
        return reverse(f"admin:{_TRIAL}", args=(round_pk,)) if may else ""

    def trial(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a test from each number that a saved round gave and that is still where it was given."""
        if not self.has_trial_permission(request):
            raise PermissionDenied
        saved = get_object_or_404(AssignmentRound, pk=pk)
        given = saved.opened.open().values("phone_number")
        numbers = list(PhoneNumber.objects.filter(pk__in=given).by_number())
        form = TrialForm(
            request.POST if request.method == "POST" else None, number=next(iter(numbers), None)
        )
        tried = []
        if numbers and form.is_bound and form.is_valid():
            tried = send_trials(
                numbers, **form.cleaned_data, requested_by=f"admin:{request.user.get_username()}"
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Send a test from each number"),
            "numbers": numbers,
            "form": form,
            "tried": tried,
            "back_url": reverse(f"admin:{_NAME}_board"),
        }
        return TemplateResponse(request, "admin/messaging/assignment/trial.html", context)


def _a_day(count: float) -> str:
    if count < 1:
        return _("less than one message a day")
    shown = round(count)
    text = ngettext("%(count)d message a day", "%(count)d messages a day", shown)
    return text % {"count": shown}


def _board_lines() -> Iterator[list[Cell]]:
    """Bakery and number come first, as the list that is pasted has them."""
    yield [
        _("Bakery"), _("Number"), _("Display name"), _("Quality"), _("Status"), _("Name"), _("Since"), _("By"),
    ]  # fmt: skip
    board = read_board()
    for tenant in board.tenants:
        row = board.standing.by_tenant.get(tenant.pk)
        if row is None:
            yield [tenant.name, *[None] * 7]
            continue
        number = row.phone_number
        yield [
            tenant.name,
            phone(number.display_phone_number).replace("\u00a0", " "),
            number.verified_name,
            number.quality_rating,
            number.status,
            number.name_status,
            row.assigned_at,
            row.assigned_by,
        ]
