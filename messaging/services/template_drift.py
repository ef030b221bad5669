"""What Meta changed about a template behind our callers' backs, and what that means for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.utils import timezone

from messaging.graph_api.template_signature import signature_of
from messaging.models import AlertKind, MessageTemplate, TemplateChange, TemplateChangeKind
from messaging.models.template_change import DRIFT
from messaging.services.alerts import close_alerts, open_alert

log = structlog.get_logger(__name__)

SUBJECT_LENGTH = 200
_RANK = {"GREEN": 3, "YELLOW": 2, "RED": 1}
_UNRATED = 4
# The alert says what these cost.
_OF_CATEGORY = frozenset({TemplateChangeKind.CATEGORY, TemplateChangeKind.ANNOUNCED})
_ANNOUNCED_AGAIN_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Difference:
    kind: TemplateChangeKind
    before: str
    after: str


def note_differences(
    before: MessageTemplate, after: MessageTemplate, *, is_ours: bool = False
) -> list[TemplateChange]:
    """Keep what a sync found changed, and open an alert when callers should know.

    `is_ours` says that the text is one we had submitted ourselves.
    """
    found = _differences(before, after)
    if is_ours:
        found = [one for one in found if one.kind not in {"text", "variables"}]
        found.append(_Difference(TemplateChangeKind.EDITED, before.status, after.status))
    return [note(after, one.kind, before=one.before, after=one.after) for one in found]


def note_gone(template: MessageTemplate) -> TemplateChange:
    return note(template, TemplateChangeKind.GONE, before=template.status)


def note(
    template: MessageTemplate,
    kind: TemplateChangeKind,
    *,
    before: str = "",
    after: str = "",
    by: str = "",
    due_at: datetime | None = None,
) -> TemplateChange:
    """Keep one change; drift opens an alert, which closes when somebody has looked at it.

    `due_at` is when a change that is only announced comes, where Meta says so.
    """
    change = TemplateChange.objects.create(
        template=template, kind=kind, before=before, after=after, by=by
    )
    if kind in DRIFT:
        log.warning("Template changed at Meta", template=str(template), change=str(kind))
        details = _details_of(change, due_at) if kind in _OF_CATEGORY else None
        open_alert(AlertKind.TEMPLATE_CHANGED, subject=subject_of(template), details=details)
    return change


def note_quality(template: MessageTemplate, *, before: str) -> None:
    """Keep that its quality fell from `before`. Whoever learns of it second finds the same before and after."""
    if _has_fallen(before, template.quality_score):
        note(template, TemplateChangeKind.QUALITY, before=before, after=template.quality_score)


def note_announcement(
    template: MessageTemplate, category: str | None, *, due_at: datetime | None = None
) -> None:
    """Keep once that Meta holds another category for the right one: it changes about a day later.

    Source: Cloud API, Templates, categorization (`correct_category`), read 2026-11-22.
    """
    if not category or category == template.category:
        return
    kind = TemplateChangeKind.ANNOUNCED
    told = template.changes.filter(
        kind=kind, after=category, at__gt=timezone.now() - _ANNOUNCED_AGAIN_AFTER
    )
    if not told.exists():
        note(template, kind, before=template.category, after=category, due_at=due_at)


def mark_seen(template: MessageTemplate, *, by: str) -> int:
    """Somebody has looked at what changed; return how many changes that were."""
    seen = template.changes.unseen_drift().update(seen_at=timezone.now(), seen_by=by)
    close_alerts(AlertKind.TEMPLATE_CHANGED, subject=subject_of(template))
    return seen


def subject_of(template: MessageTemplate) -> str:
    return str(template)[:SUBJECT_LENGTH]


def extra_cost(
    *,
    before: str,
    after: str,
    messages: int,
    price_of: Callable[[str, str], Decimal | None] | None,
    market: str = "Spain",
) -> Decimal | None:
    """Return what as many messages cost more in category `after` than in `before`; None while a price is unknown.

    `price_of(category, market)` is the price book's.
    """
    if price_of is None:
        return None
    old, new = price_of(before, market), price_of(after, market)
    return None if old is None or new is None else (new - old) * messages


def _details_of(change: TemplateChange, due_at: datetime | None) -> dict[str, Any]:
    return {
        "before": change.before,
        "after": change.after,
        "is_upcoming": change.kind == TemplateChangeKind.ANNOUNCED,
        "due_at": due_at.isoformat() if due_at else None,
    }


def _differences(before: MessageTemplate, after: MessageTemplate) -> list[_Difference]:
    old, new = signature_of(before.components), signature_of(after.components)
    pairs = (
        (TemplateChangeKind.VARIABLES, old.variables, new.variables),
        (TemplateChangeKind.TEXT, old.text, new.text),
        (TemplateChangeKind.CATEGORY, before.category, after.category),
        (TemplateChangeKind.STATUS, before.status, after.status),
    )
    found = [_Difference(kind, was, is_now) for kind, was, is_now in pairs if was != is_now]
    if _has_fallen(before.quality_score, after.quality_score):
        found.append(
            _Difference(TemplateChangeKind.QUALITY, before.quality_score, after.quality_score)
        )
    return found


def _has_fallen(before: str, after: str) -> bool:
    return _rank(after) < _rank(before)


def _rank(score: str) -> int:
    """An unrated template that gets YELLOW or RED has fallen too; that it gets GREEN is no news."""
    return _RANK.get(score, _UNRATED) if score != "GREEN" else _UNRATED
