"""Months, days and states of prices in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils import dateformat
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from messaging import money
from messaging.services.prices import Charge
from messaging.services.statements import certainty_words
from tenants.date_forms import day_form, month_form
from tenants.display import BUSY, CAUTION, GOOD, NEUTRAL, badge

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from messaging.models import PriceRate
    from messaging.months import Month
    from messaging.services.prices import Price


# What graph_api/known_rates.py says of its rates; what an admin writes stays as it is.
_SOURCES = (
    gettext_noop("third-party copy, Jan–Jun 2026, unconfirmed"),
    gettext_noop("third-party copy, Jan–Jun 2026, unconfirmed and uncertain"),
    gettext_noop("third-party copies, since 2026-07-01, unconfirmed"),
)


def source_words(source: str) -> str:
    return _(source) if source in _SOURCES else source


def month_words(month: Month) -> str:
    return dateformat.format(month.first, month_form())


def day_words(day: date) -> str:
    return dateformat.format(day, f"{day_form()} Y")


def validity_words(rate: PriceRate) -> str:
    """From when to when, both days included."""
    first = day_words(rate.valid_from)
    if rate.valid_to is None:
        return _("since %(first)s") % {"first": first}
    last = day_words(rate.valid_to - timedelta(days=1))
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def state_badge(rate: PriceRate, *, today: date) -> SafeString:
    if rate.valid_from > today:
        return badge(_("to come"), icon="schedule", tone=BUSY)
    if not rate.is_valid_on(today):
        return badge(_("ended"), icon="history", tone=NEUTRAL)
    return badge(_("valid now"), icon="check_circle", tone=GOOD)


def trust_badge(rate: PriceRate) -> SafeString:
    if rate.is_confirmed:
        return badge(_("confirmed"), icon="verified", tone=GOOD, title=source_words(rate.source))
    return badge(_("unconfirmed"), icon="help", tone=CAUTION, title=source_words(rate.source))


def cost_words(price: Price) -> str:
    """Say what one message costs and how sure that is, such as "0,0166 € (estimated, unconfirmed price)"."""
    if price.charge == Charge.UNDECIDED:
        return _("not known yet")
    if price.charge == Charge.NOT_DELIVERED:
        return _("nothing: not delivered")
    if price.charge == Charge.FREE:
        return _("nothing: free of charge")
    if price.amount is None:
        return _("unknown: %(why)s") % {"why": certainty_words(price)}
    amount = money.price(price.amount, price.currency)
    return f"{amount} ({certainty_words(price)})"


def tier_words(volume_from: int, volume_to: int | None) -> str:
    if not volume_from and volume_to is None:
        return "–"
    if volume_to is None:
        return _("after %(count)s messages") % {"count": money.number(volume_from)}
    return f"{money.number(volume_from + 1)}–{money.number(volume_to)}"


def capital(text: str) -> str:
    return str(capfirst(text))
