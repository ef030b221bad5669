"""What /docs says of each operation: its summary, examples and refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from bakery_whatsapp.api import STATUS_OF, error_body
from messaging.api.serializers import (
    AssignPhoneIn,
    DatesOut,
    DryRunOut,
    ErrorOut,
    MessageFilters,
    MessageOut,
    PhoneNumberOut,
    SendIn,
    SendOut,
    TenantIn,
    TenantOut,
)

WHATSAPP, ADMIN = ["whatsapp"], ["whatsapp-admin"]
TENANT_ID = "0f5c2b6e-7d1a-4c83-9b10-000000000002"
MESSAGE_ID = "019a9d3c-5b7e-7a10-8c55-2f6f1f0a9b01"
WAMID = "wamid.HBgLMzQ2MDAwMDAxMDEVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"

_MEANING = {
    "malformed_request": "The body is empty, no valid JSON or no object, or header and body key differ.",
    "unauthenticated": "No API key, or one that is wrong, expired or revoked.",
    "forbidden": "The key lacks the scope.",
    "unknown_tenant": "The bakery is unknown or not the key's.",
    "not_found": "What the address names is unknown or another bakery's.",
    "whatsapp_disabled": "The bakery has WhatsApp switched off, or the platform has suspended it.",
    "notice_off": "The bakery has this kind of notice switched off.",
    "no_phone_number": "The bakery has no number and the platform no default one.",
    "idempotency_conflict": "The idempotency key was used with another body.",
    "number_taken": "The number belongs to another bakery.",
    "number_reserved": "The number is the default one, which no bakery can have for itself.",
    "number_unusable": (
        "Nothing could be sent from the number now: it is not verified, not registered, its name is in review …; "
        "`fields` says what is missing. The same as on the assignment board."
    ),
    "not_cancellable": "The message is not queued any more; `fields` names its status.",
    "not_resendable": (
        "The message is not unconfirmed, or not yet for 10 minutes; `fields` says what it is and from when it can be."
    ),
    "callback_disabled": "The callback is switched off.",
    "too_many_callbacks": "There are ten callbacks already.",
    "length_required": "The body is sent in chunks, without a Content-Length.",
    "too_large": "The body has more than 256 KiB.",
    "unsupported_media_type": "The body is not sent as application/json.",
    "validation_error": "A field is missing or has the wrong form; `fields` names it.",
    "invalid_phone_number": "The recipient is no E.164 number, or is the bakery's own sending number.",
    "invalid_callback_url": "No callback may lead to this address; `fields` says why.",
    "unknown_template": "No such template, or not in this language; `fields` names those that exist.",
    "unknown_phone_number": "No sending number has this id.",
    "template_not_approved": "Meta has not approved the template, or has paused it.",
    "parameters_mismatch": "The parameters do not fit the template; `fields` names the missing ones.",
    "recipient_opted_out": (
        "The recipient wants no such WhatsApp messages: no message at all, or no marketing. Tell it in another way."
    ),
    "rate_limited": "Too many requests with this key; Retry-After says how long to wait.",
    "sending_disabled": "WhatsApp is switched off for the whole platform.",
    "unavailable": "The database does not answer. Try again.",
}
_ALWAYS = ("unauthenticated", "forbidden", "rate_limited", "unavailable")
BODY = (
    "malformed_request",
    "length_required",
    "too_large",
    "unsupported_media_type",
    "validation_error",
)


def refusals(*codes: str) -> dict[int, OpenApiResponse]:
    by_status: dict[int, list[str]] = {}
    for code in sorted({*codes, *_ALWAYS}, key=list(_MEANING).index):
        by_status.setdefault(STATUS_OF[code], []).append(code)
    return {
        status: OpenApiResponse(
            ErrorOut,
            description="\n\n".join(f"`{code}`: {_MEANING[code]}" for code in by_status[status]),
            examples=[
                OpenApiExample(code, value=error_body(code, _MEANING[code]))
                for code in by_status[status]
            ],
        )
        for status in sorted(by_status)
    }


def answer(shape: Any, text: str, **examples: Any) -> OpenApiResponse:
    shown = [
        OpenApiExample(name.replace("_", " "), value=value) for name, value in examples.items()
    ]
    return OpenApiResponse(shape, description=text, examples=shown)


def asked(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def in_address(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "string", "format": "uuid"}, OpenApiParameter.PATH, description=text
    )


_COMPONENTS = [
    {
        "type": "body",
        "parameters": [
            {"type": "text", "text": "Juan García"},
            {"type": "text", "text": "PO-TEST-001"},
            {"type": "text", "text": "€150.00"},
        ],
    }
]
_TEMPLATE = {"template_name": "po_notification", "language": "es", "components": _COMPONENTS}
SEND_EXAMPLE = {
    "tenant_id": TENANT_ID,
    "recipient_phone": "+34600000101",
    "recipient_name": "Juan García",
    "message_type": "template",
    "template": _TEMPLATE,
}
_SENT_EXAMPLE = {
    "message_id": MESSAGE_ID,
    "tenant_id": TENANT_ID,
    "status": "queued",
    "status_url": f"https://whatsapp.example.com/api/v1/whatsapp/messages/{MESSAGE_ID}",
    "warnings": [],
}
_DRY_RUN_EXAMPLE = {
    "dry_run": True,
    "rendered_text": "Hola Juan García, has recibido una nueva orden de compra PO-TEST-001.",
    "warnings": [
        {
            "path": "template.components[0].parameters[0].text",
            "code": "whitespace",
            "before": "Juan\nGarcía",
            "after": "Juan García",
        }
    ],
    "send_after": "2026-11-20T06:00:00Z",
    "expires_at": "2026-11-20T22:30:00Z",
    "waits_for": {"code": "quiet_hours", "text": "the end of the bakery's quiet hours"},
}
_MESSAGE_EXAMPLE = {
    "message_id": MESSAGE_ID,
    "tenant_id": TENANT_ID,
    "status": "delivered",
    "recipient_phone": "+34600000101",
    "recipient_name": "Juan García",
    "template": _TEMPLATE,
    "reference": "PO-TEST-001",
    "whatsapp_message_id": WAMID,
    "phone_number_id": "123456789012346",
    "priority": "normal",
    "if_unconfirmed": "leave",
    "attempts": 1,
    "waits_for": None,
    "send_after": None,
    "expires_at": "2026-11-21T08:00:00Z",
    "replaces": None,
    "error": None,
    "created_at": "2026-11-20T08:00:00Z",
    "sent_at": "2026-11-20T08:00:01Z",
    "delivered_at": "2026-11-20T08:00:02Z",
    "read_at": None,
    "failed_at": None,
    "events": [
        {"kind": "queued", "at": "2026-11-20T08:00:00Z", "code": None},
        {"kind": "accepted", "at": "2026-11-20T08:00:00.412000Z", "code": None},
        {"kind": "sent", "at": "2026-11-20T08:00:01Z", "code": None},
        {"kind": "delivered", "at": "2026-11-20T08:00:02Z", "code": None},
    ],
    "replies": [
        {"kind": "text", "text": "Recibido, gracias", "received_at": "2026-11-20T08:05:00Z"},
    ],
}
_QUEUED_EXAMPLE = {
    **_MESSAGE_EXAMPLE,
    "status": "queued",
    "whatsapp_message_id": None,
    "attempts": 1,
    "send_after": "2026-11-20T08:10:05Z",
    "sent_at": None,
    "delivered_at": None,
    "events": [
        {"kind": "queued", "at": "2026-11-20T08:00:00Z", "code": None},
        {"kind": "unconfirmed", "at": "2026-11-20T08:00:15Z", "code": None},
        {"kind": "retry", "at": "2026-11-20T08:10:05Z", "code": None},
    ],
    "replies": [],
}
_CANCELLED_EXAMPLE = {
    **_QUEUED_EXAMPLE,
    "status": "cancelled",
    "attempts": 0,
    "send_after": None,
    "events": [
        {"kind": "queued", "at": "2026-11-20T08:00:00Z", "code": None},
        {"kind": "cancelled", "at": "2026-11-20T08:00:03Z", "code": None},
    ],
}
_TENANT_EXAMPLE = {
    "id": TENANT_ID,
    "name": "Panadería Goiko",
    "whatsapp_enabled": True,
    "phone_number": {
        "phone_number_id": "123456789012346",
        "display_phone_number": "+34612345679",
        "quality_rating": "GREEN",
    },
    "uses_default_number": False,
    "last_message_at": "2026-11-20T08:00:00Z",
}
_NUMBER_EXAMPLE = {
    "phone_number_id": "123456789012346",
    "display_phone_number": "+34612345679",
    "verified_name": "Panadería Goiko",
    "quality_rating": "GREEN",
    "status": "CONNECTED",
    "messaging_limit": "TIER_250",
    "is_default": False,
    "tenant_id": TENANT_ID,
    "tenant_name": "Panadería Goiko",
    "last_synced_at": "2026-11-20T08:00:00Z",
}

_DATE_EXAMPLE = {
    "kind": "token_ends",
    "subject": "",
    "date": "2027-01-18",
    "at": "2027-01-18T08:00:00Z",
    "days_left": 53,
    "state": "ahead",
    "title": "The WhatsApp access token ends",
    "action": "Generate a new token for the system user at Meta …",
}
_ONLY_PAGE = {"next": None, "previous": None}

send = extend_schema(
    operation_id="send_message",
    tags=WHATSAPP,
    summary="Send a template message",
    description=(
        "The message is checked, stored and sent as soon as possible; `status_url` tells what became of it. "
        "In the bakery's quiet hours, and over its daily or monthly cap, it waits; the message says so. "
        "With an idempotency key a repeat is harmless. With `dry_run` everything is checked and the text is "
        "returned, but nothing is stored. Needs the scope `messages:send`."
    ),
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            {"type": "string", "maxLength": 255},
            OpenApiParameter.HEADER,
            description="Instead of `idempotency_key` in the body.",
        )
    ],
    request=SendIn,
    examples=[
        asked("A purchase order", SEND_EXAMPLE),
        asked(
            "The same, safe to repeat",
            {**SEND_EXAMPLE, "reference": "PO-TEST-001", "idempotency_key": "order-4711-1"},
        ),
        asked(
            "Urgent, worthless after an hour",
            {**SEND_EXAMPLE, "priority": "urgent", "ttl_seconds": 3600},
        ),
        asked("Check only", {**SEND_EXAMPLE, "dry_run": True}),
    ],
    responses={
        200: answer(DryRunOut, "Checked; nothing was stored.", checked=_DRY_RUN_EXAMPLE),
        202: answer(SendOut, "Stored for sending.", queued=_SENT_EXAMPLE),
        **refusals(
            *BODY,
            "unknown_tenant",
            "whatsapp_disabled",
            "notice_off",
            "no_phone_number",
            "idempotency_conflict",
            "invalid_phone_number",
            "unknown_template",
            "template_not_approved",
            "parameters_mismatch",
            "recipient_opted_out",
            "sending_disabled",
        ),
    },
)

message = extend_schema(
    operation_id="get_message",
    tags=WHATSAPP,
    summary="Follow one message",
    description="Its status, what went wrong and its whole history. Needs the scope `messages:read`.",
    parameters=[in_address("message_id", "From the answer to the send.")],
    responses={
        200: answer(MessageOut, "The message.", delivered=_MESSAGE_EXAMPLE),
        **refusals("not_found", "validation_error"),
    },
)

cancel = extend_schema(
    operation_id="cancel_message",
    tags=WHATSAPP,
    summary="Cancel a message that waits",
    description="A repeat changes nothing. Needs the scope `messages:send`.",
    parameters=[in_address("message_id", "From the answer to the send.")],
    request=None,
    responses={
        200: answer(MessageOut, "It is not sent.", cancelled=_CANCELLED_EXAMPLE),
        **refusals("not_found", "validation_error", "not_cancellable"),
    },
)

resend = extend_schema(
    operation_id="resend_message",
    tags=WHATSAPP,
    summary="Send a message again whose fate nobody knows",
    description=(
        "The recipient may get it twice. Possible when it has been unconfirmed for 10 minutes, for until then a status "
        "of Meta's may settle it. Needs the scope `messages:send`."
    ),
    parameters=[in_address("message_id", "From the answer to the send.")],
    request=None,
    responses={
        200: answer(MessageOut, "It waits to be sent again.", queued=_QUEUED_EXAMPLE),
        **refusals(
            "not_found",
            "validation_error",
            "not_resendable",
            "whatsapp_disabled",
            "sending_disabled",
        ),
    },
)

message_list = extend_schema(
    operation_id="list_messages",
    tags=WHATSAPP,
    summary="List messages, the newest first",
    description="Follow `next` for the next page. Needs the scope `messages:read`.",
    parameters=[MessageFilters],
    responses={
        200: answer(MessageOut(many=True), "One page.", delivered=_MESSAGE_EXAMPLE),
        **refusals("unknown_tenant", "validation_error"),
    },
)

tenant_list = extend_schema(
    operation_id="list_tenants",
    tags=ADMIN,
    summary="List the bakeries with their numbers",
    description="By name. Needs the scope `admin:read`.",
    responses={
        200: answer(TenantOut(many=True), "One page.", bakery=_TENANT_EXAMPLE),
        **refusals("validation_error"),
    },
)

put_tenant = extend_schema(
    operation_id="put_tenant",
    tags=ADMIN,
    summary="Create or rename a bakery under your own UUID",
    description="A repeat changes nothing. Needs the scope `admin:write`.",
    parameters=[in_address("tenant_id", "The bakery's id, chosen by you.")],
    request=TenantIn,
    examples=[asked("A bakery", {"name": "Panadería Goiko"})],
    responses={
        200: answer(TenantOut, "Renamed, or as it was.", bakery=_TENANT_EXAMPLE),
        201: answer(
            TenantOut,
            "Created.",
            bakery={
                **_TENANT_EXAMPLE,
                "whatsapp_enabled": False,
                "phone_number": None,
                "uses_default_number": True,
                "last_message_at": None,
            },
        ),
        **refusals(*BODY, "unknown_tenant"),
    },
)

assign_phone = extend_schema(
    operation_id="assign_phone",
    tags=ADMIN,
    summary="Give a bakery a number",
    description=(
        "In place of the one it has. A repeat changes nothing; the number of another bakery and one that cannot send "
        "yet are refused. "
        "Needs the scope `admin:write`."
    ),
    parameters=[in_address("tenant_id", "The bakery's id.")],
    request=AssignPhoneIn,
    examples=[asked("A number", {"phone_number_id": "123456789012346"})],
    responses={
        200: answer(TenantOut, "The bakery with its number.", bakery=_TENANT_EXAMPLE),
        **refusals(
            *BODY,
            "unknown_tenant",
            "number_taken",
            "number_reserved",
            "number_unusable",
            "unknown_phone_number",
        ),
    },
)

release_phone = extend_schema(
    operation_id="release_phone",
    tags=ADMIN,
    summary="Take the number from a bakery",
    description="From now on it sends from the default one. Needs the scope `admin:write`.",
    parameters=[in_address("tenant_id", "The bakery's id.")],
    request=None,
    responses={
        204: OpenApiResponse(description="Done, also when it had none."),
        **refusals("unknown_tenant", "validation_error"),
    },
)

phone_number_list = extend_schema(
    operation_id="list_phone_numbers",
    tags=ADMIN,
    summary="List the sending numbers and whose they are",
    description="`tenant_id` is null for a spare number. Needs the scope `admin:read`.",
    responses={
        200: answer(PhoneNumberOut(many=True), "One page.", number=_NUMBER_EXAMPLE),
        **refusals("validation_error"),
    },
)

date_list = extend_schema(
    operation_id="list_dates",
    tags=ADMIN,
    summary="List the days on which something ends or changes",
    description=(
        "The access token, the Graph version, prices, templates and dates of Meta's own, the nearest first: for a "
        "monitor, which may warn by `state` or `days_left`. All of them come at once. Needs the scope `admin:read`."
    ),
    responses={
        200: answer(DatesOut, "All dates.", dates={"results": [_DATE_EXAMPLE], **_ONLY_PAGE}),
        **refusals(),
    },
)
