"""Message templates as Meta describes them."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.graph_api.client import TemplateFacts
from messaging.models import MessageTemplate
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from messaging.services.holding import let_approved_templates_go
from messaging.services.numbers import SyncResult
from tenants.models import WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

GONE = "DELETED"


def sync_templates() -> SyncResult:
    """Read all templates of the account from Meta. Raises GraphApiError and NoAccountError; then nothing is changed."""
    account = current_account()
    facts = graph_api_for(account).message_templates(account.waba_id)
    result = SyncResult()
    with transaction.atomic():
        kept = [_store(account, template, result) for template in facts]
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


def _store(account: WhatsAppBusinessAccount, facts: TemplateFacts, result: SyncResult) -> int:
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
        "account": account,
        "name": facts.name,
        "language": facts.language.replace("-", "_"),
    }
    before = MessageTemplate.objects.filter(**key).first()
    if before is not None and before.category != facts.category:
        values["previous_category"] = before.category
    template, created = MessageTemplate.objects.update_or_create(
        **key, defaults={**values, "last_synced_at": timezone.now()}
    )
    if created:
        result.created.append(str(template))
    elif before is not None and any(
        getattr(before, name) != value for name, value in values.items()
    ):
        result.updated.append(str(template))
    return template.pk
