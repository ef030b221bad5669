"""Message templates as Meta describes them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from messaging.graph_api.client import TemplateFacts
from messaging.graph_api.template_signature import signature_of
from messaging.models import (
    AlertKind,
    Aspect,
    MessageTemplate,
    TemplateChangeKind,
    TemplateDraft,
)
from messaging.models.template import GONE
from messaging.services import readings, template_alerts, template_drift
from messaging.services.account_news import history
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from messaging.services.holding import let_approved_templates_go
from messaging.services.numbers import SyncResult
from tenants.audit import update_logged
from tenants.models import WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

_TOLD_BY = {
    Aspect.STATUS: ("status", "rejected_reason"),
    Aspect.QUALITY: ("quality_score",),
    Aspect.CATEGORY: ("category",),
}


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far what we show stands from Meta. `read` of the `known` templates came with the last sync.

    `unread` is set while Meta cannot be read.
    """

    at: datetime | None
    read: int
    known: int
    unread: readings.Unread | None = None

    @property
    def is_fresh(self) -> bool:
        return self.at is not None and timezone.now() - self.at < timedelta(minutes=1)


def sync_state() -> SyncState:
    account = WhatsAppBusinessAccount.objects.only("waba_id", "templates_synced_at").order_by("id")
    found = account.first()
    if found is None:
        return SyncState(at=None, read=0, known=0)
    at = found.templates_synced_at
    fresh = Count("id", filter=Q(last_synced_at__gte=at)) if at else Count("id", filter=Q(pk=None))
    counts = (
        MessageTemplate.objects.there()
        .filter(account=found)
        .aggregate(known=Count("id"), read=fresh)
    )
    return SyncState(
        at=at,
        read=counts["read"],
        known=counts["known"],
        unread=readings.unread_since(AlertKind.TEMPLATES_UNREAD, at=at),
    )


def sync_templates() -> SyncResult:
    """Read all templates of the account from Meta. Raises GraphApiError and NoAccountError; then nothing is changed."""
    account, asked_at = current_account(), timezone.now()
    with readings.watched(AlertKind.TEMPLATES_UNREAD, waba_id=account.waba_id):
        facts = graph_api_for(account).message_templates(account.waba_id)
    result = SyncResult()
    with transaction.atomic():
        # Locked in one order, as webhooks lock them; the account too, or two syncs would note the same change.
        list(MessageTemplate.objects.filter(account=account).select_for_update().order_by("pk"))
        WhatsAppBusinessAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        read = _Read(account, asked_at, history.told_since(asked_at, aspects=_TOLD_BY))
        kept = [_store(read, template, result) for template in facts]
        _mark_gone(account, kept, asked_at, result)
        WhatsAppBusinessAccount.objects.filter(pk=account.pk).update(templates_synced_at=asked_at)
    log.info(
        "Templates synced",
        created=len(result.created),
        updated=len(result.updated),
        gone=len(result.gone),
    )
    let_approved_templates_go(account)
    known = MessageTemplate.objects.filter(account=account).defer("components").order_by("pk")
    template_alerts.follow_all(known, rated=read.rated)
    return result


def _mark_gone(
    account: WhatsAppBusinessAccount, kept: list[int], asked_at: datetime, result: SyncResult
) -> None:
    """What was submitted while Meta was answering is not gone but too new for that answer."""
    there = MessageTemplate.objects.there().filter(account=account)
    gone = list(there.exclude(pk__in=kept).exclude(last_synced_at__gt=asked_at))
    for template in gone:
        template_drift.note_gone(template)
    result.gone.extend(map(str, gone))
    missing = MessageTemplate.objects.filter(pk__in=[template.pk for template in gone])
    update_logged(missing, status=GONE, paused_at=None)


@dataclass(frozen=True, slots=True)
class _Read:
    """One read from Meta. What a webhook told meanwhile, `told_since`, is newer.

    `rated` gathers the templates whose quality it found changed, and what that was before.
    """

    account: WhatsAppBusinessAccount
    asked_at: datetime
    told_since: set[tuple[int | None, int | None, str]]
    rated: dict[int, str] = field(default_factory=dict)

    def is_older(self, template: MessageTemplate, column: str) -> bool:
        aspect = next((one for one, columns in _TOLD_BY.items() if column in columns), "")
        return (template.pk, None, aspect) in self.told_since


def _store(read: _Read, facts: TemplateFacts, result: SyncResult) -> int:
    """Return the row's key. What was changed here or asked for later than this answer is newer, and stays."""
    values: dict[str, Any] = {
        "meta_template_id": facts.template_id,
        "status": facts.status,
        "category": facts.category,
        "quality_score": facts.quality or "",
        "rejected_reason": facts.rejected_reason or "",
        "parameter_format": facts.parameter_format,
        "components": facts.components,
    }
    # Meta's webhooks write en-US where the API writes en_US.
    key: dict[str, Any] = {
        "account": read.account,
        "name": facts.name,
        "language": facts.language.replace("-", "_"),
    }
    before = MessageTemplate.objects.filter(**key).first()
    if before is not None and before.last_synced_at > read.asked_at:
        return before.pk
    if before is not None:
        values = {name: to for name, to in values.items() if not read.is_older(before, name)}
        if values.get("category", before.category) != before.category:
            values["previous_category"] = before.category
    template, created = MessageTemplate.objects.update_or_create(
        **key, defaults={**values, "last_synced_at": read.asked_at}
    )
    rated_before = before.quality_score if before is not None else ""
    if template.quality_score != rated_before:
        read.rated[template.pk] = rated_before
    is_ours = _settle_draft(template)
    if created:
        result.created.append(str(template))
        if is_ours:
            template_drift.note(template, TemplateChangeKind.SUBMITTED, after=template.status)
    elif before is not None and any(
        getattr(before, name) != value for name, value in values.items()
    ):
        result.updated.append(str(template))
        template_drift.note_differences(copy(before), template, is_ours=is_ours)
    template_drift.note_announcement(template, facts.correct_category)
    return template.pk


def _settle_draft(template: MessageTemplate) -> bool:
    """Drop the draft whose submission Meta had not answered, once what it asked for stands at Meta. True if there was one."""
    unanswered = TemplateDraft.objects.filter(
        account=template.account_id, unanswered_at__isnull=False
    )
    wanted = Q(template=template) | Q(template=None, name=template.name, language=template.language)
    for draft in unanswered.filter(wanted):
        if signature_of(draft.components) == signature_of(template.components):
            draft.delete()
            return True
    return False
