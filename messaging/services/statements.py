"""A month for a spreadsheet: a line for each bakery, or for one bakery a line for each message."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from messaging.csv_files import Cell
from messaging.graph_api.markets import calling_code_of, country_of, market_of
from messaging.models import Message
from messaging.months import Month, begin_of, billing_day
from messaging.services.costs import MonthReport, Totals, book_for
from messaging.services.market_words import market_name
from messaging.services.prices import Certainty, Charge, Price, cost_of, normalised_category
from messaging.statuses import MessageStatus
from tenants.models import Tenant

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_CHUNK = 2_000
_CHARGES: dict[Charge, StrPromise] = {
    Charge.NOT_DELIVERED: gettext_lazy("not delivered"),
    Charge.CHARGED: gettext_lazy("charged"),
    Charge.FREE: gettext_lazy("free"),
    Charge.UNKNOWN: gettext_lazy("unknown"),
    Charge.UNDECIDED: gettext_lazy("not known yet"),
}
_CERTAINTIES: dict[Certainty, StrPromise] = {
    Certainty.CONFIRMED: gettext_lazy("confirmed"),
    Certainty.UNCONFIRMED: gettext_lazy("estimated, unconfirmed price"),
    Certainty.OUTDATED: gettext_lazy("estimated, outdated price"),
}


def bakery_lines(report: MonthReport) -> Iterator[list[Cell]]:
    """One line for each bakery and currency; the counts stand on its first line only, so that columns can be summed."""
    yield [
        _("Bakery"), pgettext("messages", "Sent"), pgettext("messages", "Delivered"), pgettext("messages", "Read"),
        _("Failed"), _("Charged"), _("Free"), _("Charge unknown"),
        _("Without a price"), _("Estimated"), _("Delivered after the month"), _("Cost"), _("Currency"),
    ]  # fmt: skip
    for bakery in report.bakeries:
        costs: list[tuple[str, Decimal | None]] = [*sorted(bakery.totals.costs.items())]
        for place, (currency, cost) in enumerate(costs or [("", None)]):
            counts = _counts(bakery.totals) if place == 0 else [None] * 10
            yield [bakery.tenant.name, *counts, cost, currency]


def _counts(totals: Totals) -> list[Cell]:
    return [
        totals.sent, totals.delivered, totals.read, totals.failed, totals.charged, totals.free, totals.unknown,
        totals.unpriced, totals.estimated, totals.later,
    ]  # fmt: skip


def message_lines(month: Month, *, tenant: Tenant) -> Iterator[list[Cell]]:
    """One line for each of a bakery's messages, oldest first, with its price. Without the recipients' numbers."""
    yield [
        _("Requested"), _("Order"), _("State"), _("Delivered"), _("Country"), _("Market"), _("Category"), _("Charge"),
        _("Cost"), _("Currency"), _("How sure"), _("Template"), _("Message id"), _("WhatsApp message id"),
    ]  # fmt: skip
    for message, price in priced_messages(month, tenant=tenant):
        yield _message_line(message, price)


def priced_messages(month: Month, *, tenant: Tenant) -> Iterator[tuple[Message, Price]]:
    """Yield a bakery's messages of a month with what each costs, oldest first."""
    book = book_for((month, month.next))
    found = Message.objects.of(tenant).created_between(
        after=begin_of(month.first), before=begin_of(month.after)
    )
    # In one read with a server-side cursor: a bakery may have sent a hundred thousand.
    chosen = found.select_related("template").defer("components", "rendered_text", "warnings")
    for message in chosen.order_by("id").iterator(chunk_size=_CHUNK):
        yield message, cost_of(message, book=book)


def _message_line(message: Message, price: Price) -> list[Cell]:
    code = calling_code_of(message.recipient_phone)
    pricing = message.pricing or {}
    return [
        message.created_at,
        message.reference,
        # Its display method would translate all states for each message.
        str(MessageStatus(message.status).label),
        message.delivered_at,
        country_of(code),
        market_name(market_of(code, on=billing_day(message.delivered_at or message.created_at))),
        normalised_category(pricing.get("category") or message.template.category),
        charge_words(price.charge),
        price.amount,
        price.currency,
        certainty_words(price),
        str(message.template),
        str(message.pk),
        message.wamid,
    ]


def charge_words(charge: Charge) -> str:
    return str(_CHARGES[charge])


def certainty_words(price: Price) -> str:
    """Say how far the price is to be trusted; empty where nothing is charged."""
    if price.charge == Charge.UNKNOWN:
        return _("Meta has not said yet")
    if price.charge != Charge.CHARGED:
        return ""
    if price.certainty is None:
        return _("no price in the book")
    return str(_CERTAINTIES[price.certainty])
