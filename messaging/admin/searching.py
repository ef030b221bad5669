"""One search box for messages: what is written tells what is looked for, and each way leads to an index."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db.models import Q

from tenants import phone_numbers

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from messaging.models import Message


def find(messages: QuerySet[Message], term: str) -> QuerySet[Message]:
    """Find by our id, WhatsApp's id, the recipient's number in any spelling, or the order number."""
    term = term.strip()
    if not term:
        return messages
    if our_id := _uuid(term):
        return messages.filter(pk=our_id)
    if term.startswith("wamid."):
        return messages.filter(wamid=term)
    orders = Q(reference__in={term, term.upper()}) & ~Q(reference="")
    if number := _number(term):
        return messages.filter(Q(recipient_phone=number) | orders)
    return messages.filter(orders)


def _uuid(term: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(term)
    except ValueError:
        return None


def _number(term: str) -> str:
    """Return E.164 for +34 600 000 101, 0034…, 34600000101; empty for what is no number."""
    compact = term.replace(" ", "")
    spelled = f"+{compact[2:]}" if compact.startswith("00") else f"+{compact.lstrip('+')}"
    try:
        return phone_numbers.normalised(spelled)
    except phone_numbers.InvalidPhoneNumberError:
        return ""
