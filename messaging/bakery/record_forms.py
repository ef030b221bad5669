"""The forms around messages and suppliers. Numbers are taken as people type them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.bakery.phone_field import TOO_LONG, PhoneField
from messaging.models import ConsentHow
from messaging.services.recipient_import import NAME_LENGTH, NOTE_LENGTH
from messaging.services.recipients import Details

_BAD_ADDRESS = {
    "invalid": _("This is no e-mail address. Write it as name@example.com."),
    "required": _("Write the e-mail address."),
    **TOO_LONG,
}


class RecipientForm(forms.Form):
    phone = PhoneField(label=_("Phone number"))
    name = forms.CharField(
        label=_("Supplier"),
        max_length=NAME_LENGTH,
        error_messages={"required": _("Write the name.")} | TOO_LONG,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        error_messages=_BAD_ADDRESS,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("For what does not reach them by WhatsApp."),
    )
    consent_how = forms.ChoiceField(
        label=_("Have they agreed to be written to by WhatsApp?"),
        choices=[("", _("Not that we know")), *ConsentHow.choices],
        required=False,
    )
    consent_date = forms.DateField(
        label=_("On what day?"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is no day.")},
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=NOTE_LENGTH,
        required=False,
        error_messages=TOO_LONG,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only your bakery sees it."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        how, day = cleaned.get("consent_how"), cleaned.get("consent_date")
        if day is not None and day > timezone.localdate():
            self.add_error("consent_date", _("This day is still to come."))
        elif how and day is None and "consent_date" not in self.errors:
            self.add_error("consent_date", _("Say on what day they agreed."))
        elif day is not None and not how:
            self.add_error("consent_how", _("Say how they agreed, or leave the day empty."))
        return cleaned

    @property
    def details(self) -> Details:
        return Details(**self.cleaned_data)


class ResendForm(forms.Form):
    """Without a number it goes to the one it went to before."""

    phone = PhoneField(label=_("The right number"), required=False)
    also_supplier = forms.BooleanField(
        label=_("Correct it in the list of suppliers too"), required=False, initial=True
    )
    # The button that sends it although the number is another supplier's says which number that was.
    even_to = forms.CharField(required=False, max_length=40)


class MailForm(forms.Form):
    """To whom a notice goes by e-mail."""

    to = forms.EmailField(
        label=_("E-mail address of the supplier"),
        max_length=254,
        error_messages=_BAD_ADDRESS,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    remember = forms.BooleanField(
        label=_("Keep it with the supplier for the next time"), required=False, initial=True
    )


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("The file is empty."),
        },
    )
