"""The rows of the API's answers with all that their serializers read, in a constant number of queries."""

from __future__ import annotations

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from messaging.models import InboundMessage, Message, MessageEvent
from messaging.models.message import MessageQuerySet
from tenants.authentication import allowed_tenants, visible_to
from tenants.models import ApiKey, PhoneNumber, PhoneNumberAssignment, Tenant


def messages(api_key: ApiKey) -> MessageQuerySet:
    events = Prefetch("events", queryset=MessageEvent.objects.in_order())
    answers: QuerySet[InboundMessage] = visible_to(api_key, InboundMessage.objects.all())
    replies = Prefetch("replies", queryset=answers.order_by("received_at", "id"))
    visible: MessageQuerySet = visible_to(api_key, Message.objects.all())
    return visible.select_related("template", "phone_number").prefetch_related(events, replies)


def bakeries(api_key: ApiKey) -> QuerySet[Tenant]:
    # One step into the index (tenant, -id) for each bakery; a join with an aggregate would read every message.
    last = Message.objects.filter(tenant=OuterRef("pk")).newest_first().values("created_at")[:1]
    own = PhoneNumberAssignment.objects.open().filter(is_primary=True)
    standing = Prefetch(
        "assignments", queryset=own.select_related("phone_number"), to_attr="standing"
    )
    return (
        allowed_tenants(api_key).annotate(last_message_at=Subquery(last)).prefetch_related(standing)
    )


def numbers(api_key: ApiKey) -> QuerySet[PhoneNumber]:
    """All numbers for a key of the platform, a bakery's own for its key."""
    open_ones = PhoneNumberAssignment.objects.open()
    standing = Prefetch(
        "assignments", queryset=open_ones.select_related("tenant"), to_attr="standing"
    )
    found = PhoneNumber.objects.prefetch_related(standing)
    if api_key.tenant_id is None:
        return found
    return found.filter(pk__in=visible_to(api_key, open_ones).values("phone_number"))


def has_default_number() -> bool:
    return PhoneNumber.objects.default().exists()
