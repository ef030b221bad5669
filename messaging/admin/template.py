"""Templates as Meta has them: what they say, whether they can be sent, what changed, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin import syncing
from messaging.admin.account_event import events_of
from messaging.admin.pages import pretty_json, template_status_badge
from messaging.admin.template_draft import refusal
from messaging.admin.template_filters import (
    CategoryFilter,
    LanguageFilter,
    QualityFilter,
    SendableFilter,
    StatusFilter,
)
from messaging.admin.template_story import story_of
from messaging.admin.template_words import obstacle_words
from messaging.graph_api.errors import GraphApiError
from messaging.graph_api.template_text import preview_body
from messaging.models import MessageTemplate, TemplateChange, TemplateDraft
from messaging.services import template_drafts, template_drift, template_pausing, template_rules
from messaging.services.prices import PriceBook
from messaging.services.standard_templates import missing_copies
from messaging.services.templates import sync_state, sync_templates
from tenants.admin.base import ReadOnlyAdmin, confirmation
from tenants.display import CAUTION, badge, link, list_url, moment, page_url, quality_badge

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

_NAME = "messaging_messagetemplate"
_DRAFT = "messaging_templatedraft"
_CHANGE, _DELETE = "messaging.change_messagetemplate", "messaging.delete_messagetemplate"


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    """Rows are what Meta says; a change of one goes to Meta first, by a draft."""

    list_display = ("name", "language", "state", "category_now", "quality", "text_start")
    list_filter = (SendableFilter, StatusFilter, CategoryFilter, LanguageFilter, QualityFilter)
    list_filter_submit = True
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name of the template")
    ordering = ("name", "language", "id")
    list_before_template = "admin/messaging/messagetemplate/_strip.html"
    change_form_template = "admin/messaging/messagetemplate/change_form.html"
    readonly_fields = (
        "state",
        "rejection",
        "category_now",
        "quality",
        "synced",
        "raw",
        "sent_with_it",
        "account_link",
        "its_events",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "language"),
                    ("state", "rejection"),
                    ("category_now", "quality"),
                    ("synced", "sent_with_it"),
                )
            },
        ),
        (gettext_lazy("What Meta told"), {"fields": ("its_events",)}),
        (
            gettext_lazy("Technical"),
            {"fields": (("meta_template_id", "parameter_format"), "account_link", "raw")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        found: QuerySet[MessageTemplate] = super().get_queryset(request)
        unseen = TemplateChange.objects.unseen_drift().filter(template=OuterRef("pk"))
        return found.select_related("account").annotate(has_drift=Exists(unseen))

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(_CHANGE)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("sync/", wrap(self.sync), name=f"{_NAME}_sync"),
            path("<int:pk>/edit/", wrap(self.edit), name=f"{_NAME}_edit"),
            path("<int:pk>/pause/", wrap(self.pause), name=f"{_NAME}_pause"),
            path("<int:pk>/resume/", wrap(self.resume), name=f"{_NAME}_resume"),
            path("<int:pk>/seen/", wrap(self.seen), name=f"{_NAME}_seen"),
            path("<int:pk>/remove/", wrap(self.remove), name=f"{_NAME}_remove"),
            path("<int:pk>/remove-all/", wrap(self.remove_all), name=f"{_NAME}_remove_all"),
        ]
        return [*ours, *super().get_urls()]

    # --- The list --------------------------------------------------------------------------------
    def sync(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_sync_permission(request):
            raise PermissionDenied
        syncing.run(request, sync_templates)
        return HttpResponseRedirect(list_url(_NAME))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        state = sync_state()
        sync = syncing.Sync(
            url=reverse(f"admin:{_NAME}_sync"), may=self.has_sync_permission(request)
        )
        more = {
            "sync": sync,
            "sync_state": state,
            "drafts": TemplateDraft.objects.newest_first()[:5],
            "may_write": request.user.has_perm("messaging.add_templatedraft"),
            "copies": [copy.name for copy in missing_copies()],
        }
        answer: HttpResponse = super().changelist_view(request, {**more, **(extra_context or {})})
        return answer

    # --- One template ----------------------------------------------------------------------------
    def page_context(self, request: HttpRequest, obj: MessageTemplate) -> dict[str, Any]:
        return {
            "story": story_of(obj, price_of=PriceBook.load().euro_rate),
            "draft": TemplateDraft.objects.filter(template=obj).first(),
            "may_write": request.user.has_perm("messaging.add_templatedraft"),
            "may_change": request.user.has_perm(_CHANGE),
            "may_remove": request.user.has_perm(_DELETE),
        }

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Open the draft that changes the template, begun now or earlier."""
        template = self._allowed(request, pk, "messaging.add_templatedraft")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            draft = template_drafts.draft_of(template, by=request.user.get_username())
        except template_drafts.NotEditableError as error:
            messages.error(request, obstacle_words(error.why))
            return self._back(template)
        return HttpResponseRedirect(page_url(_DRAFT, draft.pk))

    def seen(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self._allowed(request, pk, _CHANGE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        template_drift.mark_seen(template, by=request.user.get_username())
        messages.success(request, _("Noted as seen. The history below keeps it."))
        return self._back(template)

    def pause(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self._allowed(request, pk, _CHANGE)
        if request.method == "POST":
            if template_pausing.pause_template(template, by=request.user.get_username()):
                messages.success(request, _("Paused. Its messages are accepted and wait."))
            else:
                messages.info(
                    request, _("Nothing was changed: it is paused already, or cannot be sent.")
                )
            return self._back(template)
        return confirmation(
            request,
            self,
            title=_("Pause %(template)s?") % {"template": template},
            lines=[
                _("Its messages are accepted and wait until you resume it; other templates go on."),
                _("A message that waits longer than its time to be sent expires."),
            ],
            button=_("Pause this template"),
            back_url=page_url(_NAME, pk),
            is_dangerous=True,
        )

    def resume(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self._allowed(request, pk, _CHANGE)
        if request.method == "POST":
            template_pausing.resume_template(template, by=request.user.get_username())
            messages.success(request, _("Resumed; what waited for it goes out."))
            return self._back(template)
        waiting = template_pausing.waiting_for(template)
        return confirmation(
            request,
            self,
            title=_("Resume %(template)s?") % {"template": template},
            lines=[
                ngettext(
                    "%(count)d message waits for it and goes out at once.",
                    "%(count)d messages wait for it and go out at once.",
                    waiting,
                )
                % {"count": waiting}
            ],
            button=_("Resume this template"),
            back_url=page_url(_NAME, pk),
        )

    def remove(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._remove(request, pk, all_languages=False)

    def remove_all(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._remove(request, pk, all_languages=True)

    def _remove(self, request: HttpRequest, pk: int, *, all_languages: bool) -> HttpResponse:
        template = self._allowed(request, pk, _DELETE)
        if not template_rules.may_delete(template):
            messages.error(request, _("Meta lets nobody delete it in this state."))
            return self._back(template)
        if request.method != "POST":
            return self._ask_to_remove(request, template, all_languages=all_languages)
        try:
            gone = template_drafts.delete_template(
                template, all_languages=all_languages, by=request.user.get_username()
            )
        except GraphApiError as error:
            messages.error(request, refusal(error))
        else:
            names = ", ".join(gone)
            messages.success(request, _("Deleted at Meta: %(names)s.") % {"names": names})
        return self._back(template)

    def _ask_to_remove(
        self, request: HttpRequest, template: MessageTemplate, *, all_languages: bool
    ) -> HttpResponse:
        same_name = MessageTemplate.objects.there().filter(
            account=template.account_id, name=template.name
        )
        templates = list(same_name.by_name()) if all_languages else [template]
        lines = [
            _("This deletes at Meta: %(names)s.") % {"names": ", ".join(map(str, templates))},
            _("It cannot be undone, and Meta blocks the name of an approved template for 30 days."),
            _("Its callers are refused from then on."),
        ]
        if waiting := template_pausing.waiting_for(*templates):
            text = ngettext(
                "%(count)d message waits for it and would expire.",
                "%(count)d messages wait for it and would expire.",
                waiting,
            )
            lines.append(text % {"count": waiting})
        return confirmation(
            request,
            self,
            title=_("Delete in all languages?") if all_languages else _("Delete at Meta?"),
            lines=lines,
            button=_("Delete all languages") if all_languages else _("Delete this language"),
            back_url=page_url(_NAME, template.pk),
            is_dangerous=True,
        )

    def _allowed(self, request: HttpRequest, pk: int, permission: str) -> MessageTemplate:
        if not request.user.has_perm(permission):
            raise PermissionDenied
        return get_object_or_404(MessageTemplate.objects.select_related("account"), pk=pk)

    def _back(self, template: MessageTemplate) -> HttpResponse:
        return HttpResponseRedirect(page_url(_NAME, template.pk))

    # --- Columns ---------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, template: MessageTemplate) -> SafeString:
        shown = [template_status_badge(template)]
        if template.paused_at is not None:
            shown.append(badge(_("paused by us"), icon="pause_circle", tone=CAUTION))
        if getattr(template, "has_drift", False):
            shown.append(badge(_("changed at Meta"), icon="difference", tone=CAUTION))
        return format_html(
            '<span class="bw-badges">{}</span>',
            format_html_join("", "{}", ((one,) for one in shown)),
        )

    @admin.display(description=gettext_lazy("rejection reason"))
    def rejection(self, template: MessageTemplate) -> str:
        if template.is_gone or template.rejected_reason in {"", "NONE"}:
            return "–"
        return template.rejected_reason

    @admin.display(description=gettext_lazy("category"), ordering="category")
    def category_now(self, template: MessageTemplate) -> SafeString | str:
        if template.previous_category and template.previous_category != template.category:
            title = _("Meta changed it from %(before)s; the price follows the category.")
            return badge(
                template.category,
                icon="price_change",
                tone=CAUTION,
                title=title % {"before": template.previous_category},
            )
        return template.category or "–"

    @admin.display(description=gettext_lazy("quality"))
    def quality(self, template: MessageTemplate) -> SafeString | str:
        return quality_badge(template.quality_score)

    @admin.display(description=gettext_lazy("text"))
    def text_start(self, template: MessageTemplate) -> SafeString:
        """Its first lines: the stylesheet cuts it off where two are full."""
        text = preview_body(template.components)
        return format_html('<span class="bw-clamp">{}</span>', text[:200])

    @admin.display(description=gettext_lazy("last synced"), ordering="last_synced_at")
    def synced(self, template: MessageTemplate) -> SafeString | str:
        return moment(template.last_synced_at)

    @admin.display(description=gettext_lazy("messages"))
    def sent_with_it(self, template: MessageTemplate) -> SafeString:
        return link(list_url("messaging_message", template=template.pk), _("Show its messages"))

    @admin.display(description=gettext_lazy("account"))
    def account_link(self, template: MessageTemplate) -> SafeString:
        account = template.account
        return link(
            page_url("tenants_whatsappbusinessaccount", account.pk), account.name or account.waba_id
        )

    @admin.display(description=gettext_lazy("components"))
    def raw(self, template: MessageTemplate) -> SafeString:
        return pretty_json(template.components)

    @admin.display(description=gettext_lazy("events"))
    def its_events(self, template: MessageTemplate) -> SafeString | str:
        return events_of(template)
