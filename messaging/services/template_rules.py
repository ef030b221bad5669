"""What Meta lets us do with a template in its present state.

Source: Cloud API, Templates, Template management (editing and deleting), read 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from messaging.models import MessageTemplate, TemplateChange, TemplateChangeKind

EDITABLE = frozenset({"APPROVED", "REJECTED", "PAUSED"})
PAUSABLE = frozenset({"APPROVED", "PAUSED"})
CATEGORY_FIXED = frozenset({"APPROVED"})
EDIT_PAUSE = timedelta(hours=24)
EDITS_WINDOW = timedelta(days=30)
EDITS_IN_WINDOW = 10
NAME_BLOCKED = timedelta(days=30)
_UNDELETABLE = frozenset({"DISABLED", "DELETED", "PENDING_DELETION"})
_WAS_APPROVED = frozenset({"APPROVED", "PAUSED", "ARCHIVED"})


class EditObstacle(StrEnum):
    GONE = "gone"
    STATUS = "status"
    EDITED_TODAY = "edited_today"
    EDITED_OFTEN = "edited_often"
    NO_ID = "no_id"


@dataclass(frozen=True, slots=True)
class CannotEdit:
    """`until` is when it can be edited again, where that is known."""

    why: EditObstacle
    until: datetime | None = None


def edit_obstacle(template: MessageTemplate) -> CannotEdit | None:
    """Return why Meta would refuse an edit now, None when it would not. Edits in WhatsApp Manager are unknown here."""
    if template.is_gone:
        return CannotEdit(EditObstacle.GONE)
    if template.status not in EDITABLE:
        return CannotEdit(EditObstacle.STATUS)
    if not template.meta_template_id:
        return CannotEdit(EditObstacle.NO_ID)
    # Rejected and paused templates may be edited without limit.
    return _too_often(template) if template.is_approved else None


def _too_often(template: MessageTemplate) -> CannotEdit | None:
    now = timezone.now()
    edits = template.changes.filter(
        kind=TemplateChangeKind.EDITED, before="APPROVED", at__gt=now - EDITS_WINDOW
    )
    times = list(edits.order_by("-at").values_list("at", flat=True)[:EDITS_IN_WINDOW])
    if times and times[0] > now - EDIT_PAUSE:
        return CannotEdit(EditObstacle.EDITED_TODAY, times[0] + EDIT_PAUSE)
    if len(times) == EDITS_IN_WINDOW:
        return CannotEdit(EditObstacle.EDITED_OFTEN, times[-1] + EDITS_WINDOW)
    return None


def may_change_category(template: MessageTemplate | None) -> bool:
    return template is None or template.status not in CATEGORY_FIXED


def may_delete(template: MessageTemplate) -> bool:
    return template.status not in _UNDELETABLE and bool(template.meta_template_id)


def may_pause(template: MessageTemplate) -> bool:
    """Whether our own brake would keep anything: only of these Meta lets messages go, or may again by itself."""
    return template.paused_at is None and template.status in PAUSABLE


def name_blocked_until(name: str, *, language: str) -> datetime | None:
    """Return until when Meta refuses a name that was deleted while approved; None when it is free."""
    deleted = TemplateChange.objects.filter(
        kind__in=(TemplateChangeKind.DELETED, TemplateChangeKind.GONE),
        template__name=name,
        template__language=language,
        before__in=_WAS_APPROVED,
        at__gt=timezone.now() - NAME_BLOCKED,
    )
    last = deleted.order_by("-at").values_list("at", flat=True).first()
    return None if last is None else last + NAME_BLOCKED
