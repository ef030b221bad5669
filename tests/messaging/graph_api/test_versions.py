from __future__ import annotations

from datetime import date, timedelta

import pytest

from messaging.graph_api.versions import CURRENT_VERSION, GRAPH_VERSIONS, version_problem

TODAY = date(2026, 11, 22)


def test_the_current_version_has_no_known_end():
    assert version_problem(CURRENT_VERSION, today=TODAY) is None
    assert GRAPH_VERSIONS[0].version == CURRENT_VERSION


def test_the_version_of_the_guide_is_expired_since_january_2026():
    problem = version_problem("v18.0", today=TODAY)
    assert problem is not None
    assert (problem.kind, problem.usable_until) == ("expired", date(2026, 1, 26))


def test_a_version_expires_on_its_date_and_is_expiring_some_days_before():
    end = date(2027, 1, 21)

    def kind(days_before: int, soon_days: int = 60) -> str | None:
        today = end - timedelta(days=days_before)
        problem = version_problem("v21.0", today=today, soon_days=soon_days)
        return problem.kind if problem else None

    assert [kind(0), kind(1), kind(60), kind(61)] == ["expired", "expiring", "expiring", None]
    assert kind(61, soon_days=90) == "expiring"


@pytest.mark.parametrize("version", ["", "26.0", "v26", "V26.0", "v99.0", "latest"])
def test_a_version_we_do_not_know_is_named_as_such(version):
    problem = version_problem(version, today=TODAY)
    assert problem is not None
    assert (problem.kind, problem.usable_until, problem.version) == ("unknown", None, version)


def test_newer_versions_come_first_and_live_longer():
    introduced = [row.introduced for row in GRAPH_VERSIONS]
    ends = [row.usable_until or date.max for row in GRAPH_VERSIONS]
    assert introduced == sorted(introduced, reverse=True)
    assert ends == sorted(ends, reverse=True)
