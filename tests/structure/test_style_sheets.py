"""Style sheets are whole: a brace too few silently drops every rule that follows."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

SHEETS = sorted(
    path.relative_to(ROOT)
    for app in ("messaging", "tenants")
    for path in (ROOT / app).rglob("*.css")
)


@pytest.mark.parametrize("sheet", SHEETS, ids=str)
def test_every_rule_of_a_style_sheet_is_closed(sheet):
    css = re.sub(r"/\*.*?\*/", "", (ROOT / sheet).read_text(), flags=re.DOTALL)
    depth = 0
    for line in css.splitlines():
        depth += line.count("{") - line.count("}")
        # An at-rule holds rules, and nothing holds an at-rule.
        assert depth in range(3), line
    assert depth == 0


def test_there_are_style_sheets():
    assert SHEETS
