"""A bakery's search among its messages, of which there may be a million."""

from __future__ import annotations

import pytest
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from messaging.services import message_search, ways
from messaging.services.message_search import Wanted
from messaging.statuses import MessageStatus
from tests.factories import MembershipFactory, message_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return MembershipFactory.create().user


@pytest.fixture
def bakery(owner):
    return owner.memberships.get().tenant


def orders(bakery, owner, term, **more) -> list[str]:
    found = message_search.search(bakery, Wanted(search=term, **more), user=owner)
    return [message.reference for message in found.messages]


@pytest.mark.parametrize("frequent", [0, 99])
@pytest.mark.parametrize("sampled", [1, 3, 99])
def test_a_search_finds_the_same_on_each_way(bakery, owner, monkeypatch, sampled, frequent):
    monkeypatch.setattr(message_search, "PAGE", 2)
    monkeypatch.setattr(ways, "SAMPLED", sampled)
    monkeypatch.setattr(ways, "FREQUENT", frequent)
    for number in range(5):
        message_in(MessageStatus.READ, tenant=bakery, reference=f"PO-70{number}")
        message_in(MessageStatus.READ, tenant=bakery, reference="XX-9")
        message_in(MessageStatus.READ, reference="PO-701")
    seen: list[str] = []
    before = None
    while len(seen) < 10:
        found = message_search.search(bakery, Wanted(search="PO-70", before=before), user=owner)
        seen += [message.reference for message in found.messages]
        before = found.next_before
        if before is None:
            break
    assert seen == [f"PO-70{number}" for number in (4, 3, 2, 1, 0)]
    assert orders(bakery, owner, "702") == ["PO-702"]
    assert orders(bakery, owner, "999") == []


def test_what_is_rare_is_found_by_the_indexes_alone(bakery, owner, monkeypatch):
    monkeypatch.setattr(ways, "SAMPLED", 1)
    for number in range(3):
        message_in(MessageStatus.READ, tenant=bakery, reference=f"PO-{number}")
    by_index = RawSQL("current_setting('enable_indexscan') = 'off'", (), BooleanField())
    monkeypatch.setattr(message_search, "_matching", lambda tenant, term: Q(by_index))
    assert orders(bakery, owner, "rare") == ["PO-2", "PO-1", "PO-0"]
