"""Searching and filtering a million messages, or ten: `make bench-search`, or `python -m benchmarks.bench_search --only ten_million`.

One process asks for each first page as a platform admin; what the browser then draws is not in it.
"""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import urlencode

from benchmarks.bench_admin import NUMBERS, YEAR
from benchmarks.stand import Stand
from benchmarks.table import Row, median, run

LIST = "/admin/messaging/message/"
GOAL = "≤ 200"
# Those of constraints stay.
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'messaging_message'
  AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
# Foreign keys are not looked up for rows that were made of rows; and a machine that fails fails the measurement.
QUICKLY = (
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '1GB'",
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET max_wal_size = '16GB'",
    "SELECT pg_reload_conf()",
)


def searches(rounds: int, *, count: int) -> list[Row]:
    # Static files need not be collected in development.
    with Stand(numbers=NUMBERS, ENVIRONMENT="development") as stand:
        store(stand, count)
        pages = _pages(stand, count)
        took: dict[str, list[float]] = {name: [] for name in pages}
        for _ in range(rounds):
            answer = json.loads(
                stand.run("benchmarks.admin_pages", *pages.values()).splitlines()[-1]
            )
            for name, path in pages.items():
                took[name].append(answer[path]["ms"])
    return [Row(f"{name}, of {count:,}", median(took[name]), "ms", GOAL) for name in pages]


def store(stand: Stand, count: int) -> None:
    """Fill the table and make its indexes afterwards; row by row ten million take hours."""
    seeded = {name: stand.seeded[name] for name in ("tenants", "numbers", "template")}
    indexes = stand.rows(INDEXES)
    for setting in QUICKLY:
        stand.database.execute(setting)
    for name, _definition in indexes:
        stand.database.execute(f'DROP INDEX "{name}"')
    stand.database.execute(YEAR, {"count": count, **seeded})
    for _name, definition in indexes:
        stand.database.execute(definition)
    stand.database.execute("VACUUM ANALYZE messaging_message")


def _pages(stand: Stand, count: int) -> dict[str, str]:
    """The list's addresses by what is looked for."""
    middle = stand.value(
        "SELECT id FROM messaging_message ORDER BY id OFFSET %s LIMIT 1", count // 2
    )
    queries: dict[str, dict[str, object]] = {
        "newest": {},
        "half way back": {"older": middle},
        "an order": {"q": f"PO-{count // 3}"},
        "the beginning of an order": {"q": f"PO-{count // 300}"},
        "a phone number": {"q": "+34 611 004 242"},
        "its last six digits": {"q": "004242"},
        "its last four digits": {"q": "4242"},
        "a frequent name": {"q": "garcia"},
        "a rare name": {"q": "nunez 4242"},
        "no such name": {"q": "zzz"},
        "a wamid": {"q": f"wamid.OLD{count // 3}"},
        "failed ones": {"status": "failed"},
        "failed ones of a bakery": {"status": "failed", "tenant": stand.seeded["tenants"][0]},
        "cancelled ones, of which there are none": {"status": "cancelled"},
        "held ones, of which there are none": {"status": "held"},
        "a bakery": {"tenant": stand.seeded["tenants"][0]},
        "a template": {"template": stand.seeded["template"]},
        "today": {"when": "today"},
        "to the same number": {"to": middle},
        "one error code": {"code": 131026},
        "what no index serves: free ones": {"counted": "free"},
    }
    return {name: f"{LIST}?{urlencode(query)}" for name, query in queries.items()}


if __name__ == "__main__":
    run(
        {
            "million": partial(searches, count=1_000_000),
            "ten_million": partial(searches, count=10_000_000),
        },
        about=__doc__,
        only_asked=("ten_million",),
    )
