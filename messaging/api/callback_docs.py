"""What /docs says of callbacks, and of what is posted to them."""

from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiCallback,
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from messaging.api.callback_serializers import (
    CallbackChangeIn,
    CallbackIn,
    CallbackOut,
    CallbackWithSecretOut,
    DeliveryFilters,
    DeliveryOut,
    ReplyPosted,
    StatusPosted,
)
from messaging.api.docs import (
    BODY,
    MESSAGE_ID,
    TENANT_ID,
    WAMID,
    WHATSAPP,
    answer,
    asked,
    in_address,
    refusals,
)

_CALLBACK_ID = "019a9d3c-5b7e-7a10-8c55-2f6f1f0a9c01"
_DELIVERY_ID = "019a9d3c-5b7e-7a10-8c55-2f6f1f0a9d01"
_SCOPE = "Needs the scope `callbacks:write`."
_URL = "https://orders.example.com/whatsapp"

STATUS_EXAMPLE = {
    "type": "message.status",
    "timestamp": "2026-11-20T08:00:02Z",
    "data": {
        "message_id": MESSAGE_ID,
        "tenant_id": TENANT_ID,
        "reference": "PO-TEST-001",
        "whatsapp_message_id": WAMID,
        "status": "delivered",
        "at": "2026-11-20T08:00:02Z",
        "code": None,
        "error": None,
    },
}
REPLY_EXAMPLE = {
    "type": "message.reply",
    "timestamp": "2026-11-20T08:03:10Z",
    "data": {
        "reply_id": "4711",
        "tenant_id": TENANT_ID,
        "message_id": MESSAGE_ID,
        "reference": "PO-TEST-001",
        "whatsapp_message_id": "wamid.HBgLMzQ2MDAwMDAxMDEVAgASGBQzQTdC",
        "phone_number_id": "123456789012346",
        "sender_phone": "+34600000101",
        "sender_user_id": None,
        "kind": "text",
        "text": "Recibido, gracias",
        "at": "2026-11-20T08:03:10Z",
    },
}
_EXAMPLE = {
    "callback_id": _CALLBACK_ID,
    "tenant_id": TENANT_ID,
    "url": _URL,
    "events": ["statuses", "replies"],
    "enabled": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "last_success_at": "2026-11-20T08:00:02Z",
    "last_failure_at": None,
    "previous_secret_until": None,
    "created_at": "2026-11-19T10:00:00Z",
}
_NEW_EXAMPLE = {
    **_EXAMPLE,
    "last_success_at": None,
    "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfm0u9eT3E=",
}
_DELIVERY_EXAMPLE = {
    "delivery_id": _DELIVERY_ID,
    "callback_id": _CALLBACK_ID,
    "type": "message.status",
    "status": "delivered",
    "attempts": 1,
    "next_attempt_at": None,
    "response_status": 200,
    "response_text": "ok",
    "error": "",
    "created_at": "2026-11-20T08:00:02.113000Z",
    "delivered_at": "2026-11-20T08:00:02.310000Z",
    "payload": STATUS_EXAMPLE,
}
_WAITING_EXAMPLE = {
    **_DELIVERY_EXAMPLE,
    "status": "waiting",
    "attempts": 0,
    "next_attempt_at": "2026-11-20T08:20:00Z",
    "response_status": None,
    "response_text": "",
    "delivered_at": None,
}
_PING_EXAMPLE = {
    **_WAITING_EXAMPLE,
    "type": "ping",
    "payload": {
        "type": "ping",
        "timestamp": "2026-11-20T08:20:00Z",
        "data": {"callback_id": _CALLBACK_ID, "tenant_id": TENANT_ID},
    },
}

_HEADERS = [
    OpenApiParameter(
        "webhook-id",
        {"type": "string", "format": "uuid"},
        OpenApiParameter.HEADER,
        required=True,
        description="The same at every attempt: whoever has seen it may leave the post alone.",
    ),
    OpenApiParameter(
        "webhook-timestamp",
        {"type": "integer"},
        OpenApiParameter.HEADER,
        required=True,
        description="Unix seconds of the attempt. Refuse what is more than five minutes off.",
    ),
    OpenApiParameter(
        "webhook-signature",
        {"type": "string"},
        OpenApiParameter.HEADER,
        required=True,
        description=(
            "`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`; the key is what follows "
            "`whsec_`, decoded from base64. Several are separated by blanks; one that fits is enough."
        ),
    ),
]


def _posted(name: str, shape: object, example: object) -> OpenApiCallback:
    described = extend_schema(
        summary=name,
        description="Signed as [Standard Webhooks](https://www.standardwebhooks.com/) says; see docs/callbacks.md.",
        tags=WHATSAPP,
        parameters=_HEADERS,
        request=shape,
        examples=[OpenApiExample(name, value=example, request_only=True)],
        responses={
            "2XX": OpenApiResponse(
                description="Taken. Any other answer, or none within 10 s, is tried again."
            ),
            "4XX": OpenApiResponse(
                description="Refused for good, but for 408 and 429. 410 switches the callback off."
            ),
        },
    )
    return OpenApiCallback(name, "{$request.body#/url}", decorator=described)


callback_list = extend_schema(
    operation_id="list_callbacks",
    tags=WHATSAPP,
    summary="List the callbacks, the newest first",
    description=f"A bakery's key sees its own, the platform's all. {_SCOPE}",
    responses={
        200: answer(CallbackOut(many=True), "One page.", callback=_EXAMPLE),
        **refusals("validation_error"),
    },
)

create_callback = extend_schema(
    operation_id="create_callback",
    tags=WHATSAPP,
    summary="Register an address that is told what happens",
    description=(
        "Each status of a message and each reply is posted there, at least once, for 24 hours until it answers 2xx. "
        f"The secret is shown in this answer and never again. {_SCOPE}"
    ),
    request=CallbackIn,
    examples=[
        asked("Of one bakery", {"url": _URL, "tenant_id": TENANT_ID}),
        asked("Statuses of all bakeries", {"url": _URL, "events": ["statuses"]}),
    ],
    responses={
        201: answer(CallbackWithSecretOut, "Registered.", callback=_NEW_EXAMPLE),
        **refusals(*BODY, "unknown_tenant", "invalid_callback_url", "too_many_callbacks"),
    },
    callbacks=[
        _posted("message.status", StatusPosted, STATUS_EXAMPLE),
        _posted("message.reply", ReplyPosted, REPLY_EXAMPLE),
    ],
)

_OF_CALLBACK = [in_address("callback_id", "From the answer to its registration.")]

get_callback = extend_schema(
    operation_id="get_callback",
    tags=WHATSAPP,
    summary="Look at one callback",
    description=f"Whether it works. Its secret is not shown. {_SCOPE}",
    parameters=_OF_CALLBACK,
    responses={
        200: answer(CallbackOut, "The callback.", callback=_EXAMPLE),
        **refusals("not_found", "validation_error"),
    },
)

change_callback = extend_schema(
    operation_id="change_callback",
    tags=WHATSAPP,
    summary="Change a callback, switch it off or on",
    description=f"What is left out stays. While it is off nothing is kept for it. {_SCOPE}",
    parameters=_OF_CALLBACK,
    request=CallbackChangeIn,
    examples=[
        asked("Another address", {"url": _URL}),
        asked("On again", {"enabled": True}),
    ],
    responses={
        200: answer(CallbackOut, "As it is now.", callback=_EXAMPLE),
        **refusals(*BODY, "not_found", "invalid_callback_url"),
    },
)

delete_callback = extend_schema(
    operation_id="delete_callback",
    tags=WHATSAPP,
    summary="Delete a callback and its log",
    description=f"It is told nothing more. {_SCOPE}",
    parameters=_OF_CALLBACK,
    request=None,
    responses={
        204: OpenApiResponse(description="Deleted."),
        **refusals("not_found", "validation_error"),
    },
)

rotate_secret = extend_schema(
    operation_id="rotate_callback_secret",
    tags=WHATSAPP,
    summary="Give a callback a new secret",
    description=(
        f"It is shown once. For 24 hours posts are signed with the previous one too. {_SCOPE}"
    ),
    parameters=_OF_CALLBACK,
    request=None,
    responses={
        200: answer(
            CallbackWithSecretOut,
            "With its new secret.",
            callback={**_NEW_EXAMPLE, "previous_secret_until": "2026-11-21T08:00:00Z"},
        ),
        **refusals("not_found", "validation_error"),
    },
)

test_callback = extend_schema(
    operation_id="test_callback",
    tags=WHATSAPP,
    summary="Have a ping posted to a callback",
    description=f"Look in its deliveries how it ended. {_SCOPE}",
    parameters=_OF_CALLBACK,
    request=None,
    responses={
        202: answer(DeliveryOut, "It waits to be posted.", ping=_PING_EXAMPLE),
        **refusals("not_found", "validation_error", "callback_disabled"),
    },
)

delivery_list = extend_schema(
    operation_id="list_callback_deliveries",
    tags=WHATSAPP,
    summary="See what a callback was told, the newest first",
    description=f"With the answer to the last attempt. {_SCOPE}",
    parameters=[*_OF_CALLBACK, DeliveryFilters],
    responses={
        200: answer(DeliveryOut(many=True), "One page.", delivered=_DELIVERY_EXAMPLE),
        **refusals("not_found", "validation_error"),
    },
)

redeliver = extend_schema(
    operation_id="redeliver_callback",
    tags=WHATSAPP,
    summary="Tell a callback something once more",
    description=f"Under the same `webhook-id`, whatever became of it before. {_SCOPE}",
    parameters=[*_OF_CALLBACK, in_address("delivery_id", "From the list of deliveries.")],
    request=None,
    responses={
        202: answer(DeliveryOut, "It waits to be posted.", waiting=_WAITING_EXAMPLE),
        **refusals("not_found", "validation_error", "callback_disabled"),
    },
)
