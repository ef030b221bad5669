"""Message templates as Meta describes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.graph_api.client import TemplateFacts
from messaging.models import Aspect, MessageTemplate
from messaging.services.account_news import history
from messaging.services.account_news.of_templates import tell_of_category
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from messaging.services.holding import let_approved_templates_go
from messaging.services.numbers import SyncResult
from tenants.models import WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

GONE = "DELETED"
_TOLD_BY = {
    Aspect.STATUS: ("status", "rejected_reason"),
    Aspect.QUALITY: ("quality_score",),
    Aspect.CATEGORY: ("category",),
}


def sync_templates() -> SyncResult:
    """Read all templates of the account from Meta. Raises GraphApiError and NoAccountError; then nothing is changed."""
    account, asked_at = current_account(), timezone.now()
    facts = graph_api_for(account).message_templates(account.waba_id)
    result = SyncResult()
    with transaction.atomic():
        # Locked in one order, as webhooks lock them.
        list(MessageTemplate.objects.filter(account=account).select_for_update().order_by("pk"))
        read = _Read(account, asked_at, history.told_since(asked_at, aspects=_TOLD_BY))
        kept = [_store(read, template, result) for template in facts]
        gone = (
            MessageTemplate.objects.filter(account=account)
            .exclude(pk__in=kept)
            .exclude(status=GONE)
        )
        result.gone.extend(map(str, gone))
        gone.update(status=GONE)
        WhatsAppBusinessAccount.objects.filter(pk=account.pk).update(
            templates_synced_at=timezone.now()
        )
    log.info(
        "Templates synced",
        created=len(result.created),
        updated=len(result.updated),
        gone=len(result.gone),
    )
    let_approved_templates_go(account)
    return result


@dataclass(frozen=True, slots=True)
class _Read:
    """One read from Meta. What a webhook told meanwhile, `told_since`, is newer."""

    account: WhatsAppBusinessAccount
    asked_at: datetime
    told_since: set[tuple[int | None, int | None, str]]

    def is_older(self, template: MessageTemplate, column: str) -> bool:
        aspect = next((one for one, columns in _TOLD_BY.items() if column in columns), "")
        return (template.pk, None, aspect) in self.told_since


def _store(read: _Read, facts: TemplateFacts, result: SyncResult) -> int:
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
    if before is not None:
        values = {name: to for name, to in values.items() if not read.is_older(before, name)}
        if values.get("category", before.category) != before.category:
            values["previous_category"] = before.category
    template, created = MessageTemplate.objects.update_or_create(
        **key, defaults={**values, "last_synced_at": read.asked_at}
    )
    if created:
        result.created.append(str(template))
    elif before is not None and any(
        getattr(before, name) != value for name, value in values.items()
    ):
        result.updated.append(str(template))
        if "previous_category" in values and before.category:
            tell_of_category(template, before=before.category, after=template.category)
    return template.pk
