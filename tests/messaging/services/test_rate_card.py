from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.graph_api.markets import MARKETS
from messaging.models import PriceCategory
from messaging.services.rate_card import MAX_BYTES, UnreadableCardError, read_card

CARD = Path(__file__).parents[2] / "meta" / "rate_card_usd.csv"
HEADING = "Market,Currency,Marketing,Utility,Authentication\n"


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def found(text: str, **options):
    card = read_card(text.encode(), **options)
    assert card.errors == []
    return [(rate.market, rate.category, rate.currency, str(rate.amount)) for rate in card.rates]


def errors(text: str, **options):
    return [(problem.line, problem.text) for problem in read_card(text.encode(), **options).errors]


def test_a_card_as_meta_gives_it_is_read():
    card = read_card(CARD.read_bytes())
    assert card.errors == []
    assert card.valid_from == date(2026, 1, 1)
    assert [(problem.line, problem.text) for problem in card.left_out] == [
        (11, "“Narnia” is no market that we know.")
    ]
    spain = [rate for rate in card.rates if rate.market == "Spain"]
    assert [(rate.category, rate.amount, rate.line) for rate in spain] == [
        ("marketing", Decimal("0.0615"), 8),
        ("utility", Decimal("0.02"), 8),
        ("authentication", Decimal("0.02"), 8),
    ]
    assert {rate.currency for rate in card.rates} == {"USD"}


@pytest.mark.parametrize(
    "text",
    [
        "Market,Currency,Utility\nSpain,EUR,0.0166\n",
        "\ufeffMarket;Currency;Utility\r\nSpain;EUR;0,0166\r\n",
        "MERCADO;Moneda;Utilidad\nSpain;€;€ 0,0166\n",
        'market,currency,utility\n spain ,eur,"0,0166"\n',
        "Market\tCurrency\tUTILITY\nSPAIN\t€\t€0.016600\n",
        "Some remark,,\n\nMarket,Currency,Utility\n\nSpain,EUR,EUR 0.0166\n,,\n",
        "Country,Currency,Category,Rate\nSpain,EUR,Utility,.0166\n",
        "Market|Currency|Utility\nSpain|EUR|0.0166€\n",
    ],
)
def test_the_same_card_is_read_however_a_spreadsheet_writes_it(text):
    assert found(text) == [("Spain", "utility", "EUR", "0.016600")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_same_card_is_read_in_whatever_encoding(encoding):
    text = "Mercado;Moneda;Autenticación\nSpain;€;0,02\n"
    card = read_card(text.encode(encoding))
    assert [(rate.category, rate.currency) for rate in card.rates] == [("authentication", "EUR")]


@pytest.mark.parametrize("none", ["n/a", "N/A", "", "-", "–", "na", "Not applicable"])
def test_where_a_market_has_no_rate_none_is_entered(none):
    assert found(f"{HEADING}Spain,EUR,{none},0.0166,{none}\n") == [
        ("Spain", "utility", "EUR", "0.016600")
    ]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("free", "“free” is no price."),
        ("-0.02", "“-0.02” is no price."),
        ("1e-2", "“1e-2” is no price."),
        ("NaN", "“NaN” is no price."),
        ("0.0.2", "“0.0.2” is no price."),
        ("=1+1", "“=1+1” is no price."),
        ("20", "“20” is too much for one message; look at the decimal point."),
        ("0.0000001", "“0.0000001” has more than six decimals."),
        ("٠.٠٢", "“٠.٠٢” is no price."),
    ],
)
def test_a_price_that_is_none_is_an_error_of_its_line(cell, words):
    assert errors(f"{HEADING}Germany,EUR,0.1,0.1,0.1\nSpain,EUR,0.1,{cell},0.1\n") == [(3, words)]


def test_lines_are_counted_as_an_editor_counts_them():
    text = '\n\nMarket,"Cur\nrency",Utility\n\nSpain,EUR,x\n"Ita\nly",EUR,y\n'
    assert [line for line, _words in errors(text)] == [6, 7]


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("Market,Utility\nSpain,0.1\n", "", "The currency is missing. Choose it in the form."),
        ("Market,Currency,Utility\nSpain,euros,0.1\n", "", "“euros” is no currency."),
        (
            "Market,Currency,Utility\nSpain,USD,0.1\n",
            "EUR",
            "The file says USD and the form EUR.",
        ),
        (
            "Market,Currency,Category,Rate\nSpain,EUR,Party,0.1\n",
            "",
            "“Party” is no category of Meta's.",
        ),
        (
            "Market,Currency,Category,From,To,Rate\nSpain,EUR,Utility,many,,0.1\n",
            "",
            "“many” is no number of messages.",
        ),
        (
            "Market,Currency,Category,From,To,Rate\nSpain,EUR,Utility,5000,1000,0.1\n",
            "",
            "The tier ends before it begins.",
        ),
    ],
)
def test_what_else_is_odd_in_a_line_is_said(text, currency, words):
    assert errors(text, currency=currency) == [(2, words)]


def test_the_currency_of_the_form_stands_in_for_one_that_is_missing():
    assert found("Market,Utility\nSpain,0.1\n", currency="EUR") == [
        ("Spain", "utility", "EUR", "0.100000")
    ]


@pytest.mark.parametrize(
    "tiers",
    [
        "0,100000\n100000,250000\n250000,",
        '1,"100,000"\n"100,001","250,000"\n"250,001",∞',
        "0,100.000\n100.001,250.000\n250.001,Unlimited",
    ],
)
def test_volume_tiers_are_read_half_open(tiers):
    lines = [f"Spain,EUR,Utility,{tier},0.0{5 - n}" for n, tier in enumerate(tiers.split("\n"))]
    card = read_card(("Market,Currency,Category,From,To,Rate\n" + "\n".join(lines)).encode())
    assert card.errors == []
    assert [(rate.volume_from, rate.volume_to) for rate in card.rates] == [
        (0, 100_000),
        (100_000, 250_000),
        (250_000, None),
    ]


@pytest.mark.parametrize("tier", ["0:100000", "0-100,000", "1 – 100.000"])
def test_a_tier_in_one_column_is_read(tier):
    card = read_card(
        f'Market;Currency;Category;Tier;Rate\nSpain;EUR;Utility;"{tier}";0.02'.encode()
    )
    assert [(rate.volume_from, rate.volume_to) for rate in card.rates] == [(0, 100_000)]


def test_a_repeated_line_counts_once_and_a_contradiction_is_an_error():
    line = "Spain,EUR,0.1,0.02,0.02\n"
    assert len(found(HEADING + line + line)) == 3
    contradiction = errors(HEADING + line + "Spain,EUR,0.1,0.03,0.02\n")
    assert contradiction == [(3, "Line 2 already has another price for Spain, utility.")]


def test_tiers_that_overlap_are_an_error():
    text = "Market,Currency,Category,From,To,Rate\nSpain,EUR,Utility,0,1000,0.1\nSpain,EUR,Utility,500,,0.1\n"
    assert [line for line, _words in errors(text)] == [3]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"PK\x03\x04....", "This is a spreadsheet"),
        (b"\xd0\xcf\x11\xe0....", "This is a spreadsheet"),
        (b"\x00\x01\x02", "This is no text file"),
        (b"", "No heading was found"),
        (b"a,b,c\n1,2,3\n", "No heading was found"),
        (b"Market,Currency\nSpain,EUR\n", "No heading was found"),
        (b"Market,Currency,Utility\n", "no prices below"),
        (b"Market,Currency,Utility\nNarnia,EUR,0.1\n", "no prices below"),
        (b"Market,Utility,Utility\nSpain,1,2\n", "same heading"),
        (b"x" * (MAX_BYTES + 1), "larger than 1 MB"),
        (b"Market,Utility\n" + b"Spain,1\n" * 5_001, "more than 5000 lines"),
        (b'Market,Utility\n"' + b"x" * 140_000 + b'"\n', "cannot be read as CSV"),
    ],
)
def test_what_is_no_card_is_refused_with_what_to_do(body, words):
    with pytest.raises(UnreadableCardError, match=words):
        read_card(body)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(body):
    for prefix in (b"", b"Market,Currency,Utility,From,To\nSpain,EUR,"):
        try:
            card = read_card(prefix + body)
        except UnreadableCardError:
            continue
        assert all(0 <= rate.amount <= 10 for rate in card.rates)


cells = st.sampled_from(
    ["", "n/a", "0.02", "0,02", "€0.02", "x", "=A1", "9" * 40, "1,000", "\t", '"']
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["Spain", "Italy", "Oz"]), cells, cells, cells), max_size=8)
)
def test_whatever_stands_in_the_cells_each_line_is_read_refused_or_left_out(rows):
    text = "\n".join(["Market;Marketing;Utility;Service"] + [";".join(row) for row in rows])
    try:
        card = read_card(text.encode(), currency="EUR")
    except UnreadableCardError:
        return
    assert {problem.line for problem in card.errors} <= set(range(2, len(text) + 2))
    for rate in card.rates:
        assert rate.market in MARKETS
        assert rate.category in PriceCategory.values


@settings(deadline=None)
@given(
    st.decimals(min_value=0, max_value=10, places=6),
    st.sampled_from(list(MARKETS)),
    st.sampled_from(list(PriceCategory)),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_every_price_comes_back_as_it_was_written(amount, market, category, delimiter, comma):
    written = f"{amount:f}".replace(".", ",") if comma else f"{amount:f}"
    text = delimiter.join(["Market", "Category", "Price"]) + "\n"
    text += delimiter.join([market, category, f'"{written}"'])
    card = read_card(text.encode(), currency="EUR")
    assert [(rate.market, rate.category, rate.amount) for rate in card.rates] == [
        (market, category, amount)
    ]


def test_the_words_are_in_the_readers_language():
    with translation.override("es"), pytest.raises(UnreadableCardError) as raised:
        read_card(b"")
    assert not re.search("heading", str(raised.value))
