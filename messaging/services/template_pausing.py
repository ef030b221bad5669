"""Our own brake on one template: its messages are accepted and wait until somebody resumes it."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.models import Message, MessageTemplate, TemplateChangeKind
from messaging.services import template_drift
from messaging.services.holding import let_approved_templates_go
from messaging.services.template_rules import PAUSABLE
from tenants.audit import update_logged

log = structlog.get_logger(__name__)


def pause_template(template: MessageTemplate, *, by: str) -> bool:
    """Let the template's messages wait; False when it is paused already, or in a state in which none go anyway."""
    with transaction.atomic():
        standing = MessageTemplate.objects.filter(
            pk=template.pk, paused_at__isnull=True, status__in=PAUSABLE
        )
        if not update_logged(standing, paused_at=timezone.now()):
            return False
        template_drift.note(template, TemplateChangeKind.PAUSED, by=by)
    log.info("Template paused", template=str(template))
    return True


def resume_template(template: MessageTemplate, *, by: str) -> int:
    """Let the template's messages go; return how many waited for it."""
    with transaction.atomic():
        paused = MessageTemplate.objects.filter(pk=template.pk, paused_at__isnull=False)
        if not update_logged(paused, paused_at=None):
            return 0
        template_drift.note(template, TemplateChangeKind.RESUMED, by=by)
        released = let_approved_templates_go(template.account)
    log.info("Template resumed", template=str(template), released=released)
    return released


def waiting_for(*templates: MessageTemplate) -> int:
    """How many messages stand in the queue for these templates."""
    return Message.objects.queued().filter(template__in=templates).count()
