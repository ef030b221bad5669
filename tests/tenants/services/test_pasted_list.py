from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.models import PhoneNumber, Tenant
from tenants.services.pasted_list import (
    MAX_LINES,
    LineErrorKind,
    TooLongError,
    read_pasted_list,
)
from tenants.services.usable_numbers import Unusable

# The guide's step 9.2, as it is copied out of it.
GUIDE = """```
Panadería San Juan → +34 612 345 678
Panadería Goiko → +34 612 345 679
Bakery Artesano → +34 612 345 680
... (7 more)
```
"""


def tenant(name, slug=""):
    return Tenant(pk=uuid.uuid4(), name=name, slug=slug or name.lower())


def number(pk, display, **facts):
    return PhoneNumber(pk=pk, display_phone_number=display, **facts)


SAN_JUAN = tenant("Panadería San Juan", "san-juan")
GOIKO = tenant("Panadería Goiko", "goiko")
ARTESANO = tenant("Bakery Artesano", "artesano")
TENANTS = [SAN_JUAN, GOIKO, ARTESANO]
NUMBERS = [number(8, "+34612345678"), number(9, "+34612345679"), number(10, "+34612345680")]


def read(text, *, tenants=TENANTS, numbers=NUMBERS):
    return read_pasted_list(text, tenants=tenants, numbers=numbers)


def test_the_guides_own_list_is_read_whole():
    pasted = read(GUIDE)
    assert pasted.choices == {SAN_JUAN.pk: 8, GOIKO.pk: 9, ARTESANO.pk: 10}
    assert pasted.errors == []


@pytest.mark.parametrize("between", ["→", " -> ", "=>", "\t", ";", ": ", "⇒", " –> "])
def test_the_arrow_has_many_forms(between):
    assert read(f"Panadería Goiko{between}+34612345679").choices == {GOIKO.pk: 9}


@pytest.mark.parametrize(
    "name", ["panaderia goiko", "PANADERÍA GOIKO", " Panadería  Goiko ", "goiko"]
)
def test_a_bakery_is_known_without_its_accents_and_by_its_short_name(name):
    assert read(f"{name} → +34 612 345 679").choices == {GOIKO.pk: 9}


@pytest.mark.parametrize(
    "written",
    [
        "+34 612 345 679", "+34612345679", "0034 612 345 679", "34612345679", "612 345 679", "612-345-679",
        "(+34) 612.345.679", "tel: +34 612 345 679", "\u202a+34\u00a0612\u00a0345\u00a0679\u202c", "６１２３４５６７９",
        "+34 612 345 679 (Goiko)",
    ],
)  # fmt: skip
def test_a_number_is_known_in_any_form(written):
    assert read(f"Panadería Goiko → {written}").choices == {GOIKO.pk: 9}


@pytest.mark.parametrize("line", ["", "   ", "...", "… (7 more)", "```", "----"])
def test_lines_that_say_nothing_are_passed_over(line):
    assert read(f"{line}\nPanadería Goiko → 612345679\n{line}").errors == []


@pytest.mark.parametrize(
    ("line", "kind", "suggestions"),
    [
        ("Panadería Goiko", LineErrorKind.NO_SEPARATOR, ()),
        ("→ 612345679", LineErrorKind.NO_SEPARATOR, ()),
        (".", LineErrorKind.NO_SEPARATOR, ()),
        ("Panadería Goikko → 612345679", LineErrorKind.UNKNOWN_BAKERY, ("Panadería Goiko",)),
        ("Carnicería Zubia → 612345679", LineErrorKind.UNKNOWN_BAKERY, ()),
        ("Panadería Goiko →", LineErrorKind.NO_NUMBER, ()),
        ("Panadería Goiko → soon", LineErrorKind.NO_NUMBER, ()),
        ("Panadería Goiko → 612354679", LineErrorKind.UNKNOWN_NUMBER, ("+34612345679",)),
        ("Panadería Goiko → +34 612 34 679", LineErrorKind.UNKNOWN_NUMBER, ("+34612345679",)),
        ("Panadería Goiko → +35 612 345 679", LineErrorKind.UNKNOWN_NUMBER, ("+34612345679",)),
        ("Panadería Goiko → 679", LineErrorKind.UNKNOWN_NUMBER, ("+34612345679",)),
        ("Panadería Goiko → +1 202 555 0143", LineErrorKind.UNKNOWN_NUMBER, ()),
    ],
)
def test_a_line_with_a_slip_gets_its_own_error_and_what_was_meant(line, kind, suggestions):
    pasted = read(f"{line}\nBakery Artesano → 612345680")
    (error,) = pasted.errors
    assert (error.line, error.kind, error.suggestions) == (1, kind, suggestions)
    assert error.text == line
    assert pasted.choices == {ARTESANO.pk: 10}


def test_two_bakeries_of_one_name_are_told_apart_by_their_short_names():
    twins = [tenant("Panadería Sol", "sol"), tenant("PANADERIA SOL", "sol-2")]
    (error,) = read("Panadería Sol → 612345679", tenants=twins).errors
    assert error.kind == LineErrorKind.AMBIGUOUS_BAKERY
    assert error.suggestions == ("sol", "sol-2")
    assert read("sol-2 → 612345679", tenants=twins).choices == {twins[1].pk: 9}


def test_an_end_that_several_numbers_share_is_not_guessed():
    numbers = [number(1, "+34612345679"), number(2, "+351612345679")]
    (error,) = read("Panadería Goiko → 612345679", numbers=numbers).errors
    assert error.kind == LineErrorKind.AMBIGUOUS_NUMBER
    assert error.suggestions == ("+34612345679", "+351612345679")
    assert read("goiko → +351 612 345 679", numbers=numbers).choices == {GOIKO.pk: 2}


def test_of_several_numbers_equally_near_none_is_guessed():
    two = [number(1, "+34612345678"), number(2, "+34612345687")]
    (error,) = read("Panadería Goiko → +34 612 345 6", numbers=two).errors
    assert error.suggestions == ("+34612345678", "+34612345687")
    ten = [number(place, f"+3461234568{place}") for place in range(10)]
    (error,) = read("Panadería Goiko → +34 612 345 6", numbers=ten).errors
    assert (error.kind, error.suggestions) == (LineErrorKind.UNKNOWN_NUMBER, ())


def test_a_number_that_cannot_be_given_is_refused_with_the_reason():
    numbers = [number(1, "+34612345679", name_status="DECLINED")]
    (error,) = read("Panadería Goiko → 612345679", numbers=numbers).errors
    assert (error.kind, error.why) == (LineErrorKind.UNUSABLE_NUMBER, Unusable.NAME_DECLINED)


def test_one_number_for_two_bakeries_is_given_to_neither():
    pasted = read("Panadería Goiko → 612345679\n\nBakery Artesano → +34612345679")
    assert pasted.choices == {}
    assert [(error.line, error.kind, error.other_line) for error in pasted.errors] == [
        (1, LineErrorKind.NUMBER_TWICE, 3),
        (3, LineErrorKind.NUMBER_TWICE, 1),
    ]


def test_two_numbers_for_one_bakery_are_both_refused():
    pasted = read("Panadería Goiko → 612345679\ngoiko → 612345680")
    assert pasted.choices == {}
    assert [error.kind for error in pasted.errors] == [LineErrorKind.BAKERY_TWICE] * 2


def test_the_same_line_twice_does_no_harm():
    pasted = read("Panadería Goiko → 612345679\ngoiko -> 612 345 679")
    assert (pasted.choices, pasted.errors) == ({GOIKO.pk: 9}, [])


def test_a_name_may_hold_a_colon():
    odd = tenant("Pan: y más", "pan-y-mas")
    assert read("Pan: y más → 612345679", tenants=[odd]).choices == {odd.pk: 9}
    assert read("Pan: y más: 612345679", tenants=[odd]).choices == {odd.pk: 9}


def test_a_list_longer_than_anybodys_is_refused():
    read("\n" * MAX_LINES)
    with pytest.raises(TooLongError):
        read("\n" * (MAX_LINES + 1))


LETTERS = st.text("aeZñéÜİß019", min_size=1, max_size=12)


@given(
    names=st.lists(LETTERS, min_size=1, max_size=6, unique_by=lambda name: name.casefold()),
    between=st.sampled_from([" → ", "->", " => ", "\t", ";", ": "]),
    spaced=st.booleans(),
)
def test_what_is_written_by_the_rules_is_read_back(names, between, spaced):
    tenants = [tenant(f"Bakery {place} {name}", f"b{place}") for place, name in enumerate(names)]
    numbers = [number(place + 1, f"+3461234{5600 + place}") for place in range(len(names))]
    lines = []
    for bakery, sender in zip(tenants, numbers, strict=True):
        shown = sender.display_phone_number
        shown = f"{shown[:3]} {shown[3:6]} {shown[6:9]} {shown[9:]}" if spaced else shown
        lines.append(f"{bakery.name}{between}{shown}")
    pasted = read("\n".join(lines), tenants=tenants, numbers=numbers)
    assert pasted.errors == []
    assert pasted.choices == {
        bakery.pk: sender.pk for bakery, sender in zip(tenants, numbers, strict=True)
    }


PIECES = st.sampled_from(
    ["Panadería Goiko", "goiko", "San Juan", "→", "->", ":", ";", "\t", " ", "612345679", "+34", "...", "x"]
)  # fmt: skip


@given(st.lists(st.one_of(st.text(max_size=20), st.lists(PIECES).map("".join)), max_size=8))
def test_whatever_is_pasted_each_line_gives_at_most_one_choice_or_error(lines):
    text = "\n".join(lines)
    pasted = read(text)
    said = len(text.splitlines())
    assert len({error.line for error in pasted.errors}) == len(pasted.errors)
    assert len(pasted.errors) + len(pasted.choices) <= said
    assert len(set(pasted.choices.values())) == len(pasted.choices)
