"""A brace that a merge has lost takes all rules behind it away, and no other test sees it."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

SHEETS = [
    path
    for package in ("messaging", "tenants")
    for path in (ROOT / package).rglob("static/**/*.css")
]


@pytest.mark.parametrize("sheet", SHEETS, ids=[path.name for path in SHEETS])
def test_every_rule_is_closed_before_the_next_begins(sheet):
    text = re.sub(r'/\*.*?\*/|"[^"\n]*"', "", sheet.read_text(), flags=re.DOTALL)
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


def test_there_are_stylesheets():
    assert {sheet.name for sheet in SHEETS} >= {"admin.css", "bakery.css"}
