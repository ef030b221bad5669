"""Writing a template: a form beside what the recipient will read, then the question before it goes to Meta."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from messaging.admin.lint_words import lines_of
from messaging.admin.template_form import LANGUAGES, TemplateForm
from messaging.admin.template_words import obstacle_words
from messaging.graph_api.catalogue import CATALOGUE
from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.graph_api.template_bubble import RenderedTemplate, render
from messaging.graph_api.template_lint import has_errors
from messaging.models import TemplateDraft
from messaging.services import template_drafts
from messaging.services.accounts import NoAccountError
from messaging.services.standard_templates import standard_template
from tenants.admin.base import Headed
from tenants.display import list_url, moment, page_url

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from messaging.graph_api.template_lint import Finding

_NAME = "messaging_templatedraft"
_TEMPLATES = "messaging_messagetemplate"
_PAGE = "admin/messaging/templatedraft/form.html"
_PREVIEW = "admin/messaging/templatedraft/_preview.html"
_SUBMIT = "admin/messaging/templatedraft/submit.html"
_SUBMIT_BUTTON = "_submit"


@admin.register(TemplateDraft)
class TemplateDraftAdmin(Headed, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Drafts of new templates and of changes; none of them can be sent."""

    list_display = ("title", "language", "category", "about", "changed", "updated_by")
    list_select_related = ("template",)
    ordering = ("-updated_at", "-id")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name of the template")
    show_full_result_count = False

    def heading(self, draft: TemplateDraft) -> str:
        return _("Draft %(name)s") % {"name": draft.name or _("without a name")}

    # --- The form --------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("preview/", wrap(self.preview), name=f"{_NAME}_preview"),
            path("<int:pk>/submit/", wrap(self.submit), name=f"{_NAME}_submit"),
        ]
        return [*ours, *super().get_urls()]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            copy = standard_template(request.GET.get("copy", ""))
            draft = template_drafts.new_draft(copy)
        except NoAccountError:
            messages.error(request, _("There is no account yet. Add it under Accounts first."))
            return HttpResponseRedirect(list_url(_TEMPLATES))
        return self._form_page(request, draft)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        draft = self.get_object(request, object_id)
        if not self.has_change_permission(request, draft):
            raise PermissionDenied
        if draft is None:
            answer: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return answer
        return self._form_page(request, draft)

    def _form_page(self, request: HttpRequest, draft: TemplateDraft) -> HttpResponse:
        if request.method != "POST":
            return self._show(request, TemplateForm(draft), draft)
        form = TemplateForm(draft, request.POST)
        is_new = draft.pk is None
        if not form.is_valid():
            return self._show(request, form, draft)
        form.fill(draft)
        try:
            template_drafts.save_draft(
                draft, by=request.user.get_username(), seen=_version(request)
            )
        except template_drafts.DraftChangedError:
            messages.error(
                request,
                _(
                    "Somebody else changed or submitted this draft meanwhile. What you wrote stands below and is not saved; copy what you need and open the draft again."
                ),
            )
            return self._show(request, form, draft)
        self._log(request, draft, is_new=is_new)
        if _SUBMIT_BUTTON in request.POST:
            return HttpResponseRedirect(reverse(f"admin:{_NAME}_submit", args=(draft.pk,)))
        messages.success(request, _("The draft is saved. Nothing was sent to Meta."))
        return HttpResponseRedirect(page_url(_NAME, draft.pk))

    def _log(self, request: HttpRequest, draft: TemplateDraft, *, is_new: bool) -> None:
        if is_new:
            self.log_addition(request, draft, [{"added": {}}])
        else:
            self.log_change(request, draft, [{"changed": {"fields": []}}])

    def _show(self, request: HttpRequest, form: TemplateForm, draft: TemplateDraft) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **_preview_of(form, draft),
            "opts": self.opts,
            "original": draft if draft.pk else None,
            "title": _("Change a template") if draft.template_id else _("Write a template"),
            "subtitle": self.heading(draft) if draft.pk else None,
            "form": form,
            "draft": draft,
            "version": draft.updated_at.isoformat() if draft.pk else "",
            "languages": LANGUAGES,
            "preview_url": reverse(f"admin:{_NAME}_preview"),
            "may_submit": self.has_submit_permission(request),
            "may_delete": draft.pk and self.has_delete_permission(request, draft),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, _PAGE, context)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer what the form would become: bubble, findings, inputs for examples. Stores nothing."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        draft = self._previewed(request)
        if draft is None:
            return HttpResponse(status=409)
        form = TemplateForm(draft, request.POST)
        return TemplateResponse(request, _PREVIEW, {"form": form, **_preview_of(form, draft)})

    def _previewed(self, request: HttpRequest) -> TemplateDraft | None:
        pk = request.POST.get("draft", "")
        if pk.isascii() and pk.isdigit() and len(pk) < 19:
            return TemplateDraft.objects.select_related("template").filter(pk=pk).first()
        try:
            return template_drafts.new_draft()
        except NoAccountError:
            return None

    # --- To Meta ---------------------------------------------------------------------------------
    def has_submit_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("messaging.change_messagetemplate"))

    def submit(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_submit_permission(request):
            raise PermissionDenied
        found = TemplateDraft.objects.select_related("template", "account")
        draft = get_object_or_404(found, pk=pk)
        if request.method == "POST":
            answer = self._submitted(request, draft)
            if answer is not None:
                return answer
        return self._ask(request, draft)

    def _submitted(self, request: HttpRequest, draft: TemplateDraft) -> HttpResponse | None:
        try:
            template = template_drafts.submit(
                draft,
                accepts_warnings=bool(request.POST.get("accepts")),
                by=request.user.get_username(),
                seen=_version(request),
            )
        except template_drafts.FindingsError:
            messages.error(
                request,
                _("Nothing was sent: mend the errors, or tick that you accept the warnings."),
            )
        except template_drafts.NotEditableError as error:
            messages.error(request, obstacle_words(error.why))
        except template_drafts.DraftChangedError:
            messages.error(
                request,
                _("Somebody else changed or submitted this draft meanwhile. Look at it again."),
            )
            return HttpResponseRedirect(page_url(_NAME, draft.pk))
        except GraphApiError as error:
            messages.error(request, refusal(error))
        else:
            messages.success(
                request, _("Submitted to Meta. The result of the review arrives by itself.")
            )
            if template.category != draft.category:
                text = _("Meta made it %(category)s instead of %(asked)s: the price follows.")
                names = {"category": template.category, "asked": draft.category}
                messages.warning(request, text % names)
            return HttpResponseRedirect(page_url(_TEMPLATES, template.pk))
        return None

    def _ask(self, request: HttpRequest, draft: TemplateDraft) -> HttpResponse:
        findings = template_drafts.findings_of(draft)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": draft,
            "title": _("Submit to Meta?"),
            "draft": draft,
            "version": draft.updated_at.isoformat(),
            "bubble": render(draft.components),
            "at_meta": _at_meta(draft),
            "findings": lines_of(findings),
            "has_errors": has_errors(findings),
            "back_url": page_url(_NAME, draft.pk),
            "was_approved": draft.template is not None and draft.template.is_approved,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, _SUBMIT, context)

    # --- Columns ---------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("name"), ordering="name")
    def title(self, draft: TemplateDraft) -> str:
        return draft.name or _("without a name")

    @admin.display(description=gettext_lazy("what"))
    def about(self, draft: TemplateDraft) -> str:
        if draft.unanswered_at:
            return _("submitted, Meta did not answer")
        return _("change of a template") if draft.template_id else _("new template")

    @admin.display(description=gettext_lazy("changed"), ordering="updated_at")
    def changed(self, draft: TemplateDraft) -> SafeString | str:
        return moment(draft.updated_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateDraft]:
        found: QuerySet[TemplateDraft] = super().get_queryset(request)
        return found.select_related("template", "account")


def refusal(error: GraphApiError) -> str:
    """Say what Meta answered: our own words for its code, then Meta's."""
    language = translation.get_language() or "en"
    if isinstance(error, NoAnswerError):
        return _(
            "Meta did not answer, so nobody knows whether it took the change. The templates are read again in a moment; look at the list before you try again."
        )
    title, action = (
        error.facts.title.in_language(language),
        error.facts.action.in_language(language),
    )
    # Trouble with a template's text is code 100; the subcode is the telling one.
    shown = error.subcode if error.subcode in CATALOGUE else error.code
    code = f" ({shown})" if shown is not None else ""
    words = ": ".join(filter(None, (error.user_title, error.user_message))) or error.details
    text = _("Meta refused it: %(title)s%(code)s %(action)s") % {
        "title": title,
        "code": code,
        "action": action,
    }
    if not words:
        return text
    # Outside the f-string: before Python 3.12 nobody finds a text to translate in one.
    meta_says = _("Meta says")
    return f"{text} {meta_says}: “{words}”"


def _preview_of(form: TemplateForm, draft: TemplateDraft) -> dict[str, Any]:
    """What the recipient would read and what the linter finds, of what the form holds now."""
    findings: list[Finding] = []
    components = draft.components
    if not form.is_bound or form.is_valid():
        shown = draft
        if form.is_bound:
            shown = TemplateDraft(pk=draft.pk, account=draft.account, template=draft.template)
            form.fill(shown)
        components, findings = shown.components, template_drafts.findings_of(shown)
    return {
        "bubble": render(components),
        "at_meta": _at_meta(draft),
        "findings": lines_of(findings),
        "has_errors": has_errors(findings),
    }


def _at_meta(draft: TemplateDraft) -> RenderedTemplate | None:
    """What the recipient reads until a draft that would undo a change at Meta is submitted."""
    if draft.template is None or not template_drafts.would_overwrite(draft):
        return None
    return render(draft.template.components)


def _version(request: HttpRequest) -> datetime | None:
    """Return the version of the draft that the page showed."""
    try:
        return parse_datetime(request.POST.get("version", ""))
    except ValueError:
        return None
