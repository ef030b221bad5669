"""The forms of the settings: the switch, which notices, when, how many, and the phone that tests go to."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from messaging.bakery.phone_field import PhoneField
from messaging.money import number
from messaging.services.switching import WaitingMessages


class _TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class SwitchForm(forms.Form):
    """The wanted state, not "the other one": pressing twice does no harm."""

    enabled = forms.ChoiceField(choices=[("on", "on"), ("off", "off")])
    waiting = forms.ChoiceField(
        choices=[(choice.value, choice.value) for choice in WaitingMessages], required=False
    )

    @property
    def wants_on(self) -> bool:
        return bool(self.cleaned_data["enabled"] == "on")

    @property
    def waiting_choice(self) -> WaitingMessages | None:
        choice = self.cleaned_data["waiting"]
        return WaitingMessages(choice) if choice else None


class OnOffForm(forms.Form):
    """One kind of notice, or of mail: the wanted state, as with the big switch."""

    wanted = forms.ChoiceField(choices=[("on", "on"), ("off", "off")])

    @property
    def wants_on(self) -> bool:
        return bool(self.cleaned_data["wanted"] == "on")


# What the form offers to a bakery without quiet hours. They count once somebody saves them.
PROPOSED_QUIET_HOURS = (time(21), time(7))


class QuietHoursForm(forms.Form):
    """Both ends, or neither: no quiet hours."""

    start = forms.TimeField(
        label=pgettext_lazy("time", "From"), required=False, widget=_TimeInput()
    )
    until = forms.TimeField(label=pgettext_lazy("time", "To"), required=False, widget=_TimeInput())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, until = cleaned.get("start"), cleaned.get("until")
        if self.errors:
            return cleaned
        if (start is None) != (until is None):
            self.add_error("until" if until is None else "start", _("Give both times, or neither."))
        elif start is not None and start == until:
            self.add_error(
                "until", _("The quiet hours have to end at another time than they begin.")
            )
        return cleaned


class MonthlyLimitForm(forms.Form):
    """How many notices a month at most; empty for no limit of the bakery's own."""

    limit = forms.IntegerField(
        label=_("At most, notices a month"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            _("Write a whole number between 1 and a million, or nothing for no limit."),
        ),
    )

    def __init__(self, *args: Any, cap: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["limit"].help_text = _("Leave it empty for no limit.")
        if cap is not None:
            text = gettext("The platform allows up to %(cap)s; leave it empty for that.")
            self.fields["limit"].help_text = text % {"cap": number(cap)}


class OwnPhoneForm(forms.Form):
    phone = PhoneField(
        label=_("Your WhatsApp number"),
        autocomplete="tel",
        help_text=_("Such as +34 600 000 101; of Spain nine digits do."),
    )


class CodeForm(forms.Form):
    """Six digits, in groups as phones show them, or with the word that stands before them."""

    code = forms.CharField(
        label=_("The six digits"),
        error_messages={"required": _("The code has six digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        code = "".join(re.findall(r"[0-9]", self.cleaned_data["code"]))
        if len(code) != 6:
            raise forms.ValidationError(_("The code has six digits."))
        return code
