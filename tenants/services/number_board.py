"""Everything the assignment board shows, read at once: all bakeries, all numbers, who has which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.models import (
    Membership,
    PhoneNumber,
    PhoneNumberAssignment,
    Tenant,
)
from tenants.services.conflicts import Change, Standing
from tenants.services.number_use import NumberUse, capped_account, use_of
from tenants.services.proposing import Named, propose
from tenants.services.usable_numbers import why_unusable


@dataclass(frozen=True, slots=True)
class Board:
    """`tenants`: those without a number first. `numbers`: by number."""

    tenants: list[Tenant]
    numbers: list[PhoneNumber]
    standing: Standing
    use: NumberUse
    owners: dict[UUID, str]


def read_board() -> Board:
    """Read the board with five queries, however many bakeries and numbers there are."""
    assignments = list(
        PhoneNumberAssignment.objects.open().select_related("tenant", "phone_number")
    )
    numbers = list(PhoneNumber.objects.by_number())
    standing = Standing.of(Tenant.objects.by_name(), numbers, assignments)
    return Board(
        tenants=sorted(standing.tenants.values(), key=lambda row: row.pk in standing.by_tenant),
        numbers=numbers,
        standing=standing,
        use=use_of(numbers, held=set(standing.by_number), account=capped_account()),
        owners=_owners(),
    )


def propose_changes(board: Board, wanted: Sequence[Change]) -> list[Change]:
    """Add to what is wanted already a number for each bakery that would have none; never one that cannot be given."""
    chosen = {change.tenant: change for change in wanted}
    taken = {change.number for change in wanted}
    kept = {
        number
        for number, row in board.standing.by_number.items()
        if not (row.is_primary and row.tenant_id in chosen)
    }
    proposals = propose(
        [
            Named(tenant.pk, tenant.name)
            for tenant in board.tenants
            if board.standing.number_of(tenant.pk) is None and tenant.pk not in chosen
        ],
        [
            Named(number.pk, number.verified_name)
            for number in board.numbers
            if number.pk not in taken | kept and why_unusable(number) is None
        ],
    )
    return [
        *wanted,
        *(Change(tenant, number, seen=None) for tenant, number in proposals.items()),
    ]


def changes_of(wishes: Iterable[tuple[UUID, int | None, int | None]], board: Board) -> list[Change]:
    """Return the wishes (bakery, number, assignment seen) that differ from what the admin saw."""
    wishes = list(wishes)
    seen = PhoneNumberAssignment.objects.in_bulk({seen for _, _, seen in wishes if seen})
    changes = []
    for tenant, number, version in wishes:
        row = seen.get(version) if version else None
        if number != (row.phone_number_id if row else None):
            changes.append(Change(tenant, number, version))
    return changes


def _owners() -> dict[UUID, str]:
    """Return one owner of each bakery, to be asked."""
    owners = Membership.objects.filter(role=Membership.Role.OWNER).select_related("user")
    return {
        row.tenant_id: row.user.get_full_name() or row.user.email or row.user.get_username()
        for row in owners.order_by("-created_at", "-id")
    }
