from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.phone_numbers import (
    InvalidPhoneNumberError,
    as_typed,
    comparable,
    formatted,
    from_digits,
    normalised,
    spellings,
)

# Spanish mobile numbers, each with a possible length.
numbers = st.integers(600_000_000, 699_999_999).map("+34{}".format)
separators = st.sampled_from(["", " ", "-", ".", "(", ")", "\u00a0", "\u202f", "/"])


@given(numbers)
def test_a_number_survives_being_shown_and_read_again(number):
    assert normalised(formatted(number)) == number
    assert from_digits(number.removeprefix("+")) == number


@given(numbers, st.lists(separators, min_size=12, max_size=12))
def test_separators_change_nothing(number, between):
    spread = "".join(part for pair in zip(number, between, strict=True) for part in pair)
    assert normalised(spread) == number


@given(st.text(max_size=30))
def test_any_text_is_e164_or_refused(text):
    try:
        number = normalised(text)
    except InvalidPhoneNumberError:
        return
    assert normalised(number) == number
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number)


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "+34", "34600000101", "0034600000101", "600000101", "++34600000101"),
        *("+3460000010", "+346000001012", "+0600000101", "+34600000101 ext 5", "+34 600 000 10a"),
        "+３４600000101",
    ],
)
def test_what_is_no_e164_number_is_refused(text):
    with pytest.raises(InvalidPhoneNumberError) as raised:
        normalised(text)
    # The guide's example stands in the message, the caller's number does not.
    assert len(text) < 7 or "600000101" not in str(raised.value).replace("+34600000101", "")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        *((typed, "+34600000132") for typed in ("600 000 132", "0034600000132", "34 600-000-132")),
        *(("+351 912 345 678", "+351912345678"), ("00351912345678", "+351912345678")),
        *((typed, "") for typed in ("", "soon", "600 00", "++34600000132", "500 000 132")),
    ],
)
def test_people_type_numbers_as_they_know_them(typed, number):
    assert as_typed(typed) == number


def test_spanish_numbers_are_shown_by_threes_and_others_as_their_country_does():
    assert formatted("+34600000101") == "+34 600 000 101"
    assert formatted("+33600000101") == "+33 6 00 00 01 01"
    assert formatted("not a number") == "not a number"


@pytest.mark.parametrize("digits", ["", "x", "12", "0034600000101", "user.1234"])
def test_what_holds_no_number_gives_none(digits):
    assert from_digits(digits) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5511987654321", "+551187654321"),
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
    ],
)
def test_both_spellings_of_a_number_compare_alike_and_lead_to_each_other(one, other):
    assert comparable(one) == comparable(other)
    assert set(spellings(one)) == set(spellings(other)) == {one, other}
    assert spellings(one)[0] == one


def test_the_argentine_15_is_the_9_of_the_world():
    assert comparable("+54111523456789") == comparable("+5491123456789")
    assert "+5491123456789" in spellings("+54111523456789")


@given(numbers | st.integers(10**9, 10**12).map("+33{}".format))
def test_elsewhere_a_number_has_one_spelling(number):
    assert comparable(number) == number
    assert spellings(number) == (number,)


@given(st.sampled_from(["+52", "+54", "+55"]), st.integers(10**6, 10**12))
def test_every_spelling_of_any_number_compares_alike(country, rest):
    number = f"{country}{rest}"
    assert len({comparable(each) for each in spellings(number)}) == 1
    assert comparable(comparable(number)) == comparable(number)
    assert from_digits(comparable(number).removeprefix("+"))


def test_a_brazilian_landline_is_no_mobile_without_its_9():
    assert spellings("+551133334444") == ("+551133334444",)
