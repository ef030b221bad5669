"""A bakery's recipients: learned, entered, corrected, listed with the bad numbers first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.models import Recipient, Suppression
from messaging.services import recipient_learning, recipients
from messaging.services.recipients import Details, NumberTakenError
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.factories import (
    MembershipFactory,
    MessageFactory,
    RecipientFactory,
    TenantFactory,
    message_at,
    message_in,
)

pytestmark = pytest.mark.django_db

JUAN, OTHER = "+34600000101", "+34600000102"


@pytest.fixture
def bakery() -> Tenant:
    tenant: Tenant = TenantFactory.create()
    return tenant


@pytest.fixture
def ana(bakery):
    return MembershipFactory.create(tenant=bakery, user__username="ana").user


def names(page):
    return [each.recipient.name for each in page.listed]


# --- Learning ----------------------------------------------------------------------------------------


def test_recipients_are_learned_from_messages_each_once_for_each_bakery(bakery):
    for name in ("", "Juan García", ""):
        last = MessageFactory.create(tenant=bakery, recipient_name=name)
    MessageFactory.create(recipient_name="Juan, supplier of another")
    recipient_learning.learn()
    recipient_learning.learn()
    (known,) = Recipient.objects.of(bakery)
    assert (known.phone, known.name, known.last_message) == (JUAN, "Juan García", last)
    assert Recipient.objects.count() == 2


def test_whoever_gets_a_trial_is_no_supplier(bakery):
    MessageFactory.create(tenant=bakery, is_trial=True)
    recipient_learning.learn()
    assert not Recipient.objects.exists()


def test_learning_goes_on_from_where_it_stopped(bakery):
    message_at(timezone.now() - timedelta(days=40), tenant=bakery)
    assert recipient_learning.learn() == 1
    MessageFactory.create(tenant=bakery, recipient_phone=OTHER)
    assert recipient_learning.learn() == 2  # the newest known one is looked at again
    assert recipient_learning.learn() == 1
    assert set(Recipient.objects.values_list("phone", flat=True)) == {JUAN, OTHER}


def test_many_messages_are_learned_in_several_steps(bakery, monkeypatch):
    monkeypatch.setattr(recipient_learning, "_AT_ONCE", 2)
    for number in range(5):
        MessageFactory.create(tenant=bakery, recipient_phone=f"+3460000020{number}")
    recipient_learning.learn()
    assert Recipient.objects.of(bakery).count() == 5


def test_what_the_bakery_entered_is_not_overwritten(bakery, ana):
    recipients.add(bakery, Details(JUAN, "Juan, flour"), by=ana)
    MessageFactory.create(tenant=bakery, recipient_name="JUAN GARCIA SL")
    recipient_learning.learn()
    assert Recipient.objects.get().name == "Juan, flour"


def test_a_corrected_number_is_not_learned_again_from_the_message_that_failed(bakery, ana):
    message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026)
    recipient_learning.learn()
    recipients.correct(Recipient.objects.get(), Details(OTHER, "Juan García"), by=ana)
    recipient_learning.learn()
    known = Recipient.objects.get()
    assert (known.phone, known.former_phones, known.last_message) == (OTHER, [JUAN], None)


def test_a_later_order_to_the_former_number_stands_with_its_recipient(bakery, ana):
    recipient = RecipientFactory.create(tenant=bakery, phone=JUAN, name="Juan García")
    recipients.correct(recipient, Details(OTHER, "Juan García"), by=ana)
    with travel(timezone.now() + timedelta(minutes=1), tick=False):
        last = message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026)
        recipient_learning.learn()
    known = Recipient.objects.get()
    assert (known.phone, known.last_message) == (OTHER, last)
    assert recipients.page_of(bakery, user=ana).listed[0].is_bad


def test_a_former_number_that_somebody_else_has_now_is_theirs(bakery, ana):
    recipient = RecipientFactory.create(tenant=bakery, phone=JUAN, name="Juan García")
    recipients.correct(recipient, Details(OTHER, "Juan García"), by=ana)
    new = recipients.add(bakery, Details(JUAN, "Nerea"), by=ana)
    with travel(timezone.now() + timedelta(minutes=1), tick=False):
        last = MessageFactory.create(tenant=bakery)
        recipient_learning.learn()
    new.refresh_from_db()
    assert new.last_message == last
    assert recipients.numbers_of(Recipient.objects.get(phone=OTHER)) == [OTHER]


# --- The list ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "is_bad"),
    [
        (131026, True),
        (131021, True),
        (131050, False),
        (131049, False),
        (130403, False),
        (190, False),
    ],
)
def test_a_number_is_bad_only_where_nobody_can_be_reached_at_it(bakery, ana, code, is_bad):
    message_in(MessageStatus.FAILED, tenant=bakery, error_code=code)
    recipient_learning.learn()
    assert recipients.page_of(bakery, user=ana).listed[0].is_bad is is_bad


def test_bad_numbers_stand_first_then_all_by_name(bakery, ana):
    for phone, name in ((JUAN, "Zoe"), (OTHER, "ana"), ("+34600000103", "Berta")):
        RecipientFactory.create(tenant=bakery, phone=phone, name=name)
    message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026)
    message_in(MessageStatus.FAILED, tenant=bakery, recipient_phone=OTHER, error_code=190)
    recipient_learning.learn()
    assert names(recipients.page_of(bakery, user=ana)) == ["Zoe", "ana", "Berta"]


def test_a_number_is_good_again_once_something_arrives(bakery, ana):
    message_in(MessageStatus.FAILED, tenant=bakery, error_code=131026)
    arrived = message_in(
        MessageStatus.READ, tenant=bakery, recipient_name="Juan", read_at=timezone.now()
    )
    recipient_learning.learn()
    (shown,) = recipients.page_of(bakery, user=ana).listed
    assert not shown.is_bad
    assert shown.last_arrived_at == arrived.read_at


def test_the_list_is_leafed_through_without_a_gap_or_a_repeat(bakery, ana, monkeypatch):
    monkeypatch.setattr(recipients, "PAGE", 2)
    for number in range(5):
        phone = f"+3460000020{number}"
        RecipientFactory.create(tenant=bakery, phone=phone, name=f"N{5 - number // 2}")
        if number % 2:
            message_in(
                MessageStatus.FAILED, tenant=bakery, recipient_phone=phone, error_code=131026
            )
    recipient_learning.learn()
    seen, after = [], None
    while True:
        page = recipients.page_of(bakery, user=ana, after=after)
        seen += [each.recipient.pk for each in page.listed]
        after = page.next_after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_a_list_costs_two_queries_however_long_it_is(bakery, ana, django_assert_num_queries):
    for _ in range(30):
        RecipientFactory.create(tenant=bakery)
    with django_assert_num_queries(2):
        recipients.page_of(bakery, user=ana)


@pytest.mark.parametrize(
    "search", ["har", "HARÍNAS", "sur", "600 000 101", "+34600000101", "0034600000101"]
)
def test_somebody_is_found_by_the_beginning_of_the_name_or_the_number(bakery, ana, search):
    RecipientFactory.create(tenant=bakery, phone=JUAN, name="Harinas del Sur")
    RecipientFactory.create(tenant=bakery, phone=OTHER, name="Levaduras")
    assert names(recipients.page_of(bakery, user=ana, search=search)) == ["Harinas del Sur"]


def test_a_bakery_sees_its_own_recipients_only(bakery, ana):
    RecipientFactory.create(phone=JUAN)
    assert not recipients.page_of(bakery, user=ana).listed


def test_another_bakerys_opt_out_is_not_told(bakery, ana):
    recipient = RecipientFactory.create(tenant=bakery, phone=JUAN)
    Suppression.objects.create(tenant=TenantFactory.create(), phone=JUAN, source="word")
    portrait = recipients.portrait_of(recipient, user=ana)
    assert (portrait.blocked, portrait.stopped_at) == ({}, None)
    Suppression.objects.create(tenant=None, phone=JUAN, source="staff")
    portrait = recipients.portrait_of(recipient, user=ana)
    assert (portrait.blocked, portrait.stopped_at) == ({JUAN: False}, None)


def test_the_own_opt_out_is_told_with_its_day(bakery, ana):
    recipient = RecipientFactory.create(tenant=bakery, phone=JUAN)
    stop = Suppression.objects.create(tenant=bakery, phone=JUAN, source="word")
    portrait = recipients.portrait_of(recipient, user=ana)
    assert (portrait.blocked, portrait.stopped_at) == ({JUAN: True}, stop.asked_at)


# --- Entering ----------------------------------------------------------------------------------------


def test_a_number_is_entered_once_in_whatever_spelling(bakery, ana):
    first = recipients.add(bakery, Details("+5215512345678", "Masa"), by=ana)
    with pytest.raises(NumberTakenError) as refused:
        recipients.add(bakery, Details("+525512345678", "Masa again"), by=ana)
    assert refused.value.recipient == first


def test_a_number_of_another_is_not_taken_by_a_correction(bakery, ana):
    first, second = RecipientFactory.create_batch(2, tenant=bakery)
    with pytest.raises(NumberTakenError):
        recipients.correct(second, Details(first.phone, "x"), by=ana)
    second.refresh_from_db()
    assert second.phone != first.phone


def test_consent_tells_who_noted_it_and_stays_theirs(bakery, ana):
    bruno = MembershipFactory.create(tenant=bakery, user__username="bruno").user
    agreed = Details(JUAN, "Juan", consent_how="spoken", consent_date=date(2026, 11, 20))
    recipient = recipients.add(bakery, agreed, by=ana)
    recipients.correct(recipient, agreed, by=bruno)
    recipient.refresh_from_db()
    assert recipient.consent_by == "ana"
    recipients.correct(recipient, Details(JUAN, "Juan"), by=bruno)
    recipient.refresh_from_db()
    assert (recipient.consent_how, recipient.consent_date, recipient.consent_by) == ("", None, "")
