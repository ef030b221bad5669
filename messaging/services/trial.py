"""A test message, sent the way orders go: so that what stands in an order's way stands in its way too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from messaging.graph_api.template_examples import examples_of
from messaging.graph_api.template_shape import placeholders, shape_of
from messaging.models import Message, MessageTemplate
from messaging.services.queueing import MessageRequest, Queued, queue_message
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant
from tenants.services.routing import sender_for

REFERENCE = "TEST"
_WITHOUT_EXAMPLE = "Prueba"


class NobodySendsFromItError(Exception):
    """No bakery whose switch is on sends from this number."""


def bakery_that_sends_from(number: PhoneNumber) -> Tenant | None:
    """Return a bakery, switched on, whose messages leave by this number."""
    is_suspended = Q(suspended_until__gt=timezone.now())
    switched_on = Tenant.objects.filter(~is_suspended, whatsapp_enabled=True)
    standing = PhoneNumberAssignment.objects.open().filter(is_primary=True)
    if number.is_default:
        without_own = switched_on.exclude(pk__in=standing.values("tenant"))
        return without_own.order_by("name", "id").first()
    own = standing.filter(phone_number=number).values("tenant")
    tenant = switched_on.filter(pk__in=own).first()
    return tenant if tenant is not None and sender_for(tenant) == number else None


def send_trial(
    number: PhoneNumber, *, to: str, template: MessageTemplate, requested_by: str
) -> Queued:
    """Queue the template with its own examples. Raises NobodySendsFromItError and RefusedError."""
    tenant = bakery_that_sends_from(number)
    if tenant is None:
        raise NobodySendsFromItError
    request = MessageRequest(
        tenant_id=tenant.pk,
        recipient_phone=to,
        template_name=template.name,
        language=template.language,
        components=example_components(template),
        reference=REFERENCE,
        requested_by=requested_by,
        is_trial=True,
    )
    return queue_message(request)


@dataclass(frozen=True, slots=True)
class TriedNumber:
    """`message` is on its way; without one, `refusal` says in English why, or nobody sends from the number."""

    number: PhoneNumber
    message: Message | None = None
    refusal: str = ""


def send_trials(
    numbers: Iterable[PhoneNumber], *, to: str, template: MessageTemplate, requested_by: str
) -> list[TriedNumber]:
    """Send one from each; what keeps one number from it keeps none of the others."""
    tried = []
    for number in numbers:
        try:
            queued = send_trial(number, to=to, template=template, requested_by=requested_by)
        except NobodySendsFromItError:
            tried.append(TriedNumber(number))
        except RefusedError as refusal:
            tried.append(TriedNumber(number, refusal=words_of_refusal(refusal)))
        else:
            tried.append(TriedNumber(number, message=queued.message))
    return tried


def example_components(template: MessageTemplate) -> list[dict[str, Any]]:
    """Return Meta's send components, filled with the examples that the template was submitted with."""
    shape = shape_of(template.components)
    texts = {"header": shape.header_text, "body": shape.body}
    is_named = template.parameter_format == "NAMED"
    components = []
    for kind, text in texts.items():
        known = examples_of(shape.examples.get(kind, {}))
        parameters: list[dict[str, Any]] = []
        for name in placeholders(text):
            value = {"type": "text", "text": known.get(name, _WITHOUT_EXAMPLE)}
            parameters.append(value | ({"parameter_name": name} if is_named else {}))
        if parameters:
            components.append({"type": kind, "parameters": parameters})
    return components
