"""Accepting a message: everything that can be refused is refused here, then one transaction and the order stands."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from messaging import queues
from messaging.graph_api import template_text
from messaging.models import (
    IfUnconfirmed,
    Message,
    MessageTemplate,
    Priority,
)
from messaging.models.message import REFERENCE_LENGTH, first_id_at
from messaging.models.template import MessageTemplateQuerySet
from messaging.services import suppressions
from messaging.services.acceptance_facts import AcceptanceFacts, read_facts
from messaging.services.language_fallback import substitutes_for
from messaging.services.refused import Refusal, RefusedError
from messaging.services.scheduling import Schedule, schedule
from messaging.services.storing import store
from tenants import phone_numbers
from tenants.models import ApiKey, PhoneNumber, Tenant

log = structlog.get_logger(__name__)

IDEMPOTENCY_KEY_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """What a caller asks for. `components` has Meta's send shape; `request_digest` identifies the whole body.

    Without `reference` the order's number is taken from the text, where the kind of notice says where it stands.
    Without `ttl_seconds` the message expires after WHATSAPP_MESSAGE_TTL_HOURS. `replaces` is the message that this one
    stands for: see resending.py. `even_if_off` sends although the bakery has this kind of notice off. `secret` is
    a code in the text that only its recipient may read.
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
    replaces: uuid.UUID | None = None
    is_trial: bool = False
    even_if_off: bool = False
    secret: str = ""

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


@dataclass(frozen=True, slots=True)
class _Checked:
    """A request that may be sent, with all it was found to need."""

    tenant: Tenant
    sender: PhoneNumber
    template: MessageTemplate
    recipient_phone: str
    fitted: template_text.Fitted
    reference: str
    accepted_at: datetime
    schedule: Schedule
    warnings: list[dict[str, str]] = field(default_factory=list)


def queue_message(request: MessageRequest, *, api_key: ApiKey | None = None) -> Queued:
    """Store the message for sending and wake a worker. Raises RefusedError and KeyChangedError.

    `api_key` is the caller's; without one the platform itself asks. The same idempotency key and body give the first
    message again, also for two requests at once.
    """
    facts = _facts(request, api_key)
    if facts.first_id is not None and _is_kept(facts.first_id):
        return _repeat(request, facts.first_id)
    checked = _check(request, facts)
    _refuse_opted_out(checked, facts, is_order=True)
    message = _message(request, checked)
    if not store(message):
        # Another request with this key was faster. Its message is there to be found now.
        return queue_message(request, api_key=api_key)
    if not checked.schedule.waits_for:
        queues.wake_sender(message.phone_number_id)
    log.info("WhatsApp message queued", message_id=message.pk, tenant_id=message.tenant_id)
    return Queued(message, checked.warnings)


def preview_message(request: MessageRequest, *, api_key: ApiKey | None = None) -> Preview:
    """Check as `queue_message` does, store nothing and return the text. Raises RefusedError and KeyChangedError."""
    facts = _facts(request, api_key)
    checked = _check(request, facts)
    _refuse_opted_out(checked, facts, is_order=False)
    return Preview(checked.fitted.rendered_text, checked.warnings, checked.schedule)


def _facts(request: MessageRequest, api_key: ApiKey | None) -> AcceptanceFacts:
    facts = read_facts(
        tenant_id=request.tenant_id,
        template_name=request.template_name,
        language=request.language,
        idempotency_key=request.idempotency_key,
        recipient=_comparable(request.recipient_phone),
        api_key=api_key,
    )
    if facts is None:
        raise RefusedError(
            Refusal.UNKNOWN_TENANT, "There is no such bakery.", {"tenant_id": "Unknown."}
        )
    return facts


def _comparable(recipient: str) -> str | None:
    """Return the number as opt-outs are kept; None for what is no number, which is refused in its turn."""
    try:
        return phone_numbers.comparable(phone_numbers.normalised(recipient))
    except phone_numbers.InvalidPhoneNumberError:
        return None


def _is_kept(first_id: uuid.UUID) -> bool:
    """Whether the key of this message still holds; one that has lasted its 30 days is given free."""
    if first_id >= first_id_at(timezone.now() - IDEMPOTENCY_KEY_KEPT):
        return True
    Message.objects.filter(pk=first_id).update(idempotency_key=None)
    return False


def _repeat(request: MessageRequest, first_id: uuid.UUID) -> Queued:
    first = Message.objects.get(pk=first_id)
    if first.request_digest != request.request_digest:
        raise RefusedError(
            Refusal.IDEMPOTENCY_CONFLICT,
            "This idempotency key was used for another message. Use a new key for a new message.",
            {"idempotency_key": "Already used with another body."},
        )
    return Queued(first, first.warnings, is_repeat=True)


def _check(request: MessageRequest, facts: AcceptanceFacts) -> _Checked:
    tenant = facts.tenant
    refuse_when_off(tenant)
    recipient = _recipient(request)
    sender = _sender(facts, recipient)
    template, repairs = _template(request, facts, sender)
    if not (facts.is_wanted or request.even_if_off):
        raise _unwanted(template)
    try:
        fitted = template_text.fit(
            template_components=template.components,
            parameter_format=template.parameter_format,
            given=request.components,
        )
    except template_text.ParametersMismatchError as error:
        raise RefusedError(Refusal.PARAMETERS_MISMATCH, str(error), error.fields) from None
    now = timezone.now()
    return _Checked(
        tenant,
        sender,
        template,
        recipient,
        fitted,
        reference=request.reference or _order_number(request, facts, fitted),
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
            Refusal.SENDING_DISABLED,
            "WhatsApp notifications are switched off for the whole platform.",
        )
    if tenant.is_suspended:
        raise RefusedError(
            Refusal.SUSPENDED, "The platform has suspended WhatsApp for this bakery."
        )
    if not tenant.whatsapp_enabled:
        raise RefusedError(
            Refusal.WHATSAPP_DISABLED,
            "The bakery has WhatsApp switched off. It can switch it on in its settings.",
        )


def _unwanted(template: MessageTemplate) -> RefusedError:
    return RefusedError(
        Refusal.NOTICE_OFF,
        "The bakery has this kind of notice switched off. It can switch it on in its settings.",
        {"template.template_name": f"{template.name} is off for this bakery."},
    )


def _refuse_opted_out(checked: _Checked, facts: AcceptanceFacts, *, is_order: bool) -> None:
    """Raise RefusedError where the recipient wants no such message; staff hear of an order that is refused so.

    The same words whoever stopped it: another bakery's affair stays its own.
    """
    if not facts.forbids(is_marketing=checked.template.category == suppressions.MARKETING):
        return
    if is_order:
        suppressions.tell_of_refusal(tenant=checked.tenant, recipient_phone=checked.recipient_phone)
    raise RefusedError(
        Refusal.RECIPIENT_OPTED_OUT,
        "This recipient cannot be written to: it wants no such WhatsApp messages. Tell it in another way.",
        {"recipient_phone": "Opted out."},
    )


def _recipient(request: MessageRequest) -> str:
    try:
        return phone_numbers.normalised(request.recipient_phone)
    except phone_numbers.InvalidPhoneNumberError as error:
        raise RefusedError(
            Refusal.INVALID_PHONE_NUMBER,
            "The recipient's phone number is not valid.",
            {"recipient_phone": str(error)},
        ) from None


def _sender(facts: AcceptanceFacts, recipient: str) -> PhoneNumber:
    sender = facts.sender
    if sender is None:
        raise RefusedError(
            Refusal.NO_PHONE_NUMBER,
            "The bakery has no sending number and the platform no default one. Assign one in the admin.",
        )
    if sender.display_phone_number == recipient:
        raise RefusedError(
            Refusal.OWN_NUMBER,
            "A number cannot write to itself.",
            {"recipient_phone": "This is the bakery's own sending number."},
        )
    return sender


def _template(
    request: MessageRequest, facts: AcceptanceFacts, sender: PhoneNumber
) -> tuple[MessageTemplate, list[template_text.Repair]]:
    """Return the template in the asked language, else in the first one that is configured to stand in for it."""
    template = facts.template
    if template is not None and template.is_approved:
        return template, []
    known = MessageTemplate.objects.filter(account=sender.account_id)
    substitute = _substitute(request, known)
    if substitute is not None:
        repair = template_text.Repair(
            "template.language", "language_fallback", request.language, substitute.language
        )
        return substitute, [repair]
    if template is None:
        raise _unknown_template(request, known)
    raise RefusedError(
        Refusal.TEMPLATE_NOT_APPROVED,
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
            Refusal.UNKNOWN_TEMPLATE,
            "The template does not exist in this language.",
            {"template.language": f"It exists in: {', '.join(languages)}."},
        )
    names = sorted(set(known.values_list("name", flat=True)))[:20]
    return RefusedError(
        Refusal.UNKNOWN_TEMPLATE,
        "There is no template of this name.",
        {
            "template.template_name": f"There are: {', '.join(names)}."
            if names
            else "No template has been synced yet."
        },
    )


def _order_number(
    request: MessageRequest, facts: AcceptanceFacts, fitted: template_text.Fitted
) -> str:
    """Return what stands in the order's place of the text; "" where that is unknown or too long for a number.

    The guide's callers name no reference. A trial's text holds an example there, or a code.
    """
    if request.is_trial or not facts.order_parameter:
        return ""
    found = template_text.body_values(fitted.components).get(facts.order_parameter, "")
    return found if len(found) <= REFERENCE_LENGTH else ""


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "•" * len(secret)) if secret else text


def _message(request: MessageRequest, checked: _Checked) -> Message:
    now, plan = checked.accepted_at, checked.schedule
    return Message(
        tenant_id=checked.tenant.pk,
        phone_number_id=checked.sender.pk,
        template_id=checked.template.pk,
        recipient_phone=checked.recipient_phone,
        recipient_name=request.recipient_name,
        components=checked.fitted.components,
        rendered_text=_without(request.secret, checked.fitted.rendered_text),
        reference=checked.reference,
        idempotency_key=request.idempotency_key,
        request_digest=request.request_digest,
        warnings=checked.warnings,
        requested_by=request.requested_by,
        replaces_id=request.replaces,
        priority=request.priority,
        is_trial=request.is_trial,
        if_unconfirmed=request.if_unconfirmed,
        send_after=plan.send_after,
        expires_at=plan.expires_at,
        waits_for=plan.waits_for,
        created_at=now,
        updated_at=now,
    )
