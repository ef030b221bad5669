"""The forms of people and their log-ins: passwords, the second factor, inviting and joining."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tenants.lockout import let_in_again
from tenants.models import Membership

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

    def save(self, commit: bool = True) -> Any:
        """Whoever has a new password need not wait for the end of a lock."""
        let_in_again(self.user.get_username())
        return super().save(commit)


class ChangePasswordForm(NewPasswordForm, auth_forms.PasswordChangeForm):
    error_messages = {
        **NewPasswordForm.error_messages,
        "password_incorrect": _("This is not your password of now."),
    }


class SecondFactorForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.STAFF
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices)


class JoinForm(forms.Form):
    """An account for somebody who was invited; the address is the invited one."""

    name = forms.CharField(
        label=_("Your name"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("You log in with it. Letters, digits and @ . + - _ only."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "off"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 8 characters, not digits only, and nothing that is easily guessed."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    @property
    def joined(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("username", "name", "password")}

    def take(self, error: ValidationError) -> None:
        """Put what the service refuses beside its field; a weak password comes without one."""
        known = error.error_dict if hasattr(error, "error_dict") else {"password": error.error_list}
        for name, errors in known.items():
            self.add_error(name if name in self.fields else None, errors)
