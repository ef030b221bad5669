from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messaging.services.quiet_hours import end_of_quiet_hours
from tenants.models import Tenant

MADRID = ZoneInfo("Europe/Madrid")
# Half-hour shifts, midnight shifts, a day left out (Apia, 30 December 2011), none at all.
ZONES = [
    "Europe/Madrid",
    "Atlantic/Canary",
    "America/Santiago",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "UTC",
]


def bakery(start: time | None, until: time | None, zone: str = "Europe/Madrid") -> Tenant:
    return Tenant(quiet_from=start, quiet_until=until, time_zone=zone)


def madrid(
    year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0, *, fold: int = 0
) -> datetime:
    local = datetime(year, month, day, hour, minute, second, tzinfo=MADRID, fold=fold)
    return local.astimezone(UTC)


def is_quiet_on_the_clock(tenant: Tenant, moment: datetime) -> bool:
    assert tenant.quiet_from is not None
    assert tenant.quiet_until is not None
    clock = moment.astimezone(ZoneInfo(tenant.time_zone)).time()
    if tenant.quiet_from < tenant.quiet_until:
        return tenant.quiet_from <= clock < tenant.quiet_until
    return clock >= tenant.quiet_from or clock < tenant.quiet_until


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (madrid(2026, 11, 20, 21, 59), None),
        (madrid(2026, 11, 20, 22, 0), madrid(2026, 11, 21, 7, 0)),
        (madrid(2026, 11, 21, 0, 0), madrid(2026, 11, 21, 7, 0)),
        (madrid(2026, 11, 21, 6, 59, 59), madrid(2026, 11, 21, 7, 0)),
        (madrid(2026, 11, 21, 7, 0), None),
    ],
)
def test_a_night_crosses_midnight(moment, end):
    assert end_of_quiet_hours(bakery(time(22), time(7)), moment) == end


def test_a_siesta_stays_within_its_day():
    siesta = bakery(time(14), time(17))
    assert end_of_quiet_hours(siesta, madrid(2026, 11, 20, 15)) == madrid(2026, 11, 20, 17)
    assert end_of_quiet_hours(siesta, madrid(2026, 11, 20, 17)) is None
    assert end_of_quiet_hours(siesta, madrid(2026, 11, 20, 2)) is None


@pytest.mark.parametrize("ends", [(None, None), (time(7), time(7))])
def test_without_two_ends_it_is_never_quiet(ends):
    assert end_of_quiet_hours(bakery(*ends), madrid(2026, 11, 20, 7)) is None


def test_the_clock_of_the_bakery_counts():
    canary = bakery(time(22), time(7), "Atlantic/Canary")
    assert end_of_quiet_hours(canary, madrid(2026, 11, 20, 22, 30)) is None
    assert end_of_quiet_hours(canary, madrid(2026, 11, 20, 23)) == madrid(2026, 11, 21, 8)


def test_an_end_that_the_clock_skips_comes_as_late_as_the_night_is_long():
    # 2027-03-28: 02:00 becomes 03:00.
    end = end_of_quiet_hours(bakery(time(23), time(2, 30)), madrid(2027, 3, 28, 1))
    assert end == madrid(2027, 3, 28, 3, 30)


def test_an_end_that_the_clock_shows_twice_is_the_second():
    # 2026-10-25: 03:00 becomes 02:00.
    night = bakery(time(23), time(2, 30))
    second = madrid(2026, 10, 25, 2, 30, fold=1)
    assert end_of_quiet_hours(night, madrid(2026, 10, 25, 1)) == second
    assert end_of_quiet_hours(night, madrid(2026, 10, 25, 2, 45)) == second
    assert end_of_quiet_hours(night, second) is None


moments = st.timedeltas(timedelta(0), timedelta(days=19 * 365)).map(
    lambda since: datetime(2011, 1, 1, tzinfo=UTC) + since
)


@given(
    moment=moments,
    start=st.times(),
    until=st.times(),
    zone=st.sampled_from(ZONES),
)
@example(datetime(2011, 12, 30, 9, tzinfo=UTC), time(22), time(6), "Pacific/Apia")
@example(datetime(2027, 3, 28, 1, 15, tzinfo=UTC), time(2, 30), time(4), "Europe/Madrid")
@example(datetime(2026, 10, 25, 0, 45, tzinfo=UTC), time(2, 30), time(2, 15), "Europe/Madrid")
def test_quiet_hours_hold_while_the_clock_shows_them_and_end_once(moment, start, until, zone):
    tenant = bakery(start, until, zone)
    end = end_of_quiet_hours(tenant, moment)
    if start == until:
        assert end is None
        return
    if end is None:
        assert not is_quiet_on_the_clock(tenant, moment)
        return
    assert moment < end <= moment + timedelta(hours=50)
    assert end_of_quiet_hours(tenant, end) is None
    last = max(moment, end - timedelta(seconds=1))
    assert end_of_quiet_hours(tenant, last) == end


@given(day=st.dates(date(2026, 6, 1), date(2026, 9, 1)), clock=st.times(), start=st.times(), until=st.times())  # fmt: skip
def test_where_the_clock_runs_evenly_the_hours_are_those_of_the_clock(day, clock, start, until):
    tenant = bakery(start, until)
    moment = datetime.combine(day, clock, tzinfo=MADRID).astimezone(UTC)
    end = end_of_quiet_hours(tenant, moment)
    if start == until or not is_quiet_on_the_clock(tenant, moment):
        assert end is None
    else:
        assert end is not None
        assert end.astimezone(MADRID).time() == until
        assert end - moment < timedelta(days=1)
