"""The first week on one page: each day, each bakery, what went wrong, and what the owners answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.first_week_page import week_page
from messaging.models import FirstWeek, FirstWeekAnswer
from messaging.services import first_week
from messaging.services.first_week_report import report_of
from tenants.admin.base import ReadOnlyAdmin, confirmation
from tenants.display import BUSY, GOOD, badge, list_url, moment, page_url, yes_or_no

if TYPE_CHECKING:
    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

_MODEL = "messaging_firstweek"


@admin.register(FirstWeek)
class FirstWeekAdmin(ReadOnlyAdmin):
    list_display = ("begun", "state", "started_by", "announcement_link")
    list_select_related = ("started_by", "announcement")
    ordering = ("-id",)
    sortable_by = ()
    list_before_template = "admin/messaging/firstweek/_begin.html"
    change_form_outer_before_template = "admin/messaging/firstweek/_report.html"
    fields = (("begun", "started_by"), ("ended", "announcement_link"))
    readonly_fields = ("begun", "ended", "announcement_link")

    def heading(self, week: FirstWeek) -> StrOrPromise:
        return _("First week")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("begin/", wrap(self.begin), name=f"{_MODEL}_begin"),
            path("<int:pk>/end/", wrap(self.end), name=f"{_MODEL}_end"),
        ]
        return [*ours, *super().get_urls()]

    def has_watch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.watch_firstweek")

    def page_context(self, request: HttpRequest, obj: FirstWeek) -> dict[str, Any]:
        report = report_of(obj)
        return {
            "report": report,
            "page": week_page(report),
            "quality": first_week.quality_in_words(report.quality),
            "may_watch": self.has_watch_permission(request),
        }

    def begin(self, request: HttpRequest) -> HttpResponse:
        if not self.has_watch_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            week = first_week.begin(by=int(request.user.pk or 0))
        except first_week.RunsAlreadyError:
            messages.info(request, _("A first week is being watched already; it goes on."))
            return HttpResponseRedirect(list_url(_MODEL))
        messages.success(request, _("The first week is watched from today on."))
        return HttpResponseRedirect(page_url(_MODEL, week.pk))

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_watch_permission(request):
            raise PermissionDenied
        week = get_object_or_404(FirstWeek, pk=pk)
        if request.method == "POST":
            if first_week.end(week):
                messages.success(request, _("The watch has ended; no more mails come."))
            return HttpResponseRedirect(page_url(_MODEL, pk))
        return confirmation(
            request,
            self,
            title=_("End the watch over the first week?"),
            lines=[_("No more reports and questions go out. What was answered stays.")],
            button=_("End the watch"),
            back_url=page_url(_MODEL, pk),
        )

    @admin.display(description=gettext_lazy("begun"))
    def begun(self, week: FirstWeek) -> SafeString | str:
        return moment(week.started_at)

    @admin.display(description=gettext_lazy("ended"))
    def ended(self, week: FirstWeek) -> SafeString | str:
        return moment(week.ended_at)

    @admin.display(description=gettext_lazy("state"))
    def state(self, week: FirstWeek) -> SafeString:
        if week.ended_at is None:
            return badge(_("running"), icon="hourglass_top", tone=BUSY)
        return badge(_("over"), icon="check_circle", tone=GOOD)

    @admin.display(description=gettext_lazy("announcement"))
    def announcement_link(self, week: FirstWeek) -> SafeString | str:
        if week.announcement is None:
            return "–"
        return moment(week.announcement.created_at)


@admin.register(FirstWeekAnswer)
class FirstWeekAnswerAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "user", "day", "answer", "comment", "answered")
    list_display_links = None
    list_select_related = ("tenant", "user")
    ordering = ("-id",)
    sortable_by = ()
    fields = ("tenant", "user", "day", "answer", "comment", "asked", "answered")
    readonly_fields = ("answer", "asked", "answered")

    def heading(self, answer: FirstWeekAnswer) -> StrOrPromise:
        return answer.tenant.name

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, answer: FirstWeekAnswer) -> SafeString | str:
        return answer_badge(answer)

    @admin.display(description=gettext_lazy("asked"))
    def asked(self, answer: FirstWeekAnswer) -> SafeString | str:
        return moment(answer.asked_at)

    @admin.display(description=gettext_lazy("answered"))
    def answered(self, answer: FirstWeekAnswer) -> SafeString | str:
        return moment(answer.answered_at)


def answer_badge(answer: FirstWeekAnswer) -> SafeString | str:
    if answer.is_good is None:
        return "–"
    return yes_or_no(answer.is_good, yes=_("👍 goes well"), no=_("👎 something is wrong"))
