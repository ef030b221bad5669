"""Reading Meta's rate card: the CSV file that its pricing page offers for each currency.

The card has a line for each market and a column for each category, below some lines of remarks (Cloud API, Pricing, read
2026-11-22; layout from third-party copies): `Market,Currency,Marketing,Utility,Authentication,"Authentication-
International",Service`, `Spain,$US,0.0615,0.0200,0.0200,n/a,n/a`. Volume tiers come as a line for each tier: market, category,
from, to, rate. Spreadsheets rewrite such files, so separators, decimal commas, currency signs and headers are read as they
come; what cannot be read for certain is an error of its line and never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from messaging.graph_api.markets import MARKETS
from messaging.models import PriceCategory
from messaging.services.market_words import market_name

MAX_BYTES = 1024 * 1024
MAX_LINES = 5_000
# Meta's dearest message costs about 0.20; a thousand times that is a slip of the decimal point.
_MAX_AMOUNT = Decimal(10)
_MAX_VOLUME = 10**12

_HEADERS = {
    "market": "market", "country": "market", "region": "market", "mercado": "market", "pais": "market",
    "currency": "currency", "moneda": "currency", "divisa": "currency",
    "marketing": "marketing", "utility": "utility", "utilidad": "utility", "authentication": "authentication",
    "autenticacion": "authentication", "authenticationinternational": "authentication_international",
    "autenticacioninternacional": "authentication_international", "service": "service", "servicio": "service",
    "category": "category", "messagecategory": "category", "messagetype": "category", "categoria": "category",
    "rate": "amount", "price": "amount", "amount": "amount", "unitrate": "amount", "listrate": "amount",
    "precio": "amount", "tarifa": "amount",
    "from": "volume_from", "tierfrom": "volume_from", "tierstart": "volume_from", "volumefrom": "volume_from",
    "desde": "volume_from",
    "to": "volume_to", "tierto": "volume_to", "tierend": "volume_to", "volumeto": "volume_to", "hasta": "volume_to",
    "tier": "tier", "volumetier": "tier",
}  # fmt: skip
_CURRENCIES = {
    "$us": "USD",
    "us$": "USD",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "r$": "BRL",
}
_MARKETS = {re.sub(r"[^a-z]", "", market.lower().replace("&", "and")): market for market in MARKETS}
_MARKETS |= {"uk": "United Kingdom", "uae": "United Arab Emirates", "restofcentraleasterneurope": "Rest of Central & Eastern Europe", "turkiye": "Turkey", "thenetherlands": "Netherlands"}  # fmt: skip
_NO_RATE = frozenset({"", "n/a", "na", "n.a.", "-", "–", "—", "none", "not applicable"})
_NO_END = frozenset({"", "∞", "unlimited", "max", "and above", "+", "-", "–", "—", "n/a"})
_AMOUNT = re.compile(r"\d{1,7}(?:[.,]\d{1,12})?|[.,]\d{1,12}", re.ASCII)
_WHOLE = re.compile(r"\d{1,3}(?:[.,\u00a0\u202f ']\d{3}){1,4}|\d{1,13}", re.ASCII)
_EFFECTIVE = re.compile(r"effective (?:from |as of )?([A-Z][a-z]+ \d{1,2}, \d{4}|\d{4}-\d{2}-\d{2})", re.IGNORECASE)  # fmt: skip
_SIX_PLACES = Decimal("0.000001")


class UnreadableCardError(ValueError):
    """The file is no rate card at all. The message says what to do, in the reader's language."""


class _BadCellError(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class CardRate:
    line: int
    market: str
    category: str
    currency: str
    amount: Decimal
    volume_from: int = 0
    volume_to: int | None = None


@dataclass(frozen=True, slots=True)
class LineProblem:
    line: int
    text: str


@dataclass(slots=True)
class RateCard:
    """What a file holds. With `errors` nothing of it may be saved; `left_out` are lines that are no rates of ours."""

    rates: list[CardRate] = field(default_factory=list)
    errors: list[LineProblem] = field(default_factory=list)
    left_out: list[LineProblem] = field(default_factory=list)
    valid_from: date | None = None


def read_card(body: bytes, *, currency: str = "") -> RateCard:
    """Read a file; `currency` stands in where the file names none. Raises UnreadableCardError."""
    if len(body) > MAX_BYTES:
        raise UnreadableCardError(
            _("The file is larger than 1 MB. A rate card has some kilobytes.")
        )
    text = _decoded(body)
    lines, columns = _table(text)
    card = RateCard(valid_from=_effective_date(text))
    for number, cells in lines:
        _read_line(card, number, dict(zip(columns, cells, strict=False)), currency)
    _refuse_contradictions(card)
    if not card.rates and not card.errors:
        raise UnreadableCardError(_("The file has a heading and no prices below it."))
    return card


def _decoded(body: bytes) -> str:
    if body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableCardError(
            _(
                "This is a spreadsheet. Save it as CSV in the spreadsheet program and choose that file."
            )
        )
    encodings = (
        ("utf-16",) if body.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252")
    )
    for encoding in encodings:
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise UnreadableCardError(_("This is no text file. Choose the CSV file that Meta offers."))


def _table(text: str) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Return the lines below the heading, with their numbers, and the meaning of each column."""
    for delimiter in (",", ";", "\t", "|"):
        rows = list(_rows(text, delimiter))
        for place, (_number, cells) in enumerate(rows):
            columns = [_HEADERS.get(_letters(cell), "") for cell in cells]
            if _is_heading(columns):
                return rows[place + 1 :], columns
    raise UnreadableCardError(
        _(
            "No heading was found. A rate card has the columns Market, Currency, Marketing, Utility and Authentication."
        )
    )


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line on which each row begins, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    try:
        for count, cells in enumerate(reader):
            if count > MAX_LINES:
                raise UnreadableCardError(
                    _("The file has more than %(count)d lines. A rate card has some dozens.")
                    % {"count": MAX_LINES}
                )
            if any(cell.strip() for cell in cells):
                yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableCardError(
            _("Line %(line)d cannot be read as CSV.") % {"line": reader.line_num}
        ) from error


def _is_heading(columns: list[str]) -> bool:
    named = [column for column in columns if column]
    has_amounts = "amount" in named or any(column in PriceCategory.values for column in named)
    if "market" not in named or not has_amounts:
        return False
    if len(named) != len(set(named)):
        raise UnreadableCardError(_("Two columns of the file have the same heading."))
    return True


def _read_line(card: RateCard, number: int, cells: dict[str, str], currency: str) -> None:
    name = cells.get("market", "")
    market = _MARKETS.get(_letters(name.replace("&", "and"))) or _MARKETS.get(_letters(name))
    if market is None:
        text = (
            _("“%(market)s” is no market that we know.") if name else _("The line names no market.")
        )
        card.left_out.append(LineProblem(number, text % {"market": name[:60]} if name else text))
        return
    try:
        named = _currency(cells.get("currency", ""), currency)
        if "amount" in cells:
            amounts = {_category(cells.get("category", "")): cells["amount"]}
        else:
            amounts = {name: cells[name] for name in PriceCategory.values if name in cells}
        tier = _tier(cells)
        for category, written in amounts.items():
            if written.lower() not in _NO_RATE:
                card.rates.append(
                    CardRate(number, market, category, named, _amount(written), *tier)
                )
    except _BadCellError as error:
        card.errors.append(LineProblem(number, str(error)))


def _letters(text: str) -> str:
    folded = text.lower().translate(str.maketrans("áéíóúñ", "aeioun"))
    return re.sub(r"[^a-z]", "", folded)


def _currency(written: str, otherwise: str) -> str:
    if not written:
        if otherwise:
            return otherwise
        raise _BadCellError(_("The currency is missing. Choose it in the form."))
    found = _CURRENCIES.get(written.lower(), written.upper())
    if not re.fullmatch(r"[A-Z]{3}", found):
        raise _BadCellError(_("“%(text)s” is no currency.") % {"text": written[:20]})
    if otherwise and found != otherwise:
        raise _BadCellError(
            _("The file says %(found)s and the form %(chosen)s.")
            % {"found": found, "chosen": otherwise}
        )
    return found


def _category(written: str) -> str:
    found = _HEADERS.get(_letters(written), "")
    if found not in PriceCategory.values:
        raise _BadCellError(_("“%(text)s” is no category of Meta's.") % {"text": written[:40]})
    return found


def _amount(written: str) -> Decimal:
    bare = re.sub(r"[\s\u00a0\u202f]", "", written)
    bare = re.sub(
        r"^(?:US\$|\$US|R\$|[A-Z]{3}|[$€£₹])|(?:US\$|\$US|R\$|[A-Z]{3}|[$€£₹])$", "", bare
    )
    if not _AMOUNT.fullmatch(bare):
        raise _BadCellError(_("“%(text)s” is no price.") % {"text": written[:40]})
    amount = Decimal(bare.replace(",", "."))
    if amount > _MAX_AMOUNT:
        raise _BadCellError(
            _("“%(text)s” is too much for one message; look at the decimal point.")
            % {"text": written[:40]}
        )
    if amount != amount.quantize(_SIX_PLACES):
        raise _BadCellError(_("“%(text)s” has more than six decimals.") % {"text": written[:40]})
    return amount.quantize(_SIX_PLACES)


def _tier(cells: dict[str, str]) -> tuple[int, int | None]:
    """Return the tier half-open: Meta's 1–1,000 and 1,001–5,000 become after 0 up to 1,000 and after 1,000 up to 5,000."""
    lower, upper = cells.get("volume_from", ""), cells.get("volume_to", "")
    if written := cells.get("tier", ""):
        lower, _sign, upper = re.sub(r"\s*[:–—-]\s*", "|", written.rstrip("+")).partition("|")
    begins = _whole(lower) if lower else 0
    # A tier that begins with message 1,001 comes after the first 1,000.
    begins -= begins % 10 == 1
    ends = None if upper.strip().lower() in _NO_END else _whole(upper)
    if ends is not None and ends <= begins:
        raise _BadCellError(_("The tier ends before it begins."))
    return begins, ends


def _whole(written: str) -> int:
    text = written.strip()
    if not _WHOLE.fullmatch(text):
        raise _BadCellError(_("“%(text)s” is no number of messages.") % {"text": written[:40]})
    number = int(re.sub(r"\D", "", text))
    if number > _MAX_VOLUME:
        raise _BadCellError(_("“%(text)s” is no number of messages.") % {"text": written[:40]})
    return number


def _refuse_contradictions(card: RateCard) -> None:
    """Two lines may repeat a price; they may neither differ nor overlap."""
    kept: list[CardRate] = []
    for rate in card.rates:
        rivals = [known for known in kept if _collide(known, rate)]
        if not rivals:
            kept.append(rate)
        elif any(_content(known) != _content(rate) for known in rivals):
            card.errors.append(
                LineProblem(
                    rate.line,
                    _("Line %(line)d already has another price for %(market)s, %(category)s.")
                    % {
                        "line": rivals[0].line,
                        "market": market_name(rate.market),
                        "category": PriceCategory(rate.category).label,
                    },
                )
            )
    card.rates = kept
    card.errors.sort(key=lambda problem: problem.line)


def _collide(one: CardRate, other: CardRate) -> bool:
    return (
        (one.market, one.category, one.currency) == (other.market, other.category, other.currency)
        and (one.volume_to is None or other.volume_from < one.volume_to)
        and (other.volume_to is None or one.volume_from < other.volume_to)
    )


def _content(rate: CardRate) -> tuple[Decimal, int, int | None]:
    return rate.amount, rate.volume_from, rate.volume_to


def _effective_date(text: str) -> date | None:
    """The day that the card's remarks name: "Cost per message in USD, effective July 1, 2026"."""
    found = _EFFECTIVE.search(text[:4000])
    if found is None:
        return None
    for layout in ("%B %d, %Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(found[1], layout).date()  # noqa: DTZ007 (a day, no moment)
        except ValueError:
            continue
    return None
