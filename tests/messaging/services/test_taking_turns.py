from __future__ import annotations

from messaging.services.taking_turns import Turns


def test_no_more_than_the_limit_are_at_it_at_once():
    turns = Turns(2)
    assert [turns.begin() for _ in range(3)] == [True, True, False]
    turns.give_up()
    assert turns.begin()


def test_whoever_came_in_vain_has_one_of_them_look_once_more():
    turns = Turns(1)
    assert turns.begin()
    assert not turns.begin()
    assert not turns.may_end()
    assert turns.may_end()
    assert turns.begin()
