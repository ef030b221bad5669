"""The dates ahead: as a list with what to do, as a calendar to download, and at an address for calendar programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from messaging.models import CalendarFeed
from messaging.services import calendar_feeds
from messaging.services.date_words import STATES, action_of, title_of, undated
from messaging.services.dates_ahead import DatedEvent, DateKind, DateState, dated_events
from messaging.services.letters import site_url
from messaging.services.mails import platform_admins
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, BUSY, CAUTION, NEUTRAL, list_url, moment
from tenants.models import User

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

_MODEL = "messaging_calendarfeed"
_LOOKS = {
    DateState.OVERDUE: (BAD, "event_busy"),
    DateState.SOON: (CAUTION, "notification_important"),
    DateState.AHEAD: (BUSY, "event"),
    DateState.PAST: (NEUTRAL, "event_available"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One dated event in words."""

    title: str
    action: str
    day: date
    at: datetime | None
    left: str
    word: StrOrPromise
    icon: str
    tone: str
    url: str


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    list_display = ("user", "made", "read", "revoked")
    list_display_links = None
    list_select_related = ("user",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("user", "made", "read", "revoked")
    readonly_fields = ("made", "read", "revoked")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("dates/", wrap(self.dates), name=f"{_MODEL}_dates"),
            path("dates.ics", wrap(self.download), name=f"{_MODEL}_download"),
            path("dates/subscribe/", wrap(self.subscribe), name=f"{_MODEL}_subscribe"),
            path("dates/revoke/", wrap(self.revoke), name=f"{_MODEL}_revoke"),
        ]
        return [*ours, *super().get_urls()]

    @method_decorator(require_safe)
    def dates(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, secret_url="")

    @method_decorator(require_safe)
    def download(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return calendar_answer(calendar_feeds.calendar())

    def subscribe(self, request: HttpRequest) -> HttpResponse:
        """Make the address and show it in this very answer, once; an earlier one of the same person dies."""
        user = self._subscriber(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        secret = calendar_feeds.open_feed(user, language=(get_language() or "es")[:2])
        return self._page(request, secret_url=site_url(reverse("calendar-feed", args=(secret,))))

    def revoke(self, request: HttpRequest) -> HttpResponse:
        user = self._subscriber(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if calendar_feeds.close_feed(user):
            messages.success(request, _("The calendar's address answers no more."))
        return HttpResponseRedirect(reverse(f"admin:{_MODEL}_dates"))

    def _subscriber(self, request: HttpRequest) -> User:
        is_allowed = self.has_view_permission(request) and request.user.has_perm(
            "messaging.subscribe_calendar"
        )
        if not (is_allowed and isinstance(request.user, User)):
            raise PermissionDenied
        return request.user

    def _page(self, request: HttpRequest, *, secret_url: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        lines = [(event.state(today), _line(event)) for event in dated_events()]
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Dates ahead"),
            "has_nobody": not platform_admins().exists(),
            "lines": [line for state, line in lines if state != DateState.PAST],
            "past": [line for state, line in lines if state == DateState.PAST],
            "undated": undated(),
            "secret_url": secret_url,
            "feed": _own(request).first(),
            "may_subscribe": request.user.has_perm("messaging.subscribe_calendar"),
        }
        request.current_app = self.admin_site.name
        answer = TemplateResponse(request, "admin/messaging/dates/page.html", context)
        if secret_url:
            answer["Cache-Control"] = "no-store"
        return answer

    @admin.display(description=gettext_lazy("created"))
    def made(self, feed: CalendarFeed) -> SafeString | str:
        return moment(feed.created_at)

    @admin.display(description=gettext_lazy("last read"))
    def read(self, feed: CalendarFeed) -> SafeString | str:
        return moment(feed.last_read_at)

    @admin.display(description=gettext_lazy("revoked"))
    def revoked(self, feed: CalendarFeed) -> SafeString | str:
        return moment(feed.revoked_at)


def calendar_answer(calendar: bytes) -> HttpResponse:
    answer = HttpResponse(calendar, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="whatsapp-dates.ics"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _own(request: HttpRequest) -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.open().filter(user=request.user.pk)


def _line(event: DatedEvent) -> Line:
    today = timezone.localdate()
    state = event.state(today)
    tone, icon = _LOOKS[state]
    return Line(
        title=capfirst(title_of(event)),
        action=action_of(event),
        day=event.day,
        at=event.at,
        left=_left((event.day - today).days),
        word=STATES[state],
        icon=icon,
        tone=tone,
        url=_url(event),
    )


def _left(days: int) -> str:
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("in %(count)d day", "in %(count)d days", days) % {"count": days}
    return ngettext("%(count)d day ago", "%(count)d days ago", -days) % {"count": -days}


def _url(event: DatedEvent) -> str:
    """Where one sees to it; "" where nothing is to be seen to."""
    match event.kind:
        case DateKind.TOKEN_ENDS | DateKind.TOKEN_ROTATION | DateKind.OLD_TOKEN_ENDS:
            return reverse("admin:messaging_tokenrotation_page")
        case DateKind.PRICES_BEGIN | DateKind.PRICES_END | DateKind.SERVICE_CHARGED:
            return list_url("messaging_pricerate")
        case DateKind.TEMPLATE_ARCHIVED:
            return list_url("messaging_messagetemplate")
        case DateKind.STOP_ENDS:
            return list_url("tenants_whatsappbusinessaccount")
    return ""
