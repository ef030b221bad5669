"""The rows behind a message's timeline, for whoever looks for one kind of event or error over all messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from messaging.admin.pages import event_look, message_link, outcome_badge
from messaging.admin.paginator import NewestOnly
from messaging.admin.wording import failure_words
from messaging.models import EventKind, MessageEvent, MessageMail, SendAttempt
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import badge, moment

if TYPE_CHECKING:
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise


class _OfMessage(NewestOnly, ReadOnlyAdmin):
    list_select_related = ("message",)

    @admin.display(description=gettext_lazy("message"))
    def of_message(self, row: MessageEvent | SendAttempt | MessageMail) -> SafeString:
        return message_link(row.message)


@admin.register(MessageEvent)
class MessageEventAdmin(_OfMessage):
    list_display = ("when", "what", "code", "of_message")
    fields = readonly_fields = ("when", "what", "code", "of_message", "recorded")

    @admin.display(description=gettext_lazy("when"))
    def when(self, event: MessageEvent) -> SafeString | str:
        return moment(event.at)

    @admin.display(description=gettext_lazy("recorded"))
    def recorded(self, event: MessageEvent) -> SafeString | str:
        return moment(event.recorded_at)

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: MessageEvent) -> SafeString:
        tone, icon = event_look(event.kind)
        return badge(EventKind(event.kind).label, icon=icon, tone=tone)


@admin.register(SendAttempt)
class SendAttemptAdmin(_OfMessage):
    list_display = ("when", "result", "duration_ms", "http_status", "error_code", "of_message")
    fields = readonly_fields = (
        "when",
        "of_message",
        "result",
        "duration_ms",
        "http_status",
        "error_code",
        "error_subcode",
        "error_details",
        "fbtrace_id",
        "path",
        "why_no_answer",
    )

    @admin.display(description=gettext_lazy("started"))
    def when(self, attempt: SendAttempt) -> SafeString | str:
        return moment(attempt.started_at)

    @admin.display(description=gettext_lazy("outcome"))
    def result(self, attempt: SendAttempt) -> SafeString:
        return outcome_badge(attempt.outcome)

    @admin.display(description=gettext_lazy("why no answer came"))
    def why_no_answer(self, attempt: SendAttempt) -> StrOrPromise:
        return failure_words(attempt.failure) or "–"


@admin.register(MessageMail)
class MessageMailAdmin(_OfMessage):
    list_display = ("when", "state", "masked_address", "sent_by", "of_message")
    fields = readonly_fields = ("when", "state", "masked_address", "sent_by", "of_message")

    @admin.display(description=gettext_lazy("when"))
    def when(self, mail: MessageMail) -> SafeString | str:
        return moment(mail.sent_at)
