"""A message sent by e-mail from its page: to whom, with the whole mail to be read before it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminEmailInputWidget

from messaging.admin.message_actions import RESEND, message_for, user_of
from messaging.services import mail_server, message_mail_words, message_mails
from tenants.display import page_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.urls import URLPattern

    from messaging.models import Message


class MailForm(forms.Form):
    to = forms.EmailField(
        label=capfirst(gettext_lazy("the recipient's e-mail address")),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
    )


class MessageMailing:
    """A part of MessageAdmin: its address below one message's."""

    admin_site: Any
    opts: Any
    log_change: Callable[..., Any]

    def mail_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_by_mail)
        return [path("<uuid:pk>/mail/", view, name="messaging_message_mail")]

    def send_by_mail(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """GET shows the mail and asks for the address, POST sends it."""
        message = message_for(request, pk, RESEND)
        known = message_mails.known_address(message)
        form = MailForm(request.POST or None, initial={"to": known})
        if request.method == "POST" and form.is_valid():
            try:
                return self._send(request, message, form.cleaned_data["to"])
            except mail_server.NotTakenError as refused:
                form.add_error("to", message_mail_words.words_of_refusal(refused))
        if why := message_mails.why_not(message):
            messages.warning(request, message_mail_words.words_of_hurdle(why))
            return HttpResponseRedirect(page_url("messaging_message", pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Send by e-mail"),
            "form": form,
            "draft": message_mails.draft_of(message),
            "is_known": bool(known),
            "back_url": page_url("messaging_message", pk),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/messaging/message/mail.html", context)

    def _send(self, request: HttpRequest, message: Message, to: str) -> HttpResponse:
        """Lead back to the message. Raises NotTakenError."""
        try:
            record = message_mails.send(message, to=to, by=user_of(request))
        except message_mails.CannotMailError as refused:
            messages.warning(request, message_mail_words.words_of_hurdle(refused.why))
        else:
            tell = messages.success if record.is_sure else messages.warning
            tell(request, message_mail_words.words_of_record(record))
            self.log_change(request, message, f"Sent by e-mail to {record.masked_address}")
        return HttpResponseRedirect(page_url("messaging_message", message.pk))


def mail_url(message: Message) -> str:
    return reverse("admin:messaging_message_mail", args=(message.pk,))
