from __future__ import annotations

import threading
from collections import defaultdict
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging import queues
from messaging.models import Alert, AlertKind, InboundMessage, Message, Priority, WaitsFor
from messaging.services import limits, pacing, reach, sending
from messaging.services.reach import Reach, Room, Wish
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TenantFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


@pytest.fixture
def of_ten(settings):
    """An account that may reach ten people."""
    settings.WHATSAPP_LIMIT_HEADROOM = settings.WHATSAPP_URGENT_RESERVE = 0.0
    return DefaultNumberFactory(messaging_limit="10", last_synced_at=timezone.now())


def to_people(count, *, start=0, **fields):
    return [
        MessageFactory(recipient_phone=f"+346000001{number:02}", **fields)
        for number in range(start, start + count)
    ]


def usage(number):
    return limits.usage(number.account)


def room(number):
    return limits.room_of(number.account)


def counts():
    found: dict[str, int] = defaultdict(int)
    for status in Message.objects.values_list("status", flat=True):
        found[status] += 1
    return found


@pytest.fixture
def meta_takes_all(meta):
    """Meta accepts from any number; `sent` is who it was for."""
    lock, sent = threading.Lock(), []

    def answer(request):
        with lock:
            sent.append(request.body.decode().partition('"to": "')[2][:13])
            return 200, {}, f'{{"messages": [{{"id": "wamid.{len(sent)}"}}]}}'

    def at(*numbers):
        for number in numbers:
            meta.mock.add_callback("POST", meta.send_url(number.phone_number_id), callback=answer)
        return sent

    return at


@pytest.mark.parametrize(
    ("told", "limit"),
    [
        ("TIER_250", 250),
        ("TIER_2K", 2_000),
        ("TIER_10K", 10_000),
        ("TIER_100K", 100_000),
        ("TIER_UNLIMITED", None),
        ("2000", 2_000),
        ("", 250),
        ("TIER_NEW_WORD", 250),
        ("-1", 250),
        ("0", 250),
    ],
)
def test_metas_word_for_the_limit_is_understood_and_an_unknown_one_is_the_lowest(told, limit):
    number = PhoneNumberFactory(messaging_limit=told)
    assert limits.limit_of(number.account) == limit


def test_the_limit_that_was_read_last_counts():
    now = timezone.now()
    PhoneNumberFactory(messaging_limit="TIER_100K", last_synced_at=now - timedelta(days=9))
    number = PhoneNumberFactory(messaging_limit="TIER_2K", last_synced_at=now)
    assert limits.limit_of(number.account) == 2_000


def test_what_is_over_the_limit_waits_untried_and_says_why(of_ten, meta_takes_all):
    sent = meta_takes_all(of_ten)
    to_people(13)
    sending.send_until_empty(of_ten.pk)
    assert len(sent) == len(set(sent)) == 10
    assert counts() == {MessageStatus.ACCEPTED: 10, MessageStatus.QUEUED: 3}
    for message in Message.objects.queued():
        assert (message.waits_for, message.attempts) == (WaitsFor.PORTFOLIO_LIMIT, 0)
        assert message.send_after is not None
        wait = message.send_after - timezone.now()
        assert timedelta(0) < wait <= limits.LONGEST_WAIT
    alert = Alert.objects.open().get()
    assert (alert.kind, alert.subject) == (AlertKind.PORTFOLIO_LIMIT, of_ten.account.waba_id)


def test_a_person_who_was_reached_costs_nothing_from_any_number_of_any_bakery(
    of_ten, meta_takes_all
):
    other = PhoneNumberFactory(messaging_limit="10", last_synced_at=timezone.now())
    sent = meta_takes_all(of_ten, other)
    to_people(10)
    sending.send_until_empty(of_ten.pk)
    owner = AssignmentFactory(phone_number=other).tenant
    to_people(10, phone_number=other, tenant=owner)
    to_people(1, start=50, phone_number=other, tenant=owner)
    sending.send_until_empty(other.pk)
    assert len(sent) == 20
    assert "+34600000150" not in sent


def test_who_wrote_to_the_number_today_does_not_count(of_ten, meta_takes_all):
    sent = meta_takes_all(of_ten)
    for message in to_people(4):
        InboundMessage.objects.create(
            phone_number=of_ten,
            wamid=f"wamid.{message.pk}",
            sender_phone=message.recipient_phone,
            kind="text",
        )
    to_people(11, start=20)
    sending.send_until_empty(of_ten.pk)
    assert len(sent) == 14
    assert usage(of_ten).used == 10


@pytest.mark.parametrize(
    "wrote", [{"kind": "reaction"}, {"received_at": timezone.now() - timedelta(hours=25)}]
)
def test_a_reaction_or_a_message_of_yesterday_opens_no_window(of_ten, meta_takes_all, wrote):
    meta_takes_all(of_ten)
    message = MessageFactory()
    row = {
        "phone_number": of_ten,
        "wamid": "wamid.X",
        "sender_phone": message.recipient_phone,
        "kind": "text",
    }
    InboundMessage.objects.create(**(row | wrote))
    sending.send_until_empty(of_ten.pk)
    assert usage(of_ten).used == 1


def test_a_bakerys_guaranteed_part_cannot_be_used_up_by_another(of_ten, meta_takes_all):
    ana = TenantFactory(guaranteed_recipients=4)
    meta_takes_all(of_ten)
    to_people(12)
    sending.send_until_empty(of_ten.pk)
    assert counts()[MessageStatus.ACCEPTED] == 6
    of_ana = to_people(5, start=50, tenant=ana)
    sending.send_until_empty(of_ten.pk)
    states = sorted(Message.objects.of(ana).values_list("status", flat=True))
    assert states == ["accepted"] * 4 + ["queued"]
    assert usage(of_ten).per_tenant[of_ana[0].tenant_id] == 4


def test_when_everything_is_guaranteed_the_others_do_not_ask_every_second(of_ten, meta_takes_all):
    TenantFactory(guaranteed_recipients=20)
    meta_takes_all(of_ten)
    message = MessageFactory()
    sending.send_until_empty(of_ten.pk)
    message.refresh_from_db()
    assert message.send_after is not None
    assert message.send_after > timezone.now() + limits.LONGEST_WAIT / 2


def test_a_suspended_or_switched_off_bakery_keeps_nothing_from_the_others(of_ten):
    TenantFactory(guaranteed_recipients=4, whatsapp_enabled=False)
    until = timezone.now() + timedelta(days=1)
    TenantFactory(guaranteed_recipients=4, suspended_until=until, suspension_reason="unpaid")
    ana = TenantFactory(guaranteed_recipients=3)
    assert room(of_ten).guarantees == {ana.pk: 3}


def test_normal_messages_leave_the_last_part_to_urgent_ones(of_ten, meta_takes_all, settings):
    settings.WHATSAPP_URGENT_RESERVE = 0.2
    meta_takes_all(of_ten)
    to_people(10)
    sending.send_until_empty(of_ten.pk)
    assert counts()[MessageStatus.ACCEPTED] == 8
    to_people(3, start=50, priority=Priority.URGENT)
    sending.send_until_empty(of_ten.pk)
    assert counts()[MessageStatus.ACCEPTED] == 10


def test_the_headroom_stays_unused(of_ten, settings):
    settings.WHATSAPP_LIMIT_HEADROOM = 0.2
    assert room(of_ten).usable == 8


def test_an_unlimited_account_counts_nobody(meta_takes_all):
    number = DefaultNumberFactory(messaging_limit="TIER_UNLIMITED")
    meta_takes_all(number)
    to_people(3)
    sending.send_until_empty(number.pk)
    assert counts()[MessageStatus.ACCEPTED] == 3
    assert usage(number) == limits.Usage(None, None, 0, {}, None)


def test_who_was_refused_by_meta_is_not_counted(of_ten, meta):
    message = MessageFactory()
    meta.refuses(message, code=131026)
    sending.send_until_empty(of_ten.pk)
    assert usage(of_ten).used == 0


def test_who_may_have_been_reached_is_counted(of_ten, meta):
    message = MessageFactory()
    meta.answers(message, status=502, body="<html>")
    sending.send_until_empty(of_ten.pk)
    assert usage(of_ten).used == 1


def test_an_emptied_redis_is_filled_again_from_the_messages(of_ten, meta_takes_all, broker):
    sent = meta_takes_all(of_ten)
    to_people(7)
    sending.send_until_empty(of_ten.pk)
    broker.flushdb()
    to_people(7, start=50)
    sending.send_until_empty(of_ten.pk)
    assert len(sent) == 10
    assert usage(of_ten).used == 10


def test_a_restarted_redis_with_an_old_snapshot_is_not_believed(of_ten, meta_takes_all, broker):
    meta_takes_all(of_ten)
    to_people(7)
    sending.send_until_empty(of_ten.pk)
    name = f"reach:{of_ten.account.waba_id}"
    broker.set(f"{name}:ready", "another process")
    for person in broker.zrange(f"{name}:people", 0, 3):
        broker.zrem(f"{name}:people", person)
        broker.hdel(f"{name}:payers", person)
    assert usage(of_ten).used == 7


def test_old_messages_and_answers_in_an_open_window_are_not_loaded(of_ten):
    now = timezone.now()
    MessageFactory(accepted=True, accepted_at=now - timedelta(hours=25))
    answer = MessageFactory(accepted=True, accepted_at=now, recipient_phone="+34600000102")
    InboundMessage.objects.create(
        phone_number=of_ten,
        wamid="wamid.X",
        sender_phone=answer.recipient_phone,
        kind="text",
        received_at=now - timedelta(hours=2),
    )
    MessageFactory(accepted=True, accepted_at=now, recipient_phone="+34600000103")
    assert usage(of_ten).used == 1


def test_people_leave_the_count_after_a_day(of_ten, meta_takes_all, broker):
    meta_takes_all(of_ten)
    to_people(10)
    sending.send_until_empty(of_ten.pk)
    people = f"reach:{of_ten.account.waba_id}:people"
    for person in broker.zrange(people, 0, 3):
        broker.zincrby(people, -25 * 3600, person)
    assert usage(of_ten).used == 6
    assert sum(usage(of_ten).per_tenant.values()) == 6


def test_without_redis_nobody_is_written_to_and_nothing_is_lost(of_ten, meta, settings):
    message = MessageFactory()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    pacing._script.cache_clear()
    reach._script.cache_clear()
    try:
        sending.send_until_empty(of_ten.pk)
        assert usage(of_ten) is None
    finally:
        queues.client.cache_clear()
        pacing._script.cache_clear()
        reach._script.cache_clear()
    message.refresh_from_db()
    assert (message.status, message.waits_for) == (MessageStatus.QUEUED, "")
    assert len(meta.mock.calls) == 0


def test_the_reason_stays_on_a_message_that_expired(of_ten):
    past = timezone.now() - timedelta(seconds=1)
    message = MessageFactory(waits_for=WaitsFor.PORTFOLIO_LIMIT, expires_at=past)
    assert sending.expire_overdue() == 1
    message.refresh_from_db()
    assert (message.status, message.waits_for) == (MessageStatus.EXPIRED, WaitsFor.PORTFOLIO_LIMIT)


def test_the_alert_closes_when_there_is_room_and_nobody_waits(of_ten, meta_takes_all, broker):
    meta_takes_all(of_ten)
    to_people(11)
    sending.send_until_empty(of_ten.pk)
    sending.send_until_empty(of_ten.pk)
    assert Alert.objects.count() == 1
    limits.close_mended_alerts()
    assert Alert.objects.open().exists()
    PhoneNumber.objects.update(messaging_limit="TIER_2K")
    Message.objects.queued().update(send_after=timezone.now())
    sending.send_until_empty(of_ten.pk)
    broker.delete(f"once:{AlertKind.PORTFOLIO_LIMIT}")
    limits.close_mended_alerts()
    assert not Alert.objects.open().exists()


def test_the_forecast_says_when_the_limit_is_reached_at_this_pace(of_ten, meta_takes_all):
    meta_takes_all(of_ten)
    assert usage(of_ten).forecast_at is None
    to_people(6)
    sending.send_until_empty(of_ten.pk)
    soon = usage(of_ten).forecast_at
    assert timedelta(0) < soon - timezone.now() < timedelta(hours=3)
    to_people(4, start=50)
    sending.send_until_empty(of_ten.pk)
    assert usage(of_ten).forecast_at <= timezone.now() + timedelta(seconds=5)


@pytest.mark.django_db(transaction=True)
def test_workers_of_several_numbers_together_never_exceed_the_limit(of_ten, meta_takes_all):
    own = AssignmentFactory.create_batch(2)
    numbers = [of_ten, *(standing.phone_number for standing in own)]
    owners = [TenantFactory(), *(standing.tenant for standing in own)]
    sent = meta_takes_all(*numbers)
    for place, (number, owner) in enumerate(zip(numbers, owners, strict=True)):
        to_people(12, start=place * 20, phone_number=number, tenant=owner)

    def work(number):
        try:
            sending.send_until_empty(number.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in numbers * 2]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(set(sent)) == 10
    assert counts() == {MessageStatus.ACCEPTED: 10, MessageStatus.QUEUED: 26}


BAKERIES = TenantFactory.build_batch(3)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    usable=st.integers(1, 12),
    urgent_part=st.integers(0, 4),
    guarantees=st.lists(st.integers(0, 5), min_size=3, max_size=3),
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 15), st.booleans(), st.booleans()), max_size=40
    ),
)
def test_shares_hold_whatever_the_order(broker, usable, urgent_part, guarantees, steps):
    broker.flushdb()
    reach = Reach(AccountFactory.build())
    reach.load([])
    room = Room(
        usable,
        min(urgent_part, usable),
        {b.pk: g for b, g in zip(BAKERIES, guarantees, strict=True)},
    )
    used: dict[object, set[int]] = {bakery.pk: set() for bakery in BAKERIES}
    for bakery, person, is_urgent, goes_out in steps:
        tenant = BAKERIES[bakery].pk
        wish = Wish(
            f"+346000001{person:02}", tenant, MessageFactory.build().pk, is_urgent=is_urgent
        )
        everybody = set().union(*used.values())
        [admitted] = reach.admit([wish], room).admitted
        others = sum(
            max(0, share - len(used[key]))
            for key, share in room.guarantees.items()
            if key != tenant
        )
        if person in everybody:
            assert admitted, "somebody who was reached costs nothing"
            continue
        if len(used[tenant]) < room.guarantees[tenant]:
            assert admitted == (len(everybody) < usable), "the guaranteed part is the bakery's"
        else:
            ceiling = usable if is_urgent else usable - room.urgent_part
            assert admitted == (len(everybody) + 1 + others <= ceiling)
        if admitted and goes_out:
            used[tenant].add(person)
        elif admitted:
            reach.release([wish])
        figures = reach.figures()
        assert figures.total == len(set().union(*used.values())) <= usable
        assert figures.per_tenant == {key: len(people) for key, people in used.items() if people}
