from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from messaging.statuses import FINAL, MAY_FOLLOW, META_REPORTS, MessageStatus, settle

REPORTS = sorted(META_REPORTS)
reports = st.lists(st.sampled_from(REPORTS), max_size=8)


def one_by_one(current: MessageStatus, reported: list[MessageStatus]) -> MessageStatus:
    for status in reported:
        current = settle(current, [status])
    return current


@given(st.sampled_from(list(MessageStatus)), reports, st.randoms())
def test_any_order_and_repetition_of_reports_ends_in_one_state(current, reported, random):
    expected = one_by_one(current, reported)
    shuffled = reported * 2
    random.shuffle(shuffled)
    assert one_by_one(current, shuffled) == expected
    assert settle(current, reported) == expected


@given(reports)
def test_read_is_never_taken_back(reported):
    assert one_by_one(MessageStatus.READ, reported) == MessageStatus.READ


def test_a_delivery_after_a_failure_wins_in_either_order():
    for order in permutations([MessageStatus.FAILED, MessageStatus.DELIVERED]):
        assert one_by_one(MessageStatus.ACCEPTED, list(order)) == MessageStatus.DELIVERED


def test_a_late_sent_does_not_take_back_a_failure():
    assert settle(MessageStatus.FAILED, [MessageStatus.SENT]) == MessageStatus.FAILED


def test_every_status_but_the_first_says_what_it_may_follow():
    assert set(MAY_FOLLOW) == set(MessageStatus)
    assert all(status not in before for status, before in MAY_FOLLOW.items())


def test_what_nobody_can_change_any_more_is_final_but_for_a_late_delivery():
    late = {MessageStatus.DELIVERED, MessageStatus.READ}
    for target, before in MAY_FOLLOW.items():
        assert not (before & FINAL) or target in late
