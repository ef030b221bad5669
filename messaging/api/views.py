"""Sending messages and following them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import unquote

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from bakery_whatsapp.api import RefusalError
from messaging.api import docs, queries
from messaging.api.base import ApiView, id_from, read_body, shown, unknown_tenant, validated
from messaging.api.serializers import (
    PRIORITIES,
    DryRunOut,
    MessageFilters,
    MessageOut,
    SendIn,
    SendOut,
)
from messaging.models import IfUnconfirmed, Message
from messaging.services import interventions
from messaging.services.acceptance_facts import KeyChangedError
from messaging.services.queueing import (
    MessageRequest,
    Preview,
    preview_message,
    queue_message,
)
from messaging.services.refused import RefusedError
from tenants import known_keys
from tenants.authentication import ApiKeyAuthentication, allowed_tenants
from tenants.models import Scope

_NOT_IN_DIGEST = ("idempotency_key", "dry_run")
_MAX_KEY_LENGTH = 255


class SendView(ApiView):
    required_scope = Scope.MESSAGES_SEND
    checks_key_itself = True

    @docs.send
    def post(self, request: Request) -> Response:
        body = read_body(request, SendIn)
        wanted = self._message_request(request, body)
        try:
            if body["dry_run"]:
                return Response(_previewed(preview_message(wanted, api_key=self.api_key)))
            queued = queue_message(wanted, api_key=self.api_key)
        except RefusedError as refused:
            raise _refusal(refused) from None
        except KeyChangedError:
            self._read_key_again(request)
            return self.post(request)
        return Response(_accepted(request, queued.message, queued.warnings), status=202)

    def _read_key_again(self, request: Request) -> None:
        """Raises what a key that was revoked or lost its scope is refused with."""
        known_keys.forget(self.api_key)
        found = ApiKeyAuthentication().authenticate(request)
        request.auth = None if found is None else found[1]
        self.check_permissions(request)

    def _message_request(self, request: Request, body: dict[str, Any]) -> MessageRequest:
        return MessageRequest(
            tenant_id=body["tenant_id"],
            recipient_phone=body["recipient_phone"],
            recipient_name=body.get("recipient_name") or "",
            template_name=body["template"]["template_name"],
            language=body["template"]["language"],
            components=body["template"]["components"],
            reference=body.get("reference") or "",
            idempotency_key=_idempotency_key(request, body),
            request_digest=digest_of(cast(dict[str, Any], request.data)),
            requested_by=self.acting,
            priority=PRIORITIES[body.get("priority") or "normal"],
            if_unconfirmed=IfUnconfirmed(body.get("if_unconfirmed") or IfUnconfirmed.LEAVE),
            ttl_seconds=body.get("ttl_seconds"),
        )


class MessageListView(ApiView, ListAPIView[Message]):
    required_scope = Scope.MESSAGES_READ
    serializer_class = MessageOut

    def get_queryset(self) -> QuerySet[Message]:
        filters = validated(MessageFilters(data=self.request.query_params.dict()))
        tenant_id = filters.get("tenant_id") or filters.get("tenant")
        found = queries.messages(self.api_key)
        if tenant_id is not None:
            if not allowed_tenants(self.api_key).filter(pk=tenant_id).exists():
                raise unknown_tenant()
            found = found.filter(tenant_id=tenant_id)
        if "waits_for" in filters and "status" not in filters:
            found = found.queued()  # The queue is short and has its index.
        for name in ("reference", "status", "waits_for"):
            if name in filters:
                found = found.filter(**{name: filters[name]})
        return found.created_between(
            after=filters.get("created_after"), before=filters.get("created_before")
        )

    @docs.message_list
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request)


class OneMessageView(ApiView):
    """What the views of one message share. Another bakery's message is not found."""

    def message(self, text: str) -> Message:
        """Return the message of an address. Raises RefusalError."""
        key = id_from(text, "message_id")
        message = queries.messages(self.api_key).filter(pk=key).first()
        if message is None:
            raise RefusalError("not_found", "There is no such message.")
        return message

    def answer_after(self, change: Callable[[Message], None], text: str) -> Response:
        """Make one change to the message of an address and show it as it is then. Raises RefusalError."""
        try:
            change(self.message(text))
        except RefusedError as refused:
            raise _refusal(refused) from None
        return Response(MessageOut(self.message(text)).data)


class MessageView(OneMessageView):
    required_scope = Scope.MESSAGES_READ

    @docs.message
    def get(self, request: Request, message_id: str) -> Response:
        return Response(MessageOut(self.message(message_id)).data)


class CancelView(OneMessageView):
    required_scope = Scope.MESSAGES_SEND

    @docs.cancel
    def post(self, request: Request, message_id: str) -> Response:
        return self.answer_after(interventions.cancel_message, message_id)


class ResendView(OneMessageView):
    required_scope = Scope.MESSAGES_SEND

    @docs.resend
    def post(self, request: Request, message_id: str) -> Response:
        return self.answer_after(interventions.resend_message, message_id)


def digest_of(body: Mapping[str, Any]) -> str:
    """Identify a body as parsed JSON, whatever its spacing and the order of its keys."""
    relevant = {name: value for name, value in body.items() if name not in _NOT_IN_DIGEST}
    canonical = json.dumps(relevant, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _idempotency_key(request: Request, body: dict[str, Any]) -> str | None:
    in_body: str | None = body.get("idempotency_key")
    in_header: str | None = request.headers.get("idempotency-key")
    if in_header is None:
        return in_body
    in_header = in_header.strip()
    if not 0 < len(in_header) <= _MAX_KEY_LENGTH:
        sentence = f"Must have 1 to {_MAX_KEY_LENGTH} characters."
        raise RefusalError(
            "validation_error",
            "The Idempotency-Key header is not valid.",
            {"idempotency_key": sentence},
        )
    if in_body not in (None, in_header):
        raise RefusalError(
            "malformed_request",
            "The Idempotency-Key header and the body's idempotency_key differ. Send one of them.",
            {"idempotency_key": "Differs from the header."},
        )
    return in_header


def _refusal(refused: RefusedError) -> RefusalError:
    return RefusalError(refused.code, refused.message, refused.fields)


def _previewed(preview: Preview) -> dict[str, Any]:
    answer = {
        "dry_run": True,
        "rendered_text": preview.rendered_text,
        "warnings": preview.warnings,
        "schedule": preview.schedule,
    }
    return shown(DryRunOut, answer)


def _accepted(request: Request, message: Message, warnings: list[dict[str, str]]) -> dict[str, Any]:
    """The first answer: a repeat gets the very same one, whatever became of the message since."""
    address = _message_address().format(message_id=message.pk)
    answer = {
        "message_id": message.pk,
        "tenant_id": message.tenant_id,
        "status": "queued",
        "status_url": request.build_absolute_uri(address),
        "warnings": warnings,
    }
    return shown(SendOut, answer)


@cache
def _message_address() -> str:
    """The address of any message; Django takes longer to find it than to answer with it."""
    return unquote(reverse("api:message", kwargs={"message_id": "{message_id}"}))
