"""Seven days of reports to the platform and two questions to the owners, each once, and an end by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail as outbox

from messaging.models import FirstWeek, FirstWeekAnswer, Mail, MailKind
from messaging.services import announcements, first_week, mails, usage
from messaging.services.first_week_report import report_of
from messaging.statuses import MessageStatus
from tenants.models import QualityReading
from tests.factories import (
    MembershipFactory,
    PhoneNumberFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
    message_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

BEGIN = datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.fixture
def paula():
    return StaffFactory(username="paula", email="paula@platform.example")


@pytest.fixture
def ana():
    """The owner of a bakery with WhatsApp on."""
    tenant = TenantFactory(name="Panadería Ana")
    return MembershipFactory(tenant=tenant, user=UserFactory(username="ana"))


@pytest.fixture
def week(paula):
    with time_machine.travel(BEGIN, tick=False):
        return first_week.begin(by=paula.pk)


def on_day(number, hours=(0, 3, 6, 9, 12, 18)):
    """Run the clock through one day, many times."""
    for hour in hours:
        moment = BEGIN.replace(hour=0) + timedelta(days=number - 1, hours=hour)
        with time_machine.travel(moment, tick=False):
            first_week.look_after()
            mails.send_waiting()


def occasions(kind):
    written = Mail.objects.filter(kind=kind).order_by("id")
    return [occasion.rpartition(":")[2] for occasion in written.values_list("occasion", flat=True)]


def test_six_mornings_two_questions_a_summary_and_then_silence(week, ana):
    for number in range(1, 15):
        on_day(number)
    assert occasions(MailKind.FIRST_WEEK) == ["1", "2", "3", "4", "5", "6", "end"]
    assert occasions(MailKind.QUESTION) == ["3", "7"]
    week.refresh_from_db()
    assert week.ended_at is not None
    assert len(outbox.outbox) == 9


def test_no_mail_comes_in_the_night(week, ana):
    on_day(2, hours=(0, 3, 5))
    assert not Mail.objects.exists()


def test_after_an_outage_only_the_last_morning_is_told(week, ana):
    on_day(5)
    assert occasions(MailKind.FIRST_WEEK) == ["4"]
    assert occasions(MailKind.QUESTION) == ["3"]


def test_an_outage_beyond_the_end_leaves_the_summary(week):
    on_day(20)
    assert occasions(MailKind.FIRST_WEEK) == ["end"]
    assert not FirstWeek.objects.running().exists()


def test_a_report_counts_by_day_bakery_and_error(week, ana):
    message_at(BEGIN, MessageStatus.READ, tenant=ana.tenant)
    message_at(
        BEGIN,
        MessageStatus.FAILED,
        tenant=ana.tenant,
        error_code=131026,
        failed_at=BEGIN,
    )
    message_at(BEGIN + timedelta(days=1), MessageStatus.READ)
    with time_machine.travel(BEGIN + timedelta(days=1), tick=False):
        usage.count_days([BEGIN.date(), (BEGIN + timedelta(days=1)).date()])
        report = report_of(week)
    first, second = report.days
    assert (first.totals.sent, first.totals.read, first.totals.failed) == (1, 1, 1)
    assert first.errors == [(131026, 1)]
    assert [(tenant.name, totals.failed) for tenant, totals in first.bakeries] == [
        ("Panadería Ana", 1)
    ]
    assert second.totals.read == 1
    assert report.totals.read == 2
    on_day(2)
    sent = next(each for each in outbox.outbox if each.to == ["paula@platform.example"])
    assert sent.subject == "Primera semana, día 1: enviados 1, fallidos 1"
    assert "131026" in sent.body
    assert "Panadería Ana" in sent.body
    assert "+34" not in sent.body


def test_a_report_counts_no_tests(week, ana):
    for tenant in (ana.tenant, TenantFactory()):
        message_at(
            BEGIN, MessageStatus.FAILED, tenant=tenant, error_code=131026, failed_at=BEGIN, is_trial=True
        )  # fmt: skip
    message_at(BEGIN, MessageStatus.READ, tenant=ana.tenant)
    with time_machine.travel(BEGIN + timedelta(hours=1), tick=False):
        usage.count_days([BEGIN.date()])
        (day,) = report_of(week).days
    assert (day.totals.sent, day.totals.failed, day.errors) == (1, 0, [])
    assert [tenant.name for tenant, _totals in day.bakeries] == ["Panadería Ana"]


def test_one_week_runs_at_a_time(week, paula):
    with pytest.raises(first_week.RunsAlreadyError):
        first_week.begin(by=paula.pk)
    assert first_week.end(week)
    assert not first_week.end(week)
    first_week.begin(by=paula.pk)


def test_owners_who_were_informed_are_asked_though_their_switch_is_off(paula):
    import uuid

    off = MembershipFactory(tenant=TenantFactory(whatsapp_enabled=False))
    other = MembershipFactory(tenant=TenantFactory(whatsapp_enabled=False))
    with time_machine.travel(BEGIN, tick=False):
        announcement = announcements.announce(
            announcements.copy_of_ours(), to={off.user.pk}, by=paula.pk, key=uuid.uuid4()
        )
        first_week.begin(by=paula.pk, announcement=announcement)
    on_day(3)
    asked = FirstWeekAnswer.objects.values_list("user", flat=True)
    assert list(asked) == [off.user.pk]
    assert other.user.pk not in asked


def test_staff_of_a_bakery_and_people_without_address_are_not_asked(week):
    MembershipFactory(role="staff")
    MembershipFactory(user=UserFactory(email=""))
    MembershipFactory(user=UserFactory(is_active=False))
    on_day(3)
    assert not FirstWeekAnswer.objects.exists()


def test_the_last_answer_counts(week, ana):
    on_day(3)
    question = FirstWeekAnswer.objects.get()
    assert first_week.question_of(first_week.signed(question)) == question
    first_week.answer(question, is_good=True, comment="")
    first_week.answer(question, is_good=False, comment=f"  {'x' * 2000}")
    question.refresh_from_db()
    assert question.is_good is False
    assert len(question.comment) == first_week.COMMENT_LENGTH


@pytest.mark.parametrize("link", ["", "x", "MQ:1abc:def", "ñ"])
def test_a_link_that_is_none_of_ours_asks_nothing(week, link):
    with pytest.raises(first_week.NoQuestionError):
        first_week.question_of(link)


def test_a_link_grows_old(week, ana):
    on_day(3)
    with time_machine.travel(BEGIN, tick=False):
        link = first_week.signed(FirstWeekAnswer.objects.get())
    with time_machine.travel(BEGIN + timedelta(days=40)), pytest.raises(first_week.NoQuestionError):
        first_week.question_of(link)


def test_the_quality_of_each_day_is_that_of_its_evening(week):
    rated, fresh = PhoneNumberFactory(quality_rating="RED"), PhoneNumberFactory(quality_rating="")
    gone = PhoneNumberFactory(quality_rating="GREEN", gone_at=BEGIN + timedelta(days=1))
    for number, age, rating in ((rated, -9, "GREEN"), (rated, 1, "RED"), (gone, -9, "GREEN")):
        QualityReading.objects.create(
            phone_number=number, rating=rating, at=BEGIN + timedelta(days=age)
        )
    with time_machine.travel(BEGIN + timedelta(days=2), tick=False):
        days = report_of(week).days
    assert [day.quality for day in days] == [
        {"GREEN": 2, "": 1},
        {"RED": 1, "": 1},
        {"RED": 1, "": 1},
    ]
    assert fresh.quality_rating == ""


def test_bakeries_that_nobody_asks_are_named(week, ana):
    unreachable = MembershipFactory(user=UserFactory(username="bruno", email=""))
    orphan = TenantFactory(name="Zeta")
    MembershipFactory(tenant=ana.tenant, user=UserFactory(email=""))
    TenantFactory(whatsapp_enabled=False)
    unasked = dict(report_of(week).unasked)
    assert unasked == {unreachable.tenant: ["bruno"], orphan: []}
