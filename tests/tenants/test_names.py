from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.names import folded, likeness, nearest


@pytest.mark.parametrize(
    "written", ["Panadería San Juan", "PANADERÍA  SAN JUAN", "panaderia san-juan", " Panaderi\u0301a San Juan. "]
)  # fmt: skip
def test_accents_capitals_and_signs_make_no_difference(written):
    assert folded(written) == "panaderia san juan"


@given(st.text())
def test_folding_twice_folds_no_further(name):
    assert folded(folded(name)) == folded(name)


def test_a_name_without_letters_is_kept():
    assert folded(" *** ") == "***"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Panadería Goiko", "goiko"),
        ("Panadería Goiko", "Horno Goiko"),
        ("Forn Roser", "Forn Rosser"),
        ("Tahona de la Abuela", "La Abuela"),
        ("Goiko", "Panadería Goiko Okindegia"),
    ],
)
def test_names_of_one_bakery_are_alike(one, other):
    assert likeness(one, other) == likeness(other, one) > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Panadería Goiko", "Panadería San Juan"),
        ("Bakery Artesano", "Bakery Platform"),
        ("Panadería", "Panadería"),
        ("Horno San Blas", ""),
    ],
)
def test_what_every_bakery_is_called_makes_no_two_alike(one, other):
    assert likeness(one, other) == 0


KNOWN = ["Forn Roser", "Panadería Goiko", "Panadería Oroel"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Forn Rosser", "Forn Roser"),
        ("oroel", "Panadería Oroel"),
        ("Panaderia Goikko", "Panadería Goiko"),
        ("Carnicería Zubia", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_the_one_that_was_meant(written, meant):
    assert nearest(written, KNOWN) == meant
    assert nearest(written, []) == ""
