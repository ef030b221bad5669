from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api.storable import MAX_DEPTH
from messaging.graph_api.webhook_payload import ParsedWebhook, parse
from tests.meta import stored

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=30,
)
VALUE_KEYS = st.sampled_from(
    [
        *("metadata", "contacts", "statuses", "messages", "errors", "messaging_product"),
        "user_preferences",
    ]
)
ROW_KEYS = st.sampled_from(
    [
        *("id", "status", "timestamp", "recipient_id", "biz_opaque_callback_data", "pricing"),
        *("errors", "type", "from", "from_user_id", "context", "text", "interactive", "profile"),
        *("wa_id", "user_id", "phone_number_id", "display_phone_number", "code", "error_data"),
    ]
)
ROWS = st.lists(JSON | st.dictionaries(ROW_KEYS, JSON, max_size=8), max_size=3)
# Nearly right: the keys Meta uses, with anything below them.
NEARLY = st.dictionaries(VALUE_KEYS, ROWS | st.dictionaries(ROW_KEYS, JSON, max_size=4), max_size=6)


def delivery(value: object, field: object = "messages") -> dict[str, Any]:
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "987654321098765", "changes": [{"field": field, "value": value}]}],
    }


def only_change(parsed: ParsedWebhook):
    (change,) = parsed.changes
    return change


def status(**changes: object) -> dict[str, object]:
    row = {
        "id": "wamid.A1",
        "status": "sent",
        "timestamp": "1795341600",
        "recipient_id": "34600000101",
    }
    return row | changes


def all_texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in all_texts(part)]
    if isinstance(value, list):
        return [text for item in value for text in all_texts(item)]
    return []


def test_statuses_are_read_and_a_broken_one_costs_only_itself():
    change = only_change(parse(stored("webhook_statuses")))
    assert (change.index, change.entry_id, change.field) == ("0.0", "987654321098765", "messages")
    assert change.phone_number_id == "123456789012345"
    assert change.display_phone_number == "34612345678"
    delivered, failed = change.statuses
    assert (delivered.status, delivered.recipient_id) == ("delivered", "34600000101")
    assert delivered.at == datetime.fromtimestamp(1795341600, UTC)
    assert delivered.callback_data == "ob:0192f3c4-7c1e-7a55-9a11-5d1f3b0c8e21"
    assert delivered.pricing["category"] == "utility"
    assert delivered.recipient_user_id == "ES.70210000000000000042"
    assert (delivered.error_code, delivered.error_details) == (None, "")
    assert failed.at == datetime.fromtimestamp(1795341725, UTC)  # milliseconds at Meta
    assert failed.error_code == 131026
    assert failed.error_details == "Unable to deliver message to …102"
    assert change.problems == ["statuses[1] has no usable status."]


def test_inbound_messages_are_read():
    change = only_change(parse(stored("webhook_inbound")))
    text, button, reaction = change.messages
    assert (text.sender, text.type, text.text) == ("34600000101", "text", "Recibido, gracias")
    assert (text.user_id, text.profile_name) == ("ES.70210000000000000042", "Juan García 🥐")
    assert (button.text, button.context_wamid) == (
        "No recibir más",
        "wamid.HBgLMzQ2MDAwMDAxMDEVAgARGBI1",
    )
    assert button.raw["button"]["payload"] == "BAJA:123456789012345"
    assert (reaction.sender, reaction.user_id) == (None, "ES.70210000000000000043")
    assert reaction.text == ""
    assert change.problems == []


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Sí"}}, "Sí"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "1", "title": "Pan"}}, "Pan"),
        ("reaction", {"message_id": "wamid.A1", "emoji": "👍"}, "👍"),
        ("image", {"id": "5", "caption": "El albarán"}, "El albarán"),
        ("document", {"id": "5", "filename": "albaran.pdf"}, "albaran.pdf"),
        ("location", {"latitude": 1, "longitude": 2, "name": "Obrador"}, "Obrador"),
        ("system", {"type": "user_changed_number", "body": "cambió"}, "cambió"),
        ("audio", {"id": "5"}, ""),
        ("something_new", {"body": "?"}, ""),
    ],
)
def test_each_type_has_its_readable_text(kind, content, text):
    row = {
        "id": "wamid.B1",
        "from": "34600000101",
        "timestamp": "1795342000",
        "type": kind,
        kind: content,
    }
    (message,) = only_change(parse(delivery({"messages": [row]}))).messages
    assert (message.type, message.text) == (kind, text)


@pytest.mark.parametrize(
    ("content", "about"),
    [
        ({"type": "text", "context": {"id": "wamid.A1"}}, "wamid.A1"),
        ({"type": "reaction", "reaction": {"message_id": "wamid.A2"}}, "wamid.A2"),
        ({"type": "revoke", "revoke": {"original_message_id": "wamid.A3"}}, "wamid.A3"),
        ({"type": "text", "context": {"id": 5}}, None),
        ({"type": "text", "context": []}, None),
    ],
)
def test_a_message_names_the_one_it_is_about(content, about):
    row = {"id": "wamid.B1", "from": "34600000101", "timestamp": "1795342000", **content}
    (message,) = only_change(parse(delivery({"messages": [row]}))).messages
    assert message.context_wamid == about


def test_preferences_are_read_with_and_without_a_number():
    row = {"category": "marketing_messages", "value": "stop", "timestamp": 1795342700}
    rows = [
        row | {"wa_id": "34600000101", "user_id": "ES.42"},
        row | {"user_id": "ES.42", "value": "resume"},
        row | {"wa_id": "ES.43"},
        row,
        row | {"wa_id": "34600000101", "category": 5},
        "stop",
    ]
    change = only_change(parse(delivery({"user_preferences": rows}, "user_preferences")))
    assert [(fact.phone, fact.user_id, fact.value) for fact in change.preferences] == [
        ("34600000101", "ES.42", "stop"),
        (None, "ES.42", "resume"),
        (None, "ES.43", "stop"),
    ]
    assert change.preferences[0].at == datetime.fromtimestamp(1795342700, UTC)
    assert change.problems == [
        "user_preferences[3] names nobody.",
        "user_preferences[4] has no usable category.",
        "user_preferences[5] is not an object.",
    ]


def test_an_error_without_status_or_message_is_kept():
    change = only_change(parse(stored("webhook_value_error")))
    assert [error["code"] for error in change.errors] == [130429]
    assert (change.statuses, change.messages) == ([], [])


def test_other_fields_keep_their_value_for_whoever_knows_them():
    change = only_change(parse(stored("webhook_template_status")))
    assert change.field == "message_template_status_update"
    assert change.phone_number_id is None
    assert change.value["event"] == "REJECTED"
    assert change.problems == []


def test_entries_and_changes_are_counted_apart():
    body = delivery({"statuses": [status()]})
    body["entry"] = [*body["entry"], "broken", *body["entry"]]
    body["entry"][2] = {"id": 5, "changes": [{"field": "account_update", "value": {}}, 7]}
    parsed = parse(body)
    assert [change.index for change in parsed.changes] == ["0.0", "2.0", "2.1"]
    assert [change.entry_id for change in parsed.changes] == ["987654321098765", "5", "5"]
    assert parsed.problems == ["entry[1] is not an object."]
    assert parsed.changes[2].problems == ["The change is not an object."]
    assert parsed.changes[2].value == 7


def test_a_thousand_statuses_with_one_broken_element_lose_one():
    rows: list[object] = [status(id=f"wamid.{place}") for place in range(1000)]
    rows[500] = None
    change = only_change(parse(delivery({"statuses": rows})))
    assert len(change.statuses) == 999
    assert change.problems == ["statuses[500] is not an object."]


def test_a_status_meta_has_not_told_us_of_is_kept_as_written():
    change = only_change(parse(delivery({"statuses": [status(status="warmed_up")]})))
    assert change.statuses[0].status == "warmed_up"


def test_a_boolean_is_no_number():
    rows = [status(timestamp=True), status(errors=[{"code": True}], recipient_id=False)]
    change = only_change(parse(delivery({"statuses": rows})))
    (kept,) = change.statuses
    assert (kept.error_code, kept.recipient_id) == (None, "")
    assert change.problems == ["statuses[0] has no usable timestamp."]


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "soon",
        "-5",
        -5,
        0,
        10**30,
        "9" * 5000,
        "9" * 17,
        None,
        [],
        {},
        float("nan"),
        float("inf"),
        "١٢",
    ],
)
def test_an_impossible_time_costs_only_its_element(timestamp):
    change = only_change(parse(delivery({"statuses": [status(timestamp=timestamp), status()]})))
    assert len(change.statuses) == 1
    assert change.problems == ["statuses[0] has no usable timestamp."]


@given(st.integers(min_value=946_684_800, max_value=4_102_444_799))
def test_seconds_and_milliseconds_as_number_or_digits_are_the_same_moment(seconds):
    spellings = [seconds, str(seconds), float(seconds), seconds * 1000, str(seconds * 1000)]
    rows = [status(timestamp=spelling) for spelling in spellings]
    change = only_change(parse(delivery({"statuses": rows})))
    expected = datetime.fromtimestamp(seconds, UTC)
    # Whoever counts milliseconds before September 2001 is taken for counting seconds: too late a year.
    late = seconds * 1000 >= 10**12
    assert [fact.at for fact in change.statuses] == [expected] * (5 if late else 3)


@given(JSON)
def test_any_json_is_read_without_an_exception(payload):
    assert isinstance(parse(payload), ParsedWebhook)


@given(NEARLY)
def test_wrong_types_at_every_level_are_read_without_an_exception(value):
    change = only_change(parse(delivery(value)))
    # What comes out can be stored: PostgreSQL takes neither NUL nor lone surrogates, JSON no NaN.
    json.dumps(change.value, allow_nan=False)
    for text in all_texts(change.value):
        assert "\x00" not in text
        text.encode("utf-8")
    for fact in change.statuses:
        assert fact.wamid
        assert fact.at.tzinfo is UTC


def test_nul_and_lone_surrogates_are_gone_from_every_text():
    body = delivery(
        {
            "statuses": [status(id="wamid.\x00A1", biz_opaque_callback_data="a\ud800b")],
            "k\x00ey": "v\x00alue",
        }
    )
    change = only_change(parse(body))
    assert change.statuses[0].wamid == "wamid.A1"
    assert change.statuses[0].callback_data == "a\ufffdb"
    assert change.value["key"] == "value"


def test_deep_nesting_is_cut_and_does_not_crash():
    deep: object = "bottom"
    for _level in range(5000):
        deep = {"deeper": deep}
    assert only_change(parse(delivery(deep))).problems == []
    assert parse(deep).problems == [
        "object is not whatsapp_business_account.",
        "entry is not a list.",
    ]
    assert MAX_DEPTH < 100


def test_huge_numbers_do_not_crash():
    change = only_change(
        parse(delivery({"statuses": [status(recipient_id=10**6000, errors=[{"code": 10**50}])]}))
    )
    assert change.statuses[0].error_code is None
    json.dumps(change.value)


@pytest.mark.parametrize("payload", [None, True, 5, "text", [], {}, {"entry": {}}, {"object": 5}])
def test_what_is_no_delivery_has_no_changes_and_a_problem(payload):
    parsed = parse(payload)
    assert parsed.changes == []
    assert parsed.problems
