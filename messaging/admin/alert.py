"""Alerts: what the platform's staff should know, the open ones first, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import F
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin.alert_subjects import Subject, subjects_of
from messaging.admin.alert_words import words_of
from messaging.admin.wording import call_words
from messaging.graph_api.catalogue import ErrorClass, facts_for
from messaging.models import Alert, AlertKind
from messaging.services.alerts import close_by_hand
from messaging.services.explaining import explain_code
from messaging.services.webhook_checks import RESULTS, TITLES, Finding, Result, sentence_of
from messaging.statuses import MessageStatus
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, CAUTION, GOOD, NEUTRAL, badge, link, list_url, moment, page_url

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrPromise

    from tenants.models import PhoneNumber

# Where a cause is looked at; the code of Meta's, where there is one, says more than these.
_ACTIONS: dict[str, StrPromise] = {
    AlertKind.SENDING_OFF: gettext_lazy(
        "New messages are refused. Set ENABLE_WHATSAPP_NOTIFICATIONS and restart to send again."
    ),
    AlertKind.ACCOUNT_STOPPED: gettext_lazy(
        "Mend the cause, then resume sending on the account's page; messages wait until then."
    ),
    AlertKind.NUMBER_STOPPED: gettext_lazy(
        "Mend the cause. The number is tried again every ten minutes; its messages wait."
    ),
    AlertKind.NUMBER_QUALITY: gettext_lazy(
        "Open the number: its page says what lowers the quality and what helps."
    ),
    AlertKind.TEMPLATE_STOPPED: gettext_lazy(
        "Open the template: its page says what to do. Its messages wait until Meta approves it again, or expire."
    ),
    AlertKind.TEMPLATE_CHANGED: gettext_lazy(
        "Open the template: it says what changed, what that means and who sends it. Note it as seen there."
    ),
    AlertKind.NUMBERS_UNREAD: gettext_lazy(
        "What is shown stands as it was. Numbers are read again every hour, or by the button."
    ),
    AlertKind.NUMBER_GONE: gettext_lazy(
        "Give its bakery another number, or make another one the default: Meta refuses what is sent from it, and it stops. "
        "If it should be there, look in WhatsApp Manager; it counts again once a sync finds it."
    ),
    AlertKind.TEMPLATES_UNREAD: gettext_lazy(
        "What is shown stands as it was. Templates are read again every hour, or by the button."
    ),
    AlertKind.MESSAGES_HELD: gettext_lazy(
        "Wait: Meta decides within the hour and sends them or drops them. What is dropped fails and must be sent again."
    ),
    AlertKind.MESSAGE_UNCONFIRMED: gettext_lazy(
        "Ask the recipient whether it came. Then send it again, or leave it as it is."
    ),
    AlertKind.PORTFOLIO_LIMIT: gettext_lazy(
        "Messages to new recipients wait until others leave the 24 hours. Verify the business at Meta for a higher limit."
    ),
    AlertKind.NO_SPARE_NUMBER: gettext_lazy(
        "Add a number at Meta and sync, or take one from a bakery that needs none. Until then a new bakery sends from the default number."
    ),
    AlertKind.TEMPLATE_QUALITY: gettext_lazy(
        "Send it to fewer people, or write it so that nobody blocks the number for it."
    ),
    AlertKind.NUMBER_NAME: gettext_lazy("Ask for another display name in WhatsApp Manager."),
    AlertKind.NAME_APPROVED: gettext_lazy(
        "Register the number again within 14 days, else the new name is lost. Then close this alert."
    ),
    AlertKind.NUMBER_SECURITY: gettext_lazy(
        "If nobody of ours did this, set a new PIN in WhatsApp Manager at once: who knows it can take the number away."
    ),
    AlertKind.ACCOUNT_RESTRICTED: gettext_lazy(
        "Open Account quality in Meta Business Suite, read the reason and ask for a review there."
    ),
    AlertKind.ACCOUNT_WARNED: gettext_lazy("Look at the account in Meta Business Suite."),
    AlertKind.WEBHOOK_SILENT: gettext_lazy(
        "Run manage.py check_webhook on the server; it tries every probable cause."
    ),
    AlertKind.TOKEN_EXPIRES: gettext_lazy(
        "Generate a new token at Meta and paste it on the token page."
    ),
    AlertKind.TOKEN_NOT_REVOKED: gettext_lazy(
        "Revoke the old token at Meta, in Business settings, System users. It is checked again every ten minutes."
    ),
    AlertKind.ORDER_REFUSED: gettext_lazy(
        "Tell the bakery to call the supplier. Mark this as dealt with; it closes by itself when the supplier wants messages again."
    ),
    AlertKind.NUMBER_CHANGED: gettext_lazy(
        "Its system message has the new number. Tell the bakery to use it in its orders, then mark this as dealt with."
    ),
    AlertKind.SETUP_BROKEN: gettext_lazy(
        "Open the set-up; the line says what to do. It is checked again every hour."
    ),
    AlertKind.CALLBACK_DISABLED: gettext_lazy(
        "It failed for a day, refused everything, or said that it is gone. Ask whoever runs the address to mend it, then "
        "switch it on again."
    ),
}
_PAGES: dict[str, tuple[str, dict[str, str]]] = {
    AlertKind.ACCOUNT_STOPPED: ("tenants_whatsappbusinessaccount", {}),
    AlertKind.NUMBER_STOPPED: ("tenants_phonenumber", {}),
    AlertKind.NUMBER_QUALITY: ("tenants_phonenumber", {"quality": "low"}),
    AlertKind.TEMPLATE_STOPPED: ("messaging_messagetemplate", {"state": "blocked"}),
    AlertKind.TEMPLATE_CHANGED: ("messaging_messagetemplate", {"state": "changed"}),
    AlertKind.NUMBERS_UNREAD: ("tenants_phonenumber", {}),
    AlertKind.NUMBER_GONE: ("tenants_phonenumber", {"use": "gone"}),
    AlertKind.TEMPLATES_UNREAD: ("messaging_messagetemplate", {}),
    AlertKind.MESSAGES_HELD: ("messaging_message", {"status": MessageStatus.HELD}),
    AlertKind.MESSAGE_UNCONFIRMED: ("messaging_message", {"status": "undecided"}),
    AlertKind.NO_SPARE_NUMBER: ("tenants_phonenumber", {}),
    AlertKind.PORTFOLIO_LIMIT: ("messaging_message", {"status": MessageStatus.QUEUED}),
    AlertKind.TEMPLATE_QUALITY: ("messaging_messagetemplate", {}),
    AlertKind.NUMBER_NAME: ("tenants_phonenumber", {}),
    AlertKind.NAME_APPROVED: ("tenants_phonenumber", {}),
    AlertKind.NUMBER_SECURITY: ("tenants_phonenumber", {}),
    AlertKind.WEBHOOK_SILENT: ("messaging_webhookdelivery", {}),
    AlertKind.ORDER_REFUSED: ("messaging_suppression", {"state": "open"}),
    AlertKind.NUMBER_CHANGED: ("messaging_inboundmessage", {"kind": "system"}),
    AlertKind.CALLBACK_DISABLED: ("messaging_callback", {"state": "disabled"}),
    AlertKind.SETUP_BROKEN: ("messaging_setupcheck", {}),
}
_OTHERWISE = ("tenants_whatsappbusinessaccount", dict[str, str]())
_STOPPING = frozenset({ErrorClass.CREDENTIAL, ErrorClass.ACCOUNT})
# The code is of a reading, and the catalogue's advice mostly about messages.
_UNREAD = frozenset({AlertKind.NUMBERS_UNREAD, AlertKind.TEMPLATES_UNREAD})
# A word of ours, not a name.
_NAMELESS = frozenset(
    {AlertKind.MESSAGE_UNCONFIRMED, AlertKind.CALLBACK_DISABLED, AlertKind.SETUP_BROKEN}
)


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert in words: what, about what, why and what to do, and where its rows are."""

    title: str
    about: str
    why: str
    action: str
    url: str
    opened_at: datetime


def lines_of(
    alerts: Collection[Alert], *, numbers: Collection[PhoneNumber] | None = None
) -> list[AlertLine]:
    """Return the alerts in words; two queries for what they are about, one with all `numbers` at hand."""
    subjects = subjects_of(alerts, numbers=numbers)
    return [_line_of(alert, subjects.get(alert.pk)) for alert in alerts]


def _line_of(alert: Alert, subject: Subject | None) -> AlertLine:
    why, action = "", str(_ACTIONS.get(alert.kind, _ACTIONS[AlertKind.TOKEN_EXPIRES]))
    if alert.kind in _UNREAD:
        words = call_words(alert.code, then="")
        why, action = "{title}{code}".format(**words), f"{words['action']} {action}".strip()
        if not _stops_sending(alert.code):
            action = " ".join([action, _("This alone stops no sending.")])
    elif alert.code is not None:
        known = explain_code(alert.code, translation.get_language() or "en")
        why, action = f"{known.title} ({alert.code})", known.action
    elif told := words_of(alert):
        why, action = told
    page, query = _PAGES.get(alert.kind, _OTHERWISE)
    url = subject.url if subject else list_url(page, **query)
    about = subject.about if subject else alert.subject
    return AlertLine(
        title=str(capfirst(str(alert.get_kind_display()))),
        about="" if alert.kind in _NAMELESS else about,
        why=why,
        action=action,
        # The results of tests stand on the alert's own page.
        url=page_url("messaging_alert", alert.pk) if alert.details.get("findings") else url,
        opened_at=alert.opened_at,
    )


def _stops_sending(code: int | None) -> bool:
    """Whether the next message will be refused for the same cause, if it has not been."""
    return code is not None and facts_for(code).error_class in _STOPPING


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if self.value() in {"open", "closed"}:
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Opened once however often the cause shows, closed by the product when it is mended or by whoever saw to it."""

    list_display = ("what", "state", "about", "to_do", "opened")
    list_display_links = None
    list_filter = (OpenFilter, "kind")
    ordering = (F("closed_at").desc(nulls_first=True), "-opened_at", "-id")
    sortable_by = ()
    list_per_page = 50
    fields = readonly_fields = ("what", "state", "about", "to_do", "tests", "opened", "closed")
    actions = ("close",)

    def has_close_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("messaging.change_alert")

    @admin.action(description=gettext_lazy("Close: somebody has seen to it"), permissions=["close"])
    def close(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        """Only what no machine sees mended; what the product watches closes by itself."""
        closed = close_by_hand(queryset)
        for alert in closed:
            self.log_change(request, alert, "Closed by hand.")
        if count := len(closed):
            text = ngettext("%(count)d alert closed.", "%(count)d alerts closed.", count)
            messages.success(request, text % {"count": count})
        else:
            text = _("None was closed: these close by themselves when the cause is mended.")
            messages.warning(request, text)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Word the page's alerts together, for each column asks for the words of its row."""
        changelist = super().get_changelist_instance(request)
        shown = list(changelist.result_list)
        for alert, line in zip(shown, lines_of(shown), strict=True):
            alert.line = line
        changelist.result_list = shown
        return changelist

    def _line(self, alert: Alert) -> AlertLine:
        line: AlertLine | None = getattr(alert, "line", None)
        return line or lines_of([alert])[0]

    @admin.display(description=gettext_lazy("alert"))
    def what(self, alert: Alert) -> SafeString:
        line = self._line(alert)
        return link(line.url, line.title)

    @admin.display(description=gettext_lazy("state"))
    def state(self, alert: Alert) -> SafeString:
        if alert.closed_at is None:
            return badge(_("open"), icon="notifications_active", tone=BAD)
        return badge(_("closed"), icon="check_circle", tone=GOOD)

    @admin.display(description=gettext_lazy("about"))
    def about(self, alert: Alert) -> str:
        return self._line(alert).about or "–"

    @admin.display(description=gettext_lazy("what to do"))
    def to_do(self, alert: Alert) -> SafeString | str:
        line = self._line(alert)
        if not line.why:
            return line.action
        return format_html('{}<br><span class="bw-quiet">{}</span>', line.why, line.action)

    @admin.display(description=gettext_lazy("tests"))
    def tests(self, alert: Alert) -> SafeString | str:
        """What was tried and what each test found."""
        findings = [Finding.from_json(row) for row in alert.details.get("findings", [])]
        if not findings:
            return "–"
        rows = (
            (TITLES[one.check], _result_badge(one.result), sentence_of(one)) for one in findings
        )
        return format_html(
            '<table class="bw-table"><tbody>{}</tbody></table>',
            format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows),
        )

    @admin.display(description=gettext_lazy("opened"))
    def opened(self, alert: Alert) -> SafeString | str:
        return moment(alert.opened_at)

    @admin.display(description=gettext_lazy("closed"))
    def closed(self, alert: Alert) -> SafeString | str:
        return moment(alert.closed_at)


def _result_badge(result: Result) -> SafeString:
    tone, icon = {
        Result.OK: (GOOD, "check_circle"),
        Result.BAD: (BAD, "error"),
        Result.UNKNOWN: (CAUTION, "help"),
    }.get(result, (NEUTRAL, "do_not_disturb_on"))
    return badge(RESULTS[result], icon=icon, tone=tone)
