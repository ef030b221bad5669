"""Amounts of money in words: 24,90 € in Spanish, €24.90 in English."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal
from django.conf import settings
from django.utils.translation import get_language


def money(amount: Decimal, currency: str) -> str:
    return format_currency(amount, currency, locale=_locale())


def price(amount: Decimal, currency: str, *, decimals: int = 4) -> str:
    """A rate with the four decimals that Meta's have, or `decimals`; with more where it has more."""
    pattern = Locale.parse(_locale()).currency_formats["standard"].pattern
    places = "0" * decimals + "#" * (6 - decimals)
    return format_currency(
        amount,
        currency,
        format=pattern.replace("0.00", f"0.{places}"),
        locale=_locale(),
        currency_digits=False,
    )


def sums(costs: Mapping[str, Decimal]) -> str:
    """Costs in each currency, such as "24,90 € + 0,02 US$"; they are never added. Nothing is zero of the account's own."""
    if not costs:
        return money(Decimal(0), settings.WHATSAPP_BILLING_CURRENCY)
    return " + ".join(money(costs[currency], currency) for currency in sorted(costs))


def number(count: Decimal | int) -> str:
    """1.500 in Spanish, 1,500 in English."""
    return format_decimal(count, locale=_locale())


def _locale() -> str:
    return (get_language() or settings.LANGUAGE_CODE).partition("-")[0]
