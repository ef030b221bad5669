"""Who is who: the numbers and user ids under which WhatsApp speaks of one person."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.models import Message, PersonAlias, Suppression
from messaging.statuses import MessageStatus
from tenants import phone_numbers
from tenants.audit import update_logged
from tenants.models import PhoneNumber

_ALIAS_LENGTH = 128
_NEVER_LEFT = (MessageStatus.QUEUED, MessageStatus.CANCELLED, MessageStatus.EXPIRED)

# What is known already is only read. In the order of the constraint, so that no two batches wait for each other.
_LEARN = """
INSERT INTO messaging_personalias (phone_number_id, alias, phone, learned_at)
SELECT DISTINCT number, told.alias, told.phone, %(now)s
FROM unnest(%(number)s::bigint[], %(alias)s::text[], %(phone)s::text[]) AS told(number, alias, phone)
WHERE NOT EXISTS (
  SELECT FROM messaging_personalias AS known
  WHERE known.phone_number_id = number AND known.alias = told.alias AND known.phone = told.phone
)
ORDER BY number, told.alias, told.phone
ON CONFLICT DO NOTHING
RETURNING alias, phone
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as WhatsApp names them: E.164, a business-scoped user id, or both. Either may be empty."""

    phone: str = ""
    user_id: str = ""

    @property
    def comparable_phone(self) -> str:
        return phone_numbers.comparable(self.phone) if self.phone else ""


@dataclass(frozen=True, slots=True)
class Told:
    """WhatsApp calls somebody `alias` whom our number (its primary key) knows as `phone`."""

    phone_number: int
    phone: str
    alias: str


def from_meta(*, digits: str | None, user_id: str | None) -> Person:
    """Return the person of a webhook; what cannot be a number or an id is left out."""
    return Person(phone_numbers.from_digits(digits or ""), (user_id or "")[:_ALIAS_LENGTH])


def names_told(*, phone_number: int, phone: str, person: Person) -> list[Told]:
    """Return what a webhook about `phone` tells beside the number itself."""
    if not phone:
        return []
    others = {person.phone, person.user_id} - {"", phone}
    return [Told(phone_number, phone, alias) for alias in sorted(others)]


def learn(told: Iterable[Told]) -> None:
    """Keep these names with one statement. An opt-out of whom only the user id was known gets its number."""
    rows = list(told)
    if not rows:
        return
    columns: dict[str, Any] = {
        "number": [row.phone_number for row in rows],
        "alias": [row.alias for row in rows],
        "phone": [row.phone for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEARN, columns | {"now": timezone.now()})
        learned = cursor.fetchall()
    if learned:
        _complete_opt_outs(dict(learned))


def learn_people(seen: Iterable[tuple[str | None, Person]]) -> dict[str | None, PhoneNumber]:
    """Keep which user id belongs to which number, as told to our numbers of these ids; return those that are ours."""
    named = list(seen)
    rows = PhoneNumber.objects.filter(
        phone_number_id__in={told_to for told_to, _ in named} - {None}
    )
    numbers: dict[str | None, PhoneNumber] = {row.phone_number_id: row for row in rows}
    learn(
        told
        for told_to, person in named
        if (number := numbers.get(told_to)) is not None
        for told in names_told(phone_number=number.pk, phone=person.phone, person=person)
    )
    return numbers


def phones_of(person: Person, *, phone_number: int) -> list[str]:
    """Return every number under which our messages to this person may stand, the likeliest first."""
    names = [name for name in (person.user_id, person.phone) if name]
    told = PersonAlias.objects.filter(phone_number=phone_number, alias__in=names)
    phones = [person.phone] if person.phone else []
    phones += told.order_by("-learned_at", "-id").values_list("phone", flat=True)
    return list(dict.fromkeys(each for phone in phones for each in phone_numbers.spellings(phone)))


def last_message_to(phones: Iterable[str], *, number: PhoneNumber) -> Message | None:
    """Return the newest message that left for one of these numbers from ours, however long ago."""
    newest = (
        # One number at a time: each is a step into its index, together PostgreSQL may read by the primary key instead.
        Message.objects.filter(phone_number=number, recipient_phone=phone)
        .exclude(status__in=_NEVER_LEFT)
        .newest_first()
        .first()
        for phone in phones
    )
    return max((found for found in newest if found), key=lambda found: found.pk, default=None)


def last_bakery_to(person: Person, *, number: PhoneNumber) -> uuid.UUID | None:
    """Return the bakery that wrote last to this person from our number, however long ago."""
    last = last_message_to(phones_of(person, phone_number=number.pk), number=number)
    return last.tenant_id if last else None


def _complete_opt_outs(phones: dict[str, str]) -> None:
    nameless = Suppression.objects.open().filter(phone="", user_id__in=phones)
    for suppression in nameless.order_by("id"):
        phone = phone_numbers.comparable(phones[suppression.user_id])
        same = Suppression.objects.open().filter(
            phone=phone,
            tenant=suppression.tenant_id,
            what=suppression.what,
            source=suppression.source,
        )
        if not same.exists():
            update_logged(Suppression.objects.filter(pk=suppression.pk), phone=phone)
