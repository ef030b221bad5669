"""The owner's weekly note: once a week, by the bakery's own clock and language, with whom to call, and easy to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox

from messaging.models import Mail, MessageMail, PriceRate
from messaging.services import mails, usage, weekly_summary
from messaging.services.switching import NotOwnerError
from messaging.statuses import MessageStatus
from tenants.models import Membership
from tests.factories import (
    MembershipFactory,
    PriceRateFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
    message_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

# A Monday; in Madrid it is an hour later.
MONDAY = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
LAST_WEEK = MONDAY - timedelta(days=3)


@pytest.fixture
def ana():
    tenant = TenantFactory(name="Panadería Ana", slug="ana")
    return MembershipFactory(tenant=tenant, user=UserFactory(username="ana"))


def run(moment=MONDAY):
    with time_machine.travel(moment, tick=False):
        weekly_summary.write_due()
        mails.send_waiting()


def sent() -> Any:
    (only,) = outbox.outbox
    return only


def a_failed(tenant, moment=LAST_WEEK, **fields):
    return message_at(
        moment,
        MessageStatus.FAILED,
        tenant=tenant,
        failed_at=moment,
        **(
            {"error_code": 131026, "recipient_name": "Harinas del Sur", "reference": "PO-7"}
            | fields
        ),
    )


def test_the_note_says_how_many_were_read_and_whom_to_call(ana):
    for _number in range(33):
        message_at(LAST_WEEK, MessageStatus.READ, tenant=ana.tenant)
    a_failed(ana.tenant)
    run()
    assert sent().to == ["ana@bakery.example"]
    assert (
        sent().subject
        == "Panadería Ana: 34 avisos la semana pasada: 33 leídos, 1 fallido: llama a Harinas del Sur"
    )
    assert "Harinas del Sur · PO-7" in sent().body
    assert "http://127.0.0.1:8000/bakery/ana" in sent().body


def test_a_bakery_in_english_reads_english():
    tenant = TenantFactory(language="en", name="Ana's")
    MembershipFactory(tenant=tenant)
    a_failed(tenant)
    run()
    assert sent().subject == "Ana's: 1 notice last week: 0 read, 1 failed: call Harinas del Sur"


def test_the_cost_so_far_is_told(ana):
    PriceRate.objects.all().delete()
    PriceRateFactory()
    message_at(LAST_WEEK, MessageStatus.READ, tenant=ana.tenant)
    usage.count_days([LAST_WEEK.date()])
    run()
    assert "Coste de este mes hasta ahora: 0,05\u00a0€" in sent().body


def test_the_cost_says_that_tests_are_in_it(ana):
    PriceRate.objects.all().delete()
    PriceRateFactory()
    for is_trial in (False, True):
        message_at(LAST_WEEK, MessageStatus.READ, tenant=ana.tenant, is_trial=is_trial)
    usage.count_days([LAST_WEEK.date()])
    run()
    assert "1 aviso la semana pasada" in sent().subject
    assert "Coste de este mes hasta ahora, pruebas incluidas: 0,10\u00a0€" in sent().body


def test_it_is_sent_once_however_often_the_clock_strikes(ana):
    message_at(LAST_WEEK, tenant=ana.tenant)
    for hours in range(0, 200, 3):
        run(MONDAY + timedelta(hours=hours))
    # The week after next had no messages.
    assert len(outbox.outbox) == 1


@pytest.mark.parametrize(
    ("zone", "hours", "is_sent"),
    [
        ("Europe/Madrid", -2, False),
        ("Europe/Madrid", 0, True),
        ("Europe/Madrid", 60, True),
        ("Europe/Madrid", 70, False),
        ("Atlantic/Canary", 0, False),
        ("Atlantic/Canary", 1, True),
    ],
)
def test_it_comes_on_monday_morning_by_the_bakerys_clock_or_as_soon_as_it_can(
    ana, zone, hours, is_sent
):
    type(ana.tenant).objects.update(time_zone=zone)
    message_at(LAST_WEEK, tenant=ana.tenant)
    run(MONDAY + timedelta(hours=hours))
    assert len(outbox.outbox) == int(is_sent)


def test_the_week_is_monday_to_sunday_by_the_bakerys_clock(ana):
    sunday_night = datetime(2026, 11, 29, 22, 59, tzinfo=UTC)
    for moment in (
        sunday_night,
        sunday_night + timedelta(minutes=2),
        datetime(2026, 11, 22, 22, 59, tzinfo=UTC),
        datetime(2026, 11, 22, 23, 1, tzinfo=UTC),
    ):
        message_at(moment, tenant=ana.tenant)
    run()
    assert sent().subject.startswith("Panadería Ana: 2 avisos")


def test_a_week_without_notices_sends_nothing(ana):
    message_at(LAST_WEEK, MessageStatus.CANCELLED, tenant=ana.tenant)
    message_at(LAST_WEEK - timedelta(days=7), tenant=ana.tenant)
    message_at(LAST_WEEK)
    run()
    assert not Mail.objects.of(ana.tenant).exists()


def test_who_gets_it(ana):
    message_at(LAST_WEEK, tenant=ana.tenant)
    MembershipFactory(tenant=ana.tenant, role=Membership.Role.STAFF)
    MembershipFactory(tenant=ana.tenant, user=UserFactory(email=""))
    MembershipFactory(tenant=ana.tenant, user=UserFactory(is_active=False))
    MembershipFactory(tenant=ana.tenant, gets_weekly_summary=False)
    run()
    assert sent().to == ["ana@bakery.example"]


def test_a_bakery_that_is_switched_off_gets_none(ana):
    message_at(LAST_WEEK, tenant=ana.tenant)
    type(ana.tenant).objects.update(whatsapp_enabled=False)
    run()
    assert outbox.outbox == []


def test_what_is_settled_is_no_reason_to_call(ana):
    with time_machine.travel(LAST_WEEK, tick=False):
        resent, mailed, marked, _erased = (
            a_failed(ana.tenant, recipient_name=name, **fields)
            for name, fields in (
                ("Sent Again", {}),
                ("Mailed", {}),
                ("Marked", {"acknowledged_at": LAST_WEEK}),
                ("Erased", {"erased_at": LAST_WEEK}),
            )
        )
        message_at(LAST_WEEK, tenant=ana.tenant, replaces=resent)
        MessageMail.objects.create(message=mailed, state="sent")
        a_failed(ana.tenant)
    run()
    assert sent().subject.endswith("1 leído, 1 fallido: llama a Harinas del Sur")
    said = sent().subject + sent().body
    assert not [name for name in ("Sent Again", "Mailed", "Marked", "Erased") if name in said]
    assert "4 de los fallidos ya están atendidos o no necesitan nada más." in said
    assert marked.acknowledged_at


def test_a_week_in_which_all_is_settled_calls_nobody(ana):
    a_failed(ana.tenant, acknowledged_at=LAST_WEEK)
    run()
    assert "llama" not in sent().subject
    assert "fallido" not in sent().subject
    assert "1 de los fallidos ya está atendido o no necesita nada más." in sent().body
    assert "Estos no llegaron" not in sent().body


def test_the_note_speaks_as_the_pages_do(ana):
    # A field Meta refused: the platform's fault, told to developers in the catalogue.
    a_failed(ana.tenant, error_code=100)
    run()
    assert "no es culpa tuya ni del proveedor" in sent().body
    assert "Meta" not in sent().body


def test_no_phone_number_is_in_it(ana):
    a_failed(ana.tenant, recipient_name="+34 612 345 678", reference="")
    run()
    assert "612" not in sent().subject + sent().body
    assert "un proveedor sin nombre" in sent().body
    assert "llama a" not in sent().subject


def test_many_failures_are_cut(ana):
    for number in range(12):
        a_failed(ana.tenant, recipient_name=f"Harinas {number}")
    run()
    assert "y 2 más" in sent().body


def test_the_mail_ends_with_one_click_and_starts_again_on_the_settings_page(ana):
    message_at(LAST_WEEK, tenant=ana.tenant)
    run()
    header = sent().extra_headers
    assert header["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = header["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    weekly_summary.stop(weekly_summary.reader_of(link))
    assert not weekly_summary.gets_it(ana.user, ana.tenant)
    weekly_summary.choose(ana.user, ana.tenant, is_on=True)
    assert weekly_summary.gets_it(ana.user, ana.tenant)


def test_only_owners_choose(ana):
    staff = MembershipFactory(tenant=ana.tenant, role=Membership.Role.STAFF).user
    for person in (staff, StaffFactory(), MembershipFactory().user):
        with pytest.raises(NotOwnerError):
            weekly_summary.choose(person, ana.tenant, is_on=False)


@pytest.mark.parametrize("link", ["", "x", "MQ:1:2"])
def test_a_link_of_nobody_ends_nothing(ana, link):
    with pytest.raises(weekly_summary.NoSummaryError):
        weekly_summary.reader_of(link)
