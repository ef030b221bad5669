"""Deliveries in batches: constant statements, what breaks alone, two workers at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Message, MessageEvent, UnknownWebhookField, WebhookDelivery
from messaging.services import batches, receiving
from messaging.statuses import MessageStatus
from tests.factories import DefaultNumberFactory, MessageFactory
from tests.messaging.conftest import in_other_hands, messages_webhook, status_webhook
from tests.meta import raw, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

T0 = 1795341600


def store(*payloads):
    for payload in payloads:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        receiving.store_delivery(body)


def receive(*payloads):
    store(*payloads)
    receiving.apply_waiting()


def outcomes():
    return list(WebhookDelivery.objects.order_by("id").values_list("outcome", flat=True))


def row_of(message, status, **more):
    return status_webhook(message, status, **more)["entry"][0]["changes"][0]["value"]["statuses"][0]


def field_webhook(field, **value):
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "987654321098765", "changes": [{"field": field, "value": value}]}],
    }


def test_a_thousand_updates_in_one_body_take_as_many_statements_as_one():
    number = DefaultNumberFactory()
    messages = MessageFactory.create_batch(1000, accepted=True, phone_number=number)
    counts = []
    for part in (messages[:1], messages):
        rows = [row_of(message, "delivered") for message in part]
        store(messages_webhook(number.phone_number_id, statuses=rows))
        with CaptureQueriesContext(connection) as statements:
            batches.apply_new()
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 13
    assert Message.objects.filter(status=MessageStatus.DELIVERED).count() == 1000
    assert MessageEvent.objects.filter(kind="delivered").count() == 1000


def test_a_report_that_stands_already_is_judged_as_repeated():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "sent"), status_webhook(message, "sent"))
    receive(status_webhook(message, "sent"))
    verdicts = [row.verdicts[0]["verdict"] for row in WebhookDelivery.objects.order_by("id")]
    assert verdicts == ["applied", "repeated", "repeated"]
    assert outcomes() == ["applied"] * 3


def test_a_status_that_breaks_costs_none_of_the_same_body():
    first, second = MessageFactory(accepted=True), MessageFactory(accepted=True)
    twisted = MessageFactory(sending=True)
    number = first.phone_number.phone_number_id
    # Our id of one message with the wamid of another: the database refuses the wamid twice.
    rows = [
        row_of(first, "delivered"),
        row_of(twisted, "sent", wamid=first.wamid),
        row_of(second, "read"),
    ]
    receive(messages_webhook(number, statuses=rows))
    delivery = WebhookDelivery.objects.get()
    assert [line["verdict"] for line in delivery.verdicts] == ["applied", "error", "applied"]
    assert delivery.outcome == "error"
    assert "IntegrityError" in delivery.traceback
    statuses = [Message.objects.get(pk=row.pk).status for row in (first, twisted, second)]
    assert statuses == ["delivered", "sending", "read"]


def test_a_delivery_that_broke_is_not_tried_again_by_itself():
    first, twisted = MessageFactory(accepted=True), MessageFactory(sending=True)
    receive(status_webhook(twisted, "sent", wamid=first.wamid))
    assert not receiving.wake_for_waiting()
    assert receiving.apply_waiting() == 0


def test_a_body_the_database_gives_up_on_is_given_up_after_some_tries():
    message, other = MessageFactory(accepted=True), MessageFactory(accepted=True)
    store(status_webhook(message, "sent"), status_webhook(other, "sent"))

    def gives_up(execute, sql, params, many, context):
        if sql.lstrip().startswith("SELECT message.id") and str(message.pk) in str(params):
            sql, params = "SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", None
        return execute(sql, params, many, context)

    with connection.execute_wrapper(gives_up):
        receiving.apply_waiting()
    broken, fine = WebhookDelivery.objects.order_by("id")
    assert (broken.outcome, fine.outcome) == ("error", "applied")
    assert "QueryCanceled" in broken.traceback


def test_other_accounts_and_unknown_numbers_cost_nothing_of_ours():
    message = MessageFactory(accepted=True)
    payload = status_webhook(message, "delivered")
    stranger = status_webhook(message, "read", wamid="wamid.STRANGE", callback=False)["entry"][0]
    stranger["id"] = "111"
    stranger["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"
    payload["entry"] = [stranger, *payload["entry"], {"id": "5", "changes": "none"}]
    receive(payload)
    delivery = WebhookDelivery.objects.get()
    told = {(line["what"], line["verdict"]) for line in delivery.verdicts}
    assert {("read", "ignored"), ("delivered", "applied"), ("", "malformed")} == told
    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED


@pytest.mark.parametrize("given", [str(T0), T0, T0 * 1000, str(T0 * 1000), float(T0)])
def test_a_time_may_be_text_or_a_number_in_seconds_or_milliseconds(given):
    message = MessageFactory(accepted=True)
    number = message.phone_number.phone_number_id
    receive(
        messages_webhook(number, statuses=[row_of(message, "delivered") | {"timestamp": given}])
    )
    message.refresh_from_db()
    assert message.delivered_at.timestamp() == T0


@pytest.mark.parametrize("given", [None, "", "soon", [], {}, True, -5, 10**30, "1e9"])
def test_a_status_without_a_time_is_told_and_its_neighbour_applied(given):
    message, neighbour = MessageFactory(accepted=True), MessageFactory(accepted=True)
    rows = [row_of(message, "delivered") | {"timestamp": given}, row_of(neighbour, "delivered")]
    receive(messages_webhook(message.phone_number.phone_number_id, statuses=rows))
    assert WebhookDelivery.objects.get().outcome == "malformed"
    neighbour.refresh_from_db()
    assert neighbour.status == MessageStatus.DELIVERED


def test_a_wamid_that_one_status_teaches_serves_the_others_of_the_batch():
    message = MessageFactory(sending=True)
    receive(
        status_webhook(message, "delivered", wamid="wamid.NEW", callback=False),
        status_webhook(message, "sent", wamid="wamid.NEW"),
    )
    message.refresh_from_db()
    assert (message.status, message.wamid) == (MessageStatus.DELIVERED, "wamid.NEW")


def test_the_first_price_that_is_told_stays():
    message = MessageFactory(accepted=True)
    price = {"billable": True, "category": "utility", "note": 'a "quoted" \\ word'}
    receive(
        status_webhook(message, "sent", pricing=price),
        status_webhook(message, "read", pricing={"billable": False}),
    )
    message.refresh_from_db()
    assert message.pricing == price


def test_an_earlier_failure_of_the_same_code_keeps_the_code():
    message = MessageFactory(accepted=True)
    for at in (T0 + 9, T0):
        receive(status_webhook(message, "failed", at=at, errors=[{"code": 131026}]))
    message.refresh_from_db()
    assert (message.error_code, message.failed_at.timestamp()) == (131026, T0)


def test_fields_that_nobody_handles_are_kept_and_counted_once_each_delivery():
    receive(field_webhook("flows", a=1), field_webhook("flows", a=2), field_webhook("calls"))
    batches.apply_these(WebhookDelivery.objects.values_list("pk", flat=True))
    counts = dict(UnknownWebhookField.objects.values_list("field", "count"))
    assert counts == {"flows": 2, "calls": 1}
    last = UnknownWebhookField.objects.get(field="flows").last_delivery
    assert json.loads(bytes(WebhookDelivery.objects.get(pk=last).body))["entry"][0]["changes"][0][
        "value"
    ] == {"a": 2}
    assert set(outcomes()) == {"applied"}


def test_what_is_handled_is_not_counted_as_unknown():
    message = MessageFactory(accepted=True)
    receive(
        status_webhook(message, "sent"),
        raw("webhook_template_status"),
        raw("webhook_value_error"),
    )
    assert not UnknownWebhookField.objects.exists()


def test_a_delivery_tells_how_it_ended_and_when(time_machine):
    message = MessageFactory(accepted=True)
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    store(b"nonsense", status_webhook(message, "teleported"), status_webhook(message, "sent"))
    time_machine.shift(3)
    receiving.apply_waiting()
    assert outcomes() == ["malformed", "ignored", "applied"]
    row = WebhookDelivery.objects.filter(size=len(b"nonsense"))
    received, started, processed = row.values_list("received_at", "started_at", "processed_at")[0]
    assert started == processed == received + timedelta(seconds=3)


def test_a_batch_ends_before_it_grows_too_large():
    store(*[b" " * (400 * 1024)] * 5)
    assert [len(batches.apply_new().ids) for _ in range(3)] == [2, 2, 1]


def test_one_body_larger_than_a_batch_is_applied_by_itself():
    store(b" " * (2 * 1024 * 1024), b"{}")
    assert len(batches.apply_new().ids) == 1


def test_what_is_new_goes_before_what_is_applied_again():
    store(b"{}")
    receiving.apply_waiting()
    WebhookDelivery.objects.update(again_at=timezone.now())
    store(b"[]")
    old, new = WebhookDelivery.objects.order_by("id")
    assert batches.apply_new().ids == [new.pk]
    assert not batches.apply_new()
    assert batches.apply_repeats().ids == [old.pk]
    assert not batches.apply_repeats()


@pytest.mark.django_db(transaction=True)
def test_a_row_in_another_workers_hands_is_left_to_it():
    store(b"{}", b"{}")
    first, second = WebhookDelivery.objects.order_by("id").values_list("pk", flat=True)
    with in_other_hands(first):
        assert batches.apply_new().ids == [second]
        assert batches.apply_these([first]) == 0
    assert batches.apply_these([first]) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_block_each_other_for_good_and_lose_no_report(monkeypatch):
    """Many shared messages, told of in every order, by several workers at the same time."""
    number = DefaultNumberFactory()
    messages = MessageFactory.create_batch(60, accepted=True, phone_number=number)
    monkeypatch.setattr(batches, "MAX_DELIVERIES", 2)
    orders = [messages, messages[::-1], messages[30:] + messages[:30], messages[::2]]
    for at, status in enumerate(("read", "sent", "delivered")):
        for order in orders:
            rows = [row_of(message, status, at=T0 + at) for message in order]
            store(messages_webhook(number.phone_number_id, statuses=rows))

    def work(_place):
        try:
            return receiving.apply_waiting()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 12
    assert set(outcomes()) == {"applied"}
    ends = Message.objects.values_list("status", "sent_at", "read_at").distinct()
    moment = datetime.fromtimestamp(T0, UTC)
    assert list(ends) == [("read", moment, moment)]
    assert MessageEvent.objects.exclude(kind="accepted").count() == 180


@pytest.mark.parametrize("name", ["webhook_statuses", "webhook_inbound", "webhook_value_error"])
def test_a_stored_payload_of_metas_shape_is_readable_all_of_it_but_what_is_broken(name):
    DefaultNumberFactory()
    receive(stored(name))
    delivery = WebhookDelivery.objects.get()
    assert delivery.traceback == ""
    malformed = [line for line in delivery.verdicts if line["verdict"] == "malformed"]
    assert len(malformed) == (1 if name == "webhook_statuses" else 0)
