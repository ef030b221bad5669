"""People who change their number or their user id: told to whoever may know, followed in opt-outs, never in orders."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from messaging.graph_api.message_text import text_at
from messaging.models import AlertKind, InboundMessage
from messaging.services import people, suppressions
from messaging.services.alerts import open_alert
from messaging.services.people import Person, Told
from tenants.models import Tenant


def heed(messages: Iterable[InboundMessage]) -> None:
    """Follow what system messages tell. Orders still go to the number their caller gives: only a bakery may change that.

    Source: Webhooks, messages, system, 2026-11-22.
    """
    for message in messages:
        if message.kind != "system":
            continue
        before = Person(message.sender_phone, message.sender_user_id)
        after = Person(message.new_phone, text_at(message.content, "system", "user_id")[:128])
        previous = text_at(message.content, "system", "previous_user_id")[:128]
        if message.new_phone:
            _changed_number(message, before, after)
        elif after.user_id:
            _follow(message, Person(before.phone, previous or before.user_id), after)


def _changed_number(message: InboundMessage, before: Person, after: Person) -> None:
    tenant_id = _bakery_of(message, before)
    bakery = Tenant.objects.get(pk=tenant_id) if tenant_id else None
    _follow(message, before, after)
    if bakery is not None and before.phone and after.phone != before.phone:
        subject = suppressions.alert_subject(bakery.name, before.phone)
        open_alert(AlertKind.NUMBER_CHANGED, subject=subject)


def _follow(message: InboundMessage, before: Person, after: Person) -> None:
    """Let answers under the new name find their messages, and what was stopped stay stopped."""
    number = message.phone_number_id
    tenant_id = _bakery_of(message, before)
    people.learn(
        Told(number, phone, alias)
        for phone in people.phones_of(before, phone_number=number)
        for alias in (after.phone, after.user_id)
        if alias and alias != phone
    )
    suppressions.follow_person(before, after, tenant_id=tenant_id)


def _bakery_of(message: InboundMessage, before: Person) -> uuid.UUID | None:
    return message.tenant_id or people.last_bakery_to(before, number=message.phone_number)
