"""Accepting a message: everything that can be refused is refused here, then one transaction and the order stands."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging import queues
from messaging.graph_api import template_text
from messaging.models import (
    EventKind,
    IfUnconfirmed,
    Message,
    MessageEvent,
    MessageTemplate,
    Priority,
)
from messaging.models.message import first_id_at
from messaging.models.template import MessageTemplateQuerySet
from messaging.services.language_fallback import substitutes_for
from messaging.services.scheduling import Schedule, schedule
from tenants import phone_numbers
from tenants.models import PhoneNumber, Tenant
from tenants.services.routing import sender_for

log = structlog.get_logger(__name__)

IDEMPOTENCY_KEY_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """What a caller asks for. `components` has Meta's send shape; `request_digest` identifies the whole body.

    Without `ttl_seconds` the message expires after WHATSAPP_MESSAGE_TTL_HOURS.
    """

    tenant_id: uuid.UUID
    recipient_phone: str
    template_name: str
    language: str
    components: list[dict[str, Any]]
    recipient_name: str = ""
    reference: str = ""
    idempotency_key: str | None = None
    request_digest: str = ""
    requested_by: str = ""
    priority: Priority = Priority.NORMAL
    if_unconfirmed: IfUnconfirmed = IfUnconfirmed.LEAVE
    ttl_seconds: int | None = None

    @property
    def lifetime(self) -> timedelta:
        if self.ttl_seconds is not None:
            return timedelta(seconds=self.ttl_seconds)
        return timedelta(hours=settings.WHATSAPP_MESSAGE_TTL_HOURS)


@dataclass(frozen=True, slots=True)
class Queued:
    message: Message
    warnings: list[dict[str, str]]
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    rendered_text: str
    warnings: list[dict[str, str]]
    schedule: Schedule


class RefusedError(Exception):
    """The message is not accepted. `code` is the contract's; `fields` names the part of the request to mend."""

    def __init__(self, code: str, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields or {}


@dataclass(frozen=True, slots=True)
class _Checked:
    """A request that may be sent, with all it was found to need."""

    tenant: Tenant
    sender: PhoneNumber
    template: MessageTemplate
    recipient_phone: str
    fitted: template_text.Fitted
    accepted_at: datetime
    schedule: Schedule
    warnings: list[dict[str, str]] = field(default_factory=list)


def queue_message(request: MessageRequest, *, allowed_tenants: QuerySet[Tenant]) -> Queued:
    """Store the message for sending and wake a worker. Raises RefusedError.

    The same idempotency key and body give the first message again, also for two requests at once.
    """
    tenant = _tenant(request, allowed_tenants)
    first = _first_with_key(request, tenant)
    if first is not None:
        return _repeat(request, first)
    checked = _check(request, tenant)
    try:
        with transaction.atomic():
            message = _store(request, checked)
            if not checked.schedule.waits_for:
                queues.wake_sender(checked.sender.pk)
    except IntegrityError:
        first = _first_with_key(request, tenant)
        if first is None:
            raise
        return _repeat(request, first)
    log.info("WhatsApp message queued", message_id=message.pk, tenant_id=tenant.pk)
    return Queued(message, checked.warnings)


def preview_message(request: MessageRequest, *, allowed_tenants: QuerySet[Tenant]) -> Preview:
    """Check as `queue_message` does, store nothing and return the text. Raises RefusedError."""
    checked = _check(request, _tenant(request, allowed_tenants))
    return Preview(checked.fitted.rendered_text, checked.warnings, checked.schedule)


def _tenant(request: MessageRequest, allowed_tenants: QuerySet[Tenant]) -> Tenant:
    tenant = allowed_tenants.filter(pk=request.tenant_id).first()
    if tenant is None:
        raise RefusedError("unknown_tenant", "There is no such bakery.", {"tenant_id": "Unknown."})
    return tenant


def _first_with_key(request: MessageRequest, tenant: Tenant) -> Message | None:
    if request.idempotency_key is None:
        return None
    kept_since = first_id_at(timezone.now() - IDEMPOTENCY_KEY_KEPT)
    same_key = Message.objects.of(tenant).filter(idempotency_key=request.idempotency_key)
    same_key.filter(id__lt=kept_since).update(idempotency_key=None)
    return same_key.first()


def _repeat(request: MessageRequest, first: Message) -> Queued:
    if first.request_digest != request.request_digest:
        raise RefusedError(
            "idempotency_conflict",
            "This idempotency key was used for another message. Use a new key for a new message.",
            {"idempotency_key": "Already used with another body."},
        )
    return Queued(first, first.warnings, is_repeat=True)


def _check(request: MessageRequest, tenant: Tenant) -> _Checked:
    refuse_when_off(tenant)
    recipient = _recipient(request)
    sender = _sender(tenant, recipient)
    template, repairs = _template(request, sender)
    try:
        fitted = template_text.fit(
            template_components=template.components,
            parameter_format=template.parameter_format,
            given=request.components,
        )
    except template_text.ParametersMismatchError as error:
        raise RefusedError("parameters_mismatch", str(error), error.fields) from None
    now = timezone.now()
    return _Checked(
        tenant,
        sender,
        template,
        recipient,
        fitted,
        accepted_at=now,
        schedule=schedule(
            tenant,
            now=now,
            lifetime=request.lifetime,
            is_urgent=request.priority == Priority.URGENT,
        ),
        warnings=[asdict(repair) for repair in [*repairs, *fitted.warnings]],
    )


def refuse_when_off(tenant: Tenant) -> None:
    """Raise RefusedError where nothing may be sent for this bakery."""
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        raise RefusedError(
            "sending_disabled", "WhatsApp notifications are switched off for the whole platform."
        )
    if tenant.is_suspended:
        raise RefusedError(
            "whatsapp_disabled", "The platform has suspended WhatsApp for this bakery."
        )
    if not tenant.whatsapp_enabled:
        raise RefusedError(
            "whatsapp_disabled",
            "The bakery has WhatsApp switched off. It can switch it on in its settings.",
        )


def _recipient(request: MessageRequest) -> str:
    try:
        return phone_numbers.normalised(request.recipient_phone)
    except phone_numbers.InvalidPhoneNumberError as error:
        raise RefusedError(
            "invalid_phone_number",
            "The recipient's phone number is not valid.",
            {"recipient_phone": str(error)},
        ) from None


def _sender(tenant: Tenant, recipient: str) -> PhoneNumber:
    sender = sender_for(tenant)
    if sender is None:
        raise RefusedError(
            "no_phone_number",
            "The bakery has no sending number and the platform no default one. Assign one in the admin.",
        )
    if sender.display_phone_number == recipient:
        raise RefusedError(
            "invalid_phone_number",
            "A number cannot write to itself.",
            {"recipient_phone": "This is the bakery's own sending number."},
        )
    return sender


def _template(
    request: MessageRequest, sender: PhoneNumber
) -> tuple[MessageTemplate, list[template_text.Repair]]:
    """Return the template in the asked language, else in the first one that is configured to stand in for it."""
    known = MessageTemplate.objects.filter(account=sender.account_id)
    template = known.filter(name=request.template_name, language=request.language).first()
    if template is not None and template.is_approved:
        return template, []
    substitute = _substitute(request, known)
    if substitute is not None:
        repair = template_text.Repair(
            "template.language", "language_fallback", request.language, substitute.language
        )
        return substitute, [repair]
    if template is None:
        raise _unknown_template(request, known)
    raise RefusedError(
        "template_not_approved",
        f"Meta has not approved this template: its status is {template.status}.",
        {"template.template_name": f"Status {template.status}."},
    )


def _substitute(request: MessageRequest, known: MessageTemplateQuerySet) -> MessageTemplate | None:
    languages = substitutes_for(request.language)
    if not languages:
        return None
    approved = known.approved().filter(name=request.template_name, language__in=languages)
    return min(approved, key=lambda found: languages.index(found.language), default=None)


def _unknown_template(request: MessageRequest, known: QuerySet[MessageTemplate]) -> RefusedError:
    languages = sorted(known.filter(name=request.template_name).values_list("language", flat=True))
    if languages:
        return RefusedError(
            "unknown_template",
            "The template does not exist in this language.",
            {"template.language": f"It exists in: {', '.join(languages)}."},
        )
    names = sorted(set(known.values_list("name", flat=True)))[:20]
    return RefusedError(
        "unknown_template",
        "There is no template of this name.",
        {
            "template.template_name": f"There are: {', '.join(names)}."
            if names
            else "No template has been synced yet."
        },
    )


def _store(request: MessageRequest, checked: _Checked) -> Message:
    now, plan = checked.accepted_at, checked.schedule
    message = Message.objects.create(
        tenant=checked.tenant,
        phone_number=checked.sender,
        template=checked.template,
        recipient_phone=checked.recipient_phone,
        recipient_name=request.recipient_name,
        components=checked.fitted.components,
        rendered_text=checked.fitted.rendered_text,
        reference=request.reference,
        idempotency_key=request.idempotency_key,
        request_digest=request.request_digest,
        warnings=checked.warnings,
        requested_by=request.requested_by,
        priority=request.priority,
        if_unconfirmed=request.if_unconfirmed,
        send_after=plan.send_after,
        expires_at=plan.expires_at,
        waits_for=plan.waits_for,
        created_at=now,
        updated_at=now,
    )
    MessageEvent.objects.create(message=message, kind=EventKind.QUEUED, at=now)
    return message
