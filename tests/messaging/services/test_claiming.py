from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from messaging.models import Message, Priority
from messaging.services import accounts
from messaging.services.claiming import RECHECK_NUMBER, claim
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber
from tenants.services.assignments import assign_number, release_number
from tests.factories import (
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TenantFactory,
    message_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def test_a_long_queue_of_one_bakery_leaves_room_for_the_single_order_of_another():
    number = DefaultNumberFactory()
    MessageFactory.create_batch(60, tenant=TenantFactory())
    order = MessageFactory()
    claimed = claim(number, limit=10)
    assert order in claimed
    assert len(claimed) == 6


def test_a_bakery_alone_gets_the_whole_batch():
    MessageFactory.create_batch(12, tenant=TenantFactory())
    assert len(claim(DefaultNumberFactory(), limit=10)) == 10


def test_with_more_bakeries_than_places_each_has_its_chance():
    number = DefaultNumberFactory()
    for _ in range(6):
        MessageFactory()
    seen = set()
    while claimed := claim(number, limit=2):
        assert len(claimed) == 2
        seen |= {message.tenant_id for message in claimed}
    assert len(seen) == 6


def test_urgent_messages_go_first():
    tenant = TenantFactory()
    MessageFactory.create_batch(3, tenant=tenant)
    urgent = MessageFactory(tenant=tenant, priority=Priority.URGENT)
    assert claim(DefaultNumberFactory(), limit=1) == [urgent]


def test_neither_later_nor_overdue_nor_other_numbers_messages_are_taken():
    now = timezone.now()
    MessageFactory(send_after=now + timedelta(minutes=1))
    MessageFactory(expires_at=now - timedelta(seconds=1))
    for status in MessageStatus:
        if status != MessageStatus.QUEUED:
            message_in(status)
    assert claim(DefaultNumberFactory(), limit=10) == []


@pytest.mark.django_db(transaction=True)
def test_claimers_at_once_never_take_the_same_message():
    number = DefaultNumberFactory()
    tenants = [TenantFactory(), TenantFactory()]
    for tenant in tenants:
        MessageFactory.create_batch(20, tenant=tenant)
    taken: Counter[object] = Counter()
    lock = threading.Lock()

    def work():
        try:
            while claimed := claim(number, limit=3):
                with lock:
                    taken.update(message.pk for message in claimed)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(taken.values()) == {1}
    assert Message.objects.filter(status=MessageStatus.SENDING).count() == len(taken) == 40


def test_a_stopped_number_is_tried_again_with_one_message_after_a_while():
    number = DefaultNumberFactory()
    MessageFactory.create_batch(3)
    accounts.stop_number(number, code=133010)
    assert claim(number, limit=10) == []
    long_ago = timezone.now() - RECHECK_NUMBER - timedelta(seconds=1)
    PhoneNumber.objects.filter(pk=number.pk).update(sending_stopped_at=long_ago)
    assert len(claim(number, limit=10)) == 1


def test_the_claim_of_a_long_queue_uses_its_index():
    number = DefaultNumberFactory()
    tenant = TenantFactory()
    rows = MessageFactory.build_batch(
        3000, tenant=tenant, phone_number=number, template=MessageFactory().template
    )
    Message.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
        cursor.execute(
            "EXPLAIN SELECT id FROM messaging_message WHERE phone_number_id = %s AND tenant_id = %s "
            "AND send_after <= now() AND expires_at > now() "
            "ORDER BY priority DESC, send_after, id LIMIT 10 FOR NO KEY UPDATE SKIP LOCKED",
            [number.pk, tenant.pk],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "message_queue" in plan
    assert "Seq Scan" not in plan


def test_what_waits_follows_its_bakery_to_the_number_it_has_now():
    old, new = PhoneNumberFactory(), PhoneNumberFactory()
    goiko, san_juan = TenantFactory(), TenantFactory()
    message = MessageFactory(tenant=goiko, phone_number=old)
    release_number(tenant=goiko, by="test")
    assign_number(tenant=san_juan, phone_number=old, by="test")
    assign_number(tenant=goiko, phone_number=new, by="test")
    assert claim(old, limit=10) == []
    assert claim(new, limit=10) == [message]


def test_what_waits_of_a_bakery_whose_number_was_taken_goes_from_the_default_one():
    default, old = DefaultNumberFactory(), PhoneNumberFactory()
    message = MessageFactory(phone_number=old)
    release_number(tenant=message.tenant, by="test")
    assert claim(old, limit=10) == []
    assert claim(default, limit=10) == [message]


def test_without_any_number_of_its_own_a_message_waits():
    old = PhoneNumberFactory()
    message = MessageFactory(phone_number=old)
    release_number(tenant=message.tenant, by="test")
    assert claim(old, limit=10) == []
    message.refresh_from_db()
    assert (message.status, message.phone_number) == (MessageStatus.QUEUED, old)
