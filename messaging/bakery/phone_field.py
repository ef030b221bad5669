"""The field for a phone number, for all forms of a bakery."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants import phone_numbers

TOO_LONG = {"max_length": _("This is too long.")}


class PhoneField(forms.CharField):
    """A number as people type it; cleaned, E.164. `autocomplete` is "tel" where it is one's own."""

    default_error_messages = {
        "invalid": _("This is no phone number. Write it as +34 600 000 101."),
        "required": _("Write the number."),
        **TOO_LONG,
    }

    def __init__(self, *, autocomplete: str = "off", **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"type": "tel", "autocomplete": autocomplete, "inputmode": "tel"}
        )
        super().__init__(max_length=40, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        phone = phone_numbers.as_typed(typed)
        if not phone:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return phone
