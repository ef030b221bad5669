from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from messaging.models import DailyUsage, PriceRate
from messaging.months import begin_of, billing_today
from tests.conftest import ROOT
from tests.factories import PriceRateFactory, message_at

CARD = ROOT / "tests" / "meta" / "rate_card_usd.csv"
pytestmark = pytest.mark.usefixtures("no_prices")


def run(*arguments):
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def card(folder: Path, text: str) -> Path:
    path = folder / "card.csv"
    path.write_text(text)
    return path


def test_a_card_is_imported_and_what_changed_is_printed():
    PriceRateFactory(currency="USD")
    lines = run("import_prices", CARD).splitlines()
    assert lines[0] == "line 11 left out: “Narnia” is no market that we know."
    assert "new: Germany marketing USD 0.1365" in lines
    assert "changed: Spain utility USD 0.02, was 0.05" in lines
    assert lines[-1] == "From 2026-01-01: 14 new, 1 changed, 0 as before, 0 ended."
    assert PriceRate.objects.filter(is_confirmed=True).count() == 15
    again = run("import_prices", CARD).splitlines()
    assert again[1:] == ["From 2026-01-01: 0 new, 0 changed, 15 as before, 0 ended."]


def test_a_dry_run_saves_nothing():
    assert "Nothing was saved." in run("import_prices", CARD, "--dry-run")
    assert not PriceRate.objects.exists()


def test_day_currency_source_and_doubt_can_be_said(tmp_path):
    path = card(tmp_path, "Market,Utility\nSpain,0.02\n")
    run(
        "import_prices", path, "--valid-from", "2026-10-01", "--currency", "eur", "--source", "a copy",
        "--unconfirmed",
    )  # fmt: skip
    rate = PriceRate.objects.get()
    assert (str(rate.valid_from), rate.currency, rate.source, rate.is_confirmed) == (
        "2026-10-01",
        "EUR",
        "a copy",
        False,
    )


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (
            "Market,Currency,Utility\nSpain,EUR,x\nItaly,EUR,0.1\n",
            ["--valid-from", "2026-01-01"],
            "line 2: “x”",
        ),
        ("Market,Currency,Utility\nSpain,EUR,0.1\n", [], "add --valid-from"),
        ("Market,Currency,Utility\nSpain,EUR,0.1\n", ["--valid-from", "soon"], "soon is no day"),
        ("nothing", [], "No heading was found"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_saved(tmp_path, text, options, words):
    with pytest.raises(CommandError, match=words):
        run("import_prices", card(tmp_path, text), *options)
    assert not PriceRate.objects.exists()


def test_a_file_that_is_not_there_and_none_at_all_are_said(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        run("import_prices", tmp_path / "none.csv")
    with pytest.raises(CommandError, match="Name the CSV file"):
        run("import_prices")


def test_the_shipped_rates_can_be_entered_again():
    assert (
        run("import_prices", "--known") == f"Entered {PriceRate.objects.count()} shipped rates.\n"
    )
    assert run("import_prices", "--known") == "Entered 0 shipped rates.\n"


def test_all_days_are_counted_or_those_since_a_day():
    day = billing_today() - timedelta(days=14)
    message_at(begin_of(day) + timedelta(hours=12))
    assert run("count_usage") == "Counted 15 days.\n"
    assert run("count_usage") == "Counted 0 days.\n"
    DailyUsage.objects.all().delete()
    assert run("count_usage", "--since", str(day)) == "Counted 15 days.\n"
    assert DailyUsage.objects.count() == 1
    with pytest.raises(CommandError, match="is no day"):
        run("count_usage", "--since", "yesterday")
