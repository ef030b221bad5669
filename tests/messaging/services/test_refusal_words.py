from __future__ import annotations

import pytest
from django.utils import translation

from messaging.api.docs import _MEANING
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import Refusal, RefusedError
from tests.messaging.bakery.test_pages import JARGON


def words(why: Refusal, language: str) -> str:
    with translation.override(language):
        return words_of_refusal(RefusedError(why, "In the API's English."))


@pytest.mark.parametrize("why", Refusal)
def test_every_refusal_has_words_of_its_own_in_both_languages(why):
    english, spanish = words(why, "en"), words(why, "es")
    assert english != spanish
    assert "API" not in english
    assert not JARGON.search(english + spanish)


def test_no_two_refusals_read_alike():
    assert len({words(why, "es") for why in Refusal}) == len(Refusal)


@pytest.mark.parametrize("why", Refusal)
def test_other_systems_read_a_code_that_is_documented(why):
    assert why.code in _MEANING
