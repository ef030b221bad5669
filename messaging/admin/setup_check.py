"""The set-up page in place of a list of its lines: what stands, what is missing, and what can be done from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from messaging.admin.setup_forms import PASTES, form_for, run
from messaging.admin.setup_page import PAGE, setup_page
from messaging.admin.setup_words import LOOKS, line_url
from messaging.models import SetupCheck, SetupKey
from messaging.services.setup import actions, checking
from messaging.services.setup.finding_words import trouble_words
from messaging.services.webhook_address import our_address
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import badge, list_url, moment

if TYPE_CHECKING:
    from django import forms
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.register(SetupCheck)
class SetupCheckAdmin(ReadOnlyAdmin):
    """Reading takes the right to view, checking now the right to change, confirming one of its own; pasting credentials
    takes the right to change the account, choosing and testing numbers that to change numbers.
    """

    list_display = ("key", "how", "checked")
    fields = readonly_fields = ("key", "how", "checked")

    def heading(self, obj: SetupCheck) -> str:
        return str(SetupKey(obj.key).label)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("check/", wrap(self.check_all), name=f"{PAGE}_check_all"),
            path("<str:key>/check/", wrap(self.check_one), name=f"{PAGE}_check"),
            path("<str:key>/save/", wrap(self.save), name=f"{PAGE}_save"),
            path("<str:key>/confirm/", wrap(self.confirm), name=f"{PAGE}_confirm"),
            path("<str:key>/take-back/", wrap(self.take_back), name=f"{PAGE}_take_back"),
        ]
        return [*ours, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        actions.follow_test()
        return self._page(request, opened=request.GET.get("open", ""))

    @method_decorator(require_POST)
    def check_all(self, request: HttpRequest) -> HttpResponse:
        self._require(request, "messaging.change_setupcheck")
        rows = checking.run_checks()
        self._tell(request, rows)
        return HttpResponseRedirect(list_url(PAGE))

    @method_decorator(require_POST)
    def check_one(self, request: HttpRequest, key: str) -> HttpResponse:
        self._require(request, "messaging.change_setupcheck")
        rows = checking.run_checks([_known(key)])
        self._tell(request, rows)
        return HttpResponseRedirect(line_url(key))

    @method_decorator(require_POST)
    def save(self, request: HttpRequest, key: str) -> HttpResponse:
        """Take what was pasted into a line; what is refused comes back beside its field, secrets left out."""
        paste = PASTES.get(_known(key))
        if paste is None:
            raise Http404
        self._require(request, paste.permission)
        form = form_for(key, paste, request.POST)
        said = run(paste, request, form) if form.is_valid() else None
        if said is None:
            return self._page(request, bound={key: form}, opened=key)
        if said.shown_once:
            return self._shown_once(request, said.shown_once)
        messages.success(request, said.text)
        return HttpResponseRedirect(line_url(key))

    @method_decorator(require_POST)
    def confirm(self, request: HttpRequest, key: str) -> HttpResponse:
        self._require(request, "messaging.confirm_setupcheck")
        return self._by_hand(request, key, checking.confirm, _("Confirmed by you."))

    @method_decorator(require_POST)
    def take_back(self, request: HttpRequest, key: str) -> HttpResponse:
        self._require(request, "messaging.confirm_setupcheck")
        return self._by_hand(request, key, checking.take_back, _("The confirmation is taken back."))

    # --- What they share -----------------------------------------------------------------------

    def _by_hand(self, request: HttpRequest, key: str, do: Any, done: str) -> HttpResponse:
        try:
            do(_known(key), by=request.user)
        except checking.NotByHandError:
            messages.error(request, _("Meta tells how this stands; it is not confirmed by hand."))
        else:
            messages.success(request, done)
        return HttpResponseRedirect(line_url(key))

    def _require(self, request: HttpRequest, permission: str) -> None:
        if not (self.has_view_permission(request) and request.user.has_perm(permission)):
            raise PermissionDenied

    def _tell(self, request: HttpRequest, rows: list[SetupCheck]) -> None:
        if trouble := next((row.trouble for row in rows if row.trouble), ""):
            text = _("%(trouble)s What is shown stands as it was.")
            messages.warning(request, text % {"trouble": trouble_words(trouble)})
        else:
            messages.success(request, _("Checked."))

    def _page(
        self, request: HttpRequest, *, bound: Mapping[str, forms.Form] | None = None, opened: str
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Set-up"),
            "page": setup_page(request, bound=bound or {}, opened=opened),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/messaging/setup/page.html", context)

    def _shown_once(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the verify token in this very answer: a message or a redirect would have to store it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The verify token is saved"),
            "verify_token": token,
            "callback_url": our_address(),
            "back_url": line_url(SetupKey.WEBHOOK),
        }
        answer = TemplateResponse(request, "admin/messaging/setup/verify_token.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    # --- Columns of a single row -----------------------------------------------------------------

    @admin.display(description=gettext_lazy("state"))
    def how(self, row: SetupCheck) -> SafeString:
        tone, icon = LOOKS[row.state]
        return badge(row.get_state_display(), icon=icon, tone=tone)

    @admin.display(description=gettext_lazy("checked"))
    def checked(self, row: SetupCheck) -> SafeString | str:
        return moment(row.checked_at)


def _known(key: str) -> SetupKey:
    """Raises Http404."""
    try:
        return SetupKey(key)
    except ValueError:
        raise Http404 from None
