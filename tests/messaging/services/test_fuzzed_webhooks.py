"""Stored payloads of Meta's shapes with anything put anywhere: never an error, never a lost valid neighbour."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Message, WebhookDelivery
from messaging.services import receiving
from messaging.statuses import MessageStatus
from tests.factories import AssignmentFactory, DefaultNumberFactory, message_in
from tests.messaging.conftest import status_webhook
from tests.meta import FOLDER, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

PAYLOADS = sorted(path.stem for path in FOLDER.glob("webhook_*.json"))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**17, max_value=10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "\ud800", "wamid." + "x" * 5000, "1795341600", "messages", "🥐"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """Every place within a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


@st.composite
def mutated(draw, payload):
    changed = copy.deepcopy(payload)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(changed), key=str)))
        if not path:
            return draw(ANYTHING)
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = draw(ANYTHING)
        else:
            del holder[path[-1]]
    return changed


@pytest.mark.parametrize("name", PAYLOADS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_stands_in_a_webhook_it_is_kept_and_its_neighbours_are_applied(name, data):
    DefaultNumberFactory()
    message = message_in(MessageStatus.ACCEPTED, wamid=None)
    odd = data.draw(mutated(stored(name)))
    # A valid status beside it, in the same body where that still has a list of entries, and in one of its own.
    valid = status_webhook(message, "delivered", wamid="wamid.VALID")
    entries = odd.get("entry") if isinstance(odd, dict) else None
    if isinstance(entries, list):
        odd["entry"] = [*entries, *valid["entry"]]
    for payload in (odd, status_webhook(message, "sent", wamid="wamid.VALID")):
        receiving.store_delivery(json.dumps(payload).encode())
    receiving.apply_waiting()
    first, second = WebhookDelivery.objects.order_by("-id")[:2][::-1]
    assert first.traceback == second.traceback == ""
    assert first.processed_at is not None
    assert second.outcome == "applied"
    expected = MessageStatus.DELIVERED if isinstance(entries, list) else MessageStatus.SENT
    assert Message.objects.get(pk=message.pk).status == expected
    Message.objects.filter(pk=message.pk).delete()
    WebhookDelivery.objects.all().delete()


def test_the_payloads_that_are_changed_are_fine_as_they_are():
    assignment = AssignmentFactory()
    assert assignment.pk
    for name in PAYLOADS:
        receiving.store_delivery(json.dumps(stored(name)).encode())
    receiving.apply_waiting()
    assert not WebhookDelivery.objects.exclude(traceback="").exists()
