"""Who changed what and when, with the old and the new value; and who was kept from logging in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.paginator import NewestOnly
from tenants.addresses import network_of
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, BUSY, GOOD, NEUTRAL, badge, link, moment, page_url
from tenants.models import StaffRole, User

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

admin.site.unregister(LogEntry)

# As the menu calls them: their authors' words are for developers, and untranslated.
for _model, _one, _many in (
    (LogEntry, gettext_lazy("change"), gettext_lazy("changes")),
    (AccessAttempt, gettext_lazy("locked log-in"), gettext_lazy("locked log-ins")),
):
    _model._meta.verbose_name, _model._meta.verbose_name_plural = _one, _many
    apps.get_app_config(_model._meta.app_label).verbose_name = _many

_ACTIONS = {
    LogEntry.Action.CREATE: (gettext_lazy("made"), "add_circle", GOOD),
    LogEntry.Action.UPDATE: (gettext_lazy("changed"), "edit", BUSY),
    LogEntry.Action.DELETE: (gettext_lazy("deleted"), "delete", BAD),
    LogEntry.Action.ACCESS: (gettext_lazy("looked at"), "visibility", NEUTRAL),
}
# What no column of the row says: see tenants.audit.record_event.
_EVENTS = {
    "groups": gettext_lazy("role"),
    "looks_from": gettext_lazy("looks as bakery from"),
    "looks_until": gettext_lazy("at the latest until"),
    "looked_until": gettext_lazy("ended"),
    "second_factor": gettext_lazy("second factor"),
    "recovery_codes": gettext_lazy("recovery codes"),
}
# As django-auditlog and the services write them.
_YES_OR_NO = {"True": gettext_lazy("yes"), "False": gettext_lazy("no")}
_SECOND_FACTOR = {
    "on": gettext_lazy("switched on"),
    "off": gettext_lazy("switched off"),
    "reset by somebody else": gettext_lazy("reset by somebody else"),
}
_SHOWN = 3
_NOTHING = {"None", ""}
# As django-auditlog and tenants/audit.py write them.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?( UTC)?")


class ActionFilter(admin.SimpleListFilter):
    title = gettext_lazy("what was done")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [(str(action), words[0]) for action, words in _ACTIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {str(action) for action in _ACTIONS}
        return queryset.filter(action=self.value()) if self.value() in known else queryset


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("of what")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        kinds = ContentType.objects.filter(app_label__in=("tenants", "messaging"))
        logged = [
            kind for kind in kinds if (model := kind.model_class()) and auditlog.contains(model)
        ]
        return sorted(
            ((f"{kind.app_label}.{kind.model}", capfirst(kind.name)) for kind in logged),
            key=lambda choice: choice[1],
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        app, _separator, model = (self.value() or "").partition(".")
        if not model:
            return queryset
        return queryset.filter(content_type__app_label=app, content_type__model=model)


class PersonFilter(admin.SimpleListFilter):
    """The platform's staff by name; everybody else is found by searching."""

    title = gettext_lazy("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        staff = User.objects.filter(is_staff=True).order_by("username")[:50]
        return [*((str(user.pk), user.get_username()) for user in staff), ("none", _machine())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value == "none":
            return queryset.filter(actor__isnull=True)
        return queryset.filter(actor_id=int(value)) if value.isdecimal() else queryset


class RowFilter(admin.SimpleListFilter):
    """Set by the link on a row's history page only."""

    title = gettext_lazy("row")
    parameter_name = "row"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        wanted = request.GET.get(self.parameter_name, "")
        return [(wanted, wanted.partition(":")[2])] if wanted else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        kind, _separator, pk = (self.value() or "").partition(":")
        app, _separator, model = kind.partition(".")
        if not pk:
            return queryset
        found = queryset.filter(content_type__app_label=app, content_type__model=model)
        return found.filter(object_pk=pk)


@admin.register(LogEntry)
class ChangeAdmin(NewestOnly, ReadOnlyAdmin):
    list_display = ("when", "who", "done", "what", "change")
    list_filter = (RowFilter, ActionFilter, KindFilter, PersonFilter, "timestamp")
    list_select_related = ("content_type", "actor")
    search_fields = ("object_pk__exact", "actor__username__exact")
    search_help_text = gettext_lazy("Id of the row, or user name of who changed it")
    fields = readonly_fields = ("when", "who", "where_from", "done", "what", "all_changes")

    def heading(self, entry: LogEntry) -> StrOrPromise:
        return str(entry.object_repr)

    @admin.display(description=gettext_lazy("when"))
    def when(self, entry: LogEntry) -> SafeString | str:
        return moment(entry.timestamp, with_seconds=True)

    @admin.display(description=gettext_lazy("who"))
    def who(self, entry: LogEntry) -> SafeString | str:
        if entry.actor is not None:
            return link(page_url("tenants_user", entry.actor_id), entry.actor.get_username())
        return (entry.additional_data or {}).get("by") or _machine()

    @admin.display(description=gettext_lazy("from the network"))
    def where_from(self, entry: LogEntry) -> str:
        return network_of(entry.remote_addr) if entry.remote_addr else "–"

    @admin.display(description=gettext_lazy("what was done"))
    def done(self, entry: LogEntry) -> SafeString:
        word, icon, tone = _ACTIONS[entry.action]
        return badge(word, icon=icon, tone=tone)

    @admin.display(description=gettext_lazy("of what"))
    def what(self, entry: LogEntry) -> SafeString:
        name = capfirst(entry.content_type.name)
        try:
            url = page_url(
                f"{entry.content_type.app_label}_{entry.content_type.model}", entry.object_pk
            )
        except NoReverseMatch:
            return format_html("{} {}", name, entry.object_repr)
        return format_html("<span>{} {}</span>", name, link(url, entry.object_repr))

    @admin.display(description=gettext_lazy("change"))
    def change(self, entry: LogEntry) -> SafeString | str:
        lines = _lines(entry)
        more = len(lines) - _SHOWN
        told = format_html_join("", "<div>{}: {} → {}</div>", lines[:_SHOWN]) or "–"
        rest: SafeString | str = ""
        if more > 0:
            text = _("and %(count)d more") % {"count": more}
            rest = link(page_url("auditlog_logentry", entry.pk), text)
        # One thing: on a phone the cells of a row lay out side by side what stands in them.
        return format_html('<div class="bw-lines">{}{}</div>', told, rest)

    @admin.display(description=gettext_lazy("changes"))
    def all_changes(self, entry: LogEntry) -> SafeString | str:
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", _lines(entry))
        heads = (_("field"), _("before"), _("after"))
        head = format_html_join("", '<th scope="col">{}</th>', ((word,) for word in heads))
        return format_html(
            '<table class="bw-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
            head,
            rows,
        )


@admin.register(AccessAttempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Wrong passwords that may still lock a log-in; each goes when its time is over."""

    list_display = ("when", "username", "where_from", "failures_since_start", "path_info")
    ordering = ("-attempt_time", "-id")
    search_fields = ("username__exact",)
    search_help_text = gettext_lazy("User name")
    fields = readonly_fields = (
        "when",
        "username",
        "where_from",
        "failures_since_start",
        "path_info",
    )

    def heading(self, attempt: AccessAttempt) -> StrOrPromise:
        return attempt.username or "–"

    @admin.display(description=gettext_lazy("last attempt"), ordering="attempt_time")
    def when(self, attempt: AccessAttempt) -> SafeString | str:
        return moment(attempt.attempt_time, with_seconds=True)

    @admin.display(description=gettext_lazy("from the network"))
    def where_from(self, attempt: AccessAttempt) -> str:
        return network_of(attempt.ip_address or "")


def _lines(entry: LogEntry) -> list[tuple[str, SafeString | str, SafeString | str]]:
    """Return name, old and new value of each field; what stood or stands empty is a dash."""
    model = entry.content_type.model_class()
    lines = [
        (_name_of(model, field), *_old_and_new(model, field, change))
        for field, change in sorted((entry.changes or {}).items())
        if not _is_of_others(model, field)
    ]
    # A new row lists its empty columns too.
    return [line for line in lines if line[1:] != ("–", "–")]


def _is_of_others(model: Any, field: str) -> bool:
    """Whether it is no column of the row but rows that point at it, which django-auditlog lists for a new one."""
    if field in _EVENTS:
        return False
    try:
        return bool(model._meta.get_field(field).auto_created) and field != "id"
    except (AttributeError, FieldDoesNotExist):
        return False


def _old_and_new(model: Any, field: str, change: Any) -> tuple[SafeString | str, SafeString | str]:
    if isinstance(change, dict):  # a set of others: django-auditlog writes what came or went
        names = ", ".join(_role(name) for name in change["objects"])
        return (names, "–") if change["operation"] == "delete" else ("–", names)
    old, new = (_value(model, field, value) for value in change)
    return old, new


def _value(model: Any, field: str, value: Any) -> SafeString | str:
    if value in _NOTHING:
        return "–"
    if field == "second_factor" or value in _YES_OR_NO:
        return str((_YES_OR_NO | _SECOND_FACTOR).get(value, value))
    return _local(str(value)) or str(_choices(model, field).get(str(value), value))


def _choices(model: Any, field: str) -> dict[str, Any]:
    """Return the words of a field that holds one of a few codes."""
    try:
        return {str(code): words for code, words in model._meta.get_field(field).flatchoices}
    except (AttributeError, FieldDoesNotExist):
        return {}


def _local(value: str) -> SafeString | None:
    """Return a moment of the log, which stands there in UTC, in the zone of every other time of the page."""
    if not _MOMENT.fullmatch(value):
        return None
    at = datetime.fromisoformat(value.removesuffix(" UTC")).replace(tzinfo=UTC)
    return format_html("{} {}", moment(at, with_seconds=True), f"{timezone.localtime(at):%Z}")


def _name_of(model: Any, field: str) -> str:
    if field in _EVENTS:
        return str(_EVENTS[field])
    try:
        return str(model._meta.get_field(field).verbose_name)
    except (AttributeError, FieldDoesNotExist):
        return field


def _role(name: str) -> str:
    return str(StaffRole(name).label) if name in StaffRole.values else name


def _machine() -> str:
    return _("the product itself")
