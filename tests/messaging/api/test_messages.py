from __future__ import annotations

import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from messaging.models import EventKind, Message, MessageEvent, WaitsFor
from messaging.models.message import first_id_at
from messaging.services.resending import resend
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory, UserFactory, message_in
from tests.messaging.api.conftest import MESSAGES, refusal
from tests.messaging.conftest import T0, inbound, receive

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def requested_at(moment, **more):
    return MessageFactory(id=first_id_at(moment), created_at=moment, **more)


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [uuid.UUID(row["message_id"]) for row in answer.json()["results"]]


def everything(api, query):
    """Follow `next` to the end."""
    answer = api.get(MESSAGES, query)
    found = ids(answer)
    while address := answer.json()["next"]:
        answer = api.get(address)
        found += ids(answer)
    return found, answer


# --- One message ---------------------------------------------------------------------------------


def test_a_message_is_shown_with_its_history(ana):
    message = MessageFactory(
        tenant=ana.tenant, status="read", send_after=None, wamid="wamid.A1", reference="PO-12345",
        created_at=NOON, sent_at=NOON, delivered_at=NOON, read_at=NOON,
        expires_at=NOON + timedelta(hours=24), attempts=1,
    )  # fmt: skip
    for kind in (EventKind.READ, EventKind.QUEUED):
        at = NOON if kind == EventKind.QUEUED else NOON + timedelta(seconds=2)
        MessageEvent.objects.create(message=message, kind=kind, at=at)
    assert ana.api.get(f"{MESSAGES}/{message.pk}").json() == {
        "message_id": str(message.pk),
        "tenant_id": str(ana.tenant.pk),
        "status": "read",
        "recipient_phone": "+34600000101",
        "recipient_name": "Juan García",
        "template": {
            "template_name": "po_notification",
            "language": "es",
            "components": message.components,
        },
        "reference": "PO-12345",
        "whatsapp_message_id": "wamid.A1",
        "phone_number_id": "123456789012345",
        "priority": "normal",
        "if_unconfirmed": "leave",
        "attempts": 1,
        "waits_for": None,
        "send_after": None,
        "expires_at": "2026-11-21T12:00:00Z",
        "replaces": None,
        "error": None,
        "created_at": "2026-11-20T12:00:00Z",
        "sent_at": "2026-11-20T12:00:00Z",
        "delivered_at": "2026-11-20T12:00:00Z",
        "read_at": "2026-11-20T12:00:00Z",
        "failed_at": None,
        "events": [
            {"kind": "queued", "at": "2026-11-20T12:00:00Z", "code": None},
            {"kind": "read", "at": "2026-11-20T12:00:02Z", "code": None},
        ],
        "replies": [],
    }


def test_a_message_that_was_sent_again_names_the_one_it_stands_for(ana):
    first = message_in(MessageStatus.FAILED, tenant=ana.tenant)
    second = resend(first, to="+34600000102", by=UserFactory.create())
    assert ana.api.get(f"{MESSAGES}/{second.pk}").json()["replaces"] == str(first.pk)


def test_a_message_shows_what_its_recipient_answered(ana, carla):
    message = MessageFactory(accepted=True, tenant=ana.tenant)
    receive(
        inbound(message.phone_number, "Mañana a las 6", context={"id": message.wamid}),
        inbound(
            message.phone_number, type="reaction", at=T0 + 9, wamid="wamid.2",
            reaction={"message_id": message.wamid, "emoji": "👍"},
        ),
    )  # fmt: skip
    replies = ana.api.get(f"{MESSAGES}/{message.pk}").json()["replies"]
    assert [(reply["kind"], reply["text"]) for reply in replies] == [
        ("text", "Mañana a las 6"),
        ("reaction", "👍"),
    ]
    assert replies[0]["received_at"] == "2026-11-22T10:00:00Z"
    assert refusal(carla.api.get(f"{MESSAGES}/{message.pk}")) == (404, "not_found")


def test_a_failed_message_says_what_happened_and_who_acts(ana):
    message = message_in(
        MessageStatus.FAILED, tenant=ana.tenant, error_code=131026, error_details="of Meta, raw"
    )
    answer = ana.api.get(f"{MESSAGES}/{message.pk}", **{"Accept-Language": "es"})
    error = answer.json()["error"]
    assert error.keys() == {"code", "title", "who_acts", "action"}
    assert error["code"] == 131026
    assert all(error.values())
    assert "of Meta, raw" not in answer.text


@pytest.mark.parametrize("status", MessageStatus.values)
def test_every_status_can_be_shown(ana, status):
    message = message_in(MessageStatus(status), tenant=ana.tenant)
    assert ana.api.get(f"{MESSAGES}/{message.pk}").json()["status"] == status


@pytest.mark.parametrize("reason", WaitsFor.values)
def test_what_a_message_waits_for_is_shown_in_words(ana, reason):
    message = MessageFactory(tenant=ana.tenant, waits_for=reason, send_after=NOON)
    answer = ana.api.get(f"{MESSAGES}/{message.pk}", **{"Accept-Language": "es"}).json()
    assert answer["send_after"] == "2026-11-20T12:00:00Z"
    with override("en"):
        assert answer["waits_for"] == {"code": reason, "text": str(WaitsFor(reason).label)}


def test_an_unknown_message_is_not_found(ana):
    assert refusal(ana.api.get(f"{MESSAGES}/{uuid.uuid4()}")) == (404, "not_found")


def test_another_bakerys_message_is_not_found(ana, carla, platform):
    message = MessageFactory(tenant=carla.tenant)
    address = f"{MESSAGES}/{message.pk}"
    assert refusal(ana.api.get(address)) == (404, "not_found")
    assert carla.api.get(address).status_code == 200
    assert platform.get(address).status_code == 200


@pytest.mark.parametrize("text", ["x", "1", "0198-", "%00", "é", "a" * 3000])
def test_a_malformed_id_is_refused(ana, text):
    assert refusal(ana.api.get(f"{MESSAGES}/{text}")) == (422, "validation_error")


# --- The list ------------------------------------------------------------------------------------


def test_messages_come_newest_first_page_by_page(ana):
    stored = [requested_at(NOON + timedelta(seconds=n), tenant=ana.tenant).pk for n in range(5)]
    found, last = everything(ana.api, {"page_size": 2})
    assert found == stored[::-1]
    before = ana.api.get(last.json()["previous"])
    assert ids(before) == stored[1:3][::-1]
    assert before.json().keys() == {"results", "next", "previous"}


def test_a_page_has_50_messages_unless_asked(ana):
    for _ in range(51):
        MessageFactory(tenant=ana.tenant)
    assert len(ids(ana.api.get(MESSAGES))) == 50
    assert len(ids(ana.api.get(MESSAGES, {"page_size": 200}))) == 51


def test_a_bakery_sees_its_own_messages_only(ana, carla, platform):
    hers, other = MessageFactory(tenant=ana.tenant), MessageFactory(tenant=carla.tenant)
    assert ids(ana.api.get(MESSAGES)) == [hers.pk]
    assert ids(carla.api.get(MESSAGES)) == [other.pk]
    assert set(ids(platform.get(MESSAGES))) == {hers.pk, other.pk}


def test_messages_are_found_by_order_number(ana):
    wanted = MessageFactory(tenant=ana.tenant, reference="PO-1")
    MessageFactory(tenant=ana.tenant, reference="PO-10")
    assert ids(ana.api.get(MESSAGES, {"reference": "PO-1"})) == [wanted.pk]


def test_messages_are_found_by_status(ana):
    wanted = message_in(MessageStatus.FAILED, tenant=ana.tenant)
    MessageFactory(tenant=ana.tenant)
    assert ids(ana.api.get(MESSAGES, {"status": "failed"})) == [wanted.pk]


def test_messages_are_found_by_what_they_wait_for(ana):
    wanted = MessageFactory(tenant=ana.tenant, waits_for="quiet_hours")
    MessageFactory(tenant=ana.tenant)
    MessageFactory(tenant=ana.tenant, waits_for="retry")
    expired = message_in(MessageStatus.EXPIRED, tenant=ana.tenant, waits_for="quiet_hours")
    assert ids(ana.api.get(MESSAGES, {"waits_for": "quiet_hours"})) == [wanted.pk]
    query = {"waits_for": "quiet_hours", "status": "expired"}
    assert ids(ana.api.get(MESSAGES, query)) == [expired.pk]


def test_messages_are_found_by_bakery(ana, carla, platform):
    wanted = MessageFactory(tenant=carla.tenant)
    MessageFactory(tenant=ana.tenant)
    assert ids(platform.get(MESSAGES, {"tenant_id": str(carla.tenant.pk)})) == [wanted.pk]


def test_another_bakery_is_unknown_as_a_filter(ana, carla):
    query = {"tenant_id": str(carla.tenant.pk)}
    assert refusal(ana.api.get(MESSAGES, query)) == (404, "unknown_tenant")


@pytest.mark.parametrize(
    ("after", "before", "found"),
    [
        ("2026-11-20T12:00:00Z", None, [1, 2]),
        (None, "2026-11-20T12:00:00Z", [0]),
        ("2026-11-20T11:59:59.999Z", "2026-11-20T12:00:01Z", [1]),
        ("2026-11-20T13:00:00+01:00", "2026-11-20T12:00:01", [1]),
        ("2026-11-20", "2026-11-21", [0, 1, 2]),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", [0, 1, 2]),
        (None, "1960-01-01", []),
    ],
)
def test_messages_are_found_by_date(ana, after, before, found):
    stored = [requested_at(NOON + timedelta(seconds=n), tenant=ana.tenant).pk for n in (-1, 0, 1)]
    query = {"created_after": after, "created_before": before}
    answer = ana.api.get(MESSAGES, {name: value for name, value in query.items() if value})
    assert ids(answer) == [stored[place] for place in reversed(found)]


def test_a_plus_that_became_a_blank_on_its_way_is_understood(ana):
    message = requested_at(NOON, tenant=ana.tenant)
    answer = ana.api.get(f"{MESSAGES}?created_after=2026-11-20T13:00:00+01:00")
    assert ids(answer) == [message.pk]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "gone"),
        ("waits_for", "godot"),
        ("tenant_id", "x"),
        ("created_after", "yesterday"),
        ("created_before", "2026-13-01"),
        ("created_before", "2026-11-20 T"),
        ("created_after", "0001-01-01T00:00:00+23:00"),
        ("reference", "x" * 101),
        ("reference", "\0"),
        ("page_size", "0"),
        ("page_size", "201"),
        ("page_size", "many"),
        ("page_size", "²"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(ana, name, value):
    answer = ana.api.get(MESSAGES, {name: value})
    assert refusal(answer) == (422, "validation_error")
    assert answer.json()["error"]["fields"].keys() == {name}


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", "", "cD1ub3QtYW4taWQ=", *(b64encode(raw).decode() for raw in (b"p=%00", b"r=x", b"o=-1", b"o=9" * 99, b"\xff"))],
)  # fmt: skip
def test_a_malformed_cursor_is_refused_or_harmless(ana, cursor):
    answer = ana.api.get(MESSAGES, {"cursor": cursor})
    if answer.status_code != 200:
        assert refusal(answer) == (422, "validation_error")


def test_a_cursor_of_another_list_is_refused(ana):
    position = b64encode(b"p=Panader%C3%ADa").decode()
    assert refusal(ana.api.get(MESSAGES, {"cursor": position})) == (422, "validation_error")


def test_a_page_takes_the_same_few_queries_however_long_it_is(ana, django_assert_num_queries):
    def fill(count):
        for _ in range(count):
            message = message_in(MessageStatus.FAILED, tenant=ana.tenant, error_code=131026)
            MessageEvent.objects.create(message=message, kind=EventKind.QUEUED)

    type(ana.api.api_key).objects.update(last_used_at=timezone.now())
    for count in (1, 49):
        fill(count)
        with django_assert_num_queries(4):  # the key, the messages, their events and replies
            ana.api.get(MESSAGES)
    assert Message.objects.count() == 50


def test_both_names_of_the_bakery_filter_find_the_same(platform):
    message = MessageFactory()
    MessageFactory()
    for name in ("tenant", "tenant_id"):
        assert ids(platform.get(MESSAGES, {name: str(message.tenant_id)})) == [message.pk]


def test_an_unknown_filter_is_refused_instead_of_showing_everything(platform):
    MessageFactory()
    answer = platform.get(MESSAGES, {"tenant_uuid": "1"})
    assert refusal(answer) == (422, "validation_error")
    assert "tenant_id" in answer.json()["error"]["fields"]["tenant_uuid"]
