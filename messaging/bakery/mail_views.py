"""A notice sent by e-mail from its page: to whom, with the whole mail to be read before it goes."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from messaging.bakery import words
from messaging.bakery.message_views import message_for
from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import require_member
from messaging.bakery.record_forms import MailForm
from messaging.models import Message
from messaging.services import mail_server, message_mail_words, message_mails, recipients


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def send_by_mail(request: HttpRequest, slug: str, message_id: uuid.UUID) -> HttpResponse:
    """GET shows the mail and asks for the address, POST sends it."""
    visit = visit_of(request, slug)
    require_member(visit)
    message = message_for(visit, message_id)
    form = MailForm(request.POST or None, initial={"to": message_mails.known_address(message)})
    if request.method == "POST" and form.is_valid():
        try:
            return _send(request, visit, message, form)
        except mail_server.NotTakenError as refused:
            form.add_error("to", message_mail_words.words_of_refusal(refused))
    if why := message_mails.why_not(message):
        messages.error(request, message_mail_words.words_of_hurdle(why))
        return redirect("bakery_message", slug=slug, message_id=message_id)
    context = {
        "line": words.line_for(message, blocked={}),
        "form": form,
        "draft": message_mails.draft_of(message),
        "recipient": recipients.recipient_of(message),
    }
    return render_page(request, visit, "messaging/bakery/message_mail.html", context)


def _send(request: HttpRequest, visit: Visit, message: Message, form: MailForm) -> HttpResponse:
    """Lead back to the notice. Raises NotTakenError."""
    to, remember = form.cleaned_data["to"], form.cleaned_data["remember"]
    try:
        record = message_mails.send(message, to=to, by=visit.user, remember=remember)
    except message_mails.CannotMailError as refused:
        messages.error(request, message_mail_words.words_of_hurdle(refused.why))
    else:
        tell = messages.success if record.is_sure else messages.warning
        tell(request, message_mail_words.words_of_record(record))
    return redirect("bakery_message", slug=visit.tenant.slug, message_id=message.pk)
