from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone, translation
from time_machine import travel

from messaging.bakery import banner_words, words
from messaging.graph_api.catalogue import CATALOGUE
from messaging.graph_api.facts import WhoActs
from messaging.models import EventKind, InboundMessage, MessageEvent, WaitsFor
from messaging.models.message import first_id_at
from messaging.services.advice import advice_for
from messaging.services.obstacles import ObstacleKind
from messaging.services.overview import Group
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber
from tests.factories import AccountFactory, MessageFactory, message_in

SETTINGS = "/bakery/goiko"


def text_of(html: str) -> str:
    """What a reader sees: no tags, single spaces."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_the_page_says_who_sends(browse, ana):
    text = text_of(browse(ana).get(SETTINGS).text)
    assert "We send from +34 612 345 679 (Panadería Goiko)" in text
    assert "All is well" in text


def test_a_bakery_without_a_number_sends_from_the_shared_one(browse, ana, bakery):
    bakery.assignments.update(ended_at=timezone.now())
    text = text_of(browse(ana).get(SETTINGS).text)
    assert "+34 612 345 678 (the bakeries' shared number)" in text


def test_the_page_comes_in_spanish(browse, ana):
    text = text_of(browse(ana, language="es").get(SETTINGS).text)
    assert "Avisos por WhatsApp" in text
    assert "Todo funciona" in text


def test_spanish_is_what_an_unknown_language_gets(browse, ana):
    assert '<html lang="es">' in browse(ana, language="pl").get(SETTINGS).text


def test_what_failed_stands_first_with_what_to_do(browse, ana, bakery):
    message_in(
        MessageStatus.FAILED, tenant=bakery, recipient_name="Harinas del Sur", error_code=190
    )
    message_in(MessageStatus.READ, tenant=bakery, recipient_name="Juan García")
    text = text_of(browse(ana).get(SETTINGS).text)
    assert text.index("Harinas del Sur") < text.index("Juan García")
    assert "Tell the supplier yourself." in text
    assert "1 notice did not arrive" in text


def test_a_notice_in_quiet_hours_says_when_it_goes_out(browse, ana, bakery):
    due = datetime.fromisoformat("2026-11-21T06:00:00+00:00")
    message = message_in(
        MessageStatus.QUEUED,
        tenant=bakery,
        waits_for="quiet_hours",
        send_after=due,
        expires_at=due + timedelta(hours=1),
    )
    for address in (SETTINGS, f"{SETTINGS}/messages/{message.pk}"):
        text = text_of(browse(ana).get(address).text)
        assert "It waits for the end of your quiet hours." in text
        assert "Goes out from 21 Nov, 07:00" in text
        spanish = text_of(browse(ana, language="es").get(address).text)
        assert "Saldrá a partir del 21 nov, 07:00" in spanish


@pytest.mark.parametrize("reason", ["daily_cap", "monthly_cap"])
def test_a_notice_that_expires_before_its_turn_says_so(browse, ana, bakery, reason):
    due = timezone.now() + timedelta(days=9)
    message_in(MessageStatus.QUEUED, tenant=bakery, waits_for=reason, send_after=due)
    text = text_of(browse(ana).get(SETTINGS).text)
    assert "limit of notices is reached" in text
    assert "It will not go out in time" in text
    assert "Goes out from" not in text


@pytest.mark.parametrize("reason", WaitsFor.values)
def test_whatever_a_notice_waits_for_is_said_in_plain_words(browse, ana, bakery, reason):
    message_in(MessageStatus.QUEUED, tenant=bakery, waits_for=reason)
    assert 'class="line__advice"' in browse(ana).get(SETTINGS).text


def test_the_latest_five_are_listed(browse, ana, bakery):
    for _ in range(6):
        message_in(MessageStatus.READ, tenant=bakery)
    assert browse(ana).get(SETTINGS).text.count('class="line__who"') == 5


def test_only_the_own_messages_are_listed(browse, ana, bakery):
    MessageFactory.create(recipient_name="Somebody else's supplier")
    assert "Somebody else" not in browse(ana).get(SETTINGS).text


def test_today_is_counted_and_each_number_leads_to_its_list(browse, ana, bakery):
    message_in(MessageStatus.READ, tenant=bakery, recipient_name="Reader")
    message_in(MessageStatus.SENT, tenant=bakery, recipient_name="Sent only")
    message_in(MessageStatus.FAILED, tenant=bakery, recipient_name="Failed", error_code=131026)
    page = browse(ana).get(SETTINGS)
    counts = {group: count for group, count, _ in page.context["counts"]}
    assert counts == {
        Group.SENT: 2,
        Group.DELIVERED: 1,
        Group.READ: 1,
        Group.WAITING: 0,
        Group.FAILED: 1,
    }
    only_read = text_of(browse(ana).get(f"{SETTINGS}?show=read").text)
    assert "Today: read" in only_read
    assert "Reader" in only_read
    assert "Sent only" not in only_read


def test_an_unknown_list_is_the_whole_list(browse, ana, bakery):
    message_in(MessageStatus.READ, tenant=bakery, recipient_name="Reader")
    assert "Reader" in browse(ana).get(f"{SETTINGS}?show=nonsense").text


def test_today_begins_at_the_bakerys_own_midnight(browse, ana, bakery):
    # 23:30 UTC is half past midnight in Madrid.
    for moment in ("2026-11-20T22:30:00+00:00", "2026-11-20T23:30:00+00:00"):
        at = datetime.fromisoformat(moment)
        message_in(MessageStatus.READ, tenant=bakery, id=first_id_at(at), created_at=at)
    with travel("2026-11-20T23:45:00Z", tick=False):
        client = browse(ana)
        counts = {group: count for group, count, _ in client.get(SETTINGS).context["counts"]}
    assert counts[Group.READ] == 1


def test_times_are_the_bakerys_with_utc_beside(browse, ana, bakery):
    with travel("2026-11-20T23:30:00Z", tick=False):
        message_in(MessageStatus.READ, tenant=bakery)
        page = browse(ana).get(SETTINGS).text
    assert 'title="2026-11-20 23:30:00 UTC">21 Nov, 00:30</time>' in page


@pytest.mark.parametrize(
    ("language", "said"), [("en", "21 Nov 2025, 00:30"), ("es", "21 nov 2025, 00:30")]
)
def test_another_years_times_name_it(browse, ana, bakery, language, said):
    with travel("2025-11-20T23:30:00Z", tick=False):
        message = message_in(MessageStatus.READ, tenant=bakery)
        MessageEvent.objects.create(message=message, kind="read", at=timezone.now())
    with travel("2026-11-20T23:30:00Z", tick=False):
        for path in (f"{SETTINGS}/messages", f"{SETTINGS}/messages/{message.pk}"):
            assert said in text_of(browse(ana, language=language).get(path).text)


def test_the_story_of_a_notice_tells_utc_without_a_mouse(browse, ana, bakery):
    with travel("2026-11-20T23:30:05Z", tick=False):
        message = message_in(MessageStatus.READ, tenant=bakery)
        MessageEvent.objects.create(message=message, kind="read", at=timezone.now())
        InboundMessage.objects.create(
            tenant=bakery, phone_number=message.phone_number, answers=message, wamid="wamid.1", kind="text",
            text="Vale",
        )  # fmt: skip
        page = text_of(browse(ana).get(f"{SETTINGS}/messages/{message.pk}").text)
    # With its day, which is another one here.
    assert "They have read it 21 Nov, 00:30 2026-11-20 23:30:05 UTC" in page
    assert "Vale 21 Nov, 00:30 2026-11-20 23:30:05 UTC" in page


def test_the_page_says_when_the_last_one_went(browse, ana, bakery):
    message_in(
        MessageStatus.READ, tenant=bakery, sent_at=timezone.now() - timedelta(minutes=12, seconds=5)
    )
    assert "Last notice 12 minutes ago" in text_of(browse(ana).get(SETTINGS).text).replace(
        "\xa0", " "
    )


@pytest.mark.parametrize("column", ["sending_paused_at", "sending_stopped_at"])
def test_a_halted_account_stands_on_the_page_with_since_when(browse, ana, column):
    account = AccountFactory.create()
    setattr(account, column, timezone.now())
    account.save()
    text = text_of(browse(ana).get(SETTINGS).text)
    assert "What waits will go out by itself" in text
    assert "Since" in text
    assert "Not going out" in text


def test_a_stopped_number_stands_on_the_page_of_its_bakery(browse, ana):
    PhoneNumber.objects.update(sending_stopped_at=timezone.now())
    text = text_of(browse(ana).get(SETTINGS).text)
    assert "The number that sends for you has stopped." in text
    assert "Since" in text


def test_a_suspended_bakery_reads_why_and_until_when(browse, ana, bakery):
    bakery.suspended_until = timezone.now() + timedelta(days=1)
    bakery.suspension_reason = "Unpaid invoice"
    bakery.save()
    text = text_of(browse(ana).get(SETTINGS).text)
    assert "The platform has suspended your WhatsApp notices." in text
    assert "Reason: Unpaid invoice" in text
    assert "Until" in text


def test_what_a_bakery_or_stranger_wrote_is_never_markup(browse, ana, bakery):
    message = message_in(
        MessageStatus.READ,
        tenant=bakery,
        recipient_name="<script>alert(1)</script>",
        rendered_text="<b>bold</b>\nsecond line",
        reference="<i>PO</i>",
    )
    client = browse(ana)
    assert "<script>alert" not in client.get(SETTINGS).text
    page = client.get(f"{SETTINGS}/messages/{message.pk}").text
    assert "&lt;b&gt;bold&lt;/b&gt;<br>second line" in page
    assert "<i>PO" not in page


def test_a_message_tells_its_story_with_the_answer(browse, ana, bakery):
    message = message_in(MessageStatus.READ, tenant=bakery, reference="PO-12345")
    for kind in (EventKind.QUEUED, EventKind.DELIVERED, EventKind.READ):
        MessageEvent.objects.create(message=message, kind=kind)
    InboundMessage.objects.create(
        tenant=bakery,
        phone_number=message.phone_number,
        answers=message,
        wamid="wamid.1",
        kind="text",
        text="Mañana a las 6.",
    )
    text = text_of(browse(ana).get(f"{SETTINGS}/messages/{message.pk}").text)
    assert "Order PO-12345" in text
    assert "+34 600 000 101" in text
    assert "It reached the phone" in text
    assert "They have read it" in text
    assert "Their answer Mañana a las 6." in text


def test_the_pages_cost_few_queries(browse, ana, bakery, django_assert_max_num_queries):
    messages = [
        message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026) for _ in range(20)
    ]
    client = browse(ana)
    with django_assert_max_num_queries(19):
        client.get(SETTINGS)
    with django_assert_max_num_queries(15):
        client.get(f"{SETTINGS}/messages/{messages[0].pk}")


def test_the_first_page_weighs_less_than_60_kilobytes(browse, ana, bakery):
    for _ in range(20):
        message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026)
    page = browse(ana).get(SETTINGS).text
    files = set(re.findall(r"/static/([\w/.]+)", page))
    assert "messaging/bakery/bakery.css" in files
    sizes = [Path(finders.find(name) or name).stat().st_size for name in files]
    assert len(page.encode()) + sum(sizes) < 60_000


def test_a_page_has_no_inline_style_or_script(browse, ana, bakery):
    message = message_in(MessageStatus.READ, tenant=bakery)
    client = browse(ana)
    for path in ("/login", SETTINGS, f"{SETTINGS}/messages/{message.pk}", "/password/change"):
        page = client.get(path).text
        assert not re.search(r'\sstyle="|<style|\son\w+="|javascript:', page), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page)), path


def test_everything_that_can_happen_has_words():
    assert set(words.STATES) == set(MessageStatus)
    assert set(words.HAPPENED) == set(EventKind)
    assert set(words.COUNTED) == set(Group)
    assert set(banner_words._OBSTACLES) == set(ObstacleKind)


# Words of the operator's trade, in either language.
JARGON = re.compile(
    r"\b(meta|templates?|plantillas?|tokens?|webhooks?|api|waba|error codes?|código de error)\b",
    re.I,
)


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_bakery_reads_no_jargon(db, language):
    states = [*words.STATES.values(), *words.HAPPENED.values(), *words.COUNTED.values()]
    with translation.override(language):
        read = [str(state.label) for state in states]
        read += [str(text) for pair in banner_words._OBSTACLES.values() for text in pair]
        for code, facts in CATALOGUE.items():
            message = MessageFactory.build(
                tenant=None, phone_number=None, template=None,
                status=MessageStatus.FAILED, send_after=None, error_code=code,
            )  # fmt: skip
            advice = advice_for(message, language=language)
            assert advice is not None
            if facts.who_acts in {WhoActs.BAKERY, WhoActs.SUPPLIER}:
                read += [advice.title, advice.action]
    assert not [text for text in read if JARGON.search(text)]


def test_pictures_come_from_here_only(browse, ana, bakery):
    policy = browse(ana).get(SETTINGS).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "data:" not in policy
