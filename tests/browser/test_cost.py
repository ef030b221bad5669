"""The cost pages in a browser: a card is chosen, looked at and saved; a month fits a phone, its chart is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import PriceRate
from messaging.months import billing_today
from messaging.services import usage
from tests.conftest import ROOT
from tests.factories import PASSWORD, PriceRateFactory, StaffFactory, message_at
from tests.messaging.conftest import empty_price_book

CARD = ROOT / "tests" / "meta" / "rate_card_usd.csv"


@pytest.fixture
def paula(transactional_db: None, page: Page, live_server: Any) -> Page:
    """Platform staff in Spanish, logged in."""
    empty_price_book()
    StaffFactory.create(username="paula")
    page.goto(f"{live_server.url}/admin/login/?next=/admin/messaging/pricerate/")
    page.locator("[name=username]").fill("paula")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/pricerate/")
    return page


def test_a_card_is_chosen_looked_at_and_saved(paula, live_server):
    paula.goto(f"{live_server.url}/admin/messaging/pricerate/import/")
    paula.locator("[name=file]").set_input_files(CARD)
    # unfold writes the file's name into a text field; it must be none of ours.
    assert paula.locator("[name=currency]").input_value() == ""
    paula.get_by_role("button", name="Ver qué cambia").click()
    expect(paula.locator("table")).to_contain_text("0,0615\u00a0US$")
    paula.get_by_role("button", name="Guardar los precios").click()
    expect(paula.locator("body")).to_contain_text("Guardado: 15 nuevos")
    assert PriceRate.objects.count() == 15


def test_a_months_page_fits_a_phone_and_draws_its_chart(paula, live_server):
    PriceRateFactory()
    for _number in range(3):
        message_at(timezone.now())
    usage.count_days([billing_today()])
    for width in (1280, 390):
        paula.set_viewport_size({"width": width, "height": 900})
        for address in ("dailyusage/", "pricerate/", "pricerate/estimate/", "pricerate/import/"):
            paula.goto(f"{live_server.url}/admin/messaging/{address}")
            assert paula.evaluate("document.documentElement.scrollWidth") <= width
    paula.goto(f"{live_server.url}/admin/messaging/dailyusage/")
    expect(paula.locator(".bw-cost__sum")).to_have_text("0,15\u00a0€")
    drawn = "() => Boolean(Chart.getChart(document.querySelector('canvas.chart')))"
    paula.wait_for_function(drawn)
