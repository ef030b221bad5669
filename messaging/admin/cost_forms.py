from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.services.rate_card import MAX_BYTES, RateCard, UnreadableCardError, read_card

_INPUT = {"class": "bw-input"}


def _count(label: Any, *, highest: int) -> forms.IntegerField:
    widget = forms.NumberInput(attrs=_INPUT | {"inputmode": "numeric", "min": 1, "max": highest})
    return forms.IntegerField(label=label, min_value=1, max_value=highest, widget=widget)


class EitherPointField(forms.DecimalField):
    """A price with a decimal point or comma, whatever the page's language."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        return number_format(value) if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip().replace(",", ".")
        try:
            return super().to_python(text)
        except InvalidOperation:
            raise forms.ValidationError(self.error_messages["invalid"]) from None


class EstimateForm(forms.Form):
    EXAMPLE = {"bakeries": 10, "orders": 5, "days": 30, "rate": Decimal("0.05")}

    bakeries = _count(gettext_lazy("Bakeries"), highest=100_000)
    orders = _count(gettext_lazy("Orders a day of each"), highest=100_000)
    days = _count(gettext_lazy("Days"), highest=366)
    rate = EitherPointField(
        label=gettext_lazy("Price of a message in euros"),
        min_value=0,
        max_value=10,
        max_digits=8,
        decimal_places=6,
        widget=forms.TextInput(attrs=_INPUT | {"inputmode": "decimal"}),
    )


class CardForm(forms.Form):
    """A rate card and what it may not say itself. `card` is there once the form is valid."""

    card: RateCard
    file = forms.FileField(
        label=gettext_lazy("Rate card"),
        help_text=gettext_lazy(
            "The CSV file for one currency from Meta's pricing page, up to 1 MB."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv", "class": "bw-file"}),
        allow_empty_file=True,
        max_length=200,
    )
    valid_from = forms.DateField(
        label=gettext_lazy("Valid from"),
        help_text=gettext_lazy("Empty: the day that the card names, “effective …”."),
        required=False,
        widget=forms.DateInput(attrs=_INPUT | {"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        help_text=gettext_lazy("Only needed where the card does not say it."),
        required=False,
        max_length=3,
        widget=forms.TextInput(attrs=_INPUT | {"placeholder": "EUR", "autocomplete": "off"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        help_text=gettext_lazy("Empty: the name of the file."),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs=_INPUT),
    )
    is_confirmed = forms.BooleanField(
        label=gettext_lazy("This is Meta's own card"),
        help_text=gettext_lazy("Untick it for a copy: its prices are then shown as unconfirmed."),
        required=False,
        initial=True,
    )

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].strip().upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError(
                _("Write the three letters, such as %(currency)s.")
                % {"currency": settings.WHATSAPP_BILLING_CURRENCY}
            )
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "file" in cleaned and "currency" in cleaned:
            self._read(cleaned)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> None:
        # One byte more than may be, so that a larger file shows and is never read whole.
        body = cleaned["file"].read(MAX_BYTES + 1)
        try:
            card = read_card(body, currency=cleaned["currency"])
        except UnreadableCardError as error:
            self.add_error("file", str(error))
            return
        for problem in card.errors:
            words = {"line": problem.line, "text": problem.text}
            self.add_error("file", _("Line %(line)d: %(text)s") % words)
        if not cleaned.get("valid_from") and "valid_from" not in self.errors:
            cleaned["valid_from"] = card.valid_from
            if card.valid_from is None:
                self.add_error("valid_from", _("The card does not say since when it is valid."))
        self.card = card

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of an import besides its rates."""
        given = self.cleaned_data
        return {
            "valid_from": given["valid_from"],
            "is_confirmed": given["is_confirmed"],
            "source": given["source"]
            or _("Meta's rate card, %(name)s") % {"name": given["file"].name},
        }
