from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin.inbox import ReplayForm, inbox_facts
from messaging.admin.pages import pretty_json, verdict_badge
from messaging.admin.paginator import NewestOnly
from messaging.admin.wording import REASONS, reason
from messaging.models import DeliveryOutcome, UnknownWebhookField, WebhookDelivery
from messaging.services import replaying
from messaging.statuses import MessageStatus
from tenants.admin.base import ReadOnlyAdmin, confirmation
from tenants.display import BAD, BUSY, CAUTION, GOOD, badge, link, list_url, moment, page_url

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

_OUTCOMES = {
    DeliveryOutcome.APPLIED: (GOOD, "check_circle"),
    DeliveryOutcome.IGNORED: (CAUTION, "help"),
    DeliveryOutcome.MALFORMED: (BAD, "error"),
    DeliveryOutcome.ERROR: (BAD, "error"),
}
_WAITING, _AGAIN = "waiting", "again"
_SPANS: dict[str, tuple[StrOrPromise, timedelta]] = {
    "hour": (gettext_lazy("in the last hour"), timedelta(hours=1)),
    "day": (gettext_lazy("in the last 24 hours"), timedelta(hours=24)),
    "week": (gettext_lazy("in the last 7 days"), timedelta(days=7)),
}


class OutcomeFilter(admin.SimpleListFilter):
    """Each leads to an index but "applied", which nearly all are."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        waiting: list[tuple[str, StrOrPromise]] = [
            (_WAITING, _("to be applied")),
            (_AGAIN, _("to be applied again")),
        ]
        return [*waiting, *((outcome.value, outcome.label) for outcome in DeliveryOutcome)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        wanted = self.value()
        if wanted == _WAITING:
            return queryset.filter(processed_at__isnull=True)
        if wanted == _AGAIN:
            return queryset.filter(again_at__isnull=False)
        if wanted in DeliveryOutcome.values:
            return queryset.filter(outcome=wanted)
        return queryset.none() if wanted else queryset


class ReceivedFilter(admin.SimpleListFilter):
    title = gettext_lazy("received")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [(name, words) for name, (words, _span) in _SPANS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        known = _SPANS.get(self.value() or "")
        return queryset.filter(received_at__gte=timezone.now() - known[1]) if known else queryset


class ReasonFilter(admin.SimpleListFilter):
    """Why something in it was not applied: a number or a message that is not ours, and the like."""

    title = gettext_lazy("why")
    parameter_name = "why"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [(why, _(why)) for why in REASONS]

    @property
    def is_unindexed(self) -> bool:
        return self.value() in REASONS

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        if self.value() not in REASONS:
            return queryset
        return queryset.filter(verdicts__contains=[{"why": self.value()}])


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(NewestOnly, ReadOnlyAdmin):
    """What Meta posted, as it came, and what became of each thing in it."""

    list_display = ("received", "state", "content", "size_in_words", "waited", "took")
    list_filter = (OutcomeFilter, ReceivedFilter, ReasonFilter)
    list_before_template = "admin/messaging/webhookdelivery/_inbox.html"
    actions = ("apply_again",)
    fields = readonly_fields = (
        "received",
        "state",
        "processed",
        "repeated",
        "waited",
        "took",
        "size_in_words",
        "verdict_table",
        "failure",
        "pretty_body",
    )

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "replay/",
            self.admin_site.admin_view(self.replay_range),
            name="messaging_webhookdelivery_replay",
        )
        return [ours, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        """A list of bodies of 3 MB each would be a long wait for nothing."""
        found: QuerySet[WebhookDelivery] = super().get_queryset(request)
        match = request.resolver_match
        is_list = match and match.url_name == "messaging_webhookdelivery_changelist"
        return found.defer("body", "traceback") if is_list else found

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "inbox": inbox_facts(timezone.now()),
            "may_apply": self.has_apply_permission(request),
            "states": _states(request.GET.get(OutcomeFilter.parameter_name, "")),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def heading(self, delivery: WebhookDelivery) -> str:
        return _("Webhook %(id)d") % {"id": delivery.pk}

    def has_apply_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("messaging.change_webhookdelivery")

    @admin.action(description=gettext_lazy("Apply again"), permissions=["apply"])
    def apply_again(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> HttpResponse | None:
        """Harmless at any time: what was applied before changes nothing. Many are left to the workers, all are asked for."""
        if request.POST.get("select_across") == "1" and "confirmed" not in request.POST:
            return self._ask(request)
        ids = list(queryset.order_by("id").values_list("pk", flat=True)[: replaying.AT_ONCE + 1])
        if len(ids) > replaying.AT_ONCE:
            self._leave_to_workers(request, queryset)
            return None
        count = replaying.replay_now(ids)
        text = ngettext(
            "%(count)d delivery applied again.", "%(count)d deliveries applied again.", count
        )
        messages.success(request, text % {"count": count})
        return None

    def _ask(self, request: HttpRequest) -> HttpResponse:
        ticked = [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
        return confirmation(
            request,
            self,
            title=_("Apply the whole list again?"),
            lines=[
                _("All webhooks of this list are applied again by the workers, on all its pages."),
                _("What was applied before changes nothing; it takes its time."),
            ],
            button=_("Apply again"),
            back_url=request.get_full_path(),
            hidden=[
                ("action", "apply_again"),
                ("select_across", "1"),
                ("confirmed", "yes"),
                *ticked,
            ],
        )

    def replay_range(self, request: HttpRequest) -> HttpResponse:
        """Have a range of time applied again."""
        if not self.has_apply_permission(request):
            raise PermissionDenied
        form = ReplayForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._leave_to_workers(request, form.found)
            return HttpResponseRedirect(list_url("messaging_webhookdelivery"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Apply a range of time again"),
            "form": form,
            "back_url": list_url("messaging_webhookdelivery"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/messaging/webhookdelivery/replay.html", context)

    def _leave_to_workers(self, request: HttpRequest, found: QuerySet[WebhookDelivery]) -> None:
        count = replaying.replay(found)
        if not count:
            messages.warning(request, _("There is nothing of that kind to be applied again."))
            return
        text = ngettext(
            "%(count)d delivery will be applied again by a worker.",
            "%(count)d deliveries will be applied again by a worker.",
            count,
        )
        messages.success(request, text % {"count": count})

    def page_context(self, request: HttpRequest, obj: WebhookDelivery) -> dict[str, Any]:
        return {"may_apply": self.has_apply_permission(request)}

    change_form_outer_before_template = "admin/messaging/webhookdelivery/_apply.html"

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("received"))
    def received(self, delivery: WebhookDelivery) -> SafeString | str:
        return moment(delivery.received_at)

    @admin.display(description=gettext_lazy("processed"))
    def processed(self, delivery: WebhookDelivery) -> SafeString | str:
        return moment(delivery.processed_at)

    @admin.display(description=gettext_lazy("applied again"))
    def repeated(self, delivery: WebhookDelivery) -> SafeString | str:
        return moment(delivery.repeated_at)

    @admin.display(description=gettext_lazy("state"))
    def state(self, delivery: WebhookDelivery) -> SafeString:
        if delivery.again_at is not None:
            return badge(_("to be applied again"), icon="replay", tone=BUSY)
        if delivery.processed_at is None:
            return badge(_("to be applied"), icon="schedule", tone=BUSY)
        outcome = DeliveryOutcome(delivery.outcome or DeliveryOutcome.APPLIED)
        tone, icon = _OUTCOMES[outcome]
        return badge(outcome.label, icon=icon, tone=tone)

    @admin.display(description=gettext_lazy("waited"))
    def waited(self, delivery: WebhookDelivery) -> str:
        """How long it lay before a worker took it."""
        return _span(delivery.received_at, delivery.started_at)

    @admin.display(description=gettext_lazy("took"))
    def took(self, delivery: WebhookDelivery) -> str:
        """How long applying took, together with what was applied in the same batch."""
        return _span(delivery.started_at, delivery.processed_at)

    @admin.display(description=gettext_lazy("content"))
    def content(self, delivery: WebhookDelivery) -> str:
        """Say what is in it, such as "delivered, read ×2"."""
        found = Counter(_what(verdict) or "?" for verdict in delivery.verdicts)
        return ", ".join(f"{what} ×{n}" if n > 1 else what for what, n in found.items()) or "–"

    @admin.display(description=gettext_lazy("size"))
    def size_in_words(self, delivery: WebhookDelivery) -> str:
        return filesizeformat(delivery.size)

    @admin.display(description=gettext_lazy("verdicts"))
    def verdict_table(self, delivery: WebhookDelivery) -> SafeString | str:
        if not delivery.verdicts:
            return "–"
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    str(verdict.get("change", "")),
                    _what(verdict),
                    verdict_badge(str(verdict.get("verdict", ""))),
                    reason(str(verdict.get("why") or "")),
                )
                for verdict in delivery.verdicts
            ),
        )
        heads = (_("change"), _("what"), _("verdict"), _("why"))
        head = format_html_join("", '<th scope="col">{}</th>', ((word,) for word in heads))
        return format_html(
            '<table class="bw-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
            head,
            rows,
        )

    @admin.display(description=gettext_lazy("traceback"))
    def failure(self, delivery: WebhookDelivery) -> SafeString | str:
        if not delivery.traceback:
            return "–"
        return format_html('<pre class="bw-code" tabindex="0">{}</pre>', delivery.traceback)

    @admin.display(description=gettext_lazy("body"))
    def pretty_body(self, delivery: WebhookDelivery) -> SafeString:
        try:
            return pretty_json(json.loads(delivery.body_text))
        except (ValueError, RecursionError):
            return format_html('<pre class="bw-code" tabindex="0">{}</pre>', delivery.body_text)


def _what(verdict: dict[str, Any]) -> str:
    """Name a status in our words, all else, such as the fields of a webhook, in Meta's."""
    what = str(verdict.get("what") or "")
    return str(MessageStatus(what).label) if what in MessageStatus.values else what


def _states(chosen: str) -> list[tuple[SafeString, str, bool]]:
    """Each state as a badge, the list of what is in it, and whether that is the list that is seen."""
    looks: list[tuple[str, StrOrPromise, str, str]] = [
        (_WAITING, _("to be applied"), "schedule", BUSY),
        (_AGAIN, _("to be applied again"), "replay", BUSY),
    ]
    looks += [
        (outcome.value, outcome.label, icon, tone) for outcome, (tone, icon) in _OUTCOMES.items()
    ]
    return [
        (
            badge(words, icon=icon, tone=tone),
            list_url("messaging_webhookdelivery", **{OutcomeFilter.parameter_name: state}),
            state == chosen,
        )
        for state, words, icon, tone in looks
    ]


def _span(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return "–"
    seconds = (end - start).total_seconds()
    if seconds < 1:
        return _("%(count)d ms") % {"count": round(seconds * 1000)}
    if seconds < 60:
        return _("%(count)s s") % {"count": number_format(seconds, decimal_pos=1)}
    return timesince(start, end)


@admin.register(UnknownWebhookField)
class UnknownWebhookFieldAdmin(NewestOnly, ReadOnlyAdmin):
    """Fields of webhooks that we do nothing with."""

    list_display = ("field", "count", "first", "last", "delivery")
    ordering = ("-last_at", "-id")
    fields = readonly_fields = ("field", "count", "first", "last", "delivery")

    def heading(self, unknown: UnknownWebhookField) -> str:
        return unknown.field

    @admin.display(description=gettext_lazy("first received"))
    def first(self, unknown: UnknownWebhookField) -> SafeString | str:
        return moment(unknown.first_at)

    @admin.display(description=gettext_lazy("last received"))
    def last(self, unknown: UnknownWebhookField) -> SafeString | str:
        return moment(unknown.last_at)

    @admin.display(description=gettext_lazy("last delivery"))
    def delivery(self, unknown: UnknownWebhookField) -> SafeString:
        """It may have been deleted by age since; its page says so."""
        url = page_url("messaging_webhookdelivery", unknown.last_delivery)
        return link(url, _("Webhook %(id)d") % {"id": unknown.last_delivery})
