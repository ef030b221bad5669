from __future__ import annotations

import pytest

from tenants.models import PhoneNumber
from tenants.services.usable_numbers import (
    Doubt,
    Unusable,
    doubts_about,
    what_to_do,
    why_unusable,
)


def number(**facts):
    ready = {
        "display_phone_number": "+34612345679",
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "quality_rating": "GREEN",
    }
    return PhoneNumber(**(ready | facts))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, None),
        ({"name_status": "AVAILABLE_WITHOUT_REVIEW"}, None),
        ({"is_default": True}, Unusable.RESERVED),
        ({"gone_at": "2026-11-25T10:00Z"}, Unusable.GONE),
        ({"status": "FLAGGED"}, None),
        ({"display_phone_number": ""}, Unusable.NOT_READ),
        ({"code_verification_status": "NOT_VERIFIED"}, Unusable.NOT_VERIFIED),
        ({"code_verification_status": "EXPIRED"}, Unusable.NOT_VERIFIED),
        ({"name_status": "PENDING_REVIEW"}, Unusable.NAME_IN_REVIEW),
        ({"name_status": "DECLINED"}, Unusable.NAME_DECLINED),
        ({"name_status": "EXPIRED"}, Unusable.NAME_EXPIRED),
        ({"platform_type": "NOT_APPLICABLE"}, Unusable.NOT_REGISTERED),
        ({"status": "PENDING"}, Unusable.NOT_CONNECTED),
        ({"status": "BANNED"}, Unusable.NOT_CONNECTED),
        ({"status": "PENDING", "name_status": "DECLINED"}, Unusable.NAME_DECLINED),
    ],
)
def test_a_number_is_given_only_when_meta_lets_it_send(facts, why):
    assert why_unusable(number(**facts)) == why


def test_what_meta_has_not_told_is_not_held_against_a_number():
    untold = dict.fromkeys(
        ("status", "name_status", "code_verification_status", "platform_type"), ""
    )
    assert why_unusable(number(**untold)) is None


def test_bad_quality_is_a_doubt_and_no_obstacle():
    red = number(quality_rating="RED", sending_stopped_at="2026-11-22T10:00:00Z")
    assert why_unusable(red) is None
    assert doubts_about(red) == [Doubt.STOPPED, Doubt.QUALITY_RED]
    assert doubts_about(number(quality_rating="YELLOW")) == [Doubt.QUALITY_YELLOW]
    assert doubts_about(number(status="FLAGGED")) == [Doubt.FLAGGED]
    assert doubts_about(number()) == []


@pytest.mark.parametrize(
    ("facts", "to_do"),
    [
        ({}, "test"),
        ({"is_default": True}, "test"),
        ({"status": "FLAGGED"}, "test"),
        ({"name_status": "DECLINED"}, "test"),
        ({"code_verification_status": "NOT_VERIFIED", "status": "PENDING"}, "verify register"),
        ({"platform_type": "NOT_APPLICABLE"}, "register"),
        ({"status": "DISCONNECTED"}, "register"),
        ({"status": "BANNED"}, ""),
        ({"status": "RESTRICTED"}, ""),
        ({"gone_at": "2026-11-25T10:00Z", "status": "PENDING"}, ""),
    ],
)
def test_only_steps_that_help_are_offered(facts, to_do):
    steps = what_to_do(number(**facts))
    offered = {"verify": steps.verify, "register": steps.register, "test": steps.send_a_test}
    assert " ".join(step for step, is_offered in offered.items() if is_offered) == to_do
