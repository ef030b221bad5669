"""What Meta told of the account, numbers and templates: the list of all, and each one's own on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.pages import pretty_json
from messaging.admin.paginator import NewestOnly
from messaging.models import AccountEvent, MessageTemplate
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import GOOD, NEUTRAL, badge, link, list_url, moment, page_url, phone
from tenants.models import PhoneNumber

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from tenants.models import WhatsAppBusinessAccount

_SHOWN = 10


def events_of(
    row: MessageTemplate | PhoneNumber | WhatsAppBusinessAccount,
) -> SafeString | str:
    """Return the newest lines of one row's history, and the way to all of them."""
    events = list(row.events.newest_first()[:_SHOWN]) if row.pk else []
    if not events:
        return _("Meta has told nothing yet.")
    lines = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        ((moment(event.at), _title(event), _told(event)) for event in events),
    )
    name = {MessageTemplate: "template", PhoneNumber: "phone_number"}.get(type(row), "account")
    all_of_them = link(list_url("messaging_accountevent", **{name: row.pk}), _("All events"))
    heads = (_("when"), _("event"), _("change"))
    head = format_html_join("", '<th scope="col">{}</th>', ((word,) for word in heads))
    return format_html(
        '<table class="bw-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table><p>{}</p>',
        head,
        lines,
        all_of_them,
    )


def _title(event: AccountEvent) -> SafeString:
    return link(
        page_url("messaging_accountevent", event.pk), f"{event.get_aspect_display()}: {event.event}"
    )


def _told(event: AccountEvent) -> str:
    if event.before and event.after:
        return f"{event.before} → {event.after}"
    return event.after or event.before or "–"


@admin.register(AccountEvent)
class AccountEventAdmin(NewestOnly, ReadOnlyAdmin):
    """Meta's news in the order of its own times; nothing is edited, a repeat of Meta's leaves no second line."""

    list_display = ("when", "what", "about", "told", "taken")
    list_display_links = ("what",)
    list_filter = ("aspect",)
    list_select_related = ("template", "phone_number", "account")
    search_fields = ("subject", "event")
    search_help_text = gettext_lazy("Template, number id, account id or Meta's event")
    ordering = ("-at", "-id")
    fields = readonly_fields = (
        "when",
        "what",
        "field",
        "about",
        "told",
        "taken",
        "recorded",
        "value",
    )

    def heading(self, event: AccountEvent) -> str:
        return f"{event.get_aspect_display()}: {event.event}"

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description=gettext_lazy("when"))
    def when(self, event: AccountEvent) -> SafeString | str:
        return moment(event.at)

    @admin.display(description=gettext_lazy("recorded"))
    def recorded(self, event: AccountEvent) -> SafeString | str:
        return moment(event.recorded_at)

    @admin.display(description=gettext_lazy("event"))
    def what(self, event: AccountEvent) -> str:
        return f"{event.get_aspect_display()}: {event.event}"

    @admin.display(description=gettext_lazy("about"))
    def about(self, event: AccountEvent) -> SafeString | str:
        if event.template is not None:
            url = page_url("messaging_messagetemplate", event.template_id)
            return link(url, str(event.template))
        if event.phone_number is not None:
            url = page_url("tenants_phonenumber", event.phone_number_id)
            return link(url, phone(event.phone_number.display_phone_number))
        if event.account is not None and event.subject.endswith(event.account.waba_id):
            url = page_url("tenants_whatsappbusinessaccount", event.account_id)
            return link(url, event.account.name or event.account.waba_id)
        return event.subject or "–"

    @admin.display(description=gettext_lazy("change"))
    def told(self, event: AccountEvent) -> str:
        return _told(event)

    @admin.display(description=gettext_lazy("taken over"))
    def taken(self, event: AccountEvent) -> SafeString:
        if event.is_applied:
            return badge(_("yes"), icon="check_circle", tone=GOOD)
        return badge(_("only kept"), icon="inventory_2", tone=NEUTRAL)

    @admin.display(description=gettext_lazy("Meta's value"))
    def value(self, event: AccountEvent) -> SafeString:
        return pretty_json(event.details)
