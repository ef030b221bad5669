"""How many numbers there are, who has them and how many Meta allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery

from tenants.models import PhoneNumber, PhoneNumberAssignment, WhatsAppBusinessAccount
from tenants.models.phone_number import PhoneNumberQuerySet
from tenants.services.usable_numbers import why_unusable

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class NumberCap:
    """How many numbers Meta allows the business, and since when we know."""

    numbers: int
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class NumberUse:
    """`numbers` are those that Meta has; `used` of them have a bakery.

    `spare` ones have none and are not the default one; not all may be given now. `gone` are rows that Meta no longer
    lists, counted nowhere else; `missed` are those of them that a bakery has or that are the default one.
    """

    numbers: list[PhoneNumber] = field(default_factory=list)
    used: int = 0
    gone: list[PhoneNumber] = field(default_factory=list)
    missed: list[PhoneNumber] = field(default_factory=list)
    spare: list[PhoneNumber] = field(default_factory=list)
    default: PhoneNumber | None = None
    cap: NumberCap | None = None
    synced_at: datetime | None = None

    @property
    def total(self) -> int:
        return len(self.numbers)

    @property
    def usable(self) -> list[PhoneNumber]:
        return [number for number in self.spare if why_unusable(number) is None]


def number_use(account: WhatsAppBusinessAccount | None) -> NumberUse:
    """Return how the numbers are used, one query; the account tells the cap (see `capped_account`)."""
    numbers: list[Any] = list(with_holders())
    held = {row.pk for row in numbers if row.holder is not None}
    return use_of(numbers, held=held, account=account)


def with_holders() -> PhoneNumberQuerySet:
    """All numbers, each with the name of the bakery that has it as `holder`, None when nobody has."""
    standing = PhoneNumberAssignment.objects.open().filter(phone_number=OuterRef("pk"))
    holder = Subquery(standing.values("tenant__name")[:1])
    return PhoneNumber.objects.by_number().annotate(holder=holder)


def use_of(
    numbers: Iterable[PhoneNumber], *, held: set[int], account: WhatsAppBusinessAccount | None
) -> NumberUse:
    known = list(numbers)
    rows = [number for number in known if number.gone_at is None]
    gone = [number for number in known if number.gone_at is not None]
    return NumberUse(
        numbers=rows,
        gone=gone,
        missed=[number for number in gone if number.is_default or number.pk in held],
        used=sum(number.pk in held for number in rows),
        spare=[number for number in rows if number.pk not in held and not number.is_default],
        default=next((number for number in known if number.is_default), None),
        cap=cap_of(account),
        synced_at=account.numbers_synced_at if account else None,
    )


def capped_account() -> WhatsAppBusinessAccount | None:
    return WhatsAppBusinessAccount.objects.without_secrets().order_by("id").first()


def cap_of(account: WhatsAppBusinessAccount | None) -> NumberCap | None:
    """Return what Meta's `business_capability_update` said last (`max_phone_numbers_per_business`); None until it has.

    Never a number of ours: Meta raises it by itself, and the guide's 120 stands on no page of Meta's.
    """
    if account is None or account.max_phone_numbers is None:
        return None
    return NumberCap(account.max_phone_numbers, account.max_phone_numbers_read_at)
