"""The field for a phone number, for all forms of a bakery."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants import phone_field

TOO_LONG = {"max_length": _("This is too long.")}


class PhoneField(phone_field.PhoneField):
    """`autocomplete` is "tel" where it is one's own."""

    def __init__(self, *, autocomplete: str = "off", **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"type": "tel", "autocomplete": autocomplete, "inputmode": "tel"}
        )
        super().__init__(widget=widget, **kwargs)
