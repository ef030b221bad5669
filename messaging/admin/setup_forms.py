"""What can be pasted, chosen or pressed on the set-up page: a form for each line, who may use it, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from messaging.admin.credential_words import (
    REFUSED_BY_META,
    app_problem,
    no_answer_problem,
    waba_problem,
)
from messaging.admin.number_setup import RecipientForm
from messaging.graph_api.errors import GraphApiError
from messaging.models import SetupKey
from messaging.services.accounts import NoAccountError
from messaging.services.numbers import NumberInUseError
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from messaging.services.setup import actions, credentials
from messaging.services.token_verification import NoAppError
from messaging.services.tokens import TokenRefusedError
from messaging.services.trial import NobodySendsFromItError
from tenants.display import phone
from tenants.models import PhoneNumber

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_ACCOUNT, _NUMBER = "tenants.change_whatsappbusinessaccount", "tenants.change_phonenumber"
_PROMOTE = "messaging.promote_token"


def _secret(label: StrPromise, help_text: StrPromise, *, required: bool = True) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(
        attrs={"autocomplete": "new-password", "spellcheck": "false"}
    )
    return forms.CharField(label=label, help_text=help_text, widget=widget, required=required)


def _id(label: StrPromise, help_text: StrPromise) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.CharField(label=label, help_text=help_text, widget=widget)


class WabaForm(forms.Form):
    waba_id = _id(
        gettext_lazy("WABA id"),
        gettext_lazy("Digits only, such as 987654321098765; not the number's id, not the app's."),
    )


class AppForm(forms.Form):
    app_id = _id(gettext_lazy("App id"), gettext_lazy("Digits, at the top of the app's page."))
    app_secret = _secret(
        gettext_lazy("App secret"), gettext_lazy("Stored encrypted and never shown again.")
    )


class TokenForm(forms.Form):
    access_token = _secret(
        gettext_lazy("Access token"),
        gettext_lazy(
            "Begins with EAA. Meta is asked about it before it is used; stored encrypted and never shown again."
        ),
    )


class VerifyTokenForm(forms.Form):
    verify_token = _secret(
        gettext_lazy("Verify token"),
        gettext_lazy("Empty: a new one is generated and shown once, to be copied."),
        required=False,
    )


class NumberField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    def label_from_instance(self, obj: Any) -> str:
        return f"{phone(obj.display_phone_number)} · {obj.verified_name or '–'}"


class DefaultNumberForm(forms.Form):
    number = NumberField(
        label=gettext_lazy("Default number"),
        queryset=PhoneNumber.objects.none(),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["number"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (narrows the type)
        field.queryset = PhoneNumber.objects.spare().by_number()


class SubscribeForm(forms.Form):
    """Nothing to fill in: the button says it all."""


@dataclass(frozen=True, slots=True)
class Said:
    """What to tell afterwards; `shown_once` is a secret for this very answer alone."""

    text: str
    shown_once: str = ""


@dataclass(frozen=True, slots=True)
class Paste:
    """One line's form. `do` takes the request and what was given, and raises ValidationError in words for people."""

    form: type[forms.Form]
    button: StrPromise
    permission: str
    do: Callable[[HttpRequest, dict[str, Any]], Said]
    # Beside which findings it is offered; None: while the line is not done.
    beside: frozenset[str] | None = None
    is_always: bool = False
    # What the button says beside certain findings.
    buttons: Mapping[str, StrPromise] = field(default_factory=dict)
    # Which troubleshooting of the guide's is about what Meta refuses of it.
    help: str = ""

    def is_offered(self, *, code: str, is_done: bool) -> bool:
        if self.is_always:
            return True
        return not is_done if self.beside is None else code in self.beside


def _by(request: HttpRequest) -> int | None:
    return request.user.pk


def _waba(request: HttpRequest, given: dict[str, Any]) -> Said:
    try:
        credentials.save_waba_id(given["waba_id"], by=_by(request))
    except credentials.PasteError as error:
        raise forms.ValidationError({"waba_id": waba_problem(error)}) from None
    return Said(_("The account's id is saved."))


def _app(request: HttpRequest, given: dict[str, Any]) -> Said:
    try:
        kept = credentials.save_app(given["app_id"], given["app_secret"], by=_by(request))
    except credentials.PasteError as error:
        raise forms.ValidationError({"app_secret": app_problem(error)}) from None
    said = _("Meta knows the app; id and secret are saved.")
    if kept > 1:
        more = _(
            "The earlier secret still counts too; remove it on the account's page once Meta signs with the new one."
        )
        said = f"{said} {more}"
    return Said(said)


def _token(request: HttpRequest, given: dict[str, Any]) -> Said:
    try:
        credentials.save_token(given["access_token"], by=_by(request))
    except TokenRefusedError as error:
        raise _refused("access_token", error.verification.problems) from None
    return Said(_("The new token is in service."))


def _verify_token(request: HttpRequest, given: dict[str, Any]) -> Said:
    try:
        token = credentials.save_verify_token(given["verify_token"], by=_by(request))
    except credentials.MalformedError:
        text = _("At least eight letters and digits; dots, dashes and _ may be among them.")
        raise _wrong("verify_token", text) from None
    return Said(_("The verify token is saved."), shown_once=token)


def _default(request: HttpRequest, given: dict[str, Any]) -> Said:
    try:
        actions.choose_default(given["number"])
    except NumberInUseError:
        text = _("A bakery has this number. Release it there first.")
        raise _wrong("number", text) from None
    return Said(_("The default number is chosen."))


def _subscribe(request: HttpRequest, given: dict[str, Any]) -> Said:
    try:
        actions.mend_subscription()
    except actions.AddressElsewhereError:
        text = _(
            "The app does not post to our address, so its fields are not touched from here. See the webhook's line above."
        )
        raise forms.ValidationError(text, code="elsewhere") from None
    except NoAppError:
        text = _("App id and app secret come first (step 4).")
        raise forms.ValidationError(text, code="no_app") from None
    return Said(_("Done at Meta; the line shows what Meta says of it now."))


def _test(request: HttpRequest, given: dict[str, Any]) -> Said:
    requested_by = f"admin:{request.user.get_username()}"
    try:
        actions.send_test(to=given["to"], requested_by=requested_by)
    except actions.NoTemplateError:
        raise forms.ValidationError(
            _("po_notification cannot be sent yet (step 5)."), code="none"
        ) from None
    except NobodySendsFromItError:
        text = _(
            "No bakery with WhatsApp switched on sends from any number. Add a bakery and switch it on first."
        )
        raise forms.ValidationError(text, code="nobody") from None
    except RefusedError as refusal:
        raise forms.ValidationError(words_of_refusal(refusal), code="refused") from None
    return Said(_("On its way. This page turns green when the signed status arrives."))


def _wrong(field: str, text: str) -> forms.ValidationError:
    return forms.ValidationError({field: text})


def _refused(field: str, texts: list[str]) -> forms.ValidationError:
    """Meta has refused it, so the guide's troubleshooting belongs beside it."""
    return forms.ValidationError(
        {field: [forms.ValidationError(text, code=REFUSED_BY_META) for text in texts]}
    )


def was_refused(form: forms.BaseForm) -> bool:
    """Whether Meta refused what was given; what nobody would have asked Meta about was only wrong."""
    errors = form.errors.as_data().values()
    return any(error.code == REFUSED_BY_META for found in errors for error in found)


PASTES: dict[str, Paste] = {
    SetupKey.WABA: Paste(
        WabaForm, gettext_lazy("Save and check"), _ACCOUNT, _waba, help=SetupKey.TOKEN
    ),
    SetupKey.NUMBERS: Paste(
        DefaultNumberForm,
        gettext_lazy("Make it the default number"),
        _NUMBER,
        _default,
        beside=frozenset({"numbers_no_default"}),
    ),
    SetupKey.APP_SECRET: Paste(
        AppForm, gettext_lazy("Check and save"), _ACCOUNT, _app, help=SetupKey.TOKEN
    ),
    SetupKey.TOKEN: Paste(
        TokenForm,
        gettext_lazy("Check and put into service"),
        _PROMOTE,
        _token,
        help=SetupKey.TOKEN,
    ),
    SetupKey.WEBHOOK: Paste(
        VerifyTokenForm, gettext_lazy("Save the verify token"), _ACCOUNT, _verify_token
    ),
    SetupKey.SUBSCRIPTION: Paste(
        SubscribeForm,
        gettext_lazy("Subscribe the app"),
        _ACCOUNT,
        _subscribe,
        beside=frozenset({"not_subscribed", "account_override", "fields_missing"}),
        buttons={"fields_missing": gettext_lazy("Subscribe to the missing fields")},
        help=SetupKey.TOKEN,
    ),
    SetupKey.TEST: Paste(
        RecipientForm, gettext_lazy("Send me a test"), _NUMBER, _test, is_always=True
    ),
}


def run(paste: Paste, request: HttpRequest, form: forms.Form) -> Said | None:
    """Do what the valid form asks for; None when that was refused, which then stands in the form."""
    try:
        return paste.do(request, form.cleaned_data)
    except forms.ValidationError as error:
        form.add_error(None, error)
    except NoAccountError:
        form.add_error(None, _("The WABA id comes first (step 2)."))
    except GraphApiError as error:
        form.add_error(None, no_answer_problem(error))
    return None


def form_for(
    key: str, paste: Paste, data: Any = None, *, stored: credentials.Stored | None = None
) -> forms.Form:
    """Return the line's form, its fields named apart from those of the other lines on the page, ids that are known in them."""
    initial = {"waba_id": stored.waba_id, "app_id": stored.app_id} if stored else None
    return paste.form(data, prefix=key, initial=initial)


def stored_words(key: str, stored: credentials.Stored) -> str:
    """Say what is stored already of that which the line asks for; secrets are named, never shown."""
    match key:
        case SetupKey.WABA if stored.waba_id:
            return _("Stored: %(id)s.") % {"id": stored.waba_id}
        case SetupKey.APP_SECRET if stored.app_secrets:
            text = ngettext(
                "Stored: app %(id)s and %(count)d app secret.",
                "Stored: app %(id)s and %(count)d app secrets.",
                stored.app_secrets,
            )
            return text % {"id": stored.app_id or "–", "count": stored.app_secrets}
        case SetupKey.TOKEN if stored.has_token:
            return _("Stored: an access token. What you paste takes its place.")
        case SetupKey.WEBHOOK if stored.has_verify_token:
            return _("Stored: a verify token. What you save takes its place.")
    return ""
