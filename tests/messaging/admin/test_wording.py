from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from messaging import services
from messaging.admin import wording
from messaging.graph_api.facts import ErrorClass
from tests.factories import MessageFactory


@pytest.mark.parametrize(
    ("pricing", "words"),
    [
        (None, "–"),
        ({}, "–"),
        (
            {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
            "se cobra · utility · por mensaje",
        ),
        (
            {"billable": False, "pricing_model": "PMP", "type": "free_customer_service"},
            "gratis · free customer service · por mensaje",
        ),
        ({"pricing_model": "NEW"}, "NEW"),
    ],
)
def test_a_price_is_told_in_words(pricing, words):
    with translation.override("es"):
        assert wording.price(pricing) == words


def test_every_outcome_of_sending_has_words_of_its_own():
    management_only = {ErrorClass.OPERATIONS, ErrorClass.INFORMATION}
    told = {
        outcome: str(wording.outcome_words(outcome))
        for outcome in set(ErrorClass) - management_only
    }
    assert len(set(told.values())) == len(told)
    assert wording.outcome_words("something_new") == "something new"


def test_every_reason_of_a_verdict_is_known_here():
    modules = Path(services.__path__[0]).rglob("*.py")
    source = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    assert [why for why in wording.REASONS if f'"{why}"' not in source] == []


def test_a_reason_is_translated_and_an_unknown_one_stays():
    with translation.override("es"):
        assert wording.reason("The body is not JSON.") == "El cuerpo no es JSON."
        assert wording.reason("entry[0] is not an object.") == "entry[0] is not an object."
        assert wording.reason("") == ""


@pytest.mark.django_db
def test_a_reason_that_names_a_message_leads_to_it(db):
    message = MessageFactory()
    assert f"/admin/messaging/message/{message.pk}/change/" in wording.reason(
        f"message {message.pk}"
    )


@pytest.mark.parametrize(
    ("code", "title", "action"),
    [
        (None, "Meta did not answer", "then"),
        (2, "Meta's service is down", "then"),
        (4, "too many calls", "then"),
        (190, "token", "token"),
        (987654, "Meta refused it for a reason", "documentation"),
    ],
)
def test_a_call_that_sends_no_message_is_never_told_as_one(code, title, action):
    with translation.override("en"):
        words = wording.call_words(code, then="then")
    assert title in words["title"]
    assert action in words["action"]
    assert "the message" not in " ".join(words.values())
