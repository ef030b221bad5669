"""The first page everyone meets, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD, MembershipFactory, StaffFactory


def test_a_wrong_password_is_refused_and_the_right_one_lets_in(
    page, web_process, django_user_model
):
    django_user_model.objects.create_user("ana", password="a long password")
    page.goto(f"{web_process.url}/login")
    for password in ("wrong", "a long password"):
        page.fill("input[name=username]", "ana")
        page.fill("input[name=password]", password)
        with page.expect_navigation():
            page.press("input[name=password]", "Enter")
        assert ("/login" in page.url) == (password == "wrong")


@pytest.mark.parametrize("script", [True, False])
def test_the_guides_address_leads_staff_through_the_log_in_to_the_board(
    transactional_db, chromium, live_server, script
):
    StaffFactory.create(username="paula")
    with chromium.new_context(base_url=live_server.url, java_script_enabled=script) as context:
        page = context.new_page()
        page.goto("/app/admin/whatsapp")
        page.locator("[name=username]").fill("paula")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        expect(page.locator("[data-board]")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_an_owner_comes_through_the_log_in_to_her_bakery(
    transactional_db, chromium, live_server, script
):
    MembershipFactory.create(user__username="ana", tenant__slug="goiko")
    with chromium.new_context(base_url=live_server.url, java_script_enabled=script) as context:
        page = context.new_page()
        page.goto("/")
        page.locator("#id_username").fill("ana")
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main button").click()
        page.wait_for_url("**/bakery/goiko")
