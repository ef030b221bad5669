"""A bakery's month: what became of its notices, what they cost, the file, and the mail about its limit."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.models import Mail, MailKind
from messaging.services import limit_mails
from messaging.services.usage import count_days
from messaging.statuses import MessageStatus
from tenants.models import Membership, PhoneNumber, Tenant
from tests.factories import MembershipFactory, PriceRateFactory, message_at, message_in
from tests.messaging.bakery.test_pages import text_of

PAGE = "/bakery/goiko/month"
NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def november(no_prices):
    with travel("2026-11-26T12:00:00Z", tick=False):
        yield


@pytest.fixture
def sent(bakery) -> None:
    """Ten read notices to Spain at 0.71 €, and one that failed; all counted."""
    number = PhoneNumber.objects.get(verified_name="Panadería Goiko")
    PriceRateFactory.create(amount="0.71")
    for _ in range(10):
        message_at(NOON, tenant=bakery, phone_number=number)
    message_at(
        NOON, MessageStatus.FAILED, tenant=bakery, phone_number=number, error_code=131026,
        reference="=SUM(A1)", recipient_name="Harinas del Sur",
    )  # fmt: skip
    count_days([NOON.date()])


def read(client, path: str = PAGE) -> str:
    return text_of(client.get(path).text).replace("\xa0", " ")


def test_the_month_in_spanish(browse, ana, sent):
    text = read(browse(ana, language="es"))
    assert "Noviembre de 2026" in text
    assert "10 enviados 10 entregados 10 leídos 1 fallido" in text
    assert "Coste hasta ahora 7,10 €" in text
    assert "España 10 0,7100 € 7,10 €" in text


def test_the_month_in_english(browse, ana, sent):
    text = read(browse(ana))
    assert "November 2026" in text
    assert "Cost so far €7.10" in text
    assert "Spain 10 €0.7100 €7.10" in text


def test_each_figure_leads_to_its_list(browse, ana, sent):
    page = browse(ana).get(PAGE).text
    for group in ("sent", "delivered", "read", "failed"):
        assert f'href="/bakery/goiko/messages?status={group}&amp;month=2026-11"' in page


def test_what_is_not_certain_is_said(browse, ana, bakery):
    PriceRateFactory.create(is_confirmed=False)
    free = {"pricing_model": "PMP", "type": "free_customer_service", "category": "utility"}
    message_at(NOON, tenant=bakery)
    message_at(NOON, tenant=bakery, pricing=free)
    message_at(NOON, tenant=bakery, pricing=None)
    count_days([NOON.date()])
    text = read(browse(ana))
    assert "≈ €0.05" in text
    assert "with prices that are not confirmed yet" in text
    assert "1 notice was free." in text
    assert "Of 1 delivered notice nobody knows the price yet." in text


def test_a_country_without_a_price_says_so(browse, ana, bakery):
    message_at(NOON, tenant=bakery)
    count_days([NOON.date()])
    assert "Spain 1 no price yet" in read(browse(ana))


def test_months_are_leafed_through_up_to_this_one(browse, ana, bakery, sent):
    message_at(NOON - timedelta(days=70), tenant=bakery)
    page = browse(ana).get(f"{PAGE}?month=2026-10")
    assert 'href="?month=2026-09"' in page.text
    assert 'href="?month=2026-11"' in page.text
    assert "Nothing has been counted yet" in page.text
    assert 'rel="next"' not in browse(ana).get(PAGE).text
    assert 'rel="prev"' not in browse(ana).get(f"{PAGE}?month=2026-09").text


@pytest.mark.parametrize("month", ["never", "2026-12", "2030-01", "2026-09", "2020-01"])
def test_before_the_bakery_began_and_after_this_month_there_is_none(
    browse, ana, bakery, sent, month
):
    Tenant.objects.filter(pk=bakery.pk).update(created_at=NOON - timedelta(days=35))
    client = browse(ana)
    for path in (PAGE, f"{PAGE}.csv"):
        assert client.get(f"{path}?month={month}").status_code == 404
        assert client.get(f"{path}?month=2026-10").status_code == 200


def test_another_bakerys_notices_are_not_counted(browse, carla, sent):
    text = read(browse(carla), "/bakery/artesano/month")
    assert "0 sent 0 delivered 0 read 0 failed" in text


def test_staff_and_the_platform_see_the_month_and_strangers_do_not(browse, bruno, paula, carla):
    for path in (PAGE, f"{PAGE}.csv"):
        assert browse(bruno).get(path).status_code == 200
        assert browse(paula).get(path).status_code == 200
        assert browse(carla).get(path).status_code == 404
        assert browse().get(path).url.startswith("/login")


def test_the_month_costs_few_queries(browse, ana, sent, django_assert_max_num_queries):
    client = browse(ana)
    with django_assert_max_num_queries(12):
        client.get(PAGE)


# --- The file ------------------------------------------------------------------------------------


def file_of(client, language: str) -> list[dict[str, str]]:
    answer = client.get(f"{PAGE}.csv")
    assert answer.headers["content-disposition"].endswith('"whatsapp-2026-11-goiko.csv"')
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if language == "es" else ","))


def test_the_file_has_a_line_for_each_notice_in_the_bakerys_words_and_time(
    browse, ana, bakery, sent
):
    bakery.time_zone = "Atlantic/Canary"
    bakery.save()
    rows = file_of(browse(ana, language="es"), "es")
    assert len(rows) == 11
    assert rows[0]["Pedido el"] == "2026-11-20 11:00:00"
    assert {row["Estado"] for row in rows} == {"Leído", "No entregado"}
    [failed] = [row for row in rows if row["Estado"] == "No entregado"]
    assert failed["Proveedor"] == "Harinas del Sur"
    assert failed["Pedido"] == "'=SUM(A1)"
    assert "0,71" in rows[0]["Coste"] + rows[1]["Coste"]


def test_the_file_shows_no_number_and_no_id_of_the_trade(browse, ana, sent):
    answer = browse(ana).get(f"{PAGE}.csv")
    text = b"".join(answer.streaming_content).decode()
    assert "+34" not in text
    assert "wamid" not in text


# --- The mail about the limit --------------------------------------------------------------------


def used_up_to(bakery, count: int, *, limit: int) -> None:
    bakery.own_monthly_limit = limit
    bakery.save()
    for _ in range(count):
        message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())


def test_owners_are_told_once_a_month_that_the_limit_is_near(broker, ana, bruno, bakery):
    MembershipFactory.create(tenant=bakery, user__email="")
    used_up_to(bakery, 4, limit=5)
    assert limit_mails.tell_of_near_limits() == 1
    assert limit_mails.tell_of_near_limits() == 0
    mail = Mail.objects.get()
    assert (mail.kind, mail.user, mail.tenant) == (MailKind.LIMIT_NEAR, ana, bakery)
    assert mail.subject == "Panadería Goiko: el límite mensual de avisos está cerca"
    assert mail.content["paragraphs"][0] == "Este mes ya van 4 de los 5 avisos."
    with travel("2026-12-20T12:00:00Z", tick=False):
        used_up_to(bakery, 5, limit=5)
        assert limit_mails.tell_of_near_limits() == 1


@pytest.mark.parametrize("trouble", ["far", "no limit", "switched off", "no owner"])
def test_nobody_is_told_without_need(broker, ana, bakery, trouble):
    used_up_to(bakery, 3 if trouble == "far" else 4, limit=5)
    match trouble:
        case "no limit":
            bakery.own_monthly_limit = None
        case "switched off":
            bakery.whatsapp_enabled = False
        case "no owner":
            bakery.memberships.update(role=Membership.Role.STAFF)
    bakery.save()
    assert limit_mails.tell_of_near_limits() == 0
