from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.html import strip_tags
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from messaging.admin.pages import message_link, pretty_json
from messaging.admin.paginator import NewestOnly
from messaging.models import Asks, InboundMessage
from messaging.services.explaining import explain_code
from messaging.services.inbound_words import words_of
from tenants import phone_numbers
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, BUSY, CAUTION, GOOD, NEUTRAL, badge, link, moment, page_url, phone

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


class OwnedFilter(admin.SimpleListFilter):
    title = gettext_lazy("bakery")
    parameter_name = "owned"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", _("to a bakery")), ("no", _("to nobody of ours"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage]
    ) -> QuerySet[InboundMessage]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(tenant__isnull=self.value() == "no")
        return queryset


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("type")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("stop", _("opt-outs")),
            ("start", _("wanting messages again")),
            ("system", _("changes of numbers and phones")),
            ("reaction", _("reactions")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage]
    ) -> QuerySet[InboundMessage]:
        wanted = self.value()
        if wanted in Asks.values:
            return queryset.filter(asks=wanted)
        return queryset.filter(kind=wanted) if wanted in {"system", "reaction"} else queryset


@admin.register(InboundMessage)
class InboundMessageAdmin(NewestOnly, ReadOnlyAdmin):
    """What recipients wrote."""

    list_display = ("received", "writer", "text_start", "bakery", "to_number", "answered")
    list_filter = (OwnedFilter, KindFilter)
    list_select_related = ("tenant", "phone_number", "answers")
    search_fields = ("sender_phone__exact", "wamid__exact", "tenant__name__istartswith")
    search_help_text = gettext_lazy("Sender's number, wamid or beginning of the bakery's name")
    readonly_fields = (
        "words",
        "received",
        "writer",
        "bakery",
        "to_number",
        "answered",
        "wish",
        "our_answer",
        "raw",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "words",
                    ("writer", "received"),
                    ("bakery", "to_number"),
                    "answered",
                    ("wish", "our_answer"),
                )
            },
        ),
        (gettext_lazy("Technical"), {"fields": (("kind", "sender_user_id"), "wamid", "raw")}),
    )

    def heading(self, inbound: InboundMessage) -> str:
        return _("Received %(time)s") % {"time": strip_tags(moment(inbound.received_at))}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage], search_term: str
    ) -> tuple[QuerySet[InboundMessage], bool]:
        # What is no number is a wamid or a name.
        if phone := phone_numbers.as_typed(search_term):
            return queryset.filter(sender_phone=phone), False
        found: tuple[QuerySet[InboundMessage], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found

    @admin.display(description=gettext_lazy("received"))
    def received(self, inbound: InboundMessage) -> SafeString | str:
        return moment(inbound.received_at)

    @admin.display(description=gettext_lazy("from"))
    def writer(self, inbound: InboundMessage) -> str:
        if inbound.sender_phone:
            return phone(inbound.sender_phone)
        return inbound.sender_user_id or "–"

    @admin.display(description=gettext_lazy("text"))
    def text_start(self, inbound: InboundMessage) -> str:
        text = " ".join(words_of(inbound).split())
        return f"{text[:79]}…" if len(text) > 80 else text

    @admin.display(description=gettext_lazy("text"))
    def words(self, inbound: InboundMessage) -> str:
        return words_of(inbound)

    @admin.display(description=gettext_lazy("asks for"))
    def wish(self, inbound: InboundMessage) -> SafeString | str:
        if inbound.asks == Asks.STOP:
            return badge(Asks.STOP.label, icon="notifications_off", tone=CAUTION)
        if inbound.asks == Asks.START:
            return badge(Asks.START.label, icon="notifications_active", tone=GOOD)
        return "–"

    @admin.display(description=gettext_lazy("our answer"))
    def our_answer(self, inbound: InboundMessage) -> SafeString | str:
        if inbound.answer_wamid:
            return badge(_("accepted by Meta"), icon="check_circle", tone=GOOD)
        if inbound.answer_error_code is not None:
            known = explain_code(inbound.answer_error_code, get_language() or "en")
            words = _("refused (%(code)d)") % {"code": inbound.answer_error_code}
            return badge(words, icon="error", tone=BAD, title=known.title)
        if inbound.answer_due_at is not None:
            return badge(_("waiting"), icon="schedule", tone=BUSY)
        if inbound.answer_claimed_at is not None:
            return badge(_("no answer from Meta"), icon="question_mark", tone=NEUTRAL)
        return "–"

    @admin.display(description=gettext_lazy("bakery"))
    def bakery(self, inbound: InboundMessage) -> SafeString:
        if inbound.tenant is None:
            return badge(_("nobody of ours"), icon="help", tone=CAUTION)
        return link(page_url("tenants_tenant", inbound.tenant_id), inbound.tenant.name)

    @admin.display(description=gettext_lazy("to"))
    def to_number(self, inbound: InboundMessage) -> SafeString:
        url = page_url("tenants_phonenumber", inbound.phone_number_id)
        return link(url, phone(inbound.phone_number.display_phone_number))

    @admin.display(description=gettext_lazy("answers"))
    def answered(self, inbound: InboundMessage) -> SafeString | str:
        return message_link(inbound.answers) if inbound.answers else "–"

    @admin.display(description=gettext_lazy("content"))
    def raw(self, inbound: InboundMessage) -> SafeString:
        return pretty_json(inbound.content)
