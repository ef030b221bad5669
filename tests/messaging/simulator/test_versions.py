from __future__ import annotations

from datetime import date

import pytest

from messaging.simulator.versions import served_by


@pytest.mark.parametrize(
    ("asked", "today", "served"),
    [
        ("v26.0", date(2026, 11, 22), "v26.0"),
        ("v21.0", date(2027, 1, 20), "v21.0"),
        ("v21.0", date(2027, 1, 21), "v22.0"),
        ("v18.0", date(2026, 11, 22), "v21.0"),
        ("v2.0", date(2026, 11, 22), "v21.0"),
        ("v27.0", date(2026, 11, 22), None),
    ],
)
def test_the_oldest_living_version_stands_in_for_dead_ones(asked, today, served):
    assert served_by(asked, today=today) == served
