from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms
from django.utils.translation import gettext_lazy as _

from messaging.services.switching import WaitingMessages


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


# Django's own forms, in the words of these pages: Django addresses a Spanish reader formally.


class LogInForm(auth_forms.AuthenticationForm):
    error_messages = {
        "invalid_login": _(
            "This user name and password do not belong together. Mind capital letters."
        ),
        "inactive": _("This account has been closed. Ask the platform."),
    }


class NewPasswordForm(auth_forms.SetPasswordForm):  # type: ignore[type-arg]  # generic only in the stubs
    error_messages = {"password_mismatch": _("The two passwords are not the same.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = _(
            "At least 8 characters, not digits only, and nothing that is easily guessed."
        )
        self.fields["new_password2"].label = _("The same again")
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(NewPasswordForm, auth_forms.PasswordChangeForm):
    error_messages = {
        **NewPasswordForm.error_messages,
        "password_incorrect": _("This is not your password of now."),
    }
