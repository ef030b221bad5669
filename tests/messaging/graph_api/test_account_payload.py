from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.graph_api import account_news as news
from messaging.graph_api.webhook_payload import parse
from tests.meta import stored

STORED: dict[str, Any] = stored("webhook_news")
WABA = "987654321098765"
TEMPLATE_ID = "1200000000000345"


def read(name: str, **changes: object):
    """Parse a stored delivery with some keys of its value changed; return its only news."""
    body = copy.deepcopy(STORED[name])
    body["entry"][0]["changes"][0]["value"] |= changes
    (change,) = parse(body).changes
    assert change.problems == []
    (told,) = change.news
    return told


@pytest.mark.parametrize("name", STORED)
def test_every_stored_field_is_read_without_a_problem(name):
    told = read(name)
    assert told.event
    assert told.field
    assert (change_of(name).statuses, change_of(name).messages) == ([], [])


def change_of(name: str):
    return parse(STORED[name]).changes[0]


def test_a_rejected_template_tells_its_reason_and_metas_advice():
    told = read("template_status")
    assert isinstance(told, news.TemplateStatusNews)
    assert (told.template_id, told.name, told.language) == (TEMPLATE_ID, "po_notification", "es")
    assert (told.event, told.reason) == ("REJECTED", "INVALID_FORMAT")
    assert told.advice == "two variables touch each other put words between them"
    assert told.at == datetime.fromtimestamp(1795342300, UTC)
    assert told.waba_id == WABA


def test_a_pause_tells_which_one_it_is_and_none_is_no_reason():
    told = read("template_paused")
    assert (told.event, told.title, told.reason) == ("PAUSED", "FIRST_PAUSE", "")
    assert told.advice == "This template is paused for 3 hours."


def test_an_id_is_text_and_a_language_is_written_as_the_api_writes_it():
    told = read("template_status", message_template_id="77", message_template_language="en-US")
    assert (told.template_id, told.language) == ("77", "en_US")


@pytest.mark.parametrize("name", ["template_quality", "template_quality_mislabelled"])
def test_a_quality_is_told_by_its_key_whatever_the_field_is_called(name):
    told = read(name)
    assert isinstance(told, news.TemplateQualityNews)
    assert told.field == "message_template_quality_update"
    assert (told.previous, told.event) == ("GREEN", "YELLOW")


def test_a_category_to_come_is_not_one_that_has_come():
    upcoming, finished = read("template_category_upcoming"), read("template_category_finished")
    assert (upcoming.previous, upcoming.event, upcoming.is_upcoming) == (
        "UTILITY",
        "MARKETING",
        True,
    )
    assert upcoming.due_at == datetime.fromtimestamp(1795430000, UTC)
    assert (finished.previous, finished.event, finished.is_upcoming) == (
        "UTILITY",
        "MARKETING",
        False,
    )


@pytest.mark.parametrize("display", ["34612345678", "+34 612 345 678", 34612345678])
def test_a_number_is_known_by_its_digits(display):
    assert read("number_name", display_phone_number=display).digits == "34612345678"


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        ("TIER_2K", "TIER_2K"),
        (2000, "TIER_2K"),
        ("2000", "TIER_2K"),
        (250, "TIER_250"),
        ("TIER_UNLIMITED", "TIER_UNLIMITED"),
    ],
)
def test_a_limit_comes_as_a_tier_and_as_a_number(limit, written):
    assert read("capability", max_daily_conversations_per_business=limit).limit == written
    assert read("number_capacity", max_daily_conversations_per_business=limit).limit == written


def test_a_restriction_tells_its_kinds_and_ends():
    sending, adding = read("account_restriction").restrictions
    assert sending.kind == "RESTRICTED_BIZ_INITIATED_MESSAGING"
    assert sending.until == datetime.fromtimestamp(4070908800, UTC)
    assert adding.remedy == "Verify the business"


def test_a_partner_event_names_the_account_it_is_about_not_the_envelopes():
    told = read("partner_removed")
    assert (told.waba_id, told.client_waba_id) == ("664000000000005", WABA)


@pytest.mark.parametrize("field", ["smb_message_echoes", "message_echoes", "something_else"])
def test_an_echo_is_told_by_its_key_and_keeps_nothing_of_the_person(field):
    body = copy.deepcopy(STORED["echo"])
    body["entry"][0]["changes"][0]["field"] = field
    (change,) = parse(body).changes
    (told,) = change.news
    assert isinstance(told, news.EchoNews)
    assert (told.wamid, told.phone_number_id) == ("wamid.HBgLECHO0001", "123456789012345")
    assert told.details == {"wamid": "wamid.HBgLECHO0001", "type": "text"}
    assert change.messages == []


@pytest.mark.parametrize(
    ("time", "at"),
    [
        (1795342300, 1795342300),
        ("1795342300", 1795342300),
        (1795342300000, 1795342300),
        (None, None),
        ("soon", None),
        (True, None),
        (-5, None),
    ],
)
def test_the_time_of_the_envelope_has_many_shapes(time, at):
    body = copy.deepcopy(STORED["template_paused"])
    body["entry"][0]["time"] = time
    told = parse(body).changes[0].news[0]
    assert told.at == (None if at is None else datetime.fromtimestamp(at, UTC))


def test_tokens_never_reach_the_history():
    told = read("account_violation", note="Bearer EAAsecret123", more={"deep": ["EAAsecret123"]})
    assert "EAAsecret" not in str(told.details)


@pytest.mark.parametrize(
    ("name", "key", "problem"),
    [
        ("template_status", "event", "message_template_status_update has no usable event."),
        ("number_name", "display_phone_number", "phone_number_name_update names no number."),
        ("account_violation", "event", "account_update has no usable event."),
        ("account_restriction", "restriction_info", "account_update names no restriction."),
        ("account_review", "decision", "account_review_update has no usable decision."),
        ("echo", "message_echoes", "smb_message_echoes message_echoes is not a list."),
    ],
)
@pytest.mark.parametrize("wrong", [None, 1.5, [], {}, "x" * 5000])
def test_what_is_missing_or_of_a_wrong_type_becomes_a_line(name, key, problem, wrong):
    body = copy.deepcopy(STORED[name])
    body["entry"][0]["changes"][0]["value"][key] = wrong
    (change,) = parse(body).changes
    if (name, wrong) == ("echo", []):
        assert (change.news, change.problems) == ([], [])
        return
    assert change.news == []
    assert change.problems == [problem]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


def places_in(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *[place for key, item in inner for place in places_in(item, (*path, key))]]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A stored delivery in which one to three things are replaced by anything."""
    body = copy.deepcopy(STORED[draw(st.sampled_from(sorted(STORED)))])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places_in(body)[1:] or [()]))
        holder: Any = body
        for key in place[:-1]:
            holder = holder[key]
        if place:
            holder[place[-1]] = draw(JSON)
    return body


@given(body=mutated())
def test_nothing_that_meta_may_send_raises(body):
    for change in parse(body).changes:
        for told in change.news:
            assert isinstance(told.event, str)
            assert len(told.event) <= 64
            assert told.event
