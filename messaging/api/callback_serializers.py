"""The shapes of callbacks: what is registered, what it is told, and the log of that."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from messaging.api.serializers import FlagField, IdField, MessageErrorOut, TextField
from messaging.models import (
    Callback,
    CallbackDelivery,
    CallbackEvent,
    DeliveryStatus,
    DisabledReason,
)
from messaging.models.callback import MAX_URL_LENGTH
from messaging.statuses import MessageStatus

_URL_HELP = (
    "https://, on the public internet, without user, password and #. Redirects are not followed."
)
_EVENTS_HELP = "Statuses of messages, replies, or both."


class _EventsField(serializers.ListField):
    """One or more of CallbackEvent."""

    child = serializers.ChoiceField(choices=CallbackEvent.choices)

    def __init__(self, **kwargs: Any) -> None:
        most = len(CallbackEvent.values)
        super().__init__(min_length=1, max_length=most, help_text=_EVENTS_HELP, **kwargs)


class CallbackIn(serializers.Serializer[Any]):
    url = TextField(max_length=MAX_URL_LENGTH, help_text=_URL_HELP)
    tenant_id = IdField(
        required=False,
        allow_null=True,
        help_text=(
            "The bakery it is about. With a bakery's key: its own, also when left out. With the platform's key: all "
            "bakeries when left out or null."
        ),
    )
    events = _EventsField(default=lambda: list(CallbackEvent.values))


class CallbackChangeIn(serializers.Serializer[Any]):
    """What is left out stays."""

    url = TextField(max_length=MAX_URL_LENGTH, required=False, help_text=_URL_HELP)
    events = _EventsField(required=False)
    enabled = FlagField(
        required=False,
        help_text="false: it is told nothing more. true: again, also after it was switched off because it failed.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Leaving out what is no property would look as if it had been changed."""
        read = super().to_internal_value(data)
        _refuse_unknown(self, data, "This cannot be changed. Change one of")
        return read


class CallbackOut(serializers.Serializer[Callback]):
    callback_id = serializers.UUIDField(source="id")
    tenant_id = serializers.UUIDField(
        allow_null=True, help_text="null: it is told of all bakeries."
    )
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=CallbackEvent.choices))
    enabled = serializers.BooleanField(source="is_enabled")
    disabled_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    disabled_reason = serializers.SerializerMethodField(
        help_text="by_hand, failing (for 24 h, or a hundred refusals in a row) or gone (it answered 410)."
    )
    failing_since = serializers.DateTimeField(
        default_timezone=UTC, allow_null=True, help_text="null while its last posts went well."
    )
    last_success_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    last_failure_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    previous_secret_until = serializers.DateTimeField(
        default_timezone=UTC,
        allow_null=True,
        help_text="Until then posts are signed with the previous secret too.",
    )
    created_at = serializers.DateTimeField(default_timezone=UTC)

    @extend_schema_field(serializers.ChoiceField(choices=DisabledReason.choices, allow_null=True))
    def get_disabled_reason(self, callback: Callback) -> str | None:
        return callback.disabled_reason or None


class CallbackWithSecretOut(CallbackOut):
    secret = serializers.CharField(
        help_text="As Standard Webhooks writes it. Keep it: it is shown this once."
    )

    def to_representation(self, instance: Callback) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "secret": instance.secret}


class DeliveryFilters(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=DeliveryStatus.choices, required=False)

    def to_internal_value(self, data: Any) -> Any:
        """Leaving out an unknown filter would answer with more than was asked for."""
        read = super().to_internal_value(data)
        _refuse_unknown(self, data, "There is no such filter. There are", "cursor", "page_size")
        return read


class DeliveryOut(serializers.Serializer[CallbackDelivery]):
    delivery_id = serializers.UUIDField(source="id", help_text="Posted as `webhook-id`.")
    callback_id = serializers.UUIDField()
    type = serializers.CharField(source="event_type")
    status = serializers.ChoiceField(choices=DeliveryStatus.choices)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(
        default_timezone=UTC, allow_null=True, help_text="null unless it waits."
    )
    response_status = serializers.IntegerField(
        allow_null=True, help_text="Of the last attempt; null when there was no answer."
    )
    response_text = serializers.CharField(help_text="The beginning of the last answer.")
    error = serializers.CharField(help_text="Why there was no answer.")
    created_at = serializers.DateTimeField(default_timezone=UTC)
    delivered_at = serializers.DateTimeField(default_timezone=UTC, allow_null=True)
    payload = serializers.SerializerMethodField(help_text="What was posted.")

    @extend_schema_field(serializers.DictField())
    def get_payload(self, delivery: CallbackDelivery) -> dict[str, Any]:
        return dict(json.loads(delivery.body))


def _refuse_unknown(
    shape: serializers.Serializer[Any], given: dict[str, Any], sentence: str, *also: str
) -> None:
    if unknown := set(given) - set(shape.fields) - set(also):
        known = f"{sentence} {', '.join(shape.fields)}."
        raise serializers.ValidationError(dict.fromkeys(sorted(unknown), known))


# --- What is posted ----------------------------------------------------------------------------------


class StatusData(serializers.Serializer[Any]):
    message_id = serializers.UUIDField()
    tenant_id = serializers.UUIDField()
    reference = serializers.CharField(help_text="The order number.")
    whatsapp_message_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    at = serializers.DateTimeField()
    code = serializers.IntegerField(allow_null=True, help_text="Meta's error code.")
    error = MessageErrorOut(allow_null=True)


# "data" is also a property of every serializer, so it cannot be declared in a class body.
StatusPosted = inline_serializer(
    "StatusPosted",
    {
        "type": serializers.ChoiceField(choices=["message.status"]),
        "timestamp": serializers.DateTimeField(),
        "data": StatusData(),
    },
)


class ReplyData(serializers.Serializer[Any]):
    reply_id = serializers.CharField()
    tenant_id = serializers.UUIDField(allow_null=True)
    message_id = serializers.UUIDField(allow_null=True, help_text="The message that is answered.")
    reference = serializers.CharField(help_text="Its order number.")
    whatsapp_message_id = serializers.CharField(help_text="Of the reply itself.")
    phone_number_id = serializers.CharField()
    sender_phone = serializers.CharField(allow_null=True)
    sender_user_id = serializers.CharField(allow_null=True)
    kind = serializers.CharField(help_text="Meta's word, such as text, button or image.")
    text = serializers.CharField()
    at = serializers.DateTimeField()


ReplyPosted = inline_serializer(
    "ReplyPosted",
    {
        "type": serializers.ChoiceField(choices=["message.reply"]),
        "timestamp": serializers.DateTimeField(),
        "data": ReplyData(),
    },
)
