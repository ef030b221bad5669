"""Who is not to be written to: stops and resumes as they come, in whatever order, and the questions asked of them.

What holds in the end is what was asked last by the clock of whoever asked, however the webhooks arrived and however often.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from messaging.models import Alert, AlertKind, InboundMessage, Message, Suppression
from messaging.models.suppression import SuppressionQuerySet
from messaging.services.alerts import open_alert
from messaging.services.people import Person
from tenants import phone_numbers
from tenants.audit import update_logged
from tenants.models import PhoneNumber, Tenant

log = structlog.get_logger(__name__)

What, Source = Suppression.What, Suppression.Source
MARKETING = "MARKETING"  # Meta's word for a template's category
# Meta's refusal and the webhook speak of the same choice of the person; each other source is a wish of its own.
OF_META = frozenset({Source.PREFERENCE, Source.REFUSED})
# Stops and resumes are rare; one after the other none overlooks another that is being written.
_LOCK = 0x6F70745F6F7574
_KEPT_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's wish: who, towards whom (the whole account without a bakery), about what, who says so, when.

    `number` and `inbound` say where it was told; `by` and `reason` are for what staff enter.
    """

    person: Person
    tenant_id: uuid.UUID | None
    what: str
    source: str
    at: datetime
    number: PhoneNumber | None = None
    inbound: InboundMessage | None = None
    by: str = ""
    reason: str = ""


def stop(request: Request) -> bool:
    """Note that this person is not to be written to; False when that is nothing new."""
    with transaction.atomic():
        _one_at_a_time()
        same = _same(request)
        standing = list(same.open().order_by("id"))
        if standing:
            _ask_again(standing, request)
            return False
        later = same.filter(lifted_at__gt=request.at).order_by("lifted_at", "id").first()
        if later is None:
            Suppression.objects.create(**_columns(request))
        elif later.is_only_a_resume:
            # The resume came first; now the history knows what it ended.
            update_logged(
                Suppression.objects.filter(pk=later.pk),
                asked_at=request.at,
                last_asked_at=request.at,
                asked_in=request.inbound,
            )
    if later is None:
        log.info("Opt-out noted", what=request.what, source=request.source)
    return later is None


def resume(request: Request) -> bool:
    """End the stops from the same source that are older than the request; False when there was none.

    A resume without a stop is kept: the stop it ends may arrive later.
    """
    with transaction.atomic():
        _one_at_a_time()
        same = _same(request)
        ended = list(same.open().filter(last_asked_at__lt=request.at))
        for suppression in ended:
            _lift(suppression, request)
        known = same.filter(Q(lifted_at__isnull=True) | Q(lifted_at__gte=request.at))
        if not ended and not known.exists():
            lifted = {"lifted_at": request.at, "lifted_in": request.inbound, "asked_in": None}
            Suppression.objects.create(**_columns(request) | lifted)
    if ended:
        log.info("Opt-out lifted", source=request.source)
    return bool(ended)


def lift(suppressions: Iterable[Suppression], *, by: str, reason: str) -> int:
    """End these at the word of the platform's staff; return how many stood."""
    count = 0
    with transaction.atomic():
        _one_at_a_time()
        ids = [suppression.pk for suppression in suppressions]
        for standing in Suppression.objects.open().filter(pk__in=ids).order_by("id"):
            person = Person(standing.phone, standing.user_id)
            at = max(timezone.now(), standing.last_asked_at)
            _lift(
                standing,
                Request(
                    person,
                    standing.tenant_id,
                    standing.what,
                    Source.STAFF,
                    at,
                    by=by,
                    reason=reason,
                ),
            )
            count += 1
    if count:
        log.info("Opt-out lifted", source=Source.STAFF.value)
    return count


def follow_person(old: Person, new: Person, *, tenant_id: uuid.UUID | None) -> None:
    """Somebody has a new number or user id: what they asked of this bakery and of the account holds for it too."""
    standing = Suppression.objects.open().about(phone=old.comparable_phone, user_id=old.user_id)
    mine = standing.filter(Q(tenant=tenant_id) | Q(tenant__isnull=True))
    for suppression in mine.order_by("id"):
        stop(
            Request(
                new,
                suppression.tenant_id,
                suppression.what,
                suppression.source,
                suppression.last_asked_at,
                number=suppression.phone_number,
                inbound=suppression.asked_in,
                by=suppression.asked_by,
                reason=suppression.reason,
            )
        )


# --- Who may be written to ---------------------------------------------------------------------------


def opted_out_among(messages: Sequence[Message]) -> list[Message]:
    """Return those of the messages whose recipient may not be written to by their bakery. One query."""
    phones = {phone_numbers.comparable(message.recipient_phone) for message in messages}
    rows = Suppression.objects.open().filter(phone__in=phones)
    stops: set[tuple[str, uuid.UUID | None, str]] = set(
        rows.values_list("phone", "tenant_id", "what") if phones else ()
    )
    if not stops:
        return []
    return [message for message in messages if _is_stopped(message, stops)]


def blocked_phones(tenant: Tenant, phones: Iterable[str]) -> dict[str, bool]:
    """Return which of these recipients get no orders of the bakery, and of each whether the bakery may know that they asked.

    What holds for the whole account is another's affair: the bakery learns only that it cannot write.
    """
    comparable = {phone: phone_numbers.comparable(phone) for phone in phones}
    binding = Suppression.objects.binding(tenant.pk).against(is_marketing=False)
    rows = binding.filter(phone__in=set(comparable.values())).values_list("phone", "tenant_id")
    own: dict[str, bool] = {}
    for phone, tenant_id in rows:
        own[phone] = own.get(phone, False) or tenant_id is not None
    return {phone: own[plain] for phone, plain in comparable.items() if plain in own}


def tell_of_refusal(*, tenant: Tenant, recipient_phone: str) -> None:
    """Open the alert that an order did not go out, so that somebody calls the supplier."""
    open_alert(AlertKind.ORDER_REFUSED, subject=alert_subject(tenant.name, recipient_phone))


def alert_subject(bakery: str, phone: str) -> str:
    """Name a bakery and its recipient for staff, without the number."""
    return f"{bakery[:150]} · {_masked(phone)}"


def _is_stopped(message: Message, stops: set[tuple[str, uuid.UUID | None, str]]) -> bool:
    phone = phone_numbers.comparable(message.recipient_phone)
    kinds = {What.ALL, What.MARKETING}
    if message.template.category != MARKETING:
        kinds = {What.ALL}
    return any(
        (phone, tenant_id, what.value) in stops
        for tenant_id in (message.tenant_id, None)
        for what in kinds
    )


# --- Rows --------------------------------------------------------------------------------------------


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _same(request: Request) -> SuppressionQuerySet:
    person = request.person
    about = Suppression.objects.about(phone=person.comparable_phone, user_id=person.user_id)
    sources = OF_META if request.source in OF_META else {request.source}
    return about.filter(tenant=request.tenant_id, what=request.what, source__in=sources)


def _ask_again(standing: list[Suppression], request: Request) -> None:
    first = standing[0]
    first.last_asked_at = max(first.last_asked_at, request.at)
    first.asked_at = min(first.asked_at, request.at)
    if len(standing) == 1:  # Otherwise the number and the user id have a row each.
        first.phone = first.phone or request.person.comparable_phone
        first.user_id = first.user_id or request.person.user_id
    first.save(update_fields=["asked_at", "last_asked_at", "phone", "user_id"])


def _columns(request: Request) -> dict[str, object]:
    return {
        "tenant_id": request.tenant_id,
        "phone": request.person.comparable_phone,
        "user_id": request.person.user_id,
        "what": request.what,
        "source": request.source,
        "phone_number": request.number,
        "asked_at": request.at,
        "last_asked_at": request.at,
        "asked_in": request.inbound,
        "asked_by": request.by,
        "reason": request.reason,
    }


def _lift(suppression: Suppression, request: Request) -> None:
    update_logged(
        Suppression.objects.filter(pk=suppression.pk),
        lifted_at=request.at,
        lifted_in=request.inbound,
        lifted_by=request.by,
        lift_reason=request.reason,
    )
    _close_alerts(suppression)


def _close_alerts(suppression: Suppression) -> None:
    """Orders go out again: nobody has to be called any more."""
    refused = Alert.objects.open().filter(kind=AlertKind.ORDER_REFUSED)
    if not suppression.phone:
        return
    if suppression.tenant is None:
        refused = refused.filter(subject__endswith=f" · {_masked(suppression.phone)}")
    else:
        refused = refused.filter(subject=alert_subject(suppression.tenant.name, suppression.phone))
    refused.update(closed_at=timezone.now())


def _masked(phone: str) -> str:
    return f"…{phone[-_KEPT_DIGITS:]}"
