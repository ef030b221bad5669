"""What is done from one message's page: sent again, cancelled, its number corrected or suppressed, its webhook applied again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from messaging.admin import asking
from messaging.models import Message, MessageEvent, Suppression
from messaging.services import interventions, replaying, resending, suppressions
from messaging.services.people import Person
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from messaging.services.resending_words import (
    even_to_words,
    words_of_hurdle,
    words_of_other,
)
from tenants.admin.base import confirmation
from tenants.display import page_url
from tenants.models import User
from tenants.phone_field import PhoneField
from tenants.phone_numbers import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.urls import URLPattern

RESEND = "messaging.resend_message"
CANCEL = "messaging.cancel_message"
ASK_META = "messaging.ask_meta_message"
SUPPRESS = "messaging.add_suppression"
REPLAY = "messaging.change_webhookdelivery"


class CorrectionForm(forms.Form):
    to = PhoneField(
        label=capfirst(gettext_lazy("the right number")),
        help_text=gettext_lazy("Such as +34 600 000 101; of Spain nine digits do."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )


class SuppressionForm(forms.Form):
    scope = forms.ChoiceField(
        label=capfirst(gettext_lazy("who does not write to it any more")),
        choices=[
            ("bakery", gettext_lazy("this bakery")),
            ("account", gettext_lazy("no bakery of the account")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(
        label=capfirst(gettext_lazy("reason")),
        max_length=300,
        help_text=gettext_lazy("For whoever reads this later."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


class MessageActions:
    """A part of MessageAdmin: its addresses below one message's."""

    admin_site: Any
    opts: Any
    log_change: Callable[..., Any]

    def action_urls(self) -> list[URLPattern]:
        views = {
            "resend": self.resend,
            "correct": self.correct,
            "cancel": self.cancel_one,
            "suppress": self.suppress,
            "replay": self.replay,
            "ask-meta": self.ask_meta,
        }
        return [
            path(
                f"<uuid:pk>/{name}/",
                self.admin_site.admin_view(view),
                name=f"messaging_message_{name.replace('-', '_')}",
            )
            for name, view in views.items()
        ]

    def resend(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        message = message_for(request, pk, RESEND)
        if request.method == "POST":
            try:
                return self._send_again(request, message)
            except RefusedError as refused:
                messages.error(request, words_of_refusal(refused))
                return _back(message)
        if why := resending.why_not(message):
            messages.warning(request, words_of_hurdle(why))
            return _back(message)
        lines = [
            _("It goes to the same number, as it stands, and Meta charges it like any other."),
            _("If the number is wrong, correct it instead."),
        ]
        if message.unconfirmed_at is not None:
            lines.insert(0, _("Nobody knows whether the first one arrived: it may arrive twice."))
        return confirmation(
            request,
            self,
            title=_("Send it again?"),
            lines=lines,
            button=_("Send again"),
            back_url=page_url("messaging_message", pk),
        )

    def correct(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        message = message_for(request, pk, RESEND)
        form, even_to = CorrectionForm(request.POST or None), None
        if request.method == "POST" and form.is_valid():
            to = form.cleaned_data["to"]
            try:
                return self._send_again(
                    request, message, to=to, even_to=request.POST.get("even_to", "")
                )
            except resending.OtherRecipientError as other:
                form.add_error("to", words_of_other(other))
                even_to = (to, even_to_words(other))
            except RefusedError as refused:
                form.add_error("to", words_of_refusal(refused))
            except resending.CannotResendError as refused:
                form.add_error("to", words_of_hurdle(refused.why))
        if why := resending.why_not(message, is_corrected=True):
            messages.warning(request, words_of_hurdle(why))
            return _back(message)
        lines = [
            _("It failed to, or should not have gone to, %(number)s.")
            % {"number": masked(message.recipient_phone)},
            _("A new message goes to the right number. Both stay, and each names the other."),
            _("Tell the bakery too: its next orders still carry the old number."),
        ]
        return self._form_page(
            request,
            message,
            form,
            title=_("Correct the number and send again"),
            lines=lines,
            button=_("Send"),
            even_to=even_to,
        )

    def _send_again(
        self, request: HttpRequest, message: Message, *, to: str = "", even_to: str = ""
    ) -> HttpResponse:
        """Lead to what waits now.

        Raises RefusedError, OtherRecipientError, and CannotResendError for a correction that corrects nothing.
        """
        try:
            again = resending.resend(message, to=to, even_to=even_to, by=user_of(request))
        except resending.CannotResendError as refused:
            if refused.why.hurdle == resending.Hurdle.SAME_NUMBER:
                raise
            messages.warning(request, words_of_hurdle(refused.why))
            return _back(message)
        self.log_change(request, message, f"Sent again as message {again.pk}")
        messages.success(request, _("It waits to be sent again. Here you see whether it arrives."))
        return _back(again)

    def cancel_one(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        message = message_for(request, pk, CANCEL)
        if request.method != "POST":
            return confirmation(
                request,
                self,
                title=_("Cancel?"),
                lines=[_("It is not sent any more. It can be sent again later, as a new message.")],
                button=_("Cancel the message"),
                back_url=page_url("messaging_message", pk),
                is_dangerous=True,
            )
        try:
            interventions.cancel_message(message)
        except RefusedError:
            messages.warning(request, _("It does not wait any more: nothing was cancelled."))
        else:
            self.log_change(request, message, "Cancelled")
            messages.success(request, _("The message is cancelled."))
        return _back(message)

    def suppress(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        message = message_for(request, pk, SUPPRESS)
        form = SuppressionForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            is_new = suppressions.stop(
                suppressions.Request(
                    Person(message.recipient_phone),
                    None if form.cleaned_data["scope"] == "account" else message.tenant_id,
                    Suppression.What.ALL,
                    Suppression.Source.STAFF,
                    timezone.now(),
                    by=request.user.get_username(),
                    reason=form.cleaned_data["reason"],
                )
            )
            if is_new:
                self.log_change(
                    request, message, f"Number suppressed: {form.cleaned_data['reason']}"
                )
                messages.success(
                    request, _("Nothing is sent to this number any more. Opt-outs undoes it.")
                )
            else:
                messages.info(request, _("This number was suppressed before."))
            return _back(message)
        lines = [
            _("Every message to %(number)s is refused from now on, and what waits is cancelled.")
            % {"number": masked(message.recipient_phone)}
        ]
        return self._form_page(
            request,
            message,
            form,
            title=_("Suppress this number"),
            lines=lines,
            button=_("Suppress"),
            is_dangerous=True,
        )

    def replay(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Apply the webhook that told of one line of the timeline again."""
        message = message_for(request, pk, REPLAY)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        event = get_object_or_404(
            MessageEvent,
            message=message,
            delivery__isnull=False,
            pk=_number(request.POST.get("event", "")),
        )
        if replaying.replay_now([event.delivery or 0]):
            messages.success(
                request, _("The webhook was applied again. Nothing that stood already has changed.")
            )
        else:
            messages.warning(
                request, _("The webhook is not there any more, or a worker has it right now.")
            )
        return _back(message)

    def ask_meta(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask what became of the message, and take what the webhook never brought."""
        message = message_for(request, pk, ASK_META)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        asking.ask(request, message)
        return _back(message)

    def _form_page(
        self, request: HttpRequest, message: Message, form: forms.Form, **words: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "form": form,
            "back_url": page_url("messaging_message", message.pk),
            **words,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/messaging/message/act.html", context)


def action_url(name: str, message: Message) -> str:
    return reverse(f"admin:messaging_message_{name}", args=(message.pk,))


def message_for(request: HttpRequest, pk: UUID, permission: str) -> Message:
    """Return the message of this address. Raises PermissionDenied and Http404."""
    if not request.user.has_perm(permission):
        raise PermissionDenied
    found = Message.objects.select_related("tenant", "template", "phone_number__account")
    return get_object_or_404(found, pk=pk)


def user_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _back(message: Message) -> HttpResponse:
    return HttpResponseRedirect(page_url("messaging_message", message.pk))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
