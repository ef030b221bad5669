"""The field for a phone number of a person, for all forms: people type numbers as they know them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants import phone_numbers


class PhoneField(forms.CharField):
    """A number as people type it; cleaned, E.164."""

    default_error_messages = {
        "invalid": _("This is no phone number. Write it as +34 600 000 101."),
        "required": _("Write the number."),
        "max_length": _("This is too long."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        phone = phone_numbers.as_typed(typed)
        if not phone:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return phone
