"""A month of a bakery in words: its counts, what it costs and of what that is made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from babel import Locale
from django.utils import dateformat
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from messaging import money
from messaging.bakery import words
from messaging.csv_files import Cell
from messaging.models import Message
from messaging.months import Month
from messaging.services.costs import PricedLine, Totals
from messaging.services.prices import Charge, Price
from messaging.services.statements import certainty_words
from tenants.date_forms import month_form


@dataclass(frozen=True, slots=True)
class CostLine:
    """So many notices to one country at one price."""

    country: str
    messages: str
    each: str
    cost: str


def month_words(month: Month) -> str:
    return str(capfirst(dateformat.format(month.first, month_form())))


def cost_words(totals: Totals) -> str:
    """Return the sum, with ≈ in front where a price is not confirmed."""
    return f"≈ {money.sums(totals.costs)}" if totals.estimated else money.sums(totals.costs)


def cost_lines(lines: list[PricedLine]) -> list[CostLine]:
    return [
        CostLine(
            _country(line.country),
            money.number(line.messages),
            "" if line.amount is None else money.price(line.amount, line.currency),
            _("no price yet") if line.cost is None else money.money(line.cost, line.currency),
        )
        for line in lines
    ]


def cost_notes(totals: Totals) -> list[str]:
    """Say what keeps the sum from being final."""
    notes = []
    if totals.estimated:
        notes.append(_("≈ means: with prices that are not confirmed yet."))
    if totals.free:
        text = ngettext("%(count)s notice was free.", "%(count)s notices were free.", totals.free)
        notes.append(text % {"count": money.number(totals.free)})
    if totals.without_price:
        text = ngettext(
            "Of %(count)s delivered notice nobody knows the price yet.",
            "Of %(count)s delivered notices nobody knows the price yet.",
            totals.without_price,
        )
        notes.append(text % {"count": money.number(totals.without_price)})
    return notes


def file_lines(priced: Iterator[tuple[Message, Price]]) -> Iterator[list[Cell]]:
    """One line for each notice of a month: whom, which order, what became of it, what it costs."""
    yield [
        _("Requested"), _("Supplier"), _("Order"), _("State"), _("Sent"), _("Delivered"), _("Read"), _("Cost"),
        _("Currency"), _("How sure"),
    ]  # fmt: skip
    for message, price in priced:
        yield [
            message.created_at,
            message.recipient_name,
            message.reference,
            str(words.STATES[message.status].label),
            message.sent_at or message.accepted_at,
            message.delivered_at,
            message.read_at,
            price.amount,
            price.currency,
            _("not known yet")
            if price.charge in {Charge.UNKNOWN, Charge.UNDECIDED}
            else certainty_words(price),
        ]


def _country(code: str) -> str:
    territories = Locale.parse(get_language() or "en", sep="-").territories
    return str(territories.get(code, code)) or _("elsewhere")
