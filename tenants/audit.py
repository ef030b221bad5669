"""The log of changes: who changed what, with the old and the new value. What is logged stands in bakery_whatsapp/audit.py.

`save()` and `delete()` are logged by themselves; whoever changes a row by `QuerySet.update()` calls `record_change`.
Where the product writes down what it saw and nobody decided, `unlogged()` spares the comparison.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditlog.context import disable_auditlog as unlogged
from auditlog.models import LogEntry

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["HIDDEN", "hidden", "masked_person", "record_change", "record_event", "unlogged"]

HIDDEN = "•••"


def hidden(value: str) -> str:
    """Stand in for a secret: the log tells that it changed, and neither length nor end of it."""
    return HIDDEN if value not in {"", "None"} else ""


def masked_person(value: str) -> str:
    """Return +34…01 of a person's number, which is theirs and not ours to keep."""
    return f"{value[:3]}…{value[-2:]}" if len(value) > 6 else hidden(value)


def record_change(row: Model, /, **changes: tuple[object, object]) -> None:
    """Log a change made without `save()`: `field=(old, new)`. Values stand in the log as text; hide secrets before."""
    told = {name: [_told(old), _told(new)] for name, (old, new) in changes.items() if old != new}
    if told:
        LogEntry.objects.log_create(row, action=LogEntry.Action.UPDATE, changes=told)


def record_event(row: Model, /, **facts: object) -> None:
    """Log what somebody did to a row that changes no column of it."""
    LogEntry.objects.log_create(
        row,
        action=LogEntry.Action.ACCESS,
        force_log=True,
        changes={name: ["None", _told(value)] for name, value in facts.items()},
    )


def _told(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value)
