from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging import demo
from messaging.models import SetupCheck, SetupKey, SetupState
from tests.messaging.services.setup.conftest import ready, setup_meta

__all__ = ["ready", "setup_meta"]  # fixtures

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    try:
        call_command("check_whatsapp", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), error
    return out.getvalue(), None


def test_what_is_missing_ends_with_1_and_is_told_line_by_line(ready):
    ready.templates = []
    text, error = run()
    assert error.returncode == 1
    assert str(error) == "2 of 16 lines are not done."
    lines = text.splitlines()
    assert len(lines) == 16
    assert lines[0] == " 1 done: Business verified by Meta. Meta calls the business verified."
    assert " 5 needs_you: Template po_notification approved. The account has no template" in text
    assert demo.ACCESS_TOKEN not in text


def test_all_done_ends_well_also_offline_and_as_json(ready):
    for key in SetupKey:
        SetupCheck.objects.create(key=key, state=SetupState.DONE)
    text, error = run("--offline", "--json")
    assert error is None
    told = json.loads(text)
    assert (told["done"], told["total"], len(told["lines"])) == (16, 16, 16)
    assert not ready.asked


def test_offline_without_any_look_says_so(db):
    text, error = run("--offline")
    assert "1 unchecked: Business verified by Meta." in text
    assert error is not None
