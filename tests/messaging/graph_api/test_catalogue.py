from __future__ import annotations

import re
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api.catalogue import (
    CATALOGUE,
    RANGES,
    WRONG_PROOF,
    ErrorFacts,
    Text,
    facts_for,
)
from messaging.graph_api.errors_default import (
    NO_ANSWER,
    NOT_SENT,
    UNKNOWN_LIMIT,
    UNKNOWN_REFUSAL,
    UNKNOWN_TRANSIENT,
)
from messaging.graph_api.errors_generic import SUBCODES
from messaging.graph_api.facts import ErrorClass, Scope, WhoActs
from tests.meta import stored

LIST = stored("error_codes")
EVERY_ROW: list[ErrorFacts] = [
    *CATALOGUE.values(),
    *(facts for _codes, facts in RANGES),
    *SUBCODES.values(),
    NO_ANSWER,
    NOT_SENT,
    UNKNOWN_LIMIT,
    UNKNOWN_REFUSAL,
    UNKNOWN_TRANSIENT,
]


@pytest.mark.parametrize(
    ("code", "error_class"),
    [(code, name) for name, codes in LIST["codes"].items() for code in codes],
)
def test_every_code_of_metas_list_has_a_row_of_its_own_and_the_right_class(code, error_class):
    assert CATALOGUE[code].error_class == error_class
    assert facts_for(code) is CATALOGUE[code]


def test_the_table_holds_nothing_that_the_list_does_not():
    # A wrong proof is told under 100 and kept apart under a number of its own: errors.py.
    assert set(CATALOGUE) == {*chain.from_iterable(LIST["codes"].values()), WRONG_PROOF}


@pytest.mark.parametrize("span", LIST["ranges"], ids=lambda span: str(span["first"]))
def test_families_of_codes_share_one_answer_that_carries_the_asked_code(span):
    for code in (span["first"], span["last"]):
        facts = facts_for(code)
        assert facts.code == code
        assert facts.error_class == span["class"]
        assert "not in our list" not in facts.title.en


@pytest.mark.parametrize("row", LIST["subcodes"], ids=lambda row: f"{row['code']}-{row['subcode']}")
def test_telling_subcodes_have_their_own_words(row):
    facts = facts_for(row["code"], subcode=row["subcode"])
    assert facts.code == row["code"]
    assert facts.error_class == row["class"]
    assert facts.title != facts_for(row["code"]).title


@pytest.mark.parametrize(
    ("http_status", "error_class"),
    [
        (400, ErrorClass.REQUEST),
        (404, ErrorClass.REQUEST),
        (429, ErrorClass.RETRY_LATER),
        (500, ErrorClass.RETRY),
        (503, ErrorClass.RETRY),
        (None, ErrorClass.REQUEST),
    ],
)
def test_an_unknown_code_goes_by_its_http_class(http_status, error_class):
    facts = facts_for(987654, http_status=http_status)
    assert (facts.code, facts.error_class) == (987654, error_class)


def test_an_unknown_code_that_meta_calls_transient_is_tried_again():
    assert facts_for(987654, http_status=400, is_transient=True).error_class is ErrorClass.RETRY


def test_no_code_means_that_nobody_knows_the_outcome():
    assert facts_for(None).error_class is ErrorClass.UNKNOWN_OUTCOME


def test_a_missing_object_stops_its_number_and_not_the_whole_line():
    assert facts_for(100, subcode=33).scope is Scope.NUMBER


@given(
    st.none() | st.integers(),
    st.none() | st.integers(),
    st.none() | st.integers(min_value=100, max_value=599),
)
def test_there_is_always_an_answer(code, subcode, http_status):
    facts = facts_for(code, subcode=subcode, http_status=http_status)
    assert facts.code == code
    assert facts.title.en


@pytest.mark.parametrize("facts", EVERY_ROW, ids=lambda facts: str(facts.code))
def test_every_row_speaks_two_languages_in_whole_sentences(facts):
    for text in (facts.title, facts.action):
        for words in (text.en, text.es):
            assert re.fullmatch(r"[A-ZÁÉÍÓÚÑ][^\n]*[.]", words), words
            assert "  " not in words
        assert text.en != text.es
    assert isinstance(facts.who_acts, WhoActs)
    assert facts.doc_url.startswith("https://developers.facebook.com/")


@pytest.mark.parametrize("facts", EVERY_ROW, ids=lambda facts: str(facts.code))
def test_what_is_tried_again_says_when_and_what_is_final_does_not(facts):
    again = facts.error_class in {ErrorClass.RETRY, ErrorClass.RETRY_LATER}
    assert all(delay > 0 for delay in facts.retry_delays_s)
    assert bool(facts.retry_delays_s) is again or facts.code == 131048


def test_a_text_falls_back_to_english():
    text = Text("Bread", "Pan")
    assert [text.in_language(code) for code in ("es", "es-MX", "es_ES", "ES")] == ["Pan"] * 4
    assert [text.in_language(code) for code in ("en", "ca", "", None, "est")] == ["Bread"] * 5
    assert Text("Bread", "").in_language("es") == "Bread"
