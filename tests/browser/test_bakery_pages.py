"""Every page of a bakery with much to show: on small screens, all details open, with scripts and without."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from messaging.models import ProofLink, Recipient
from messaging.services import recipient_learning, usage
from messaging.services.demonstration import load_demo
from messaging.statuses import MessageStatus
from tenants.models import Invitation, OwnPhone, Tenant, User
from tests.browser.conftest import fits_the_screen
from tests.factories import (
    PASSWORD,
    MembershipFactory,
    NoticeKindFactory,
    message_in,
)
from tests.messaging.bakery.test_walk import OF_A_BAKERY, address

# What the API accepts of a program that knows no blanks.
LONG_NAME = "HarinasEcológicasDelSurYDelNorte" * 5
LONG_ORDER = "PO/2026/" + "0123456789" * 9
ORDER = "PO-12345"
# 320 px are a desk's 1280 enlarged fourfold, at which WCAG 2.2 (1.4.10) wants nothing scrolled to the side.
WIDTHS = (320, 390)
# What reaches out of the screen or of its own box, and short words that break within. A field and a table's region may
# be moved by themselves.
CUT_OFF = """() => {
  const shown = [...document.querySelectorAll('body *')].filter(
    one => one.getClientRects().length && !one.closest('.hidden, .skip, .scroll, svg, input'));
  const cut = shown.filter(one => {
    const box = one.getBoundingClientRect();
    const inside = one.clientWidth === 0 || one.scrollWidth <= one.clientWidth + 1;
    return box.left < -1 || box.right > innerWidth + 1 || !inside;
  }).map(one => one.outerHTML.slice(0, 100));
  const texts = shown.flatMap(one => [...one.childNodes]).filter(node => node.nodeType === Node.TEXT_NODE);
  const broken = texts.flatMap(text => [...text.data.matchAll(/\\S+/g)].filter(([word]) => {
    return /^\\p{L}{2,12}[.,:;]?$/u.test(word);
  }).filter(found => {
    const range = new Range();
    range.setStart(text, found.index);
    range.setEnd(text, found.index + found[0].length);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
  }).map(([word]) => word));
  return [...cut, ...broken];
}"""
LETTERS_TWICE_THEIR_SIZE = "document.documentElement.style.fontSize = '200%'"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => (one.open = true))"


@pytest.fixture
def goiko(transactional_db: None) -> Tenant:
    """The demo's bakery, as the product comes."""
    for place, name in enumerate(("po_notification", "low_stock_alert", "production_alert")):
        NoticeKindFactory.create(template_name=name, position=place, is_on_by_default=not place)
    load_demo(password=PASSWORD)
    return Tenant.objects.get(slug="goiko")


@pytest.fixture
def ids(goiko: Tenant) -> dict[str, Any]:
    """Goiko after a week in which everything happened; its ids by the names that addresses have for them."""
    for status in MessageStatus:
        message_in(status, tenant=goiko, reference=ORDER, recipient_name="Cooperativa")
    failed = message_in(
        MessageStatus.FAILED,
        tenant=goiko,
        recipient_name=LONG_NAME,
        recipient_phone="+34600000777",
        reference=LONG_ORDER,
        rendered_text=LONG_NAME,
        error_code=131026,
    )
    recipient_learning.learn()
    usage.count_stale_days()
    later = timezone.now() + timedelta(days=30)
    link = ProofLink.objects.create(
        tenant=goiko, reference=ORDER, created_by="goiko", expires_at=later
    )
    Invitation.objects.create(tenant=goiko, email=f"{'x' * 60}@elsewhere.example", expires_at=later)
    OwnPhone.objects.create(user=goiko.memberships.get().user, phone="+34600000199")
    member = MembershipFactory.create(
        tenant=goiko, role="staff", user__first_name=LONG_NAME[:150], user__username="y" * 150
    )
    goiko.own_monthly_limit = 1
    goiko.suspended_until, goiko.suspension_reason = later, LONG_NAME
    goiko.save()
    supplier = Recipient.objects.get(tenant=goiko, phone="+34600000777")
    return {
        "message_id": failed.pk, "recipient_id": supplier.pk, "link_id": link.pk, "member_id": member.pk,
        "invitation_id": 1, "kind_id": 1,
    }  # fmt: skip


def paths_of(ids: dict[str, Any]) -> list[str]:
    """Return where a page opens: addresses that only take forms, or hand out a file, are none."""
    client = Client()
    client.force_login(User.objects.get(username="goiko"))
    found = []
    for path in (address(name, "goiko", ids) for name in OF_A_BAKERY):
        answer = client.get(path)
        if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
            found.append(path)
    return [*found, f"/bakery/goiko/proof?order={LONG_ORDER}", "/password/change"]


@pytest.mark.parametrize(
    ("language", "script", "scheme"), [("es", True, "light"), ("en", False, "dark")]
)
def test_every_page_fits_and_is_accessible_with_all_details_open_and_large_letters_too(
    ids, phone, accessible, language, script, scheme
):
    page = phone("goiko", language=language, script=script, scheme=scheme)
    paths = paths_of(ids)
    assert len(paths) > 15
    too_wide, cut_off = [], []
    for path in paths:
        page.goto(path)
        page.evaluate(OPEN_ALL)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            if not fits_the_screen(page):
                too_wide.append((path, width))
        assert accessible(page)
        page.evaluate(LETTERS_TWICE_THEIR_SIZE)
        if not fits_the_screen(page) or page.evaluate(CUT_OFF):
            cut_off.append((path, page.evaluate(CUT_OFF)))
    assert not too_wide, too_wide
    assert not cut_off, cut_off


def test_large_letters_leave_most_of_the_screen_to_the_page(goiko, phone):
    page = phone("goiko")
    page.evaluate(LETTERS_TWICE_THEIR_SIZE)
    bar = page.get_by_role("navigation", name="Menú").bounding_box()
    assert bar is not None
    assert bar["height"] < 844 / 4


def test_the_words_of_the_menu_keep_apart_on_the_narrowest_screen(ids, phone):
    page = phone("goiko")
    page.set_viewport_size({"width": 320, "height": 844})
    words = page.get_by_role("navigation", name="Menú").locator("span").all()
    boxes = [box for word in words if (box := word.bounding_box())]
    assert len(boxes) == 5
    gaps = [right["x"] - left["x"] - left["width"] for left, right in pairwise(boxes)]
    assert min(gaps) > 8, gaps


@pytest.mark.parametrize(("language", "script"), [("es", True), ("es", False), ("en", True)])
def test_a_form_that_came_back_is_seen_at_once(goiko, phone, accessible, language, script):
    page = phone("goiko", language=language, script=script)
    page.locator("#how-much summary").click()
    page.locator("#id_limit").fill("0")
    page.locator("#how-much form button").click()
    said = page.get_by_role("alert")
    expect(said).to_be_in_viewport()
    expect(said).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    said.get_by_role("link").click()
    expect(page.locator("#id_limit")).to_be_focused()
    assert accessible(page)


def test_the_first_page_arrives_within_60_kilobytes_and_from_here_only(ids, phone):
    page = phone("goiko")
    arrived: dict[str, int] = {}
    page.on("response", lambda answer: arrived.update({answer.url: len(answer.body())}))
    page.goto("/bakery/goiko")
    page.wait_for_load_state("networkidle")
    origin = page.url.removesuffix("/bakery/goiko")
    assert [url for url in arrived if not url.startswith(origin)] == []
    assert sum(arrived.values()) < 60_000, arrived
