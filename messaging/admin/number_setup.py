"""Pages that bring a number into service: its code, its registration, a test message, the request for more numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from messaging.admin.more_numbers import form_from, request_text
from messaging.admin.setup_words import HELP, Help
from messaging.admin.wording import call_words
from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.models import MessageTemplate, SetupKey
from messaging.services.number_setup import (
    CODE_LIVES,
    TooManyTriesError,
    enter_code,
    register_number,
    request_code,
)
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from messaging.services.trial import NobodySendsFromItError, send_trial
from tenants.display import clock, page_url, phone
from tenants.models import NumberSetup, PhoneNumber
from tenants.phone_field import PhoneField

if TYPE_CHECKING:
    from django.urls import URLPattern

_MODEL = "tenants_phonenumber"
_SIX_DIGITS = RegexValidator(r"^\d{6}$", gettext_lazy("Six digits."))


def _digits(label: Any, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(
        attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "7"}
    )
    return forms.CharField(label=label, help_text=help_text, widget=widget, required=required)


class RequestCodeForm(forms.Form):
    method = forms.ChoiceField(
        label=gettext_lazy("How Meta sends the code"),
        choices=[("SMS", gettext_lazy("by SMS")), ("VOICE", gettext_lazy("by a call"))],
        help_text=gettext_lazy(
            "Virtual numbers often get no SMS; then choose the call, which reads the code aloud."
        ),
        widget=UnfoldAdminSelectWidget,
    )


class EnterCodeForm(forms.Form):
    code = _digits(gettext_lazy("Code"), gettext_lazy("Six digits, good for ten minutes."))

    def clean_code(self) -> str:
        """Meta writes it as 123-456."""
        code = str(self.cleaned_data["code"]).replace("-", "").replace(" ", "")
        _SIX_DIGITS(code)
        return code


class RegisterForm(forms.Form):
    pin = forms.CharField(
        label=gettext_lazy("PIN"),
        required=False,
        validators=[_SIX_DIGITS],
        help_text=gettext_lazy(
            "Only when the number has one already: six digits. Empty: the stored one, or a new one that is stored encrypted."
        ),
        widget=UnfoldAdminPasswordWidget(
            attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "6"}
        ),
    )


class RecipientForm(forms.Form):
    """Where a test message goes."""

    to = PhoneField(
        label=gettext_lazy("To"),
        help_text=gettext_lazy("A phone at hand, such as +34 600 000 101."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )


class TrialForm(RecipientForm):
    template = forms.ModelChoiceField(
        label=gettext_lazy("Template"),
        queryset=MessageTemplate.objects.none(),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, number: PhoneNumber | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = number.account_id if number else None
        sendable = MessageTemplate.objects.sendable().filter(account=account)
        field = self.fields["template"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (narrows the type)
        field.queryset = sendable.order_by("name", "language", "id")
        field.empty_label = None


class NumberSetupPages:
    """A part of the numbers' admin."""

    admin_site: Any
    opts: Any

    def has_setup_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def has_trial_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.change_phonenumber")

    def setup_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("more/", wrap(self.ask_for_more), name=f"{_MODEL}_more"),
            path("<int:pk>/code/", wrap(self.code), name=f"{_MODEL}_code"),
            path("<int:pk>/register/", wrap(self.register), name=f"{_MODEL}_register"),
            path("<int:pk>/test/", wrap(self.trial), name=f"{_MODEL}_test"),
        ]

    def code(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask Meta for the code, then enter it: two forms on one page, for the code may be here already."""
        number = self._number(request, pk)
        asks = "method" in request.POST
        request_form = RequestCodeForm(request.POST if asks else None)
        enter_form = EnterCodeForm(request.POST if request.POST and not asks else None)
        if asks and request_form.is_valid():
            method, language = request_form.cleaned_data["method"], translation.get_language()
            if self._at_meta(
                request,
                lambda: request_code(number, method=method, language=(language or "es")[:2]),
                _("Meta sends the code. Enter it here within ten minutes."),
                if_unanswered=_(
                    "Nobody knows whether the code is on its way: wait some minutes for it before you ask again."
                ),
            ):
                return HttpResponseRedirect(request.path)
        elif not asks and enter_form.is_valid():
            given = enter_form.cleaned_data["code"]
            if self._at_meta(
                request,
                lambda: enter_code(number, given),
                _("The number is verified. Register it next."),
                if_unanswered=_(
                    "Nobody knows whether it took the code. The numbers are read again in a moment; look whether this one is verified before you try again."
                ),
            ):
                return HttpResponseRedirect(page_url(_MODEL, pk))
        asked_at = self._code_asked_at(number)
        lines = [_("Meta proves with a code that the number is yours.")]
        if asked_at:
            text = _("Meta was asked for a code at %(time)s.")
            local = timezone.localtime(asked_at)
            lines.append(text % {"time": date_format(local, "TIME_FORMAT")})
        steps = [
            (enter_form, _("Enter the code"), bool(asked_at)),
            (request_form, _("Ask for a code"), not asked_at),
        ]
        return self._page(
            request,
            number,
            title=_("Verify %(number)s"),
            lines=lines,
            steps=sorted(steps, key=lambda step: not step[2]),
            help_=HELP[SetupKey.NUMBERS],
        )

    def _code_asked_at(self, number: PhoneNumber) -> Any:
        since = timezone.now() - CODE_LIVES
        asked = NumberSetup.objects.filter(phone_number=number, code_requested_at__gt=since)
        return asked.values_list("code_requested_at", flat=True).first()

    def register(self, request: HttpRequest, pk: int) -> HttpResponse:
        number = self._number(request, pk)
        form = RegisterForm(request.POST or None) if request.method == "POST" else RegisterForm()
        if request.method == "POST" and form.is_valid():
            pin = form.cleaned_data["pin"]
            done = _("The number is registered. It can send once Meta calls it CONNECTED.")
            if self._at_meta(
                request,
                lambda: register_number(number, pin=pin),
                done,
                if_unanswered=_(
                    "Nobody knows whether it registered the number. The numbers are read again in a moment; look whether this one is registered before you try again."
                ),
            ):
                return HttpResponseRedirect(page_url(_MODEL, pk))
        return self._page(
            request,
            number,
            title=_("Register %(number)s"),
            lines=[
                _("Registering connects the verified number to the Cloud API."),
                _(
                    "Meta locks a number for 72 hours when it is registered more than ten times within as many; so this page stops before."
                ),
            ],
            steps=[(form, _("Register"), True)],
            help_=HELP[SetupKey.NUMBERS],
        )

    def trial(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_trial_permission(request):
            raise PermissionDenied
        number = get_object_or_404(PhoneNumber, pk=pk)
        form = TrialForm(request.POST if request.method == "POST" else None, number=number)
        if request.method == "POST" and form.is_valid():
            try:
                queued = send_trial(
                    number,
                    to=form.cleaned_data["to"],
                    template=form.cleaned_data["template"],
                    requested_by=f"admin:{request.user.get_username()}",
                )
            except NobodySendsFromItError:
                messages.error(
                    request,
                    _(
                        "No bakery with WhatsApp switched on sends from this number. Assign it first."
                    ),
                )
            except RefusedError as refusal:
                messages.error(request, words_of_refusal(refusal))
            else:
                messages.success(request, _("On its way. Here you see whether it arrives."))
                return HttpResponseRedirect(page_url("messaging_message", queued.message.pk))
        return self._page(
            request,
            number,
            title=_("Send a test from %(number)s"),
            lines=[
                _(
                    "It goes the way orders go, with the template's own examples and in the name of the bakery that sends from here. Meta charges it like any other."
                )
            ],
            steps=[(form, _("Send the test"), True)],
        )

    def ask_for_more(self, request: HttpRequest) -> HttpResponse:
        """The request that Meta's support asks for, ready to copy."""
        if not self.has_setup_permission(request):
            raise PermissionDenied
        form = form_from(request.GET)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Ask Meta for more numbers"),
            "form": form,
            "text": request_text(form),
            "back_url": reverse(f"admin:{_MODEL}_changelist"),
        }
        return TemplateResponse(request, "admin/messaging/phonenumber/more.html", context)

    # --- What they share -----------------------------------------------------------------------

    def _number(self, request: HttpRequest, pk: int) -> PhoneNumber:
        if not self.has_setup_permission(request):
            raise PermissionDenied
        return get_object_or_404(PhoneNumber.objects.select_related("account"), pk=pk)

    def _at_meta(
        self,
        request: HttpRequest,
        do: Callable[[], bool | None],
        done: str,
        *,
        if_unanswered: str,
    ) -> bool:
        """Do it and say how it ended; True when it worked. `do` returns False when it worked and cannot be read yet."""
        try:
            is_read = do()
        except TooManyTriesError as error:
            text = _(
                "It was tried too often. To keep Meta from locking the number wait until %(time)s."
            )
            until = clock(error.until)
            messages.error(request, text % {"time": until})
        except GraphApiError as error:
            is_unknown = isinstance(error, NoAnswerError)
            then = if_unanswered if is_unknown else _("Try it again in some minutes.")
            text = "%(title)s%(code)s %(action)s"
            messages.error(request, text % call_words(error.code, then=then))
        else:
            messages.success(request, done)
            if is_read is False:
                messages.warning(
                    request,
                    _(
                        "Meta could not be read after that, so this page still shows what stood before. Do not do it again; it is read again soon."
                    ),
                )
            return True
        return False

    def _page(
        self,
        request: HttpRequest,
        number: PhoneNumber,
        *,
        title: str,
        lines: list[str],
        steps: list[tuple[forms.Form, str, bool]],
        help_: Help | None = None,
    ) -> HttpResponse:
        """`help_` is offered when Meta refused: what Meta took has led elsewhere."""
        is_refused = any(form.is_bound and form.is_valid() for form, _button, _is_first in steps)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title % {"number": phone(number.display_phone_number)},
            "lines": lines,
            "steps": [
                {"form": form, "button": button, "is_first": is_first}
                for form, button, is_first in steps
            ],
            "help": help_ if is_refused else None,
            "back_url": page_url(_MODEL, number.pk),
        }
        return TemplateResponse(request, "admin/messaging/phonenumber/setup.html", context)
