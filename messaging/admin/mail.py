"""The mails that were written: to whom, for what, what became of each, and those that failed once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.models import Mail, MailState
from messaging.services import mails
from messaging.services.letters import Letter
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import BAD, BUSY, CAUTION, GOOD, badge, moment

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_LOOKS = {
    MailState.WAITING: (BUSY, "schedule"),
    MailState.SENDING: (BUSY, "outgoing_mail"),
    MailState.SENT: (GOOD, "check_circle"),
    MailState.FAILED: (BAD, "error"),
    MailState.UNCONFIRMED: (CAUTION, "question_mark"),
}


def mail_badge(mail: Mail) -> SafeString:
    tone, icon = _LOOKS[MailState(mail.state)]
    return badge(mail.get_state_display(), icon=icon, tone=tone)


def error_words(mail: Mail) -> str:
    """Say why the mail did not go out and what to do; "" while nothing is wrong."""
    if mail.error == mails.NO_ADDRESS:
        return _(
            "This person has no e-mail address, or may not log in. Enter one, then send again."
        )
    if mail.state == MailState.UNCONFIRMED:
        return _(
            "It broke off while it was handed over, so it may have arrived. Ask, or send again."
        )
    if mail.error:
        text = _("The mail server did not take it (%(error)s). Check EMAIL_URL and the address.")
        return text % {"error": mail.error}
    return ""


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_before_template = "admin/messaging/mail/_not_here.html"
    list_display = ("subject", "kind", "user", "tenant", "result", "why", "written", "went_out")
    list_display_links = ("subject",)
    list_filter = ("state", "kind")
    list_select_related = ("user", "tenant")
    ordering = ("-id",)
    sortable_by = ()
    actions = ("send_again",)
    fields = ("subject", "kind", "user", "tenant", "result", "why", "written", "went_out", "text")
    readonly_fields = ("subject", "result", "why", "written", "went_out", "text")

    def heading(self, mail: Mail) -> str:
        return mail.subject

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.resend_mail")

    @admin.action(
        description=gettext_lazy("Send those that failed once more"), permissions=["resend"]
    )
    def send_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        count = mails.send_again(queryset)
        text = ngettext("%(count)d mail is sent again.", "%(count)d mails are sent again.", count)
        messages.success(request, text % {"count": count})

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, mail: Mail) -> str:
        return mail.subject

    @admin.display(description=gettext_lazy("state"))
    def result(self, mail: Mail) -> SafeString:
        return mail_badge(mail)

    @admin.display(description=gettext_lazy("why"))
    def why(self, mail: Mail) -> str:
        return error_words(mail) or "–"

    @admin.display(description=gettext_lazy("written"))
    def written(self, mail: Mail) -> SafeString | str:
        return moment(mail.created_at)

    @admin.display(description=gettext_lazy("sent"))
    def went_out(self, mail: Mail) -> SafeString | str:
        return moment(mail.sent_at)

    @admin.display(description=gettext_lazy("text"))
    def text(self, mail: Mail) -> SafeString:
        """Without its links: a link in a mail may stand for its reader."""
        paragraphs = Letter.from_json(mail.content).paragraphs
        return format_html_join("", '<p class="bw-pre">{}</p>', ((text,) for text in paragraphs))
