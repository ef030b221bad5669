from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenants.services.proposing import Named, propose


def named(*names):
    return [Named(place, name) for place, name in enumerate(names)]


def test_a_number_goes_to_the_bakery_whose_name_it_shows():
    bakeries = named("Bakery Artesano", "Panadería Goiko", "Forn Roser")
    numbers = named("Roser", "Bakery Platform", "GOIKO")
    assert propose(bakeries, numbers) == {0: 1, 1: 2, 2: 0}


def test_the_likest_names_find_each_other_first():
    assert propose(named("San Juan Norte", "San Juan"), named("San Juan")) == {1: 0}


def test_without_like_names_the_order_decides():
    assert propose(named("A", "B", "C"), named("x", "y")) == {0: 0, 1: 1}


def test_without_numbers_nothing_is_proposed():
    assert propose(named("A"), []) == {}


NAMES = st.lists(st.sampled_from(["Goiko", "Roser", "San Juan", "Oroel", "Panadería", ""]))


@given(NAMES, NAMES)
def test_no_number_is_proposed_twice_and_none_is_left_over(bakeries, numbers):
    proposed = propose(named(*bakeries), named(*numbers))
    assert len(set(proposed.values())) == len(proposed)
    assert len(proposed) == min(len(bakeries), len(numbers))
