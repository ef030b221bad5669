"""What the platform's people do beside messages: inform bakeries, watch the first week, prove who they are, look as a bakery."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core import mail as outbox
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import Announcement, FirstWeek, FirstWeekAnswer
from messaging.services import first_week, mails
from tenants.models import SecondFactor, User
from tests.browser.conftest import fits_the_screen
from tests.factories import (
    PASSWORD,
    AccountFactory,
    AssignmentFactory,
    MembershipFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
)
from tests.tenants.test_second_factor import now_code

WORDS = {
    "es": {
        "look": "Ver el correo", "send": "Enviar los correos", "on_its_way": "1 correo está en camino.",
        "end": "Terminar el seguimiento",
    },
    "en": {
        "look": "Look at the mail", "send": "Send the mails", "on_its_way": "1 mail is on its way.",
        "end": "End the watch",
    },
}  # fmt: skip


@pytest.fixture
def ana(transactional_db: None, broker: Any) -> User:
    """The owner of a bakery with a number, not informed yet."""
    AccountFactory.create()
    StaffFactory.create(username="paula")
    tenant = TenantFactory.create(name="Panadería Ana", slug="ana", whatsapp_enabled=False)
    AssignmentFactory.create(tenant=tenant)
    user: User = UserFactory.create(username="ana")
    MembershipFactory.create(tenant=tenant, user=user)
    return user


@pytest.mark.parametrize(("language", "script", "width"), [("es", True, 390), ("en", False, 1280)])
def test_bakeries_are_informed_after_a_look_and_it_is_on_record(
    ana, desk, accessible, language, script, width
):
    page, words = desk(language=language, script=script, width=width), WORDS[language]
    page.goto("/admin/messaging/announcement/new/")
    assert accessible(page)
    page.get_by_role("button", name=words["look"]).click()
    for text in ("Los avisos por WhatsApp ya están disponibles", "WhatsApp notices are now"):
        expect(page.locator("#content")).to_contain_text(text)
    assert fits_the_screen(page)
    assert accessible(page)
    assert not Announcement.objects.exists()
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_text(words["on_its_way"])).to_be_visible()
    expect(page.locator("#content")).to_contain_text("ana")
    assert Announcement.objects.get().sent_by == User.objects.get(username="paula")
    assert FirstWeek.objects.running().exists()
    mails.send_waiting()
    assert [mail.to for mail in outbox.outbox] == [[ana.email]]


@pytest.mark.parametrize(("language", "script", "width"), [("en", True, 390), ("es", False, 1280)])
def test_the_first_week_asks_is_answered_without_a_log_in_and_ends(
    ana, desk, page, live_server, accessible, language, script, width
):
    week = first_week.begin(by=User.objects.get(username="paula").pk)
    ana.memberships.get().tenant.__class__.objects.update(whatsapp_enabled=True)
    FirstWeek.objects.update(started_at=timezone.now() - timedelta(days=3))
    question = FirstWeekAnswer.objects.create(
        first_week=week, tenant=ana.memberships.get().tenant, user=ana, day=3
    )
    link = reverse("first-week-answer", args=(first_week.signed(question),))
    page.goto(f"{live_server.url}{link}?goes=badly")
    page.locator("textarea").fill("Harinas del Sur no recibe nada.")
    page.locator("main button").click()
    expect(page.locator("h1")).to_have_text("Gracias")

    admin = desk(language=language, script=script, width=width)
    admin.goto(f"/admin/messaging/firstweek/{week.pk}/change/")
    expect(admin.get_by_text("Harinas del Sur no recibe nada.")).to_be_visible()
    assert fits_the_screen(admin)
    assert accessible(admin)
    admin.get_by_role("link", name=WORDS[language]["end"]).click()
    admin.get_by_role("button", name=WORDS[language]["end"]).click()
    admin.wait_for_url("**/change/")
    assert not FirstWeek.objects.running().exists()


def test_staff_set_up_the_second_factor_and_log_in_with_it(
    ana, page, live_server, accessible, settings
):
    settings.STAFF_SECOND_FACTOR = True
    paula = User.objects.get(username="paula")
    log_in(page, live_server.url)
    expect(page.locator("h1")).to_have_text("Configurar el segundo factor")
    assert accessible(page)
    write_code(page, now_code(paula))
    expect(page.locator(".codes li")).to_have_count(10)
    assert accessible(page)
    assert SecondFactor.objects.get(user=paula).confirmed_at is not None

    page.context.clear_cookies()
    log_in(page, live_server.url)
    write_code(page, "000000")
    expect(page.locator("[role=alert], .field__errors").first).to_be_visible()
    SecondFactor.objects.update(last_step=0)
    write_code(page, now_code(paula))
    page.wait_for_url(re.compile("/admin/(?!login)"))  # the set-up, while it is not done


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.locator("[name=username]").fill("paula")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_load_state()


def write_code(page: Page, code: str) -> None:
    page.locator("main input[inputmode=numeric], main input[name=code]").first.fill(code)
    page.locator("main form button").first.click()


@pytest.mark.parametrize(("language", "script"), [("en", True), ("es", False)])
def test_support_looks_as_a_bakery_read_only_and_on_record(ana, desk, accessible, language, script):
    tenant = ana.memberships.get().tenant
    page = desk(language=language, script=script)
    page.goto(f"/admin/tenants/tenant/{tenant.pk}/change/")
    button = {"en": "View as bakery", "es": "Ver como la panadería"}[language]
    page.get_by_role("button", name=button).click()
    if page.url.endswith("/view-as/"):
        page.get_by_role("button", name=button).click()
    page.wait_for_url("**/bakery/ana")
    banner = page.locator("form[action='/viewing/end']")
    expect(banner).to_be_visible()
    assert accessible(page)
    assert fits_the_screen(page)
    banner.locator("button").click()
    page.wait_for_url("**/admin/**")
    seen = LogEntry.objects.get_for_object(tenant).filter(action=LogEntry.Action.ACCESS)
    assert seen.count() == 2
