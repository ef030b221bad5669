"""Taking a saved round of assignments back, as long as it is young and nobody built on it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tenants.models import AssignmentRound
from tenants.services.assignments import ConflictsError, NothingChangesError, save_changes
from tenants.services.conflicts import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenants.services.conflicts import Conflict


class Refusal(StrEnum):
    TOO_LATE = "too_late"
    DONE = "done"
    CHANGED = "changed"


class UndoRefusedError(Exception):
    """The round stays as it is. `conflicts` says what has changed since, bakery by bakery."""

    def __init__(self, refusal: Refusal, conflicts: Sequence[Conflict] = ()) -> None:
        super().__init__(f"cannot be undone: {refusal}")
        self.refusal = refusal
        self.conflicts = list(conflicts)


def undo(saved: AssignmentRound, *, by: str) -> AssignmentRound:
    """Give every bakery of the round what it had before; return the round that did. Raises UndoRefusedError."""
    with transaction.atomic():
        # Two clicks at once: the second waits and finds it done.
        locked = AssignmentRound.objects.select_for_update(no_key=True).get(pk=saved.pk)
        if locked.undone_at is not None or locked.undo_of_id is not None:
            raise UndoRefusedError(Refusal.DONE)
        if timezone.now() >= locked.undo_until:
            raise UndoRefusedError(Refusal.TOO_LATE)
        try:
            taken_back = save_changes(_backwards(locked), by=by, undo_of=locked)
        except ConflictsError as error:
            raise UndoRefusedError(Refusal.CHANGED, error.conflicts) from None
        except NothingChangesError:
            # Somebody gave everything back by hand.
            raise UndoRefusedError(Refusal.DONE) from None
        locked.undone_at = taken_back.saved_at
        locked.save(update_fields=["undone_at"])
    return taken_back


def _backwards(saved: AssignmentRound) -> list[Change]:
    """What the round opened must still stand, where it only took nothing may have come since."""
    opened = dict(saved.opened.values_list("tenant_id", "pk"))
    before: dict[UUID, int] = dict(saved.closed.values_list("tenant_id", "phone_number_id"))
    return [
        Change(tenant, before.get(tenant), opened.get(tenant))
        for tenant in sorted(opened.keys() | before.keys())
    ]


def bakeries_of(saved: AssignmentRound) -> set[UUID]:
    """Return the bakeries whose number the round changed."""
    opened = saved.opened.values_list("tenant_id", flat=True)
    return set(opened) | set(saved.closed.values_list("tenant_id", flat=True))
