"""The shapes that go in and come out. Input takes JSON types at their word: no numbers for texts, no "true" for true."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from messaging.graph_api.facts import WhoActs
from messaging.models import (
    EventKind,
    IfUnconfirmed,
    InboundMessage,
    Message,
    MessageEvent,
    Priority,
    WaitsFor,
)
from messaging.models.message import REFERENCE_LENGTH
from messaging.services.caps import MAX_TTL
from messaging.services.date_words import action_of, title_of
from messaging.services.dates_ahead import DatedEvent, DateKind, DateState
from messaging.services.explaining import explain
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_COMPONENTS = 20
MIN_TTL_S = 60
MAX_TTL_S = int(MAX_TTL.total_seconds())
PRIORITIES = {priority.name.lower(): priority for priority in Priority}


class TextField(serializers.CharField):
    """REST framework's, but a number is no text."""

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """REST framework's, but a number is no id."""

    def to_internal_value(self, data: object) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """REST framework's, but only true and false are flags."""

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class NumberField(serializers.IntegerField):
    """REST framework's, but neither a text nor true is a number."""

    def to_internal_value(self, data: object) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """ISO 8601, UTC where it names no zone. A `+` that became a blank on its way through an address is put back."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, data: Any) -> datetime:
        if isinstance(data, str) and "T" in data:
            data = data.replace(" ", "+")
        # Ids hold milliseconds since 1970, and no message is older.
        return max(super().to_internal_value(data), _EPOCH)


# --- Sending -------------------------------------------------------------------------------------


class TemplateIn(serializers.Serializer[Any]):
    template_name = TextField(max_length=512)
    language = TextField(max_length=16, help_text="As Meta writes it, such as es or es_MX.")
    components = serializers.ListField(
        child=serializers.DictField(),
        default=list,
        max_length=MAX_COMPONENTS,
        help_text="Meta's shape: each component has a type and its parameters.",
    )


class SendIn(serializers.Serializer[Any]):
    tenant_id = IdField()
    recipient_phone = TextField(
        max_length=40, help_text="E.164 with its +; spaces and dashes are removed."
    )
    recipient_name = TextField(max_length=200, required=False, allow_blank=True, allow_null=True)
    message_type = serializers.ChoiceField(choices=["template"])
    template = TemplateIn()
    reference = TextField(
        max_length=REFERENCE_LENGTH,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text=(
            "The order number. Left out, it is taken from the text where the platform knows its place: "
            "{{2}} of po_notification."
        ),
    )
    idempotency_key = TextField(
        max_length=255,
        required=False,
        allow_null=True,
        help_text="The same key and body give the first answer again for 30 days.",
    )
    priority = serializers.ChoiceField(
        choices=list(PRIORITIES),
        required=False,
        allow_null=True,
        help_text="Urgent ones go first and in quiet hours too; normal when left out.",
    )
    if_unconfirmed = serializers.ChoiceField(
        choices=IfUnconfirmed.values,
        required=False,
        allow_null=True,
        help_text=(
            "When Meta does not answer and no status comes within 10 minutes: leave the decision to the platform "
            "(when left out), or resend, at the risk that the recipient gets it twice."
        ),
    )
    ttl_seconds = NumberField(
        min_value=MIN_TTL_S,
        max_value=MAX_TTL_S,
        required=False,
        allow_null=True,
        help_text="A message that could not be sent by then expires; a day when left out.",
    )
    dry_run = FlagField(
        default=False, help_text="Check everything, store nothing, return the text."
    )


class RepairOut(serializers.Serializer[Any]):
    path = serializers.CharField()
    code = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class SendOut(serializers.Serializer[Any]):
    message_id = serializers.UUIDField()
    tenant_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["queued"])
    status_url = serializers.URLField()
    warnings = RepairOut(
        many=True, help_text="What was changed because Meta would have refused it."
    )


class WaitsForOut(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=WaitsFor.choices)
    text = serializers.CharField()


@extend_schema_field(WaitsForOut(allow_null=True))
class WaitsForField(serializers.CharField):
    """A code of WaitsFor with its words, null where nothing is waited for."""

    def get_attribute(self, instance: Any) -> Any:
        return super().get_attribute(instance) or None

    def to_representation(self, value: str) -> Any:
        return {"code": value, "text": str(WaitsFor(value).label)}


class DryRunOut(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    rendered_text = serializers.CharField()
    warnings = RepairOut(many=True)
    send_after = serializers.DateTimeField(
        source="schedule.send_after", default_timezone=UTC, help_text="When it would go out."
    )
    expires_at = serializers.DateTimeField(source="schedule.expires_at", default_timezone=UTC)
    waits_for = WaitsForField(source="schedule.waits_for")


# --- Messages ------------------------------------------------------------------------------------


class MessageFilters(serializers.Serializer[Any]):
    reference = TextField(
        required=False, max_length=REFERENCE_LENGTH, help_text="The order number."
    )
    status = serializers.ChoiceField(choices=MessageStatus.choices, required=False)
    waits_for = serializers.ChoiceField(
        choices=WaitsFor.choices,
        required=False,
        help_text="What queued messages wait for; with another status, what those last waited for.",
    )
    tenant_id = IdField(required=False)
    tenant = IdField(required=False, help_text="Another name of `tenant_id`.")
    created_after = MomentField(required=False, help_text="From this moment on.")
    created_before = MomentField(required=False, help_text="Up to this moment, without it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an unknown filter: leaving it out would answer with more messages than were asked for."""
        given = set(cast(dict[str, Any], self.initial_data))
        if unknown := given - set(self.fields) - {"cursor", "page_size"}:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                dict.fromkeys(sorted(unknown), f"There is no such filter. There are {known}.")
            )
        return attrs


class EventOut(serializers.Serializer[MessageEvent]):
    kind = serializers.ChoiceField(choices=EventKind.choices)
    at = serializers.DateTimeField(default_timezone=UTC)
    code = serializers.IntegerField(allow_null=True, help_text="Meta's error code.")


class ReplyOut(serializers.Serializer[InboundMessage]):
    kind = serializers.CharField(help_text="Meta's word, such as text, button, image or reaction.")
    text = serializers.CharField(
        allow_blank=True, help_text="What was written, pressed or put under a picture."
    )
    received_at = serializers.DateTimeField(default_timezone=UTC)


class MessageTemplateOut(serializers.Serializer[Message]):
    template_name = serializers.CharField(source="template.name")
    language = serializers.CharField(source="template.language")
    components = serializers.ListField(child=serializers.DictField())


class MessageErrorOut(serializers.Serializer[Any]):
    code = serializers.IntegerField(
        allow_null=True, help_text="Meta's; null where the cause is not Meta's."
    )
    title = serializers.CharField()
    who_acts = serializers.ChoiceField(choices=[who.value for who in WhoActs])
    action = serializers.CharField()


class MessageOut(serializers.Serializer[Message]):
    message_id = serializers.UUIDField(source="id")
    tenant_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    recipient_phone = serializers.CharField()
    recipient_name = serializers.CharField()
    template = MessageTemplateOut(source="*")
    reference = serializers.CharField()
    whatsapp_message_id = serializers.CharField(source="wamid", allow_null=True)
    phone_number_id = serializers.CharField(source="phone_number.phone_number_id")
    priority = serializers.SerializerMethodField()
    if_unconfirmed = serializers.ChoiceField(choices=IfUnconfirmed.choices)
    attempts = serializers.IntegerField()
    waits_for = WaitsForField(help_text="Why it does not go out at once; null otherwise.")
    send_after = serializers.DateTimeField(
        default_timezone=UTC, allow_null=True, help_text="When it is due; null unless it is queued."
    )
    expires_at = serializers.DateTimeField(
        default_timezone=UTC, help_text="Not sent by then, it expires."
    )
    replaces = serializers.UUIDField(
        source="replaces_id",
        allow_null=True,
        help_text="The message that this one was sent again for, to another number perhaps.",
    )
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(default_timezone=UTC)
    sent_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    delivered_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    read_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    failed_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    events = EventOut(many=True)
    replies = ReplyOut(many=True, help_text="What the recipient answered, in order.")

    @extend_schema_field(serializers.ChoiceField(choices=list(PRIORITIES)))
    def get_priority(self, message: Message) -> str:
        return Priority(message.priority).name.lower()

    @extend_schema_field(MessageErrorOut(allow_null=True))
    def get_error(self, message: Message) -> dict[str, Any] | None:
        explanation = explain(message, "en")
        return MessageErrorOut(explanation).data if explanation else None


# --- Bakeries and numbers ------------------------------------------------------------------------


class TenantIn(serializers.Serializer[Any]):
    name = TextField(max_length=200)
    whatsapp_enabled = FlagField(
        required=False,
        help_text="The bakery's own switch; off for a new bakery, unchanged when left out.",
    )


class AssignPhoneIn(serializers.Serializer[Any]):
    phone_number_id = TextField(max_length=64, help_text="Meta's id of the number.")


class TenantNumberOut(serializers.Serializer[PhoneNumber]):
    phone_number_id = serializers.CharField()
    display_phone_number = serializers.CharField()
    quality_rating = serializers.CharField(
        allow_blank=True, help_text="Meta's word: GREEN, YELLOW, RED, UNKNOWN."
    )


class TenantOut(serializers.Serializer[Tenant]):
    """A bakery of `queries.bakeries`; its context says `has_default_number`."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    whatsapp_enabled = serializers.BooleanField()
    phone_number = serializers.SerializerMethodField()
    uses_default_number = serializers.SerializerMethodField()
    last_message_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)

    @extend_schema_field(TenantNumberOut(allow_null=True))
    def get_phone_number(self, tenant: Tenant) -> dict[str, Any] | None:
        standing = _standing(tenant)
        return TenantNumberOut(standing[0].phone_number).data if standing else None

    def get_uses_default_number(self, tenant: Tenant) -> bool:
        return not _standing(tenant) and bool(self.context["has_default_number"])


class PhoneNumberOut(serializers.Serializer[PhoneNumber]):
    """A number of `queries.numbers`."""

    phone_number_id = serializers.CharField()
    display_phone_number = serializers.CharField()
    verified_name = serializers.CharField(allow_blank=True)
    quality_rating = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True, help_text="Meta's word, such as CONNECTED.")
    messaging_limit = serializers.CharField(allow_blank=True)
    is_default = serializers.BooleanField(
        help_text="Sends for every bakery without a number of its own."
    )
    tenant_id = serializers.SerializerMethodField()
    tenant_name = serializers.SerializerMethodField()
    last_synced_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_tenant_id(self, number: PhoneNumber) -> str | None:
        standing = _standing(number)
        return str(standing[0].tenant_id) if standing else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_tenant_name(self, number: PhoneNumber) -> str | None:
        standing = _standing(number)
        return standing[0].tenant.name if standing else None


def _standing(owner: Tenant | PhoneNumber) -> list[PhoneNumberAssignment]:
    """The open assignment that `queries` fetched along."""
    standing: list[PhoneNumberAssignment] = owner.standing  # type: ignore[union-attr]  # set by a Prefetch
    return standing


class DateOut(serializers.Serializer[DatedEvent]):
    kind = serializers.ChoiceField([kind.value for kind in DateKind])
    subject = serializers.CharField(
        allow_blank=True, help_text="What it is about, such as a version, a template, a currency."
    )
    date = serializers.DateField(source="day", help_text="By the server's clock.")
    at = serializers.DateTimeField(
        default_timezone=UTC, allow_null=True, help_text="Null where only the day is known."
    )
    days_left = serializers.SerializerMethodField(help_text="Negative once it is past.")
    state = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    action = serializers.SerializerMethodField(help_text="What to do about it.")

    def get_days_left(self, event: DatedEvent) -> int:
        return (event.day - timezone.localdate()).days

    @extend_schema_field(serializers.ChoiceField([state.value for state in DateState]))
    def get_state(self, event: DatedEvent) -> str:
        return event.state(timezone.localdate())

    def get_title(self, event: DatedEvent) -> str:
        return title_of(event)

    def get_action(self, event: DatedEvent) -> str:
        return action_of(event)


class DatesOut(serializers.Serializer[Any]):
    """All of them: there are never many."""

    results = DateOut(many=True)
    next = serializers.CharField(allow_null=True, default=None)
    previous = serializers.CharField(allow_null=True, default=None)


# --- Errors --------------------------------------------------------------------------------------


# "fields" is also a property of every serializer, so it cannot be declared in a class body.
ErrorDetail = inline_serializer(
    "ErrorDetail",
    {
        "code": serializers.CharField(),
        "message": serializers.CharField(),
        "fields": serializers.DictField(child=serializers.CharField()),
    },
)


class ErrorOut(serializers.Serializer[Any]):
    error = ErrorDetail
