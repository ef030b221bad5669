from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api.kept_answers import ANSWER_LENGTH, kept, kept_body
from tests.meta import raw, stored


def test_an_accepted_message_keeps_its_id_and_hides_the_number():
    answer = json.loads(kept(stored("send_accepted")))
    assert answer["messages"][0]["id"] == stored("send_accepted")["messages"][0]["id"]
    contact, theirs = answer["contacts"][0], stored("send_accepted")["contacts"][0]
    for name in ("input", "wa_id"):
        assert contact[name] == f"…{theirs[name][-3:]}"


def test_a_refusal_is_kept_in_metas_words_without_the_number():
    text = kept_body(raw("error_131026"))
    assert json.loads(text.replace("…101", "34600000101")) == stored("error_131026")
    assert "34600000101" not in text


def test_tokens_and_numbers_in_metas_sentences_are_hidden():
    said = {"error": {"code": 100, "message": "No +34 600 000 101 with Bearer EAAsecret here"}}
    text = kept_body(json.dumps(said).encode())
    assert "EAAsecret" not in text
    assert "600" not in text
    assert json.loads(text)["error"]["message"].startswith("No +…101 with")


@pytest.mark.parametrize("place", ["wa_id", "phone", "anything"])
def test_a_number_without_quotes_is_hidden_too(place):
    text = kept_body(json.dumps({place: 34600000101, "error_subcode": 2494010}).encode())
    assert "346" not in text
    assert json.loads(text)["error_subcode"] == 2494010


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"<html>Bad gateway for 34600000101</html>", "<html>Bad gateway for …101</html>"),
        (b"\xff\x00half", "\ufffdhalf"),
        (b'["34600000101"]', '["…101"]'),
    ],
)
def test_what_is_no_object_is_kept_as_text(body, text):
    assert kept_body(body) == text


def test_an_endless_answer_is_cut():
    text = kept_body(json.dumps({"error": {"code": 1, "message": "no " * 5000}}).encode())
    assert (len(text), text[-1]) == (ANSWER_LENGTH, "…")
    assert len(kept_body(b"x " * 10**6)) == ANSWER_LENGTH


@given(st.binary(max_size=300))
def test_whatever_comes_back_is_kept_as_postgresql_takes_it(body):
    text = kept_body(body)
    assert "\x00" not in text
    text.encode()
