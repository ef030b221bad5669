"""The token page: the five stages of a change of the access token, and the one thing to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget

from messaging.admin.setup_words import HELP
from messaging.admin.token_words import early_end, facts_in_words, stages_of
from messaging.models import SetupKey, TokenRotation
from messaging.models.token_rotation import fingerprint_of
from messaging.services import token_rotation
from messaging.services.accounts import NoAccountError
from messaging.services.tokens import NoPreviousTokenError, TokenRefusedError
from tenants.admin.base import ReadOnlyAdmin, confirmation
from tenants.display import clock, list_url, moment, page_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

    from messaging.services.token_rotation import Situation

_MODEL = "messaging_tokenrotation"
_ACTIONS = ("verify_token", "promote_token", "return_token", "retire_token")
_HISTORY = 10
# What tells one token from another is for those who change it.
_OF_TOKEN = ("fingerprint", "old_fingerprint")


class PasteForm(forms.Form):
    """`is_refused_by_meta` once Meta said something against what was pasted; else it was not even asked, or silent."""

    is_refused_by_meta = False
    token = forms.CharField(
        label=gettext_lazy("New access token"),
        help_text=gettext_lazy(
            "Begins with EAA. Blanks and line ends that come along are removed. It is never shown again."
        ),
        strip=False,
        required=False,  # the service says what to paste
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
    )


@admin.register(TokenRotation)
class TokenRotationAdmin(ReadOnlyAdmin):
    """The history of changes; the token itself is in none of its fields."""

    list_display = ("pasted", "fingerprint", "pasted_by", "promoted", "old_fingerprint", "refused")
    list_display_links = None
    list_select_related = ("pasted_by",)
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        _OF_TOKEN,
        ("pasted", "pasted_by"),
        ("promoted", "promoted_by"),
        ("refused", "refused_by"),
    )
    readonly_fields = ("pasted", "promoted", "refused")

    def heading(self, rotation: TokenRotation) -> StrOrPromise:
        return _("Change of the token")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("now/", wrap(self.page), name=f"{_MODEL}_page"),
            path("now/promote/", wrap(self.promote), name=f"{_MODEL}_promote"),
            path("now/discard/", wrap(self.discard), name=f"{_MODEL}_discard"),
            path("now/back/", wrap(self.back), name=f"{_MODEL}_back"),
            path("now/retire/", wrap(self.retire), name=f"{_MODEL}_retire"),
        ]
        return [*ours, *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        names = list(super().get_list_display(request))
        return names if _may_change(request) else [name for name in names if name not in _OF_TOKEN]

    def get_fields(self, request: HttpRequest, obj: TokenRotation | None = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if _may_change(request) else [row for row in fields if row != _OF_TOKEN]

    # --- The page ------------------------------------------------------------------------------

    def page(self, request: HttpRequest) -> HttpResponse:
        """GET shows where things stand; POST has Meta check what was pasted."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PasteForm()
        try:
            if request.method == "POST":
                form = PasteForm(request.POST)
                if self._paste(request, form):
                    return _to_page()
            now = token_rotation.situation()
        except NoAccountError:
            return self._show(request, {"has_account": False})
        return self._show(request, self._context_of(request, now, form))

    def _paste(self, request: HttpRequest, form: PasteForm) -> bool:
        """Have Meta check the token; False with the reasons on the form."""
        _require(request, "verify_token")
        if not form.is_valid():
            return False
        try:
            rotation = token_rotation.paste_token(form.cleaned_data["token"], by=_pk(request))
        except TokenRefusedError as refusal:
            form.is_refused_by_meta = refusal.verification.facts is not None
            for problem in refusal.verification.problems:
                form.add_error("token", problem)
            return False
        messages.success(request, _("Meta accepts the token. Look at it and put it into service."))
        if warning := early_end(rotation):
            messages.warning(request, warning)
        return True

    def _context_of(self, request: HttpRequest, now: Situation, form: PasteForm) -> dict[str, Any]:
        rights = {name: request.user.has_perm(f"messaging.{name}") for name in _ACTIONS}
        may_see_facts = _may_change(request)
        return {
            "has_account": True,
            "stages": stages_of(now, is_refused=form.is_refused_by_meta and now.candidate is None),
            "situation": now,
            "candidate": now.candidate,
            "form": form,
            "help": HELP[SetupKey.TOKEN],
            "may": rights,
            "may_see_facts": may_see_facts,
            "facts": facts_in_words(now) if may_see_facts else [],
            "history": self._history(now) if may_see_facts else [],
            "account_url": page_url("tenants_whatsappbusinessaccount", now.account.pk),
        }

    def _history(self, now: Situation) -> list[TokenRotation]:
        rows = TokenRotation.objects.filter(account=now.account)
        people = rows.select_related("pasted_by", "promoted_by", "refused_by")
        return list(people.newest_first()[:_HISTORY])

    def _show(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Access token"),
            "accounts_url": list_url("tenants_whatsappbusinessaccount"),
            **context,
        }
        request.current_app = self.admin_site.name
        answer = TemplateResponse(request, "admin/messaging/token/page.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    # --- What it does --------------------------------------------------------------------------

    def promote(self, request: HttpRequest) -> HttpResponse:
        _require(request, "promote_token")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])

        def do() -> str:
            account = token_rotation.put_into_service(_rotation(request), by=_pk(request))
            if account.previous_token_until is None:
                return _("The new token is in service.")
            text = _("The new token is in service. The old one is kept until %(until)s.")
            return text % {"until": clock(account.previous_token_until)}

        return self._do(request, do)

    def discard(self, request: HttpRequest) -> HttpResponse:
        _require(request, "verify_token")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if token_rotation.discard(_rotation(request)):
            messages.success(request, _("The pasted token is forgotten; nothing was changed."))
        return _to_page()

    def back(self, request: HttpRequest) -> HttpResponse:
        _require(request, "return_token")
        if request.method == "POST":

            def do() -> str:
                given = request.POST.get("instead_of", "")
                token_rotation.go_back(instead_of=given, by=_pk(request))
                return _(
                    "The previous token is in service again. The other one is kept for a while."
                )

            return self._do(request, do)
        try:
            in_service = token_rotation.situation().account.access_token
        except NoAccountError:
            return _to_page()
        return self._confirm(
            request,
            title=_("Go back to the previous token?"),
            lines=[
                _("Meta is asked about it first. Then it is in service at once; nothing is lost."),
                _("The newer one is kept for the grace and then revoked."),
            ],
            button=_("Go back to the previous token"),
            hidden=[("instead_of", fingerprint_of(in_service))],
        )

    def retire(self, request: HttpRequest) -> HttpResponse:
        _require(request, "retire_token")
        if request.method == "POST":

            def do() -> str:
                if token_rotation.end_grace(by=_pk(request)):
                    return _("Meta refuses the old token now.")
                raise _NotProvedError

            return self._do(request, do)
        return self._confirm(
            request,
            title=_("Revoke the old token now?"),
            lines=[
                _("Then nobody can go back to it, and whatever else uses it is refused."),
                _("Meta is asked afterwards whether it is dead."),
            ],
            button=_("Revoke it and ask Meta"),
            is_dangerous=True,
        )

    def _do(self, request: HttpRequest, do: Callable[[], str]) -> HttpResponse:
        """Do it, say how it ended, and go back to the page."""
        try:
            messages.success(request, do())
        except TokenRefusedError as refusal:
            for problem in refusal.verification.problems:
                messages.error(request, problem)
        except tuple(_REFUSALS) as error:
            messages.error(request, _REFUSALS[type(error)])
        return _to_page()

    def _confirm(
        self,
        request: HttpRequest,
        *,
        title: str,
        lines: list[str],
        button: str,
        is_dangerous: bool = False,
        hidden: Iterable[tuple[str, str]] = (),
    ) -> HttpResponse:
        return confirmation(
            request,
            self,
            title=title,
            lines=lines,
            button=button,
            back_url=reverse(f"admin:{_MODEL}_page"),
            is_dangerous=is_dangerous,
            hidden=hidden,
        )

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("pasted"))
    def pasted(self, rotation: TokenRotation) -> SafeString | str:
        return moment(rotation.pasted_at)

    @admin.display(description=gettext_lazy("put into service"))
    def promoted(self, rotation: TokenRotation) -> SafeString | str:
        return moment(rotation.promoted_at)

    @admin.display(description=gettext_lazy("old one refused by Meta"))
    def refused(self, rotation: TokenRotation) -> SafeString | str:
        return moment(rotation.refused_at)


class _NotProvedError(Exception):
    """Meta did not say that the old token is dead."""


_REFUSALS: dict[type[Exception], StrOrPromise] = {
    token_rotation.NoCandidateError: gettext_lazy(
        "The pasted token is no longer there: somebody put it into service or discarded it. Nothing was changed."
    ),
    token_rotation.TokenReplacedError: gettext_lazy(
        "Another token has been put into service since then. Nothing was changed; look where things stand now."
    ),
    token_rotation.OldTokenNeededError: gettext_lazy(
        "Meta refuses the token in service, so the old one may be the only one that works. It was not revoked."
    ),
    NoPreviousTokenError: gettext_lazy("No previous token is kept any more."),
    NoAccountError: gettext_lazy("There is no account yet."),
    _NotProvedError: gettext_lazy(
        "Meta did not say that the old token is dead. It is kept and tried again; revoke it at Meta by hand if this lasts."
    ),
}


def _may_change(request: HttpRequest) -> bool:
    return any(request.user.has_perm(f"messaging.{name}") for name in _ACTIONS)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(f"messaging.{permission}"):
        raise PermissionDenied


def _rotation(request: HttpRequest) -> int:
    """Return the primary key the form speaks of; 0, which none has, for anything else."""
    given = request.POST.get("rotation", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0


def _pk(request: HttpRequest) -> int:
    assert request.user.pk is not None  # noqa: S101 (narrows the type: the admin has logged somebody in)
    return int(request.user.pk)


def _to_page() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:{_MODEL}_page"))
