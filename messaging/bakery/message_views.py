"""The pages of a bakery's notices: searched and leafed through, one of them, and sending one again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery import words
from messaging.bakery.asked import (
    TESTS,
    address_with,
    group_in,
    month_in,
    moved_search,
    search_in,
    uuid_in,
)
from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import require_member
from messaging.bakery.posting import takes_form_of
from messaging.bakery.record_forms import ResendForm
from messaging.models import Message, MessageEvent, MessageMail
from messaging.services import (
    failures,
    interventions,
    message_mail_words,
    message_search,
    overview,
    recipients,
    resending,
    stories,
)
from messaging.services.inbound_words import words_of
from messaging.services.message_mails import MailHurdle
from messaging.services.message_search import Wanted
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from messaging.services.resending_words import (
    even_to_words,
    words_of_hurdle,
    words_of_other,
)
from messaging.statuses import MessageStatus
from tenants.date_forms import month_form

# Then nobody asks why it cannot be sent by e-mail.
_NO_MATTER = (MailHurdle.ARRIVED, MailHurdle.ERASED, MailHurdle.TRIAL)
# Where the bakery may want to send it again. Of all others there is nothing to mend.
_AGAIN = frozenset(
    {
        MessageStatus.FAILED,
        MessageStatus.EXPIRED,
        MessageStatus.UNCONFIRMED,
        MessageStatus.CANCELLED,
    }
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def message_list(request: HttpRequest, slug: str) -> HttpResponse:
    """POST searches and leads to an address of its own, in which no number can be read."""
    visit = visit_of(request, slug)
    if elsewhere := moved_search(request):
        return redirect(elsewhere)
    status = request.GET.get("status", "")
    wanted = Wanted(
        search=search_in(request),
        group=group_in(status),
        only_trials=status == TESTS,
        month=month_in(request.GET.get("month", "")),
        before=uuid_in(request.GET.get("before", "")),
    )
    found = message_search.search(visit.tenant, wanted, user=visit.user)
    context = {
        "wanted": wanted,
        "failed": words.lines_for(found.failed, blocked=found.blocked),
        "lines": words.lines_for(found.messages, blocked=found.blocked),
        "groups": _groups(request, wanted),
        "month": dateformat.format(wanted.month.first, month_form()) if wanted.month else "",
        "without_month": address_with(request, month=None, before=None),
        "next_url": address_with(request, before=found.next_before) if found.next_before else "",
    }
    return render_page(request, visit, "messaging/bakery/messages.html", context)


@never_cache
@require_safe
def message_page(request: HttpRequest, slug: str, message_id: uuid.UUID) -> HttpResponse:
    visit = visit_of(request, slug)
    message = message_for(visit, message_id)
    return _page(request, visit, message, ResendForm())


@never_cache
@takes_form_of("bakery_message", names="message_id")
def resend(request: HttpRequest, slug: str, message_id: uuid.UUID) -> HttpResponse:
    """Send it again, to a corrected number where one is given."""
    visit = visit_of(request, slug)
    require_member(visit)
    message = message_for(visit, message_id)
    form = ResendForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, message, form)
    to, even_to = form.cleaned_data["phone"], form.cleaned_data["even_to"]
    try:
        again = resending.resend(message, to=to, even_to=even_to, by=visit.user)
    except resending.OtherRecipientError as other:
        form.add_error("phone", words_of_other(other))
        return _page(request, visit, message, form, even_to=(to, even_to_words(other)))
    except resending.CannotResendError as error:
        messages.error(request, words_of_hurdle(error.why))
    except RefusedError as error:
        messages.error(request, words_of_refusal(error))
    else:
        messages.success(request, _("The notice is on its way again."))
        if to and to != even_to and form.cleaned_data["also_supplier"]:
            _correct_supplier(request, visit, message, again.recipient_phone)
        message = again
    return redirect("bakery_message", slug=slug, message_id=message.pk)


@never_cache
@takes_form_of("bakery_message", names="message_id")
def cancel(request: HttpRequest, slug: str, message_id: uuid.UUID) -> HttpResponse:
    """Cancel what waits. Whoever presses twice is told the same."""
    visit = visit_of(request, slug)
    require_member(visit)
    try:
        interventions.cancel_message(message_for(visit, message_id))
    except RefusedError as error:
        messages.error(request, words_of_refusal(error))
    else:
        messages.success(request, _("The notice is cancelled and will not be sent."))
    return redirect("bakery_message", slug=slug, message_id=message_id)


@never_cache
@takes_form_of("bakery_message", names="message_id")
def mark_done(request: HttpRequest, slug: str, message_id: uuid.UUID) -> HttpResponse:
    """Take it off the list of what did not arrive."""
    visit = visit_of(request, slug)
    require_member(visit)
    failures.mark_done(message_for(visit, message_id), by=visit.user)
    messages.success(request, _("It is off the list of what did not arrive."))
    return redirect("bakery_message", slug=slug, message_id=message_id)


def _correct_supplier(request: HttpRequest, visit: Visit, message: Message, phone: str) -> None:
    try:
        recipients.correct_number(message, phone, by=visit.user)
    except recipients.NumberTakenError as taken:
        said = _("The list of suppliers stays as it is: this number belongs to %(name)s already.")
        messages.info(request, said % {"name": taken.recipient.name})


def _page(
    request: HttpRequest,
    visit: Visit,
    message: Message,
    form: ResendForm,
    *,
    even_to: tuple[str, str] | None = None,
) -> HttpResponse:
    """`even_to` is another supplier's number and the words of the button that sends the notice there."""
    story = stories.story_of(message, user=visit.user)
    line = words.line_for(message, blocked=story.blocked)
    context: dict[str, Any] = {
        "line": line,
        "steps": _steps(message, story.events),
        "replies": [(words_of(reply), reply) for reply in story.replies],
        "form": form,
        "even_to": even_to,
        "recipient": story.recipient,
        "may_cancel": message.status == MessageStatus.QUEUED and visit.role is not None,
        "may_mark_done": visit.role is not None and story.is_unresolved,
    }
    if message.status in _AGAIN and not message.is_trial and line.again is None:
        why = story.no_resend
        context |= {
            "may_resend": why is None and visit.role is not None,
            "hurdle": words_of_hurdle(why) if why else "",
        }
    no_mail = story.no_mail
    if visit.role is not None and (no_mail is None or no_mail.hurdle not in _NO_MATTER):
        hurdle = message_mail_words.words_of_hurdle(no_mail) if no_mail else ""
        context["mail_hurdle"] = hurdle
    return render_page(request, visit, "messaging/bakery/message.html", context)


def _steps(message: Message, events: list[MessageEvent]) -> list[tuple[words.State, datetime, str]]:
    """What happened, when, and of a mail who sent it and where to. Meta's times are whole seconds."""
    steps = [(words.happened(event, message), event.at, "") for event in events]
    steps += [(words.mailed(mail), mail.sent_at, _mail_facts(mail)) for mail in message.mails.all()]
    return sorted(steps, key=lambda step: step[1].replace(microsecond=0))


def _mail_facts(mail: MessageMail) -> str:
    facts = {"address": mail.masked_address or "–", "who": message_mail_words.who_sent(mail)}
    return _("to %(address)s, by %(who)s") % facts


def message_for(visit: Visit, message_id: uuid.UUID) -> Message:
    mine = Message.objects.visible_to(visit.user).of(visit.tenant)
    whole = mine.select_related("tenant", "template", "phone_number")
    return get_object_or_404(whole.prefetch_related("replacements", "mails"), pk=message_id)


def _groups(request: HttpRequest, wanted: Wanted) -> list[tuple[str, words.State, bool]]:
    """Return the states to choose from: address, words, and whether it is the chosen one, whose address chooses all."""
    choices = [
        (group.value, words.COUNTED[group], wanted.group is group) for group in overview.Group
    ]
    choices.append((TESTS, words.TESTS, wanted.only_trials))
    return [
        (address_with(request, status=None if is_chosen else value, before=None), state, is_chosen)
        for value, state, is_chosen in choices
    ]
