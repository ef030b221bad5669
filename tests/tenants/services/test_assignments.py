from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tenants.models import AssignmentRound, PhoneNumber, PhoneNumberAssignment
from tenants.services.assignments import (
    ConflictsError,
    NothingChangesError,
    NumberTakenError,
    ReservedNumberError,
    assign_number,
    release_number,
    save_changes,
)
from tenants.services.conflicts import Change, ConflictKind
from tenants.services.undoing import Refusal, UndoRefusedError, bakeries_of, undo
from tenants.services.usable_numbers import Unusable
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    PhoneNumberFactory,
    TenantFactory,
)

pytestmark = pytest.mark.django_db


def wish(tenant, number, *, seen="now"):
    """What an admin wishes who sees the bakery as it is now."""
    standing = tenant.assignments.open().first()
    version = (standing.pk if standing else None) if seen == "now" else seen
    return Change(tenant.pk, number.pk if number else None, version)


def number_of(tenant):
    standing = tenant.assignments.open().select_related("phone_number").first()
    return standing.phone_number if standing else None


def refused(*changes):
    with pytest.raises(ConflictsError) as caught:
        save_changes(changes, by="paula")
    return caught.value.conflicts


def test_ten_bakeries_get_ten_numbers_in_one_saving():
    tenants, numbers = TenantFactory.create_batch(10), PhoneNumberFactory.create_batch(10)
    pairs = list(zip(tenants, numbers, strict=True))
    saved = save_changes([wish(*pair) for pair in pairs], by="paula", reason="pilot")
    assert [(tenant, number_of(tenant)) for tenant in tenants] == pairs
    assert (saved.saved_by, saved.reason, saved.bakeries) == ("paula", "pilot", 10)
    assert bakeries_of(saved) == {tenant.pk for tenant in tenants}
    row = PhoneNumberAssignment.objects.all()[0]
    assert (row.assigned_by, row.reason, row.opened_in) == ("paula", "pilot", saved)


def test_saving_takes_the_same_queries_for_one_bakery_and_for_ten(django_assert_num_queries):
    for count in (1, 10):
        rows = AssignmentFactory.create_batch(count)
        changes = [wish(row.tenant, PhoneNumberFactory()) for row in rows]
        with django_assert_num_queries(8):
            save_changes(changes, by="paula")


def test_two_bakeries_swap_their_numbers_and_the_history_keeps_both():
    one, other = AssignmentFactory(reason="first"), AssignmentFactory()
    changes = [wish(one.tenant, other.phone_number), wish(other.tenant, one.phone_number)]
    saved = save_changes(changes, by="paula", reason="swapped")
    assert number_of(one.tenant) == other.phone_number
    assert number_of(other.tenant) == one.phone_number
    one.refresh_from_db()
    assert (one.ended_by, one.reason, one.end_reason) == ("paula", "first", "swapped")
    assert one.closed_in == saved
    assert PhoneNumberAssignment.objects.count() == 4


def test_a_number_moves_on_when_its_bakery_gets_another_one():
    row, newcomer, spare = AssignmentFactory(), TenantFactory(), PhoneNumberFactory()
    save_changes([wish(newcomer, row.phone_number), wish(row.tenant, spare)], by="paula")
    assert (number_of(newcomer), number_of(row.tenant)) == (row.phone_number, spare)


def test_a_bakery_gives_its_number_back():
    row = AssignmentFactory()
    saved = save_changes([wish(row.tenant, None)], by="paula")
    assert number_of(row.tenant) is None
    assert bakeries_of(saved) == {row.tenant.pk}


def test_a_number_that_another_bakery_keeps_is_a_conflict_that_names_it():
    row, tenant = AssignmentFactory(), TenantFactory()
    (conflict,) = refused(wish(tenant, row.phone_number))
    assert conflict.kind is ConflictKind.TAKEN
    assert conflict.standing == row
    assert number_of(tenant) is None


def test_one_conflict_keeps_everything_as_it_was():
    row, tenant, other = AssignmentFactory(), TenantFactory(), TenantFactory()
    refused(wish(other, PhoneNumberFactory()), wish(tenant, row.phone_number))
    assert number_of(other) is None
    assert not AssignmentRound.objects.exists()


def test_one_number_for_two_bakeries_is_a_conflict_of_both():
    number, one, other = PhoneNumberFactory(), TenantFactory(), TenantFactory()
    found = refused(wish(one, number), wish(other, number))
    assert [(conflict.kind, conflict.other) for conflict in found] == [
        (ConflictKind.TWICE, other.pk),
        (ConflictKind.TWICE, one.pk),
    ]


def test_a_bakery_that_somebody_changed_meanwhile_is_a_conflict_that_says_who():
    tenant, number = TenantFactory(), PhoneNumberFactory()
    late = wish(tenant, number)
    given = assign_number(tenant=tenant, phone_number=PhoneNumberFactory(), by="bruno")
    (conflict,) = refused(late)
    assert (conflict.kind, conflict.standing) == (ConflictKind.CHANGED, given)


def test_a_bakery_whose_number_was_taken_away_meanwhile_is_a_conflict():
    row = AssignmentFactory()
    late = wish(row.tenant, PhoneNumberFactory())
    release_number(tenant=row.tenant, by="bruno")
    (conflict,) = refused(late)
    assert (conflict.kind, conflict.standing) == (ConflictKind.CHANGED, None)


def test_what_two_admins_wish_alike_is_no_conflict():
    tenant, number = TenantFactory(), PhoneNumberFactory()
    late = wish(tenant, number)
    assign_number(tenant=tenant, phone_number=number, by="bruno")
    with pytest.raises(NothingChangesError):
        save_changes([late], by="paula")
    assert tenant.assignments.count() == 1


def test_what_cannot_be_given_is_refused():
    in_review = PhoneNumberFactory(name_status="PENDING_REVIEW")
    found = refused(wish(TenantFactory(), DefaultNumberFactory()), wish(TenantFactory(), in_review))
    assert [conflict.why for conflict in found] == [Unusable.RESERVED, Unusable.NAME_IN_REVIEW]


def test_a_bakery_or_number_that_is_gone_is_a_conflict():
    tenant = TenantFactory()
    gone = Change(tenant.pk, PhoneNumberFactory().pk + 1000, None)
    tenant_gone = wish(TenantFactory.build(), None, seen=5)
    assert {row.kind for row in refused(gone, tenant_gone)} == {ConflictKind.GONE}


def test_nothing_to_do_is_said():
    row = AssignmentFactory()
    with pytest.raises(NothingChangesError):
        save_changes([wish(row.tenant, row.phone_number)], by="paula")
    with pytest.raises(NothingChangesError):
        save_changes([], by="paula")


def test_a_clock_that_goes_back_does_not_keep_a_number():
    row = AssignmentFactory(assigned_at=timezone.now() + timedelta(minutes=1))
    assert release_number(tenant=row.tenant, by="paula")
    row.refresh_from_db()
    assert row.ended_at == row.assigned_at


def test_releasing_keeps_why_the_number_was_given():
    row = AssignmentFactory(reason="pilot")
    assert release_number(tenant=row.tenant, by="paula", reason="moved")
    assert not release_number(tenant=row.tenant, by="paula")
    row.refresh_from_db()
    assert (row.reason, row.end_reason) == ("pilot", "moved")


def test_giving_one_number_by_itself_is_repeatable_and_refuses_what_is_taken():
    row, default = AssignmentFactory(), DefaultNumberFactory()
    again = assign_number(tenant=row.tenant, phone_number=row.phone_number, by="paula")
    assert again == row
    with pytest.raises(NumberTakenError) as caught:
        assign_number(tenant=TenantFactory(), phone_number=row.phone_number, by="paula")
    assert caught.value.holder == row.tenant
    with pytest.raises(ReservedNumberError):
        assign_number(tenant=row.tenant, phone_number=default, by="paula")


# --- Undo ------------------------------------------------------------------------------------------


def refusal(saved):
    with pytest.raises(UndoRefusedError) as caught:
        undo(saved, by="paula")
    return caught.value


def test_undo_gives_every_bakery_what_it_had_before():
    one, other, newcomer = AssignmentFactory(), AssignmentFactory(), TenantFactory()
    saved = save_changes(
        [
            wish(one.tenant, other.phone_number),
            wish(other.tenant, None),
            wish(newcomer, PhoneNumberFactory()),
        ],
        by="paula",
    )
    taken_back = undo(saved, by="bruno")
    assert number_of(one.tenant) == one.phone_number
    assert number_of(other.tenant) == other.phone_number
    assert number_of(newcomer) is None
    assert (taken_back.undo_of, taken_back.saved_by, taken_back.bakeries) == (saved, "bruno", 3)
    assert list(AssignmentRound.objects.undoable()) == []


def test_a_round_is_undone_once_and_an_undo_is_not_undone():
    saved = save_changes([wish(TenantFactory(), PhoneNumberFactory())], by="paula")
    taken_back = undo(saved, by="paula")
    assert refusal(saved).refusal is Refusal.DONE
    assert refusal(taken_back).refusal is Refusal.DONE


def test_after_ten_minutes_it_is_too_late(time_machine):
    time_machine.move_to("2026-11-22 10:00:00+00:00", tick=False)
    tenant = TenantFactory()
    saved = save_changes([wish(tenant, PhoneNumberFactory())], by="paula")
    time_machine.shift(timedelta(minutes=9, seconds=59))
    assert list(AssignmentRound.objects.undoable()) == [saved]
    time_machine.shift(timedelta(seconds=1))
    assert list(AssignmentRound.objects.undoable()) == []
    assert refusal(saved).refusal is Refusal.TOO_LATE
    assert number_of(tenant) is not None


def test_what_somebody_changed_since_is_not_undone_and_said():
    tenant, other = TenantFactory(), TenantFactory()
    saved = save_changes(
        [wish(tenant, PhoneNumberFactory()), wish(other, PhoneNumberFactory())], by="paula"
    )
    given = assign_number(tenant=tenant, phone_number=PhoneNumberFactory(), by="bruno")
    error = refusal(saved)
    assert error.refusal is Refusal.CHANGED
    assert [conflict.standing for conflict in error.conflicts] == [given]
    assert number_of(other) is not None


def test_an_old_number_that_went_to_somebody_else_is_not_taken_from_them():
    row = AssignmentFactory()
    saved = save_changes([wish(row.tenant, PhoneNumberFactory())], by="paula")
    taker = TenantFactory()
    assign_number(tenant=taker, phone_number=row.phone_number, by="bruno")
    (conflict,) = refusal(saved).conflicts
    assert (conflict.kind, conflict.other) == (ConflictKind.TAKEN, taker.pk)


def test_an_old_number_is_given_back_even_when_it_could_not_be_given_anew():
    row = AssignmentFactory()
    saved = save_changes([wish(row.tenant, None)], by="paula")
    PhoneNumber.objects.filter(pk=row.phone_number_id).update(status="RESTRICTED")
    undo(saved, by="paula")
    assert number_of(row.tenant) == row.phone_number


def test_an_old_number_that_became_the_default_one_stays_it():
    row = AssignmentFactory()
    saved = save_changes([wish(row.tenant, None)], by="paula")
    PhoneNumber.objects.filter(pk=row.phone_number_id).update(is_default=True)
    (conflict,) = refusal(saved).conflicts
    assert conflict.why is Unusable.RESERVED


def test_what_was_given_back_by_hand_needs_no_undo():
    row = AssignmentFactory()
    saved = save_changes([wish(row.tenant, None)], by="paula")
    assign_number(tenant=row.tenant, phone_number=row.phone_number, by="bruno")
    assert refusal(saved).refusal is Refusal.DONE


# --- Two at once -----------------------------------------------------------------------------------


def at_once(*calls: Callable[[], object]) -> list[Any]:
    """Run the calls in threads that begin together; return what each returned or raised."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(place, call):
        barrier.wait()
        try:
            results[place] = call()
        except (ConflictsError, NothingChangesError, UndoRefusedError) as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=row) for row in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_two_admins_at_once_cannot_give_one_number_twice():
    number, one, other = PhoneNumberFactory(), TenantFactory(), TenantFactory()
    changes = [wish(one, number), wish(other, number)]
    results = at_once(
        lambda: save_changes([changes[0]], by="paula"),
        lambda: save_changes([changes[1]], by="bruno"),
    )
    saved = next(row for row in results if isinstance(row, AssignmentRound))
    error = next(row for row in results if isinstance(row, ConflictsError))
    (conflict,) = error.conflicts
    assert conflict.kind is ConflictKind.TAKEN
    assert conflict.standing is not None
    assert conflict.standing.assigned_by == saved.saved_by
    assert PhoneNumberAssignment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_change_one_bakery_at_once_do_not_overwrite_each_other():
    row = AssignmentFactory()
    changes = [wish(row.tenant, PhoneNumberFactory()) for _ in range(2)]
    results = at_once(
        lambda: save_changes([changes[0]], by="paula"),
        lambda: save_changes([changes[1]], by="bruno"),
    )
    error = next(row for row in results if isinstance(row, ConflictsError))
    assert error.conflicts[0].kind is ConflictKind.CHANGED
    assert PhoneNumberAssignment.objects.open().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_swap_the_same_bakeries_both_ways_do_not_lock_each_other_out():
    one, other = AssignmentFactory(), AssignmentFactory()
    there, back = wish(one.tenant, other.phone_number), wish(other.tenant, one.phone_number)
    results = at_once(
        lambda: save_changes([there, back], by="paula"),
        lambda: save_changes([back, there], by="bruno"),
    )
    # The second finds everything as it wished.
    assert sum(isinstance(row, AssignmentRound) for row in results) == 1
    assert number_of(one.tenant) == other.phone_number


@pytest.mark.django_db(transaction=True)
def test_two_clicks_on_undo_undo_once():
    saved = save_changes([wish(TenantFactory(), PhoneNumberFactory())], by="paula")
    results = at_once(*[lambda: undo(saved, by="paula")] * 2)
    assert sum(isinstance(row, AssignmentRound) for row in results) == 1
    assert AssignmentRound.objects.count() == 2
