from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.services.first_week import COMMENT_LENGTH


class AnswerForm(forms.Form):
    goes = forms.ChoiceField(
        label=_("How is it going?"),
        choices=[("well", _("👍 All goes well")), ("badly", _("👎 Something is wrong"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the two.")},
    )
    comment = forms.CharField(
        label=_("What should we know? (optional)"),
        required=False,
        max_length=COMMENT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
