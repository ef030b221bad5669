"""The two ways a search among millions can go: through the newest rows, or by the indexes of what is looked for.

PostgreSQL cannot choose: it takes beginnings of words and of digits for more frequent than they are and goes through the
newest rows, millions of them for what is rare. A few thousand rows tell how frequent a thing is, before either way is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connection, transaction

if TYPE_CHECKING:
    from django.db.models import QuerySet

# So many of the newest rows are looked at first.
SAMPLED = 2_000
# With so many found among those a page of 50 is found among the newest 20,000, which takes less than the indexes.
FREQUENT = 5
# What finds next to nothing among millions is given up after this: a filter, a search on either way.
FILTER_TIMEOUT_MS = 80
NEWEST_TIMEOUT_MS = 120
INDEXES_TIMEOUT_MS = 250
_QUERY_CANCELED = "57014"
# Row by row in the list's order.
_NEWEST = {
    "enable_bitmapscan": "off",
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
}
# All rows that the indexes of the searched columns name, sorted afterwards. PostgreSQL takes them for so many that it would
# compile the query; where a frequent word stands among ten million takes up to 64 MB, and with less memory whole pages are
# read.
_BY_INDEXES = {
    "enable_indexscan": "off",
    "enable_seqscan": "off",
    "jit": "off",
    "work_mem": "'64MB'",
}
_NO_SETTINGS: Mapping[str, str] = {}


def first_rows(
    found: QuerySet[Any],
    sample: QuerySet[Any] | None,
    *,
    count: int,
    by_index: QuerySet[Any] | None = None,
) -> list[Any] | None:
    """Return the first `count` rows of a search in its order, None when neither way finds them in time.

    `sample` is the search among the first SAMPLED of the rows that are searched, None where there are no more. `by_index` is
    the same search, written for the indexes of what is looked for where `found` is written for those of the order.
    """
    if sample is None:
        return list(found[:count])
    sampled = newest(sample[:count]) or []
    if len(sampled) == count:
        return sampled
    if len(sampled) >= FREQUENT and (rows := newest(found[:count])) is not None:
        return rows
    found = found if by_index is None else by_index
    return in_time(found[:count], ms=INDEXES_TIMEOUT_MS, settings=_BY_INDEXES)


def newest(found: QuerySet[Any], *, ms: int | None = None) -> list[Any] | None:
    """Go through the rows in the list's order; None when that takes longer. 0 is as long as it takes."""
    return in_time(found, ms=NEWEST_TIMEOUT_MS if ms is None else ms, settings=_NEWEST)


def in_time(
    found: QuerySet[Any], *, ms: int, settings: Mapping[str, str] = _NO_SETTINGS
) -> list[Any] | None:
    """Return the rows, None when they take longer than `ms`. `settings` are PostgreSQL's for this query."""
    settings = {**settings, "statement_timeout": str(ms)}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _set_local(cursor, settings)
            rows = list(found)
            # Released with the savepoint only when it is rolled back; the request's later queries go their own way.
            _set_local(cursor, dict.fromkeys(settings))
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != _QUERY_CANCELED:
            raise
        return None
    return rows


def _set_local(cursor: Any, settings: Mapping[str, str | None]) -> None:
    """Set these of PostgreSQL's settings until the transaction ends; None is the default again."""
    for name, value in settings.items():
        cursor.execute(f"SET LOCAL {name} = {value or 'DEFAULT'}")
