"""Which Graph versions the simulator serves, and which one answers a call to a version whose life has ended."""

from __future__ import annotations

from datetime import date

# (version, first day it is gone). Source: Graph API changelog, read 2026-11-22. Kept apart from the client's own table,
# so that a slip there is not repeated by its counterpart here.
_VERSIONS = (
    ("v26.0", date.max),
    ("v25.0", date(2028, 7, 29)),
    ("v24.0", date(2028, 2, 18)),
    ("v23.0", date(2027, 10, 8)),
    ("v22.0", date(2027, 5, 20)),
    ("v21.0", date(2027, 1, 21)),
)
NEWEST = _VERSIONS[0][0]


def served_by(asked: str, *, today: date) -> str | None:
    """Return the version that answers a call to `asked` (`v18.0`), None when no such version can exist.

    Meta serves a call to an expired version by the oldest one still alive. Source: Graph API, Versioning, 2026-11-22.
    """
    alive = [version for version, gone_on in _VERSIONS if today < gone_on]
    if asked in alive:
        return asked
    return None if _order(asked) > _order(NEWEST) else alive[-1]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))
