"""News of templates: what their rows learn of it and who is told."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from messaging.graph_api import account_news as facts
from messaging.graph_api.template_text import preview_body
from messaging.models import AlertKind, MessageTemplate, TemplateChangeKind
from messaging.models.template import APPROVED
from messaging.services import holding
from messaging.services.account_news.history import Place, Taken
from messaging.services.alerts import open_alert
from messaging.services.template_alerts import follow_quality, follow_status
from messaging.services.template_drift import note, note_announcement, note_quality

# Source: Webhooks, message_template_status_update, 2026-11-22. FLAGGED, REINSTATED and UNARCHIVED are events only, and
# a word we do not know may be one: then the row waits for what the API says.
_STATUSES = frozenset(
    {
        APPROVED,
        "REJECTED",
        "PENDING",
        "PAUSED",
        "DISABLED",
        "IN_APPEAL",
        "PENDING_DELETION",
        "DELETED",
        "LIMIT_EXCEEDED",
        "ARCHIVED",
        "LOCKED",
    }
)


def take_status(
    template: MessageTemplate, news: facts.TemplateStatusNews, place: Place
) -> Taken | None:
    """Messages of a template that stopped wait; with APPROVED they go out at once."""
    is_announced = news.disabled_from is not None and news.disabled_from > timezone.now()
    if place.is_newest and (is_announced or news.event == "FLAGGED"):
        open_alert(AlertKind.TEMPLATE_QUALITY, subject=str(template), details=_details(news))
    is_status = news.event in _STATUSES and not is_announced
    if not is_status or not _holds(place, template.status, news.event):
        return None
    before = template.status
    template.status = news.event
    template.rejected_reason = news.reason if news.event == "REJECTED" else ""
    template.save(update_fields=["status", "rejected_reason"])
    follow_status(template, details=_details(news))
    if news.event == APPROVED:
        # Messages are locked before templates everywhere else.
        transaction.on_commit(partial(holding.let_approved_templates_go, template.account))
    return Taken(before, news.event)


def take_quality(
    template: MessageTemplate, news: facts.TemplateQualityNews, place: Place
) -> Taken | None:
    if not _holds(place, template.quality_score, news.event):
        return None
    before = template.quality_score or news.previous
    template.quality_score = news.event[:32]
    template.save(update_fields=["quality_score"])
    note_quality(template, before=before)
    follow_quality(template, before=before)
    return Taken(before, news.event)


def take_category(
    template: MessageTemplate, news: facts.TemplateCategoryNews, place: Place
) -> Taken | None:
    """A change to come is told of; the row changes when it has come. Each delivery costs what its category costs."""
    if news.is_upcoming:
        if place.is_newest:
            note_announcement(template, news.event, due_at=news.due_at)
        return Taken(template.category, news.event, is_applied=False)
    if not _holds(place, template.category, news.event):
        return None
    before = template.category
    if before != news.event:  # Else a read from Meta has told of it.
        template.category, template.previous_category = news.event[:32], before
        template.save(update_fields=["category", "previous_category"])
        note(template, TemplateChangeKind.CATEGORY, before=before, after=news.event)
    return Taken(news.previous or before, news.event)


def take_content(
    template: MessageTemplate, news: facts.TemplateContentNews, place: Place
) -> Taken | None:
    """The webhook tells the texts without the examples and names of parameters, so the row is read from the API."""
    return Taken(preview_body(template.components), news.body, is_applied=False)


def _holds(place: Place, known: str, told: str) -> bool:
    """Whether the news is what holds now: nothing newer is known, or what is known says the same."""
    return place.is_fresh or (place.is_newest and known == told)


def _details(news: facts.TemplateStatusNews) -> dict[str, str | None]:
    return {
        "event": news.event,
        "title": news.title,
        "reason": news.reason,
        "advice": news.advice,
        "due_at": news.disabled_from.isoformat() if news.disabled_from else None,
    }
