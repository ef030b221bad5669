from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_whatsapp.api import (
    MAX_BODY_BYTES,
    MAX_DEPTH,
    RefusalError,
    parsed_json,
    refuse_unstorable,
)
from messaging.models import Message
from tests.messaging.api.conftest import SEND, refusal, template


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "1",
        "{} {}",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5000 + "}",
        b'{"a": "\xff"}',
        '{"a": "raw \0"}',
        "<html>",
    ],
)
def test_what_is_no_json_object_is_malformed(ana, raw):
    assert refusal(ana.api.post(SEND, raw)) == (400, "malformed_request")


def test_a_post_without_a_body_is_malformed(ana):
    assert refusal(ana.api.post(SEND)) == (400, "malformed_request")


def test_a_body_in_chunks_is_refused_as_such(ana):
    answer = ana.api.post(SEND, ana.order(), **{"Transfer-Encoding": "chunked"})
    assert refusal(answer) == (411, "length_required")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_malformed(ana, depth, opening):
    closing = "]" if opening == "[" else "}"
    raw = '{"template": ' + opening * depth + "1" + closing * depth + "}"
    raw = raw if len(raw) <= MAX_BODY_BYTES else raw[:MAX_BODY_BYTES]
    assert refusal(ana.api.post(SEND, raw)) == (400, "malformed_request")


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_not(ana):
    order = ana.order()
    padding = MAX_BODY_BYTES - len(json.dumps({**order, "padding": ""}))
    fitting = json.dumps({**order, "padding": "x" * padding})
    assert len(fitting) == MAX_BODY_BYTES
    assert ana.api.post(SEND, fitting).status_code == 202
    assert refusal(ana.api.post(SEND, fitting + " ")) == (413, "too_large")


def test_a_body_of_four_megabytes_is_too_large(ana):
    assert refusal(ana.api.post(SEND, "x" * 4_000_000)) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_only_json_is_read(ana, content_type):
    answer = ana.api.client.post(
        SEND,
        json.dumps(ana.order()),
        content_type=content_type,
        headers={"Authorization": f"Bearer {ana.api.secret}"},
    )
    assert refusal(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize("text", [r"\u0000", r"\ud800", r"\udfff\ud800"])
@pytest.mark.parametrize("place", ["recipient_name", "reference", "idempotency_key", "unknown"])
def test_characters_that_cannot_be_stored_are_refused_by_name(ana, place, text):
    raw = json.dumps(ana.order(**{place: "MARK"})).replace("MARK", text)
    answer = ana.api.post(SEND, raw)
    assert refusal(answer) == (422, "validation_error")
    assert answer.json()["error"]["fields"].keys() == {place}


@pytest.mark.parametrize("text", [r"\u0000", r"\ud800"])
def test_characters_that_cannot_be_stored_are_refused_inside_parameters_and_keys(ana, text):
    inside = json.dumps(ana.order(template=template("MARK", "PO-1", "€1")))
    as_key = json.dumps(ana.order(MARK=1))
    for raw in (inside, as_key):
        assert refusal(ana.api.post(SEND, raw.replace("MARK", text))) == (422, "validation_error")


def test_a_byte_order_mark_and_emoji_do_no_harm(ana):
    raw = json.dumps(ana.order(recipient_name="Juan 🥐"), ensure_ascii=False).encode("utf-8-sig")
    assert ana.api.post(SEND, raw).status_code == 202
    assert Message.objects.get().recipient_name == "Juan 🥐"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_whatever_json_is_sent_is_either_read_or_refused(value):
    try:
        parsed = parsed_json(json.dumps(value).encode())
        refuse_unstorable({"value": parsed})
    except RefusalError:
        return
    json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["recipient_phone", "recipient_name", "template", "reference", "dry_run"]),
    json_values,
)
def test_no_value_of_any_field_breaks_the_endpoint(ana, name, value):
    answer = ana.send(**{name: value})
    assert answer.status_code in {200, 202, 400, 422}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(json_values, json_values)
def test_no_value_inside_components_breaks_the_endpoint(ana, component, parameter):
    components = [component, {"type": "body", "parameters": [parameter]}]
    answer = ana.send(template=template(components=components))
    assert answer.status_code in {400, 422}
