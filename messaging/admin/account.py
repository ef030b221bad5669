"""The account with what only messaging can do: pause the line, open it again."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.account_event import events_of
from messaging.admin.banner import why_stopped
from messaging.admin.credential_words import app_problem, no_answer_problem, waba_problem
from messaging.admin.setup_forms import was_refused
from messaging.admin.setup_words import HELP, Help
from messaging.graph_api.errors import GraphApiError
from messaging.models import SetupKey
from messaging.services.accounts import pause_sending, resume_sending
from messaging.services.setup.checking import check_soon, check_token_lines
from messaging.services.setup.credentials import (
    PasteError,
    use_app_of,
    verify_app,
    verify_waba_id,
)
from messaging.services.token_verification import cleaned as cleaned_token
from messaging.services.tokens import Verification, promote_token, verify_token
from tenants.admin import WhatsAppBusinessAccountAdmin
from tenants.admin.account import AccountForm
from tenants.admin.base import confirmation
from tenants.display import clock, moment, page_url
from tenants.models import WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

admin.site.unregister(WhatsAppBusinessAccount)


class VerifiedAccountForm(AccountForm):
    """What is changed of account, app and token is tried at Meta before anything is saved."""

    verification: Verification | None = None

    @property
    def help(self) -> Help | None:
        """The guide's troubleshooting, where Meta has refused what was pasted."""
        is_refused = self.has_error("new_access_token") or was_refused(self)
        return HELP[SetupKey.TOKEN] if is_refused else None

    @property
    def replaced(self) -> list[str]:
        """Without the token: that one is promoted after the rest is saved."""
        return [name for name in super().replaced if name != "access_token"]

    @property
    def changes_app(self) -> bool:
        return not {"app_id", "new_app_secrets"}.isdisjoint(self.changed_data)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for check in (self._check_app, self._check_account, self._check_token):
            if not self.errors:
                check(cleaned)
        return cleaned

    def _check_app(self, cleaned: dict[str, Any]) -> None:
        """The first secret signs our calls, so Meta must know it; another may be the old one, which signs webhooks still."""
        new = cleaned["new_app_secrets"].splitlines()
        first = next(iter(new or self.instance.app_secret_list), "")
        if not self.changes_app or not first:  # Without a secret there is nothing to ask with.
            return
        try:
            cleaned["app_id"], first = verify_app(
                cleaned["app_id"], first, account=self._candidate(cleaned)
            )
        except PasteError as error:
            self.add_error("new_app_secrets" if new else "app_id", app_problem(error))
        except GraphApiError as error:
            self.add_error(None, no_answer_problem(error))
        else:
            cleaned["new_app_secrets"] = "\n".join([first, *new[1:]]) if new else ""

    def _check_account(self, cleaned: dict[str, Any]) -> None:
        if "waba_id" not in self.changed_data:
            return
        try:
            cleaned["waba_id"] = verify_waba_id(
                cleaned["waba_id"], account=self._candidate(cleaned)
            )
        except PasteError as error:
            self.add_error("waba_id", waba_problem(error))
        except GraphApiError as error:
            self.add_error(None, no_answer_problem(error))

    def _check_token(self, cleaned: dict[str, Any]) -> None:
        if not (token := cleaned["new_access_token"]):
            return
        account = self._candidate(cleaned)
        account.waba_id = cleaned["waba_id"]
        verification = verify_token(token, account=account)
        for problem in verification.problems:
            self.add_error("new_access_token", problem)
        if not verification.problems:
            self.verification = verification

    def _candidate(self, cleaned: dict[str, Any]) -> WhatsAppBusinessAccount:
        """Return the account as it would be with the credentials given, its id being the stored one."""
        account: WhatsAppBusinessAccount = copy(self.instance)
        account.app_id = cleaned["app_id"]
        account.app_secrets = cleaned["new_app_secrets"] or account.app_secrets
        account.access_token = cleaned_token(cleaned["new_access_token"]) or account.access_token
        return account


@admin.register(WhatsAppBusinessAccount)
class SendingAccountAdmin(WhatsAppBusinessAccountAdmin):
    form = VerifiedAccountForm
    change_form_outer_before_template = "admin/messaging/account/_line.html"
    change_form_before_template = "admin/messaging/account/_help.html"
    readonly_fields = (
        *WhatsAppBusinessAccountAdmin.readonly_fields,
        "stopped_for",
        "review_status",
        "ban_state",
        "messaging_limit",
        "max_phone_numbers",
        "restricted",
        "its_events",
    )
    fieldsets = (
        *WhatsAppBusinessAccountAdmin.fieldsets,
        (
            gettext_lazy("As Meta says"),
            {
                "fields": (
                    ("stopped_for", "restricted"),
                    ("review_status", "ban_state"),
                    ("messaging_limit", "max_phone_numbers"),
                    "its_events",
                )
            },
        ),
    )

    @admin.display(description=gettext_lazy("why sending stopped"))
    def stopped_for(self, account: WhatsAppBusinessAccount) -> str:
        if account.sending_stopped_at is None:
            return "–"
        why, _who, action = why_stopped(account)
        return f"{why} {action}"

    @admin.display(description=gettext_lazy("restrictions"))
    def restricted(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        rows = (
            (row["kind"], moment(datetime.fromisoformat(row["until"])) if row["until"] else "")
            for row in account.restrictions
        )
        return format_html_join("", "<p>{} {}</p>", rows) or "–"

    @admin.display(description=gettext_lazy("events"))
    def its_events(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return events_of(account)

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
        was_stopped = obj.sending_stopped_at is not None
        super().save_model(request, obj, form, change)
        if getattr(form, "changes_app", False):
            transaction.on_commit(partial(use_app_of, obj))
        if "waba_id" in form.changed_data:
            transaction.on_commit(partial(check_soon, now=[SetupKey.WABA]))
        verification = getattr(form, "verification", None)
        if verification is None:
            return
        promoted = promote_token(
            verification.token,
            by=request.user.pk,
            account=obj,
            verification=verification,
        )
        transaction.on_commit(check_token_lines)
        messages.success(request, _after(promoted))
        if was_stopped and promoted.is_sending:
            messages.success(
                request, _("With the new token sending goes on; what waited goes out.")
            )

    def page_context(self, request: HttpRequest, obj: WhatsAppBusinessAccount) -> dict[str, Any]:
        return {
            "may_switch": self.has_switch_permission(request),
            "may_rotate": request.user.has_perm("messaging.view_tokenrotation"),
        }

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


def _after(account: WhatsAppBusinessAccount) -> str:
    if account.previous_token_until is None:
        return _("The new token is in service.")
    text = _("The new token is in service. The old one is revoked at Meta after %(until)s.")
    return text % {"until": clock(account.previous_token_until)}
