"""The account with what only messaging can do: pause the line, open it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _

from messaging.graph_api.catalogue import ErrorClass, facts_for
from messaging.services.accounts import pause_sending, resume_sending
from tenants.admin import WhatsAppBusinessAccountAdmin
from tenants.admin.base import confirmation
from tenants.display import page_url
from tenants.models import WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django.urls import URLPattern

    from tenants.admin.account import AccountForm

admin.site.unregister(WhatsAppBusinessAccount)


@admin.register(WhatsAppBusinessAccount)
class SendingAccountAdmin(WhatsAppBusinessAccountAdmin):
    change_form_outer_before_template = "admin/messaging/account/_line.html"

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_whatsappbusinessaccount")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "tenants_whatsappbusinessaccount"
        ours = [
            path("<int:pk>/pause/", wrap(self.pause), name=f"{name}_pause"),
            path("<int:pk>/resume/", wrap(self.resume), name=f"{name}_resume"),
        ]
        return [*ours, *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: WhatsAppBusinessAccount, form: AccountForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if "access_token" in form.replaced and _stopped_by_token(obj):
            resume_sending(obj)
            messages.success(
                request, _("With the new token sending goes on; what waited goes out.")
            )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        more = {"may_switch": self.has_switch_permission(request), **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, more)
        return answer

    def pause(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = self._switchable(request, pk)
        if request.method == "POST":
            pause_sending(account)
            messages.success(request, _("Sending is paused. New messages are accepted and wait."))
            return HttpResponseRedirect(page_url("tenants_whatsappbusinessaccount", pk))
        return confirmation(
            request,
            self,
            title=_("Pause sending?"),
            lines=[
                _("New messages are accepted and wait until you resume."),
                _("A message that waits longer than its time to be sent expires."),
            ],
            button=_("Pause sending"),
            back_url=page_url("tenants_whatsappbusinessaccount", pk),
            is_dangerous=True,
        )

    def resume(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = self._switchable(request, pk)
        if request.method == "POST":
            resume_sending(account)
            messages.success(request, _("Sending goes on; what waited goes out."))
            return HttpResponseRedirect(page_url("tenants_whatsappbusinessaccount", pk))
        return confirmation(
            request,
            self,
            title=_("Resume sending?"),
            lines=[
                _("Everything that waits goes out at once."),
                _(
                    "If the cause still stands, sending stops again at the first message; nothing is lost."
                ),
            ],
            button=_("Resume sending"),
            back_url=page_url("tenants_whatsappbusinessaccount", pk),
        )

    def _switchable(self, request: HttpRequest, pk: int) -> WhatsAppBusinessAccount:
        if not self.has_switch_permission(request):
            raise PermissionDenied
        return get_object_or_404(WhatsAppBusinessAccount, pk=pk)


def _stopped_by_token(account: WhatsAppBusinessAccount) -> bool:
    if account.sending_stopped_at is None or account.sending_paused_at is not None:
        return False  # what a person paused, a person resumes
    return facts_for(account.sending_stopped_code).error_class == ErrorClass.CREDENTIAL
