from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from messaging.csv_files import Cell, csv_lines, harmless
from messaging.models import DailyUsage, PriceRate
from messaging.months import Month
from messaging.services import usage
from messaging.statuses import MessageStatus
from tenants.models import User
from tests.conftest import ROOT
from tests.factories import MembershipFactory, PriceRateFactory, TenantFactory, message_at

COST = "/admin/messaging/dailyusage/"
CSV = f"{COST}csv/"
COUNT = f"{COST}count/"
BOOK = "/admin/messaging/pricerate/"
IMPORT = f"{BOOK}import/"
ESTIMATE = f"{BOOK}estimate/"
NOON = datetime(2026, 11, 2, 11, tzinfo=UTC)
NOVEMBER = {"month": "2026-11"}
ES = {"accept-language": "es"}
CARD = (ROOT / "tests" / "meta" / "rate_card_usd.csv").read_bytes()
pytestmark = pytest.mark.usefixtures("no_prices")


def spent(*, messages: int = 3, name: str = "Goiko", **fields: Any):
    tenant = TenantFactory(name=name)
    for _number in range(messages):
        message_at(NOON, tenant=tenant, **fields)
    usage.count_days(Month(2026, 11).days)
    return tenant


def card(body: bytes = CARD, **fields: Any) -> dict[str, Any]:
    return {
        "file": SimpleUploadedFile("card.csv", body),
        "is_confirmed": "on",
        **fields,
    }


# --- Who may -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [COST, CSV, COUNT, BOOK, IMPORT, ESTIMATE])
def test_only_staff_enter(url):
    owner = Client()
    owner.force_login(MembershipFactory().user)
    for client in (Client(), owner):
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code == 302
            assert "login" in answer.headers["location"]


@pytest.mark.parametrize(
    ("rights", "url", "method", "status"),
    [
        ([], COST, "get", 403),
        ([], CSV, "get", 403),
        ([], ESTIMATE, "get", 403),
        ([], IMPORT, "get", 403),
        (["view_dailyusage"], COST, "get", 200),
        (["view_dailyusage"], CSV, "get", 200),
        (["view_dailyusage"], COUNT, "post", 403),
        (["view_dailyusage"], COUNT, "get", 405),
        (["change_dailyusage"], COUNT, "post", 302),
        (["view_pricerate"], BOOK, "get", 200),
        (["view_pricerate"], ESTIMATE, "get", 200),
        (["view_pricerate"], IMPORT, "post", 403),
        (["add_pricerate"], IMPORT, "get", 403),
        (["add_pricerate", "change_pricerate", "delete_pricerate"], IMPORT, "get", 200),
    ],
)
def test_each_page_and_action_asks_for_its_own_right(rights, url, method, status):
    trainee = User.objects.create(username="trainee", is_staff=True)
    trainee.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(trainee)
    assert getattr(client, method)(url).status_code == status


# --- A month -------------------------------------------------------------------------------------------


def test_a_month_says_what_was_sent_and_what_it_costs_in_both_languages(paula):
    PriceRateFactory()
    spent(messages=30)
    english = paula.get(COST, NOVEMBER).text
    assert "November 2026" in english
    assert "€1.50" in english
    assert "Goiko" in english
    spanish = paula.get(COST, NOVEMBER, headers=ES).text
    assert "Noviembre de 2026" in spanish
    assert "1,50\u00a0€" in spanish
    assert "≈" not in spanish


def test_what_is_estimated_or_unknown_is_said(paula):
    PriceRateFactory(is_confirmed=False)
    spent()
    spent(name="Espiga", messages=1, pricing=None)
    page = paula.get(COST, NOVEMBER).text
    assert "≈ €0.15" in page
    assert "100 % estimated" in page
    assert "1 without a price" in page
    assert "Prices since 1 Jan 2026 are unconfirmed" in page


def test_every_number_leads_to_its_messages(paula):
    PriceRateFactory()
    tenant = spent(messages=2)
    message_at(NOON, MessageStatus.FAILED, tenant=tenant)
    message_at(NOON, tenant=tenant, pricing={"type": "free_entry_point"})
    message_at(NOON, tenant=tenant, pricing=None)
    message_at(datetime(2026, 10, 2, 11, tzinfo=UTC), tenant=tenant)
    usage.count_days(Month(2026, 11).days)
    page = paula.get(COST, NOVEMBER).text
    for counted, found in (
        ("sent", 4),
        ("delivered", 4),
        ("read", 4),
        ("failed", 1),
        ("charged", 2),
        ("free", 1),
        ("unknown", 1),
    ):
        url = (
            f"/admin/messaging/message/?month=2026-11&amp;counted={counted}&amp;tenant={tenant.pk}"
        )
        assert f'href="{url}">{found}<' in page
        assert paula.get(url.replace("&amp;", "&")).context["cl"].result_count == found
        day = f"/admin/messaging/message/?month=2026-11-02&counted={counted}"
        assert day.replace("&", "&amp;") in page
        assert paula.get(day).context["cl"].result_count == found


@pytest.mark.parametrize("month", ["x", "2026-11-31", "1999-01", "", "2026-13"])
def test_a_list_of_messages_with_a_month_that_is_none_shows_all(paula, month):
    message_at(NOON)
    assert paula.get("/admin/messaging/message/", {"month": month}).context["cl"].result_count == 1


def test_one_bakerys_month_shows_only_its_own(paula):
    PriceRateFactory()
    goiko = spent()
    spent(name="Espiga", messages=5)
    page = paula.get(COST, NOVEMBER | {"tenant": str(goiko.pk)}).text
    assert "€0.15" in page
    assert "Espiga" not in page


@pytest.mark.parametrize(
    "asked", [{"month": "2026-13"}, {"month": "now"}, {"tenant": "x"}, {"tenant": "0" * 32}]
)
def test_a_month_or_bakery_that_does_not_exist_is_not_found(paula, asked):
    assert paula.get(COST, asked).status_code == 404
    assert paula.get(CSV, asked).status_code == 404


def test_without_a_month_it_is_this_one_and_the_future_is_not_offered(paula):
    page = paula.get(COST)
    month = Month.current()
    assert page.context["month"] == month
    assert f"month={month.previous}" in page.text
    assert f"month={month.next}" not in page.text
    assert "No messages in this month." in page.text


def test_the_month_is_counted_again_on_demand(paula):
    tenant = TenantFactory()
    message_at(NOON, tenant=tenant)
    answer = paula.post(COUNT, NOVEMBER | {"tenant": str(tenant.pk)}, follow=True)
    assert "Counted again." in answer.text
    assert answer.context["tenant"] == tenant
    assert DailyUsage.objects.get().messages == 1


def test_a_month_takes_few_queries_however_many_bakeries_it_has(
    paula, django_assert_max_num_queries
):
    PriceRateFactory()
    for number in range(5):
        spent(name=f"Bakery {number}", messages=2)
    with django_assert_max_num_queries(12):
        paula.get(COST, NOVEMBER)


# --- CSV -----------------------------------------------------------------------------------------------


def rows(answer, delimiter=","):
    text = b"".join(answer.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=delimiter))


def test_the_file_of_all_bakeries_has_a_line_for_each(paula):
    PriceRateFactory()
    spent()
    spent(name="Espiga", messages=1)
    answer = paula.get(CSV, NOVEMBER)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="whatsapp-2026-11.csv"'
    assert rows(answer)[1:] == [
        ["Espiga", "1", "1", "1", "0", "1", "0", "0", "0", "0", "0", "0.050000", "EUR"],
        ["Goiko", "3", "3", "3", "0", "3", "0", "0", "0", "0", "0", "0.150000", "EUR"],
    ]


def test_in_spanish_the_file_has_semicolons_and_decimal_commas(paula):
    PriceRateFactory()
    spent()
    found = rows(paula.get(CSV, NOVEMBER, headers=ES), delimiter=";")
    assert found[0][0] == "Panadería"
    assert found[1][-2:] == ["0,150000", "EUR"]


def test_a_bakery_with_two_currencies_has_a_line_for_each_and_counts_once(paula):
    PriceRateFactory()
    PriceRateFactory(market="Rest of Western Europe", currency="USD", amount="0.0171")
    tenant = spent()
    message_at(NOON, tenant=tenant, recipient_phone="+41790000000")
    usage.count_days(Month(2026, 11).days)
    found = rows(paula.get(CSV, NOVEMBER))
    assert [(row[1], row[-2], row[-1]) for row in found[1:]] == [
        ("4", "0.150000", "EUR"),
        ("", "0.017100", "USD"),
    ]


def test_the_file_of_one_bakery_has_a_line_for_each_message_and_no_phone_number(paula):
    PriceRateFactory()
    goiko = spent(messages=2, reference="PO-7")
    message_at(NOON, MessageStatus.FAILED, tenant=goiko)
    message_at(NOON, tenant=goiko, pricing=None)
    spent(name="Espiga")
    answer = paula.get(CSV, NOVEMBER | {"tenant": str(goiko.pk)})
    assert goiko.slug in answer.headers["Content-Disposition"]
    found = rows(answer)[1:]
    assert len(found) == 4
    costs = [Decimal(row[8]) for row in found if row[8]]
    assert sum(costs) == Decimal("0.10")
    ordered = next(row for row in found if row[1])
    assert ordered[:8] == [
        "2026-11-02 12:00:00", "PO-7", "read", "2026-11-02 12:00:00", "ES", "Spain", "utility", "charged",
    ]  # fmt: skip
    assert sorted(row[10] for row in found) == [
        "",
        "Meta has not said yet",
        "confirmed",
        "confirmed",
    ]
    assert "600000101" not in str(found)


def test_the_spanish_file_names_market_and_counts_in_spanish(paula):
    PriceRateFactory()
    goiko = spent(messages=1)
    asked = NOVEMBER | {"tenant": str(goiko.pk)}
    assert "España" in rows(paula.get(CSV, asked, headers=ES), delimiter=";")[1]
    heading = rows(paula.get(CSV, NOVEMBER, headers=ES), delimiter=";")[0]
    assert heading[1:7] == ["Enviados", "Entregados", "Leídos", "Fallidos", "Cobrados", "Gratis"]


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+34", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '"=1', "'=1", "\n@x"],
)
def test_no_text_becomes_a_formula_in_a_spreadsheet(paula, name):
    assert harmless(name) == f"'{name}"
    spent(name=name, messages=1)
    [found] = [row for row in rows(paula.get(CSV, NOVEMBER))[1:] if row]
    assert found[0].startswith("'")


@pytest.mark.parametrize("name", ["Panadería Goiko", "", "1=1", "Pan & Canela", "a-b", "D'Or"])
def test_other_text_stays_as_it_is(name):
    assert harmless(name) == name


def test_a_file_streams_in_few_queries(paula, django_assert_max_num_queries):
    PriceRateFactory()
    goiko = spent(messages=6)
    with django_assert_max_num_queries(10):
        rows(paula.get(CSV, NOVEMBER | {"tenant": str(goiko.pk)}))


def test_numbers_stay_numbers():
    whole: list[Cell] = [Decimal("-1.5E+1"), 5, None]
    broken: list[Cell] = [Decimal("-1.5"), 5, None]
    assert list(csv_lines([whole], language="en"))[1] == "-15,5,\r\n"
    assert list(csv_lines([broken], language="es"))[1] == "-1,5;5;\r\n"


# --- The price book ------------------------------------------------------------------------------------


def test_the_price_book_says_what_holds_now_and_what_is_unconfirmed(paula, settings):
    PriceRateFactory(amount="0.02", valid_to=date(2026, 7, 1))
    PriceRateFactory(amount="0.0166", valid_from=date(2026, 7, 1), is_confirmed=False)
    PriceRateFactory(market="Italy", valid_from=date(2200, 1, 1))
    page = paula.get(BOOK).text
    for words in (
        "valid now",
        "ended",
        "to come",
        "unconfirmed",
        "€0.0166",
        "1 Jan 2026 to 30 Jun 2026",
    ):
        assert words in page
    assert "Prices since 1 Jul 2026 are unconfirmed" in page
    assert "0,0166\u00a0€" in paula.get(BOOK, headers=ES).text
    for state, found in (("now", 1), ("ended", 1), ("coming", 1)):
        assert paula.get(BOOK, {"state": state}).context["cl"].result_count == found


def test_the_price_book_takes_few_queries(paula, django_assert_max_num_queries):
    for number in range(20):
        PriceRateFactory(market=f"Market {number}")
    with django_assert_max_num_queries(13):
        paula.get(BOOK)


def test_a_price_that_overlaps_is_refused_in_words(paula):
    PriceRateFactory()
    fields = {
        "market": "Spain", "category": "utility", "currency": "EUR", "amount": "0.04", "volume_from": "0",
        "valid_from": "2026-05-01", "source": "x",
    }  # fmt: skip
    page = paula.post(f"{BOOK}add/", fields)
    assert "End it first." in page.text
    assert PriceRate.objects.count() == 1


# --- Importing -----------------------------------------------------------------------------------------


def test_a_card_is_looked_at_then_saved(paula):
    page = paula.post(IMPORT, card())
    assert "Prices from 1 Jan 2026" in page.text
    assert "15 new, 0 changed, 0 as before" in page.text
    assert "Line 11: “Narnia” is no market that we know." in page.text
    assert not PriceRate.objects.exists()
    saved = paula.post(IMPORT, {"plan": page.context["packed"]}, follow=True)
    assert "Saved: 15 new, 0 changed, 0 as before." in saved.text
    assert (
        PriceRate.objects.filter(is_confirmed=True, source="Meta's rate card, card.csv").count()
        == 15
    )


def test_saving_a_preview_twice_changes_nothing(paula):
    packed = paula.post(IMPORT, card()).context["packed"]
    paula.post(IMPORT, {"plan": packed})
    before = list(PriceRate.objects.values())
    again = paula.post(IMPORT, {"plan": packed})
    assert "was changed meanwhile" in again.text
    assert "The price book has all of this already." in again.text
    assert list(PriceRate.objects.values()) == before


def test_when_the_book_changed_meanwhile_the_preview_is_shown_again(paula):
    packed = paula.post(IMPORT, card()).context["packed"]
    PriceRateFactory(currency="USD", valid_from=date(2026, 1, 1))
    page = paula.post(IMPORT, {"plan": packed})
    assert "14 new, 1 changed" in page.text
    assert PriceRate.objects.count() == 1
    paula.post(IMPORT, {"plan": page.context["packed"]})
    assert PriceRate.objects.count() == 15


@pytest.mark.parametrize("packed", ["", "x", "a:b:c"])
def test_a_preview_that_was_altered_is_refused(paula, packed):
    page = paula.post(IMPORT, {"plan": packed})
    assert "Choose the file again." in page.text
    assert not PriceRate.objects.exists()


def test_what_the_import_leaves_out_is_seen_at_once(paula):
    page = paula.post(IMPORT, card()).text
    assert "<details open>" in page
    assert "Narnia" in page


def test_a_price_of_a_tier_says_which_and_others_say_nothing_of_it(paula):
    PriceRateFactory(volume_from=0, volume_to=1000)
    assert "volume tier: 1–1,000" in paula.get(BOOK).text
    PriceRate.objects.update(volume_to=None)
    assert "volume tier: " not in paula.get(BOOK).text


def test_prices_name_their_market_in_the_readers_language(paula):
    rate = PriceRateFactory(market="Rest of Western Europe")
    assert "Resto de Europa occidental" in paula.get(BOOK, headers=ES).text
    assert "Resto de Europa occidental" in paula.get(f"{BOOK}{rate.pk}/change/", headers=ES).text
    assert "Rest of Western Europe" in paula.get(BOOK).text


def test_a_card_with_an_odd_line_is_not_saved_and_says_which(paula):
    body = CARD.replace(b"0.0615", b"six cents")
    page = paula.post(IMPORT, card(body))
    assert "Line 8: “six cents” is no price." in page.text
    assert "packed" not in page.context or not page.context["packed"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (card(b"x" * (1024 * 1024 + 1)), "larger than 1 MB"),
        (card(b""), "No heading was found"),
        (card(b"Market,Currency,Utility\nSpain,EUR,0.02\n"), "does not say since when"),
        (card(b"Market,Utility\nSpain,0.02\n", valid_from="2026-01-01"), "The currency is missing."),
        (card(currency="euro"), "at most 3 characters"),
        (card(currency="€12"), "Write the three letters"),
        (card(valid_from="soon"), "Enter a valid date."),
        ({"is_confirmed": "on"}, "This field is required."),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_says_what_to_do(paula, given, words):
    if "file" in given:
        given["file"].seek(0)
    page = paula.post(IMPORT, given)
    assert page.status_code == 200
    assert words in page.text
    assert not PriceRate.objects.exists()


def test_a_copy_is_entered_as_unconfirmed(paula):
    given = card(source="A friend's copy")
    del given["is_confirmed"]
    paula.post(IMPORT, {"plan": paula.post(IMPORT, given).context["packed"]})
    assert set(PriceRate.objects.values_list("is_confirmed", "source")) == {
        (False, "A friend's copy")
    }


# --- The estimate --------------------------------------------------------------------------------------


def test_the_estimate_opens_with_the_guides_example_and_the_book_beside_it(paula):
    PriceRateFactory(amount="0.0166", is_confirmed=False)
    page = paula.get(ESTIMATE).text
    assert "€75.00" in page
    assert "10 × 5 × 30 = 1,500 messages × €0.05" in page
    assert "€24.90" in page
    assert "€47.85 to €104.85" in page
    assert "unconfirmed" in page
    spanish = paula.get(ESTIMATE, headers=ES).text
    assert "75,00\u00a0€" in spanish
    assert "24,90\u00a0€" in spanish
    assert 'value="0,05"' in spanish


@pytest.mark.parametrize("rate", ["0.0319", "0,0319", " 0,0319 "])
def test_the_estimate_takes_a_point_or_a_comma(paula, rate):
    asked = {"bakeries": 2, "orders": 10, "days": 10, "rate": rate}
    assert "€6.38" in paula.get(ESTIMATE, asked).text
    assert "6,38\u00a0€" in paula.get(ESTIMATE, asked, headers=ES).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"bakeries": "0"}, {"orders": "-1"}, {"days": "367"}, {"rate": "11"}, {"rate": "NaN"}, {"rate": "x"},
        {"rate": ""}, {"bakeries": "1e9"}, {"rate": "0.1234567"}, {"bakeries": "9" * 50},
    ],
)  # fmt: skip
def test_a_wrong_input_of_the_estimate_is_said_beside_it(paula, wrong):
    asked = {"bakeries": 2, "orders": 10, "days": 10, "rate": "0.05"} | wrong
    page = paula.get(ESTIMATE, asked)
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert page.context["estimate"] is None


def test_without_a_price_the_estimate_says_where_to_get_one(paula):
    assert "no price for utility messages to Spain" in paula.get(ESTIMATE).text


def test_an_outdated_price_is_marked(paula):
    PriceRateFactory(valid_to=date(2026, 2, 1))
    assert "outdated" in paula.get(ESTIMATE).text


# --- A message's page ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "€0.0500 (confirmed)"),
        ({"pricing": {"type": "free_entry_point"}}, "nothing: free of charge"),
        ({"pricing": None}, "unknown: Meta has not said yet"),
        ({"recipient_phone": "+41790000000"}, "unknown: no price in the book"),
    ],
)
def test_a_messages_page_says_what_it_costs(paula, fields, words):
    PriceRateFactory()
    message = message_at(NOON, **fields)
    assert words in paula.get(f"/admin/messaging/message/{message.pk}/change/").text


def test_the_counted_days_lead_to_their_messages(paula):
    spent()
    page = paula.get("/admin/messaging/countedday/").text
    assert "/admin/messaging/message/?month=2026-11-02" in page
