"""Giving sending numbers to bakeries. The database refuses two bakeries on one number; here stand the kinder words.

Every way in locks the bakeries in order and then the numbers in order, looks at what stands, and writes. So two admins
at once wait for each other, and the second sees what the first has done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from tenants.models import AssignmentRound, PhoneNumber, PhoneNumberAssignment, Tenant
from tenants.services.conflicts import Change, Conflict, Standing, find_conflicts
from tenants.services.usable_numbers import Unusable, why_unusable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

log = structlog.get_logger(__name__)


class NumberTakenError(Exception):
    """The number belongs to another bakery."""

    def __init__(self, holder: Tenant) -> None:
        super().__init__(f"This number already belongs to {holder.name}. Release it there first.")
        self.holder = holder


class ReservedNumberError(Exception):
    """The number is the default one, which sends for every bakery without a number and is given to none."""

    def __init__(self) -> None:
        super().__init__("This is the default number. Make another number the default one first.")


class UnusableNumberError(Exception):
    """Nothing could be sent from the number now; `why` is the first thing to mend."""

    def __init__(self, why: Unusable) -> None:
        super().__init__(f"No bakery can have this number now: {why.replace('_', ' ')}.")
        self.why = why


class ConflictsError(Exception):
    """Some of the changes cannot be made, so none was."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(f"{len(conflicts)} conflicts: {', '.join(row.kind for row in conflicts)}")
        self.conflicts = list(conflicts)


class NothingChangesError(Exception):
    """Every bakery has what was wished for it."""


def save_changes(
    changes: Sequence[Change],
    *,
    by: str,
    reason: str = "",
    undo_of: AssignmentRound | None = None,
) -> AssignmentRound:
    """Make all changes or none, in one transaction; two bakeries may swap their numbers.

    Raises ConflictsError, and NothingChangesError when there is nothing to do. Of two callers who want the same number
    one wins and the other gets the conflict that names the winner.
    """
    try:
        return _save(changes, by=by, reason=reason, undo_of=undo_of)
    except IntegrityError:
        # Somebody wrote past our locks and the database refused ours; now that row is seen.
        return _save(changes, by=by, reason=reason, undo_of=undo_of)


def assign_number(
    *, tenant: Tenant, phone_number: PhoneNumber, by: str, reason: str = ""
) -> PhoneNumberAssignment:
    """Give `tenant` the number in place of the one it has; a repeat returns the assignment that stands.

    Raises NumberTakenError, ReservedNumberError and UnusableNumberError. Of two callers at once one wins and the other gets NumberTakenError.
    """
    try:
        return _assign(tenant=tenant, phone_number=phone_number, by=by, reason=reason)
    except IntegrityError:
        return _assign(tenant=tenant, phone_number=phone_number, by=by, reason=reason)


def release_number(*, tenant: Tenant, by: str, reason: str = "") -> bool:
    """Take its number from the bakery, which from now on sends from the default one. False when it had none."""
    with transaction.atomic():
        standing = lock_standing(tenants={tenant.pk})
        if standing.number_of(tenant.pk) is None:
            return False
        seen = standing.version_of(tenant.pk)
        _write([Change(tenant.pk, None, seen)], standing, by=by, reason=reason)
    return True


def lock_standing(*, tenants: Collection[UUID], numbers: Collection[int] = ()) -> Standing:
    """Lock these bakeries and numbers and return what stands between them and others. Inside a transaction."""
    locked = Tenant.objects.select_for_update(no_key=True).filter(pk__in=tenants).order_by("pk")
    bakeries = list(locked)
    senders = list(
        PhoneNumber.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk")
    )
    rows = PhoneNumberAssignment.objects.open().select_related("tenant", "phone_number")
    found = rows.filter(Q(tenant__in=tenants) | Q(phone_number__in=numbers))
    return Standing.of(bakeries, senders, list(found))


def _save(
    changes: Sequence[Change], *, by: str, reason: str, undo_of: AssignmentRound | None
) -> AssignmentRound:
    with transaction.atomic():
        standing = lock_standing(
            tenants={change.tenant for change in changes},
            numbers={change.number for change in changes if change.number is not None},
        )
        if conflicts := find_conflicts(changes, standing, may_be_unusable=undo_of is not None):
            raise ConflictsError(conflicts)
        wanted = [change for change in changes if not standing.is_done(change)]
        if not wanted:
            raise NothingChangesError
        saved = AssignmentRound.objects.create(
            saved_by=by, reason=reason, bakeries=len(wanted), undo_of=undo_of
        )
        _write(wanted, standing, by=by, reason=reason, saved=saved)
    log.info("Numbers assigned", assignment_round=saved.pk, bakeries=len(wanted))
    return saved


def _assign(
    *, tenant: Tenant, phone_number: PhoneNumber, by: str, reason: str
) -> PhoneNumberAssignment:
    with transaction.atomic():
        standing = lock_standing(tenants={tenant.pk}, numbers={phone_number.pk})
        if standing.numbers[phone_number.pk].is_default:
            raise ReservedNumberError
        holder = standing.by_number.get(phone_number.pk)
        if holder is not None and holder.tenant_id == tenant.pk:
            return holder
        if holder is not None:
            raise NumberTakenError(holder.tenant)
        if why := why_unusable(standing.numbers[phone_number.pk]):
            raise UnusableNumberError(why)
        wish = Change(tenant.pk, phone_number.pk, standing.version_of(tenant.pk))
        (given,) = _write([wish], standing, by=by, reason=reason)
    return given


def _write(
    changes: Sequence[Change],
    standing: Standing,
    *,
    by: str,
    reason: str,
    saved: AssignmentRound | None = None,
) -> list[PhoneNumberAssignment]:
    """End what the bakeries have, then begin what they get. The rows that end keep why they began."""
    now = timezone.now()
    ending = PhoneNumberAssignment.objects.filter(pk__in=[row.seen for row in changes if row.seen])
    ending.update(
        # A clock that goes back must not make it end before it began.
        ended_at=Greatest(F("assigned_at"), Value(now, output_field=DateTimeField())),
        ended_by=by,
        end_reason=reason,
        closed_in=saved,
    )
    return PhoneNumberAssignment.objects.bulk_create(
        PhoneNumberAssignment(
            tenant=standing.tenants[change.tenant],
            phone_number=standing.numbers[change.number],
            assigned_at=now,
            assigned_by=by,
            reason=reason,
            opened_in=saved,
        )
        for change in changes
        if change.number is not None
    )
