"""The guide's step 10.3 in a browser: a token generated at the simulated Meta is pasted, promoted, and the old one dies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Page, expect

from messaging import demo
from messaging.simulator import account, switches
from tenants.models import WhatsAppBusinessAccount
from tests.factories import AccountFactory, DefaultNumberFactory, StaffFactory

PAGE = "/admin/messaging/tokenrotation/now/"
WORDS = {
    "es": {
        "check": "Que Meta lo compruebe",
        "promote": "Ponerlo en servicio",
        "back": "Volver al token anterior",
        "prove": "Comprobar ya que Meta rechaza el antiguo",
        "revoke": "Revocarlo y preguntar a Meta",
        "proved": "Comprobado: Meta responde que ya no vale.",
        "returned": "El token anterior vuelve a estar en servicio.",
        "bad": "Meta no acepta este token.",
    },
    "en": {
        "check": "Have Meta check it",
        "promote": "Put it into service",
        "back": "Go back to the previous token",
        "prove": "Prove that Meta refuses the old one now",
        "revoke": "Revoke it and ask Meta",
        "proved": "Proved: Meta answers that it is no longer valid.",
        "returned": "The previous token is in service again.",
        "bad": "Meta does not accept this token.",
    },
}


@pytest.fixture
def at_meta(transactional_db: None, broker: Any, live_server: Any) -> Any:
    """The account at the simulator of this very server."""
    AccountFactory.create()
    DefaultNumberFactory.create()
    StaffFactory.create(username="paula")
    switches.save(switches.Switches(latency_ms=0))
    with override_settings(WHATSAPP_GRAPH_URL=f"{live_server.url}/simulator/graph"):
        yield


def stored() -> WhatsAppBusinessAccount:
    return WhatsAppBusinessAccount.objects.get()


def paste(page: Page, token: str, words: dict[str, str]) -> None:
    page.goto(PAGE)
    hidden = page.locator("details:not([open]) summary").get_by_text("token")
    if not page.locator("[name=token]").is_visible():
        hidden.click()
    page.locator("[name=token]").fill(token)
    page.get_by_role("button", name=words["check"]).click()


@pytest.mark.parametrize(("language", "script", "width"), [("es", True, 390), ("en", False, 1280)])
def test_a_token_is_changed_from_the_paste_to_the_proof(at_meta, desk, language, script, width):
    page, words = desk(language=language, script=script, width=width), WORDS[language]
    paste(page, "EAAthisOneWasNeverGivenOut", words)
    expect(page.locator("main, body").first).to_contain_text(words["bad"])
    assert stored().access_token == demo.ACCESS_TOKEN

    token = account.mint_token(expires_in_s=account.DAYS_60_S)
    paste(page, f"  {token[:20]} {token[20:]} ", words)
    expect(page.locator(".bw-stage--good")).to_have_count(2)
    page.get_by_role("button", name=words["promote"]).click()
    expect(page.locator(".bw-stage--good")).to_have_count(3)
    assert stored().access_token == token

    page.get_by_role("link", name=words["back"]).click()
    page.get_by_role("button", name=words["back"]).click()
    expect(page.locator("body")).to_contain_text(words["returned"])
    assert stored().access_token == demo.ACCESS_TOKEN

    paste(page, token, words)
    page.get_by_role("button", name=words["promote"]).click()
    page.get_by_role("link", name=words["prove"]).click()
    page.get_by_role("button", name=words["revoke"]).click()
    expect(page.locator(".bw-stage--good")).to_have_count(5)
    expect(page.locator(".bw-stage").last).to_contain_text(words["proved"])
    assert (account.token_facts(demo.ACCESS_TOKEN) or {}).get("revoked")
    assert stored().previous_token_list == []
    assert token not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/admin/messaging/calendarfeed/dates/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
