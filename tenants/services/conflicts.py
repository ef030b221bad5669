"""What stands in the way of changes to the assignments: a plain function over what is stored and what is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tenants.services.usable_numbers import Unusable, why_unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant


@dataclass(frozen=True, slots=True)
class Change:
    """A wish for one bakery. `number` None: it sends from the default one.

    `seen` is the assignment that stood when the wish was made, the row's version: None when there was none.
    """

    tenant: UUID
    number: int | None
    seen: int | None


class ConflictKind(StrEnum):
    CHANGED = "changed"  # somebody else changed this bakery's number meanwhile
    TAKEN = "taken"  # another bakery has the number and keeps it
    TWICE = "twice"  # two bakeries would get the number
    UNUSABLE = "unusable"
    GONE = "gone"  # the bakery or the number no longer exists


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why one change cannot be made. `standing`: what the bakery (CHANGED) or the number (TAKEN) has now."""

    change: Change
    kind: ConflictKind
    standing: PhoneNumberAssignment | None = None
    other: UUID | None = None
    why: Unusable | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Bakeries, numbers and the open assignments between them."""

    tenants: dict[UUID, Tenant] = field(default_factory=dict)
    numbers: dict[int, PhoneNumber] = field(default_factory=dict)
    by_tenant: dict[UUID, PhoneNumberAssignment] = field(default_factory=dict)
    by_number: dict[int, PhoneNumberAssignment] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        tenants: Iterable[Tenant],
        numbers: Iterable[PhoneNumber],
        assignments: Sequence[PhoneNumberAssignment],
    ) -> Standing:
        return cls(
            tenants={tenant.pk: tenant for tenant in tenants},
            numbers={number.pk: number for number in numbers},
            by_tenant={row.tenant_id: row for row in assignments if row.is_primary},
            by_number={row.phone_number_id: row for row in assignments},
        )

    def number_of(self, tenant: UUID) -> int | None:
        row = self.by_tenant.get(tenant)
        return row.phone_number_id if row else None

    def version_of(self, tenant: UUID) -> int | None:
        row = self.by_tenant.get(tenant)
        return row.pk if row else None

    def is_done(self, change: Change) -> bool:
        """Whether the bakery has what is wished for it, whoever gave it."""
        return change.tenant in self.tenants and self.number_of(change.tenant) == change.number


def find_conflicts(
    changes: Sequence[Change], standing: Standing, *, may_be_unusable: bool = False
) -> list[Conflict]:
    """Return at most one conflict for each change, in their order. What is done already is no conflict."""
    wanted = [change for change in changes if not standing.is_done(change)]
    moving = {change.tenant for change in wanted}
    found = (_conflict(change, wanted, moving, standing, may_be_unusable) for change in wanted)
    return [conflict for conflict in found if conflict is not None]


def _conflict(
    change: Change,
    wanted: Sequence[Change],
    moving: set[UUID],
    standing: Standing,
    may_be_unusable: bool,
) -> Conflict | None:
    if change.tenant not in standing.tenants:
        return Conflict(change, ConflictKind.GONE)
    if standing.version_of(change.tenant) != change.seen:
        now = standing.by_tenant.get(change.tenant)
        return Conflict(change, ConflictKind.CHANGED, standing=now)
    if change.number is None:
        return None
    number = standing.numbers.get(change.number)
    if number is None:
        return Conflict(change, ConflictKind.GONE)
    why = why_unusable(number)
    if why is not None and not (may_be_unusable and why is not Unusable.RESERVED):
        return Conflict(change, ConflictKind.UNUSABLE, why=why)
    twin = next(_others_wanting(change, wanted), None)
    if twin is not None:
        return Conflict(change, ConflictKind.TWICE, other=twin)
    holder = standing.by_number.get(change.number)
    if holder is not None and not (holder.is_primary and holder.tenant_id in moving):
        return Conflict(change, ConflictKind.TAKEN, standing=holder, other=holder.tenant_id)
    return None


def _others_wanting(change: Change, wanted: Sequence[Change]) -> Iterator[UUID]:
    return (
        other.tenant
        for other in wanted
        if other.number == change.number and other.tenant != change.tenant
    )
