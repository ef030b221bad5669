"""A bakery's recipients: the list with bad numbers first, and one of them entered or corrected."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

import structlog
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from messaging.models import InboundMessage, Message, PersonAlias, Recipient, Suppression
from messaging.models.inbound_message import InboundMessageQuerySet
from messaging.models.message import MessageQuerySet
from messaging.models.recipient import RecipientQuerySet
from messaging.models.suppression import SuppressionQuerySet
from messaging.services import recipient_learning
from messaging.services.suppressions import blocked_phones
from messaging.statuses import MessageStatus
from tenants import phone_numbers
from tenants.models import Tenant, User

log = structlog.get_logger(__name__)

PAGE = 25
# With these codes Meta says that nobody can be reached at the number: it is no WhatsApp's, or the sender's own. What else
# lies with the recipient, such as a wish for no promotions or a blocked account, makes no number bad.
BAD_NUMBER = frozenset({131021, 131026})
_LATEST = 10
# Of what `with_trouble` adds; the primary key makes it whole.
_ORDER: tuple[str, ...] = ("-is_bad", "sort_name", "id")
_KEYS: tuple[str, ...] = ("is_bad", "sort_name", "id")
_ANNOTATED = ("is_bad", "last_arrived_at")
_ARRIVED = (MessageStatus.DELIVERED, MessageStatus.READ)


class NumberTakenError(Exception):
    """Another recipient of the bakery has this number; `recipient` is that one."""

    def __init__(self, recipient: Recipient) -> None:
        super().__init__("another recipient has this number")
        self.recipient = recipient


@dataclass(frozen=True, slots=True)
class Details:
    """What a bakery enters about somebody. `phone` is E.164; consent has a day exactly where it has a way."""

    phone: str
    name: str = ""
    note: str = ""
    consent_how: str = ""
    consent_date: date | None = None
    email: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One recipient of a list: whether the last message failed for a reason of theirs, and when one arrived last."""

    recipient: Recipient
    is_bad: bool
    last_arrived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """`next_after` continues the list, None at its end; `blocked` as `suppressions.blocked_phones` says it."""

    listed: list[Listed]
    blocked: dict[str, bool]
    next_after: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Portrait:
    """One recipient with the latest messages. `stopped_at` is when the person asked this bakery to stop, if so."""

    recipient: Recipient
    messages: list[Message]
    blocked: dict[str, bool]
    stopped_at: datetime | None


# --- Reading -----------------------------------------------------------------------------------------


def page_of(
    tenant: Tenant, *, user: User, search: str = "", after: uuid.UUID | None = None
) -> Page:
    """Return one page: bad numbers first, then by name. `search` is words of a name or a whole number."""
    found = _matching(Recipient.objects.visible_to(user).of(tenant), search)
    found = _behind(found.with_trouble(BAD_NUMBER), after)
    ordered = _with_last_arrival(found).order_by(*_ORDER)
    rows = list(ordered.select_related("last_message")[: PAGE + 1])
    page, has_more = rows[:PAGE], len(rows) > PAGE
    phones = [recipient.phone for recipient in page]
    listed = [Listed(row, *(getattr(row, name) for name in _ANNOTATED)) for row in page]
    return Page(listed, blocked_phones(tenant, phones), page[-1].pk if has_more else None)


def portrait_of(recipient: Recipient, *, user: User) -> Portrait:
    latest = messages_to(recipient).visible_to(user).with_what_came_of_them().newest_first()
    messages = list(latest[:_LATEST])
    phones = {recipient.phone, *(message.recipient_phone for message in messages)}
    stop = stops_of(recipient).open().order_by("asked_at", "id").first()
    return Portrait(
        recipient,
        messages,
        blocked_phones(recipient.tenant, phones),
        stop.asked_at if stop else None,
    )


def numbers_of(recipient: Recipient) -> list[str]:
    """Return every number of this person, in every spelling, that is none of another recipient of the bakery."""
    others = Recipient.objects.of(recipient.tenant).exclude(pk=recipient.pk)
    taken = set(others.filter(phone__in=recipient.former_phones).values_list("phone", flat=True))
    mine = [phone for phone in recipient.phones if phone not in taken]
    return list(dict.fromkeys(each for phone in mine for each in phone_numbers.spellings(phone)))


def messages_to(recipient: Recipient) -> MessageQuerySet:
    """Return what the bakery has sent to this person, under former numbers too."""
    sent = Message.objects.of(recipient.tenant)
    return sent.filter(recipient_phone__in=numbers_of(recipient))


def replies_of(recipient: Recipient) -> InboundMessageQuerySet:
    """Return what this person has written to the bakery, also where WhatsApp showed no number."""
    phones = numbers_of(recipient)
    aliases = PersonAlias.objects.filter(phone__in=phones).values("alias")
    return InboundMessage.objects.of(recipient.tenant).filter(
        Q(sender_phone__in=phones)
        | Q(sender_user_id__in=aliases)
        | Q(answers__recipient_phone__in=phones, answers__tenant=recipient.tenant)
    )


def stops_of(recipient: Recipient) -> SuppressionQuerySet:
    """Return this person's wishes towards the bakery, ended ones too; what holds for the whole account is not told."""
    phones = {phone_numbers.comparable(phone) for phone in numbers_of(recipient)}
    own = Suppression.objects.of(recipient.tenant)
    return own.filter(phone__in=phones, what=Suppression.What.ALL)


def _matching(recipients: RecipientQuerySet, search: str) -> RecipientQuerySet:
    search = search.strip()
    if number := phone_numbers.as_typed(search):
        return recipients.filter(phone__in=phone_numbers.spellings(number))
    return recipients.called(search) if search else recipients


def _behind(recipients: RecipientQuerySet, after: uuid.UUID | None) -> RecipientQuerySet:
    """Continue behind that recipient; from the beginning where it is gone."""
    last = recipients.filter(pk=after) if after else recipients.none()
    keys = last.values_list(*_KEYS).first()
    if keys is None:
        return recipients
    is_bad, name, pk = keys
    later = Q(is_bad=is_bad) & (Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=pk))
    return recipients.filter(later | Q(is_bad=False) if is_bad else later)


def _with_last_arrival(recipients: RecipientQuerySet) -> RecipientQuerySet:
    arrived = Message.objects.filter(
        recipient_phone=OuterRef("phone"), tenant=OuterRef("tenant"), status__in=_ARRIVED
    ).newest_first()
    # Meta leaves "delivered" out when a message is read at once.
    at = arrived.annotate(arrived_at=Coalesce("delivered_at", "read_at")).values("arrived_at")
    return recipients.annotate(last_arrived_at=Subquery(at[:1]))


# --- Entering and correcting -------------------------------------------------------------------------


def add(tenant: Tenant, details: Details, *, by: User) -> Recipient:
    """Raises NumberTakenError."""
    with transaction.atomic():
        recipient_learning.lock()
        _refuse_taken(tenant, details.phone)
        recipient = Recipient(tenant=tenant, phone=details.phone)
        recipient.last_message = _newest_message(tenant, details.phone)
        enter(recipient, details, by=by)
        recipient.save()
    log.info("Recipient added", recipient_id=recipient.pk, tenant_id=tenant.pk, user_id=by.pk)
    return recipient


def correct(recipient: Recipient, details: Details, *, by: User) -> None:
    """Change what is known of somebody. A former number is kept, by which older messages are found.

    Raises NumberTakenError.
    """
    with transaction.atomic():
        recipient_learning.lock()
        recipient.refresh_from_db()
        if details.phone != recipient.phone:
            _refuse_taken(recipient.tenant, details.phone, except_for=recipient)
            _move(recipient, details.phone)
        enter(recipient, details, by=by)
        recipient.save()
    log.info(
        "Recipient corrected",
        recipient_id=recipient.pk,
        tenant_id=recipient.tenant_id,
        user_id=by.pk,
    )


def having(tenant: Tenant, phones: Iterable[str]) -> dict[str, Recipient]:
    """Return the bakery's recipients by these numbers, whichever spelling each was entered in."""
    asked = {phone: phone_numbers.spellings(phone) for phone in phones}
    spelled = {each for spellings in asked.values() for each in spellings}
    rows = Recipient.objects.of(tenant).filter(phone__in=spelled)
    known = {phone_numbers.comparable(row.phone): row for row in rows}
    found = {phone: known.get(phone_numbers.comparable(phone)) for phone in asked}
    return {phone: row for phone, row in found.items() if row is not None}


def recipient_of(message: Message) -> Recipient | None:
    """Return whom of the bakery's list the message went to; None where they are not on it."""
    found = having(message.tenant, [message.recipient_phone])
    return found.get(message.recipient_phone)


def _refuse_taken(tenant: Tenant, phone: str, *, except_for: Recipient | None = None) -> None:
    taken = having(tenant, [phone]).get(phone)
    if taken is not None and taken != except_for:
        raise NumberTakenError(taken)


def _move(recipient: Recipient, phone: str) -> None:
    former = [recipient.phone, *recipient.former_phones]
    recipient.former_phones = [each for each in dict.fromkeys(former) if each != phone]
    recipient.phone, recipient.phone_since = phone, timezone.now()
    recipient.last_message = _newest_message(recipient.tenant, phone)


def enter(recipient: Recipient, details: Details, *, by: User) -> None:
    """Put these details into the row, but for the number. Whoever changes the consent has noted it."""
    agreed = (details.consent_how, details.consent_date)
    if agreed != (recipient.consent_how, recipient.consent_date):
        recipient.consent_by = by.get_username() if details.consent_how else ""
    recipient.name, recipient.note, recipient.email = details.name, details.note, details.email
    recipient.consent_how, recipient.consent_date = agreed


def _newest_message(tenant: Tenant, phone: str) -> Message | None:
    return Message.objects.of(tenant).filter(recipient_phone=phone).newest_first().first()


def correct_number(message: Message, phone: str, *, by: User) -> bool:
    """Give the recipient of this message another number; False where the bakery knows none. Raises NumberTakenError."""
    known = having(message.tenant, [message.recipient_phone]).get(message.recipient_phone)
    if known is None:
        return False
    correct(known, replace(details_of(known), phone=phone), by=by)
    return True


def details_of(recipient: Recipient) -> Details:
    """Return what has been entered of somebody."""
    return Details(
        phone=recipient.phone,
        name=recipient.name,
        note=recipient.note,
        consent_how=recipient.consent_how,
        consent_date=recipient.consent_date,
        email=recipient.email,
    )


def remember_email(message: Message, email: str) -> None:
    """Keep the address with the recipient of this message, where the bakery knows one."""
    known = having(message.tenant, [message.recipient_phone]).get(message.recipient_phone)
    if known is not None:
        known.email = email
        known.save(update_fields=["email"])
