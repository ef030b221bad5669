"""Giving sending numbers to bakeries. The database refuses two bakeries on one number; here stand the kinder words."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant


class NumberTakenError(Exception):
    """The number belongs to another bakery."""

    def __init__(self, holder: Tenant) -> None:
        super().__init__(f"This number already belongs to {holder.name}. Release it there first.")
        self.holder = holder


class ReservedNumberError(Exception):
    """The number is the default one, which sends for every bakery without a number and is given to none."""

    def __init__(self) -> None:
        super().__init__("This is the default number. Make another number the default one first.")


def assign_number(
    *, tenant: Tenant, phone_number: PhoneNumber, by: str, reason: str = ""
) -> PhoneNumberAssignment:
    """Give `tenant` the number in place of the one it has; a repeat returns the assignment that stands.

    Raises NumberTakenError and ReservedNumberError. Of two callers at once one wins and the other gets NumberTakenError.
    """
    try:
        with transaction.atomic():
            return _assign(tenant=tenant, phone_number=phone_number, by=by, reason=reason)
    except IntegrityError:
        holder = _holder_of(phone_number)
        if holder is None or holder == tenant:
            raise
        raise NumberTakenError(holder) from None


def release_number(*, tenant: Tenant, by: str, reason: str = "") -> bool:
    """Take its number from the bakery, which from now on sends from the default one. False when it had none."""
    ended = tenant.assignments.open().filter(is_primary=True)
    return ended.update(ended_at=timezone.now(), ended_by=by, reason=reason) > 0


def _assign(
    *, tenant: Tenant, phone_number: PhoneNumber, by: str, reason: str
) -> PhoneNumberAssignment:
    # The bakery's row is the lock: two admins who replace its number one after the other, not both at once.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    number = PhoneNumber.objects.select_for_update(no_key=True).get(pk=phone_number.pk)
    if number.is_default:
        raise ReservedNumberError
    holder = _holder_of(number)
    if holder is not None and holder != tenant:
        raise NumberTakenError(holder)
    standing = tenant.assignments.open().filter(is_primary=True).first()
    if standing is not None:
        if standing.phone_number_id == number.pk:
            return standing
        PhoneNumberAssignment.objects.filter(pk=standing.pk).update(
            ended_at=timezone.now(), ended_by=by
        )
    return PhoneNumberAssignment.objects.create(
        tenant=tenant, phone_number=number, assigned_by=by, reason=reason
    )


def _holder_of(phone_number: PhoneNumber) -> Tenant | None:
    standing = (
        PhoneNumberAssignment.objects.open()
        .filter(phone_number=phone_number)
        .select_related("tenant")
        .first()
    )
    return standing.tenant if standing else None
