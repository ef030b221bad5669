"""The request for more numbers that Meta's support wants: a form for what only the admin knows, and the text to copy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from tenants.models import PhoneNumber, WhatsAppBusinessAccount

# For Meta's support, which reads English; nobody but the admin who sends it sees it on our pages.
_REASON = (
    "We send purchase order notifications for bakeries. Each bakery writes to its suppliers from a number of its own, with "
    "approved utility templates and the suppliers' consent."
)
_TEXT = """Request: increase the phone number limit of our business portfolio.

WhatsApp Business Account: {waba_id}
Phone numbers in use: {used}
Phone numbers needed: {needed}
{verification}
{reason}"""


class MoreNumbersForm(forms.Form):
    """Sent with GET: nothing is kept, and the address can be sent to a colleague."""

    needed = forms.IntegerField(
        label=gettext_lazy("How many numbers you need in all"),
        min_value=1,
        max_value=10_000,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    is_verified = forms.BooleanField(
        label=gettext_lazy("Meta has verified the business"),
        help_text=gettext_lazy("As Business Settings → Security Center says. We cannot read it."),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    reason = forms.CharField(
        label=gettext_lazy("The reason, in English"),
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )


def form_from(asked: Any) -> MoreNumbersForm:
    return MoreNumbersForm(asked if "needed" in asked else None, initial={"reason": _REASON})


def request_text(form: MoreNumbersForm) -> str:
    """Return the text with what the form says; nothing is claimed that nobody has said. Gaps stay as dots."""
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    waba_ids = WhatsAppBusinessAccount.objects.order_by("id").values_list("waba_id", flat=True)
    return _TEXT.format(
        waba_id=waba_ids.first() or "…",
        used=PhoneNumber.objects.count(),
        needed=said.get("needed", "…"),
        verification="Business verification: complete\n" if said.get("is_verified") else "",
        reason=said.get("reason", _REASON),
    )
