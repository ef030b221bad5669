"""The forms of the phone screen and of the scenarios page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.simulator import account, scenarios, screen, sending, switches
from messaging.simulator.envelope import RefusalError

EVENTS = {
    "quality": _("The number's quality rating changes"),
    "new": _("The number is as new: not verified, not registered"),
    "template_paused": _("The template is paused"),
    "template_approved": _("The template is approved again"),
    "category_marketing": _("The template becomes MARKETING"),
    "category_utility": _("The template becomes UTILITY"),
    "announced_marketing": _("Meta announces that the template will be MARKETING"),
    "score_red": _("The template's quality becomes RED"),
    "score_green": _("The template's quality becomes GREEN"),
    "name_rejected": _("The number's display name is rejected"),
    "name_approved": _("The number's display name is approved"),
    "limits": _("Meta verifies the business: 20 numbers, 2,000 recipients a day"),
    "account_restricted": _("The account may not send for three minutes"),
    "account_violation": _("The account broke the policy on alcohol"),
    "account_disabled": _("The account is disabled"),
    "account_reinstated": _("The account is reinstated"),
}


class ReplyForm(forms.Form):
    """A free text, or the place of a quick-reply button of the message in `context`."""

    text = forms.CharField(max_length=4096, required=False, strip=True)
    context = forms.CharField(max_length=255, required=False)
    button = forms.IntegerField(min_value=0, max_value=9, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("text") and data.get("button") is None:
            raise forms.ValidationError(_("Write something first."))
        return data


class HabitForm(forms.Form):
    """What the person with the phone decides in WhatsApp itself."""

    STOP, RESUME, HIDE, SHOW = "stop", "resume", "hide", "show"

    habit = forms.ChoiceField(choices=[(each, each) for each in (STOP, RESUME, HIDE, SHOW)])


class NewChatForm(forms.Form):
    to = forms.ChoiceField(label=_("To the bakery"), choices=screen.business_numbers)
    sender = forms.CharField(label=_("From the phone"), max_length=20)
    name = forms.CharField(label=_("Name"), max_length=60, required=False)
    text = forms.CharField(label=_("Message"), max_length=4096)

    def clean_sender(self) -> str:
        """Return the digits of the number."""
        try:
            return sending.wa_id_of(self.cleaned_data["sender"])
        except RefusalError as error:
            raise forms.ValidationError(
                _("Write a phone number such as +34 600 000 101.")
            ) from error


class SwitchesForm(forms.Form):
    scenario = forms.ChoiceField(label=_("What happens to a message"))
    latency_ms = forms.TypedChoiceField(
        label=_("Time to answer"),
        coerce=int,
        choices=[(ms, f"{ms} ms") for ms in switches.LATENCIES_MS],
    )
    reading = forms.ChoiceField(
        label=_("Messages are read"),
        choices=[
            (switches.Reading.OPENED.value, _("when the chat is opened")),
            (switches.Reading.AUTO.value, _("by themselves, 10 seconds later")),
            (switches.Reading.NEVER.value, _("never (read receipts are off)")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = [(one.key, one.title) for one in scenarios.SCENARIOS]
        field = self.fields["scenario"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (narrows the type)
        field.choices = [
            (scenarios.BY_NUMBER, _("Decided by the recipient's last three digits")),
            (_("The same for every message"), chosen),
        ]

    def switches(self) -> switches.Switches:
        data = self.cleaned_data
        return switches.Switches(
            data["scenario"], data["latency_ms"], switches.Reading(data["reading"])
        )


def _templates() -> list[tuple[str, str]]:
    return [(one["id"], f"{one['name']} ({one['language']})") for one in account.templates()]


class EventForm(forms.Form):
    event = forms.ChoiceField(label=_("Event"), choices=list(EVENTS.items()))
    phone_number_id = forms.ChoiceField(label=_("Number"), choices=screen.business_numbers)
    rating = forms.ChoiceField(
        label=_("Rating"), choices=[(one, one) for one in account.QUALITY_RATINGS]
    )
    template_id = forms.ChoiceField(label=_("Template"), choices=_templates)
