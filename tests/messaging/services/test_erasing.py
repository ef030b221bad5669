"""Erasing a person: nothing tells of them afterwards, and every fact about the messages is still there."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from messaging.models import (
    CallbackDelivery,
    Erasure,
    IfUnconfirmed,
    InboundMessage,
    Mail,
    Message,
    MessageEvent,
    PersonAlias,
    Recipient,
    SendAttempt,
    Suppression,
    WebhookDelivery,
)
from messaging.services import (
    erasing,
    erasing_copies,
    recipient_learning,
    recipients,
    replaying,
    resending,
    sending,
    suppressions,
    usage,
)
from messaging.services.prices import cost_of
from messaging.services.recipients import Details
from messaging.statuses import MessageStatus
from tenants.models import Tenant
from tests.factories import (
    AssignmentFactory,
    CallbackFactory,
    MembershipFactory,
    MessageFactory,
    RecipientFactory,
    TenantFactory,
    body,
    message_in,
)
from tests.messaging.conftest import failure, inbound, receive, status_webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

XABIER, OTHER = "+34600000101", "+34600000102"
USER_ID = "ES.XabierZubi1"
DIGITS = "34600000101"
# As Meta writes an id: the number stands in it, in base64.
WAMID = f"wamid.{base64.b64encode(f'HBgL{DIGITS}'.encode()).decode()}"
TRACES = (
    DIGITS,
    "600000101",
    "34600000102",
    "Xabier",
    "levadura",
    USER_ID,
    WAMID.removeprefix("wamid."),
)


# What every message to him says.
TOLD = {
    "recipient_name": "Xabier Zubi",
    "components": body("Xabier Zubi", "PO-12345", "€250.50"),
    "rendered_text": "Hola Xabier Zubi, has recibido una orden.",
}


@pytest.fixture
def bakery() -> Tenant:
    tenant: Tenant = TenantFactory.create(name="Panadería Goiko")
    return tenant


@pytest.fixture
def ana(bakery):
    return MembershipFactory.create(tenant=bakery, user__username="ana").user


@pytest.fixture
def number(bakery):
    return AssignmentFactory.create(tenant=bakery).phone_number


@pytest.fixture
def known(bakery, number) -> Recipient:
    """Xabier with all that can be known of him: messages, statuses, answers, other names, callbacks, raw webhooks."""
    CallbackFactory.create(tenant=bakery)
    first = message_in(
        MessageStatus.ACCEPTED,
        **TOLD,
        tenant=bakery,
        phone_number=number,
        wamid=WAMID,
        reference="PO-12345",
        warnings=[
            {"path": "body.1", "code": "x", "before": "Xabier  Zubi", "after": "Xabier Zubi"}
        ],
        error_details="Xabier",
    )
    SendAttempt.objects.create(
        message=first,
        started_at=timezone.now(),
        duration_ms=1,
        outcome="accepted",
        error_details=f"to {DIGITS}",
        response=json.dumps({"messages": [{"id": WAMID}]}),
    )
    receive(
        status_webhook(first, "delivered", recipient_user_id=USER_ID),
        inbound(number, "Sin levadura hoy, Xabier", user_id=USER_ID),
        inbound(number, "Otra vez Xabier", sender=None, user_id=USER_ID, wamid="wamid.IN2"),
    )
    message_in(
        MessageStatus.FAILED,
        **TOLD,
        tenant=bakery,
        phone_number=number,
        error_code=131026,
        wamid="wamid.B2",
    )
    recipient_learning.learn()
    recipient = Recipient.objects.get()
    recipient.note, recipient.former_phones = "Xabier, por la tarde", [OTHER]
    recipient.save()
    MessageFactory.create(**TOLD | {"recipient_phone": OTHER}, tenant=bakery, phone_number=number)
    return recipient


def all_texts() -> list[tuple[str, str]]:
    """Every text, JSON, array and binary column of every row of ours, encrypted ones opened."""
    found = []
    for label in ("tenants", "messaging"):
        for model in apps.get_app_config(label).get_models():
            for row in model._default_manager.all():
                for field in model._meta.concrete_fields:
                    if isinstance(field, models.DateTimeField | models.BooleanField):
                        continue
                    value: Any = getattr(row, field.attname)
                    if isinstance(value, memoryview | bytes):
                        value = bytes(value).decode()
                    text = json.dumps(value, default=str, ensure_ascii=False)
                    found.append((f"{model.__name__}.{field.name}", text))
    return found


def traces() -> set[tuple[str, str]]:
    return {(where, trace) for where, text in all_texts() for trace in TRACES if trace in text}


def test_no_table_names_the_person_afterwards(known, ana):
    assert {where for where, _ in traces()} >= {
        "Recipient.phone",
        "Message.recipient_phone",
        "Message.recipient_name",
        "Message.rendered_text",
        "Message.components",
        "Message.warnings",
        "Message.wamid",
        "Message.error_details",
        "SendAttempt.error_details",
        "SendAttempt.response",
        "InboundMessage.sender_phone",
        "InboundMessage.text",
        "InboundMessage.content",
        "PersonAlias.alias",
        "CallbackDelivery.body",
        "WebhookDelivery.body",
    }
    erasing.erase(known, by=ana)
    assert {where for where, _ in traces()} == {"WebhookDelivery.body", "Erasure.looked_for"}
    assert erasing_copies.erase_copies() == 1
    assert traces() == set()


def test_the_facts_of_the_messages_stay(known, ana, bakery):
    kept = (
        "status",
        "reference",
        "template_id",
        "created_at",
        "delivered_at",
        "error_code",
        "pricing",
    )
    before = list(Message.objects.order_by("id").exclude(status="queued").values(*kept))
    messages = Message.objects.order_by("id").select_related("template")
    costs = [cost_of(message) for message in messages.exclude(status="queued")]
    events = MessageEvent.objects.exclude(message__status="queued").count()
    erasing.erase(known, by=ana)
    assert list(Message.objects.order_by("id").exclude(status="cancelled").values(*kept)) == before
    assert [cost_of(message) for message in messages.exclude(status="cancelled")] == costs
    assert MessageEvent.objects.exclude(message__status="cancelled").count() == events
    assert set(Message.objects.values_list("recipient_phone", flat=True)) == {"+34"}
    assert Message.objects.exclude(erased_at=None).count() == 3


def test_what_waits_for_the_person_is_cancelled(known, ana):
    erasing.erase(known, by=ana)
    assert Message.objects.filter(status=MessageStatus.CANCELLED).count() == 1


def test_nothing_is_erased_while_a_message_is_being_sent(known, ana, bakery, number):
    message_in(MessageStatus.SENDING, tenant=bakery, phone_number=number)
    with pytest.raises(erasing.BeingSentError):
        erasing.erase(known, by=ana)
    assert Recipient.objects.count() == 1
    assert Message.objects.filter(erased_at__isnull=False).count() == 0


def test_the_record_says_who_and_when_and_not_whom(known, ana):
    erasure = erasing.erase(known, by=ana)
    assert erasure is not None
    assert (erasure.erased_by, erasure.messages, erasure.replies) == ("ana", 3, 2)
    assert erasing.erase(known, by=ana) is None
    assert Erasure.objects.count() == 1


def test_the_opt_out_stays_so_that_nobody_writes_to_them_again(known, ana, bakery):
    Suppression.objects.create(tenant=bakery, phone=XABIER, source="word")
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    assert {where for where, _ in traces()} == {"Suppression.phone"}
    again = MessageFactory.create(tenant=bakery, recipient_phone=XABIER)
    assert suppressions.opted_out_among([again]) == [again]


def test_another_bakery_keeps_what_it_knows(known, ana, number):
    theirs = MessageFactory.create(recipient_phone=XABIER, recipient_name="Xabier")
    RecipientFactory.create(tenant=theirs.tenant, phone=XABIER, name="Xabier")
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    theirs.refresh_from_db()
    assert (theirs.recipient_phone, theirs.recipient_name) == (XABIER, "Xabier")
    assert Recipient.objects.get().tenant == theirs.tenant
    assert PersonAlias.objects.filter(alias=USER_ID).exists()


def test_a_status_that_comes_later_counts_and_brings_nothing_back(known, ana):
    message = Message.objects.get(reference="PO-12345")
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    receive(status_webhook(message, "read", wamid=WAMID, recipient_user_id=USER_ID))
    message.refresh_from_db()
    assert (message.status, message.wamid) == (MessageStatus.READ, None)
    assert traces() == set()
    assert erasing_copies.erase_later_copies() == 0


def test_what_is_posted_of_others_stays_as_it_came(known, ana, bakery, number):
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    nerea = inbound(number, "Nerea", sender="34600000555", wamid="wamid.IN7")
    receive(nerea)
    assert erasing_copies.erase_later_copies() == 0
    assert json.loads(WebhookDelivery.objects.latest("id").body_text) == nerea


def test_an_answer_that_comes_later_is_not_kept_raw(known, ana, number):
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    receive(inbound(number, "Xabier", wamid="wamid.IN8", user_id=USER_ID))
    assert DIGITS not in WebhookDelivery.objects.latest("id").body_text


def test_everybody_who_is_followed_is_emptied_through_their_own_numbers_only(
    known, ana, number, bakery
):
    nerea = RecipientFactory.create(tenant=bakery, phone="+34600000555")
    message_in(
        MessageStatus.READ, tenant=bakery, phone_number=number, recipient_phone=nerea.phone
    )  # fmt: skip
    for person in (known, nerea):
        erasing.erase(person, by=ana)
    assert erasing_copies.erase_copies() == 2
    elsewhere = AssignmentFactory.create().phone_number
    receive(
        inbound(number, "Nerea", sender="34600000555", wamid="wamid.IN7"),
        inbound(number, "Xabier", wamid="wamid.IN8"),
        inbound(elsewhere, "Xabier", wamid="wamid.IN9"),
    )
    hers, his, elsewhere_his = WebhookDelivery.objects.order_by("-id")[:3][::-1]
    assert "34600000555" not in hers.body_text
    assert DIGITS not in his.body_text
    assert DIGITS in elsewhere_his.body_text


def test_what_was_applied_while_the_search_was_under_way_is_found_by_the_next_hour(
    known, ana, number
):
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    late = WebhookDelivery.objects.create(
        body=json.dumps(inbound(number, "Xabier", wamid="wamid.IN8")).encode(),
        processed_at=timezone.now(),
    )
    assert erasing_copies.erase_later_copies() == 1
    late.refresh_from_db()
    assert DIGITS not in late.body_text


def test_a_later_copy_is_left_until_it_is_applied(known, ana, number):
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    late = WebhookDelivery.objects.create(
        body=json.dumps(inbound(number, "Xabier", wamid="wamid.IN9")).encode()
    )
    assert erasing_copies.erase_later_copies() == 0
    late.refresh_from_db()
    assert DIGITS in late.body_text
    receive()
    late.refresh_from_db()
    assert DIGITS not in late.body_text


def test_after_thirty_days_nothing_tells_whom_any_more(known, ana, time_machine):
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    time_machine.move_to(timezone.now() + erasing_copies.FOLLOWED_FOR + timedelta(minutes=1))
    assert erasing_copies.erase_later_copies() == 0
    erasure = Erasure.objects.get()
    assert (erasure.follows, erasure.follows_until, erasure.looked_for) == ({}, None, "")


def test_a_late_refusal_of_marketing_stops_nobody(known, ana):
    message = Message.objects.get(reference="PO-12345")
    erasing.erase(known, by=ana)
    receive(status_webhook(message, "failed", wamid=WAMID, **failure(131050)))
    assert not Suppression.objects.exists()


def test_a_repeated_webhook_brings_nothing_back(known, ana):
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    replaying.replay_all_now(WebhookDelivery.objects.all())
    receive()
    assert traces() == set()


def test_callers_hear_of_statuses_without_the_person(known, ana):
    erasing.erase(known, by=ana)
    bodies = [json.loads(body) for body in CallbackDelivery.objects.values_list("body", flat=True)]
    replies = [body["data"] for body in bodies if body["type"] == "message.reply"]
    assert [(reply["sender_phone"], reply["text"]) for reply in replies] == [(None, ""), (None, "")]
    delivered = [body["data"] for body in bodies if body["data"].get("status") == "delivered"]
    assert [status["reference"] for status in delivered] == ["PO-12345"]
    assert "sender_phone" not in delivered[0]


def test_an_erased_message_is_not_sent_again(ana, bakery):
    message = message_in(
        MessageStatus.UNCONFIRMED, tenant=bakery, if_unconfirmed=IfUnconfirmed.RESEND
    )
    recipient_learning.learn()
    erasing.erase(Recipient.objects.get(), by=ana)
    assert sending.requeue(Message.objects.all()) == 0
    message.refresh_from_db()
    assert message.if_unconfirmed == IfUnconfirmed.LEAVE
    why = resending.why_not(message)
    assert why is not None
    assert why.hurdle is resending.Hurdle.ERASED


def test_an_erased_person_is_learned_again_from_a_new_order_only(known, ana, bakery):
    erasing.erase(known, by=ana)
    recipient_learning.learn()
    assert not Recipient.objects.exists()
    MessageFactory.create(tenant=bakery)
    recipient_learning.learn()
    assert Recipient.objects.get().phone == XABIER


def test_a_former_number_that_is_another_recipients_stays_theirs(known, ana, bakery):
    recipients.add(bakery, Details(OTHER, "Nerea"), by=ana)
    erasing.erase(known, by=ana)
    assert Message.objects.filter(recipient_phone=OTHER, erased_at=None).count() == 1


def test_a_copy_that_still_waits_is_gone_through_later(known, ana, number):
    erasing.erase(known, by=ana)
    waiting = WebhookDelivery.objects.create(
        body=json.dumps(inbound(number, "Xabier", wamid="wamid.IN3")).encode()
    )
    assert erasing_copies.erase_copies() == 0
    receive()
    assert erasing_copies.erase_copies() == 1
    waiting.refresh_from_db()
    assert DIGITS not in waiting.body_text


def test_other_people_in_the_same_webhook_stay(known, ana, number):
    both = inbound(number, "Xabier", wamid="wamid.IN4")
    both["entry"][0]["changes"][0]["value"]["messages"].append(
        {"id": "wamid.IN5", "timestamp": "1795341600", "type": "text", "from": "34600000555", "text": {"body": "Nerea"}}
    )  # fmt: skip
    receive(both)
    erasing.erase(known, by=ana)
    erasing_copies.erase_copies()
    left = WebhookDelivery.objects.latest("id").body_text
    assert "Nerea" in left
    assert DIGITS not in left


def test_mails_that_named_the_person_do_so_no_more(known, ana, bakery):
    text = "1 failed: call Xabier Zubi · Nerea"
    mail = Mail.objects.create(
        kind="weekly_summary",
        occasion="week:2026-W47",
        user=ana,
        tenant=bakery,
        content={"subject": text, "paragraphs": [f"– {text}"], "links": []},
    )
    erasing.erase(known, by=ana)
    mail.refresh_from_db()
    told = "1 failed: call … · Nerea"
    assert mail.content == {"subject": told, "paragraphs": [f"– {told}"], "links": []}


def test_days_are_counted_as_before(known, ana, bakery):
    usage.count_stale_days()
    before = list(bakery.usage.order_by("id").values_list("country_code", "status", "messages"))
    erasing.erase(known, by=ana)
    assert all(code == "34" for code, *_ in before)
    assert InboundMessage.objects.filter(text="").count() == 2
