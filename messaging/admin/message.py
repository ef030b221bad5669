from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import translation
from django.utils.html import format_html, strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin import finding, message_actions, searching
from messaging.admin.alike import alike
from messaging.admin.cost_filters import CountedFilter, MonthFilter
from messaging.admin.cost_words import cost_words
from messaging.admin.filters import (
    BakeryFilter,
    CodeFilter,
    NumberFilter,
    SameRecipientFilter,
    StatusFilter,
    TemplateFilter,
    WhenFilter,
)
from messaging.admin.message_actions import MessageActions
from messaging.admin.message_buttons import buttons_for, support_text
from messaging.admin.message_mailing import MessageMailing
from messaging.admin.pages import pretty_json, recipient, status_badge
from messaging.admin.paginator import NewestOnly
from messaging.admin.story import story_of, template_version
from messaging.admin.wording import price
from messaging.models import Message
from messaging.services import holding, sending
from messaging.services.explaining import explain_code
from messaging.services.prices import Charge, cost_of
from tenants.admin.base import ReadOnlyAdmin, confirmation
from tenants.display import link, list_url, moment, page_url, phone

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.register(Message)
class MessageAdmin(MessageActions, MessageMailing, NewestOnly, ReadOnlyAdmin):
    """Every message with its whole history. Nothing is edited; waiting ones are cancelled, lost ones sent again."""

    list_display = ("asked", "state", "bakery", "to", "text_start", "order_number")
    list_filter = (
        StatusFilter,
        WhenFilter,
        BakeryFilter,
        NumberFilter,
        TemplateFilter,
        MonthFilter,
        CountedFilter,
        SameRecipientFilter,
        CodeFilter,
    )
    list_filter_submit = True
    list_select_related = ("tenant",)
    search_fields = ("reference",)
    search_help_text = gettext_lazy("Order, number, name or id")
    change_form_template = "admin/messaging/message/change_form.html"
    list_before_template = "admin/messaging/message/_hint.html"
    actions = ("requeue", "leave", "cancel")
    readonly_fields = (
        "state",
        "bakery",
        "sender",
        "to",
        "template_link",
        "asked",
        "waits_from",
        "waits_until",
        "accepted",
        "sent",
        "delivered",
        "was_read",
        "failed",
        "changed",
        "claimed",
        "repairs",
        "tries",
        "price",
        "cost",
        "parameters",
    )
    fieldsets = (
        (
            gettext_lazy("Message"),
            {
                "fields": (
                    ("bakery", "sender"),
                    ("to", "template_link"),
                    ("reference", "requested_by"),
                    ("priority", "if_unconfirmed"),
                    ("price", "cost"),
                    "repairs",
                )
            },
        ),
        (
            gettext_lazy("Times"),
            {
                "fields": (
                    ("asked", "accepted"),
                    ("sent", "delivered"),
                    ("was_read", "failed"),
                    ("waits_from", "waits_until"),
                    "waits_for",
                    ("claimed", "changed"),
                )
            },
        ),
        (
            gettext_lazy("Ids and values"),
            {
                "fields": (
                    "id",
                    "wamid",
                    ("error_code", "fbtrace_id"),
                    ("error_details", "tries"),
                    "parameters",
                )
            },
        ),
    )

    def heading(self, message: Message) -> str:
        if message.reference:
            return _("Order %(order)s") % {"order": message.reference}
        return _("Message of %(time)s") % {"time": strip_tags(moment(message.created_at))}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        found: QuerySet[Message] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "messaging_message_change":
            whole = found.select_related("tenant", "template", "phone_number__account")
            whole = whole.annotate(tries_made=Count("send_attempts"))
            return whole.prefetch_related("replacements", "mails")
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        return searching.find(queryset, search_term), False

    def search_advice(self, term: str) -> str:
        """What to type instead when nothing was found."""
        if searching.error_code(term) is not None:
            return _(
                "No order and no phone number has these digits. Above, the messages of the error."
            )
        return searching.advice(term)

    def search_hint(self, term: str) -> tuple[str, str] | None:
        """The messages that failed with a code, where what was typed is one."""
        code = searching.error_code(term)
        if code is None:
            return None
        words = explain_code(code, translation.get_language() or "en").title
        text = _("%(code)d is an error code of Meta's: %(words)s Show the messages it stopped")
        return text % {"code": code, "words": words}, list_url("messaging_message", code=code)

    def page_context(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        story = story_of(obj, language=translation.get_language() or "en")
        return {
            "story": story,
            "alike": alike(obj),
            "buttons": buttons_for(obj, request.user),
            "support_text": support_text(obj, story.attempts),
            "price": cost_words(cost_of(obj)),
            "template_version": template_version(obj),
            "may_see_webhooks": request.user.has_perm("messaging.view_webhookdelivery"),
            "may_replay": request.user.has_perm(message_actions.REPLAY),
            "may_ask": request.user.has_perm(message_actions.ASK_META),
            "may_resend": self.has_resend_permission(request),
        }

    def get_urls(self) -> list[URLPattern]:
        ours = [
            path(
                "find/", self.admin_site.admin_view(self.find_page), name="messaging_message_find"
            ),
        ]
        return [*ours, *self.action_urls(), *self.mail_urls(), *super().get_urls()]

    def find_page(self, request: HttpRequest) -> HttpResponse:
        return finding.find_page(self, request)

    # --- Actions -------------------------------------------------------------------------------

    def has_resend_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm(message_actions.RESEND)

    def has_cancel_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm(message_actions.CANCEL)

    @admin.action(
        description=gettext_lazy("Send the unconfirmed ones again…"), permissions=["resend"]
    )
    def requeue(self, request: HttpRequest, queryset: QuerySet[Message]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(
                request,
                queryset,
                action="requeue",
                title=_("Send again?"),
                lines=[
                    _("Meta did not answer, so these may have been delivered already."),
                    _("Whoever got one gets it twice, and each delivery is charged."),
                    _("Messages in any other state are left alone."),
                ],
                button=_("Send again"),
            )
        count = sending.requeue(queryset.filter(unconfirmed_at__lt=sending.shown_before()))
        text = ngettext(
            "%(count)d message is sent again.", "%(count)d messages are sent again.", count
        )
        self._report(
            request,
            count,
            text,
            _("None of them has been unconfirmed for ten minutes: nothing was sent again."),
        )
        return None

    @admin.action(description=gettext_lazy("Leave the unconfirmed ones"), permissions=["resend"])
    def leave(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        count = holding.leave(queryset)
        text = ngettext(
            "%(count)d message is left as it is.", "%(count)d messages are left as they are.", count
        )
        self._report(request, count, text, _("None of them was unconfirmed and undecided."))

    @admin.action(description=gettext_lazy("Cancel the waiting ones…"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Message]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(
                request,
                queryset,
                action="cancel",
                title=_("Cancel?"),
                lines=[
                    _("Waiting messages are not sent any more; this cannot be undone."),
                    _("Messages in any other state are left alone."),
                ],
                button=_("Cancel the messages"),
            )
        count = sending.cancel(queryset)
        text = ngettext("%(count)d message cancelled.", "%(count)d messages cancelled.", count)
        self._report(request, count, text, _("None of them was waiting: nothing was cancelled."))
        return None

    def _ask(
        self, request: HttpRequest, queryset: QuerySet[Message], *, action: str, **words: Any
    ) -> HttpResponse:
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        count = len(selected)
        number = ngettext(
            "%(count)d message is selected.", "%(count)d messages are selected.", count
        )
        words["lines"] = [number % {"count": count}, *words["lines"]]
        hidden = [("action", action), ("confirmed", "yes")]
        if request.POST.get("select_across") == "1":
            hidden.append(("select_across", "1"))
            words["lines"][0] = _("All messages of this list are selected.")
        hidden += [(ACTION_CHECKBOX_NAME, pk) for pk in selected]
        return confirmation(
            request,
            self,
            back_url=request.get_full_path(),
            is_dangerous=True,
            hidden=hidden,
            **words,
        )

    def _report(self, request: HttpRequest, count: int, done: str, nothing: str) -> None:
        if count:
            messages.success(request, done % {"count": count})
        else:
            messages.warning(request, nothing)

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("requested"))
    def asked(self, message: Message) -> SafeString | str:
        return moment(message.created_at)

    @admin.display(description=gettext_lazy("status"))
    def state(self, message: Message) -> SafeString:
        badge = status_badge(message.status)
        if not message.waits_for:
            return badge
        reason = message.get_waits_for_display()
        return format_html('{}<br><span class="bw-quiet">{}</span>', badge, reason)

    @admin.display(description=gettext_lazy("bakery"))
    def bakery(self, message: Message) -> SafeString:
        return link(page_url("tenants_tenant", message.tenant_id), message.tenant.name)

    @admin.display(description=gettext_lazy("recipient"))
    def to(self, message: Message) -> SafeString | str:
        return recipient(message)

    @admin.display(description=gettext_lazy("text"))
    def text_start(self, message: Message) -> str:
        text = " ".join(message.rendered_text.split())
        return f"{text[:59]}…" if len(text) > 60 else text

    @admin.display(description=gettext_lazy("order"))
    def order_number(self, message: Message) -> SafeString | str:
        if not message.reference:
            return "–"
        order = format_html('<span class="bw-nowrap">{}</span>', message.reference)
        return link(list_url("messaging_message", q=message.reference), order)

    @admin.display(description=gettext_lazy("sent from"))
    def sender(self, message: Message) -> SafeString:
        url = page_url("tenants_phonenumber", message.phone_number_id)
        return link(url, phone(message.phone_number.display_phone_number))

    @admin.display(description=gettext_lazy("template"))
    def template_link(self, message: Message) -> SafeString:
        return link(
            page_url("messaging_messagetemplate", message.template_id), str(message.template)
        )

    @admin.display(description=gettext_lazy("to be sent from"))
    def waits_from(self, message: Message) -> SafeString | str:
        return moment(message.send_after)

    @admin.display(description=gettext_lazy("to be sent until"))
    def waits_until(self, message: Message) -> SafeString | str:
        return moment(message.expires_at)

    @admin.display(description=gettext_lazy("taken by a worker"))
    def claimed(self, message: Message) -> SafeString | str:
        return moment(message.claimed_at)

    @admin.display(description=gettext_lazy("accepted by Meta"))
    def accepted(self, message: Message) -> SafeString | str:
        return moment(message.accepted_at)

    @admin.display(description=gettext_lazy("sent"))
    def sent(self, message: Message) -> SafeString | str:
        return moment(message.sent_at)

    @admin.display(description=gettext_lazy("delivered"))
    def delivered(self, message: Message) -> SafeString | str:
        return moment(message.delivered_at)

    @admin.display(description=gettext_lazy("read"))
    def was_read(self, message: Message) -> SafeString | str:
        return moment(message.read_at)

    @admin.display(description=gettext_lazy("failed"))
    def failed(self, message: Message) -> SafeString | str:
        return moment(message.failed_at)

    @admin.display(description=gettext_lazy("changed"))
    def changed(self, message: Message) -> SafeString | str:
        return moment(message.updated_at)

    @admin.display(description=gettext_lazy("repairs"))
    def repairs(self, message: Message) -> str:
        return ", ".join(str(repair.get("code", "")) for repair in message.warnings) or "–"

    @admin.display(description=gettext_lazy("attempts"))
    def tries(self, message: Any) -> str:
        """A try that Meta put off does not count towards those a message has."""
        if message.tries_made <= message.attempts:
            return str(message.attempts)
        text = _("%(made)d, of which %(free)d not counted")
        return text % {"made": message.tries_made, "free": message.tries_made - message.attempts}

    @admin.display(description=gettext_lazy("pricing"))
    def price(self, message: Message) -> str:
        is_lost = cost_of(message).charge == Charge.NOT_DELIVERED
        return price(message.pricing, is_lost=is_lost)

    @admin.display(description=gettext_lazy("cost"))
    def cost(self, message: Message) -> str:
        return cost_words(cost_of(message))

    @admin.display(description=gettext_lazy("components"))
    def parameters(self, message: Message) -> SafeString:
        return pretty_json(message.components)
