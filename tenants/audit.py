"""The log of changes: who changed what, with the old and the new value. What is logged stands in bakery_whatsapp/audit.py.

`save()` and `delete()` are logged by themselves. In place of `QuerySet.update()`, which nothing sees, stands
`update_logged`; where that does not fit, `record_change` beside it.
Where the product writes down what it saw and nobody decided, `unlogged()` spares the comparison.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditlog.context import disable_auditlog as unlogged
from auditlog.diff import get_mask_function, model_instance_diff
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

__all__ = [
    "HIDDEN",
    "hidden",
    "masked_person",
    "record_change",
    "record_event",
    "record_made",
    "unlogged",
    "update_logged",
]

HIDDEN = "•••"


def hidden(value: str) -> str:
    """Stand in for a secret: the log tells that it changed, and neither length nor end of it."""
    return HIDDEN if value not in {"", "None"} else ""


def masked_person(value: str) -> str:
    """Return +34…01 of a person's number, which is theirs and not ours to keep."""
    return f"{value[:3]}…{value[-2:]}" if len(value) > 6 else hidden(value)


def update_logged(rows: QuerySet[Model], /, **changes: object) -> int:
    """Do `rows.update(**changes)`, with the old and the new value of each row in the log; return how many there were."""
    with transaction.atomic():
        found = list(rows.select_for_update(of=("self",)).order_by("pk"))
        wanted = rows.model._default_manager.filter(pk__in=[row.pk for row in found])
        if found:
            wanted.update(**changes)
        for row in found:
            told = {name: (getattr(row, name), new) for name, new in changes.items()}
            record_change(row, **{name: told[name] for name in told if _is_logged(row, name)})
    return len(found)


def record_change(row: Model, /, **changes: tuple[object, object]) -> None:
    """Log a change made without `save()`: `field=(old, new)`. Values stand in the log as text, a row's secrets hidden."""
    told = {
        name: [_told(row, name, old), _told(row, name, new)]
        for name, (old, new) in changes.items()
        if old != new
    }
    if told:
        LogEntry.objects.log_create(row, action=LogEntry.Action.UPDATE, changes=told)


def record_made(rows: Iterable[Model]) -> None:
    """Log rows that `bulk_create` made."""
    for row in rows:
        LogEntry.objects.log_create(
            row, action=LogEntry.Action.CREATE, changes=model_instance_diff(None, row)
        )


def record_event(row: Model, /, **facts: object) -> None:
    """Log what somebody did to a row that changes no column of it."""
    LogEntry.objects.log_create(
        row,
        action=LogEntry.Action.ACCESS,
        force_log=True,
        changes={name: ["None", _told(row, name, value)] for name, value in facts.items()},
    )


def _is_logged(row: Model, field: str) -> bool:
    known = auditlog.get_model_fields(type(row))
    if known["include_fields"]:
        return field in known["include_fields"]
    return field not in known["exclude_fields"]


def _told(row: Model, field: str, value: object) -> str:
    match value:
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case AbstractBaseUser():
            return value.get_username()
        case Model():
            return str(value.pk)
    if auditlog.contains(type(row)):
        known = auditlog.get_model_fields(type(row))
        if field in known["mask_fields"]:
            return str(get_mask_function(known["mask_callable"])(str(value)))
    return str(value)
