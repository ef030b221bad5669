from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Field

from messaging.models import EventKind, Message, MessageEvent, Priority, WaitsFor
from messaging.services.storing import store
from tests.factories import PhoneNumberFactory, TemplateFactory, TenantFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_message(**changes):
    number, template, tenant = PhoneNumberFactory(), TemplateFactory(), TenantFactory()
    return Message(
        **{
            "tenant_id": tenant.pk,
            "phone_number_id": number.pk,
            "template_id": template.pk,
            "recipient_phone": "+34600000101",
            "recipient_name": "Juan García 🥐",
            "components": [{"type": "body", "parameters": [{"type": "text", "text": 'a"b\\'}]}],
            "rendered_text": "Hola %s {} \\ '",
            "warnings": [{"path": "a", "before": "\t"}],
            "priority": Priority.URGENT,
            "waits_for": WaitsFor.QUIET_HOURS,
            "send_after": NOON + timedelta(hours=1),
            "expires_at": NOON + timedelta(hours=24),
            "created_at": NOON,
            "updated_at": NOON,
        }
        | changes
    )


def test_every_field_is_stored_as_given():
    message = a_message(idempotency_key="k", pricing={"billable": True}, error_code=2**40)
    assert store(message)
    stored = Message.objects.get()
    for field in Message._meta.concrete_fields:
        assert isinstance(field, Field)
        assert getattr(stored, field.attname) == getattr(message, field.attname), field.name
    assert not message._state.adding


def test_the_first_line_of_the_timeline_is_stored_with_it():
    message = a_message()
    store(message)
    event = MessageEvent.objects.get()
    assert (event.message_id, event.kind, event.code) == (message.pk, EventKind.QUEUED, None)
    assert (event.at, event.recorded_at) == (NOON, NOON)


def test_a_key_that_the_bakery_used_stores_nothing():
    first = a_message(idempotency_key="k")
    assert store(first)
    second = a_message(idempotency_key="k", tenant_id=first.tenant_id)
    assert not store(second)
    assert second._state.adding
    assert Message.objects.get() == first
    assert MessageEvent.objects.count() == 1


def test_messages_without_a_key_never_collide():
    first = a_message()
    assert store(first)
    assert store(a_message(tenant_id=first.tenant_id))


def test_what_the_database_refuses_leaves_nothing_behind():
    with pytest.raises(IntegrityError), transaction.atomic():
        store(a_message(status="sending"))
    assert not Message.objects.exists()
    assert not MessageEvent.objects.exists()
