"""The set-up from nothing to the last green line, as the platform's admin does it, Meta being the simulator."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from messaging import demo, queues
from messaging.models import Message
from messaging.services import receiving, sending
from messaging.services.setup import checking
from messaging.simulator import account, switches
from tenants.models import PhoneNumber, WhatsAppBusinessAccount
from tests.conftest import wait_until
from tests.factories import AccountFactory, DefaultNumberFactory, StaffFactory, TenantFactory

PAGE = "/admin/messaging/setupcheck/"


@pytest.fixture
def simulated_meta(transactional_db: None, broker: Any, live_server: Any, settings: Any) -> Any:
    """Meta has an account with ten numbers, and our app is not subscribed to it; here is nothing but one bakery."""
    settings.WHATSAPP_GRAPH_URL = f"{live_server.url}/simulator/graph"
    settings.SITE_URL = live_server.url
    settings.SIMULATOR_WEBHOOK_URL = f"{live_server.url}/api/v1/whatsapp/webhook"
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = settings.WHATSAPP_ACCESS_TOKEN = ""
    settings.WHATSAPP_APP_ID = settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN = ""
    switches.save(switches.Switches(latency_ms=0))
    account.set_subscribed(False)
    StaffFactory.create(username="paula")
    TenantFactory.create(name="Panadería Goiko")
    queues.worker_seen()
    yield
    settings.SIMULATOR_WEBHOOK_URL = ""


def line(page: Page, key: str) -> Any:
    return page.locator(f"#line-{key}")


def is_done(page: Page, key: str) -> None:
    expect(line(page, key)).to_have_class("bw-line bw-line--done")


def opened(page: Page, key: str) -> Any:
    found = line(page, key)
    if found.get_attribute("open") is None:
        found.locator("summary").first.click()
    return found


def paste(page: Page, key: str, button: str, **values: str) -> None:
    found = opened(page, key)
    for name, value in values.items():
        found.locator(f"[name={key}-{name}]").fill(value)
    found.get_by_role("button", name=button).click()


def let_it_arrive() -> None:
    """What a worker does: send what waits, and apply the webhooks that Meta posts until it is on the phone."""
    sending.send_until_empty(PhoneNumber.objects.get(is_default=True).pk)
    wait_until(_is_on_the_phone)


def _is_on_the_phone() -> bool:
    receiving.apply_waiting()
    return Message.objects.filter(delivered_at__isnull=False).exists()


def test_from_nothing_to_the_last_green_line(simulated_meta, desk):
    page = desk()
    page.goto("/admin/")
    page.get_by_role("link", name="Begin the set-up").click()
    expect(page.locator("[data-progress]")).to_contain_text("0 of 16 done")

    paste(page, "waba", "Save and check", waba_id=f" {demo.WABA_ID} ")
    expect(line(page, "waba")).to_contain_text("It is tried as soon as the access token is there.")
    paste(page, "app_secret", "Check and save", app_id=demo.APP_ID, app_secret="wrong-secret")
    expect(line(page, "app_secret")).to_contain_text("Meta does not accept the app id")
    paste(page, "app_secret", "Check and save", app_id=demo.APP_ID, app_secret=demo.APP_SECRET)
    is_done(page, "app_secret")
    paste(page, "token", "Check and put into service", access_token="EAAwrong")
    expect(line(page, "token")).to_contain_text("Meta does not accept this token.")
    paste(page, "token", "Check and put into service", access_token=f" {demo.ACCESS_TOKEN} ")
    is_done(page, "token")
    # What hangs on it is looked at by a worker, and the page shows it without being touched.
    checking.check_what_is_due()
    for key in ("system_user", "waba", "business", "billing", "template", "quality"):
        is_done(page, key)

    paste(page, "webhook", "Save the verify token")
    token = WhatsAppBusinessAccount.objects.get().webhook_verify_token
    expect(page.locator("#verify-token")).to_have_text(token)
    page.get_by_role("link", name="Back to the set-up").click()
    is_done(page, "webhook")
    expect(page.locator("body")).not_to_contain_text(token)

    expect(line(page, "subscription")).to_contain_text("is not subscribed to the account")
    paste(page, "subscription", "Subscribe the app")
    is_done(page, "subscription")
    expect(line(page, "numbers")).to_contain_text("No number is the default one")
    opened(page, "numbers").get_by_role("button", name="Make it the default number").click()
    expect(line(page, "assigned")).to_contain_text("Panadería Goiko sends from the default number.")
    opened(page, "assigned").get_by_role("button", name="I confirm it").click()
    for key in ("numbers", "assigned", "environment", "services", "version"):
        is_done(page, key)
    expect(page.locator("[data-progress]")).to_contain_text("15 of 16 done")

    paste(page, "test", "Send me a test", to="+34 600 000 101")
    expect(line(page, "test")).to_have_class("bw-line bw-line--waiting")
    let_it_arrive()
    # Nobody touches the page: it looks by itself.
    is_done(page, "test")
    expect(page.locator("[data-progress]")).to_contain_text("16 of 16 done")


def test_without_a_script_lines_open_and_a_test_is_followed(simulated_meta, desk):
    AccountFactory.create()
    DefaultNumberFactory.create()
    account.set_subscribed(True)
    checking.run_checks()
    page = desk(language="es", script=False, width=390)
    page.goto(PAGE)
    opened(page, "token")
    expect(line(page, "token")).to_contain_text("SYSTEM_USER")
    expect(page.get_by_role("button", name="Imprimir")).to_be_hidden()
    paste(page, "test", "Enviarme una prueba", to="+34 600 000 101")
    expect(line(page, "test")).to_contain_text("En camino")
    let_it_arrive()
    is_done(page, "test")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_line_is_wider_than_the_screen(simulated_meta, desk, width):
    AccountFactory.create()
    DefaultNumberFactory.create()
    checking.run_checks()
    page = desk(language="es", width=width)
    page.goto(f"{PAGE}?open=all")
    expect(line(page, "billing")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    head = page.locator(".bw-printed")
    expect(head).to_be_hidden()
    page.emulate_media(media="print")
    expect(head).to_be_visible()
    expect(head).to_contain_text(f"Bakery Platform ({demo.WABA_ID})")
    expect(head).to_contain_text("impreso por paula")
    expect(line(page, "token").get_by_role("button", name="Comprobar ahora")).to_be_hidden()
    expect(line(page, "token").locator(".bw-facts").first).to_be_visible()
