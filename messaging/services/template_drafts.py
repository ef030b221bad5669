"""Writing templates: drafts of ours, read by the linter, then submitted to Meta. A draft is never sendable."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from messaging import queues
from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.graph_api.template_calls import CreatedTemplate
from messaging.graph_api.template_lint import (
    Code,
    Finding,
    Level,
    LintedTemplate,
    Neighbour,
    has_errors,
    lint,
)
from messaging.graph_api.template_shape import shape_of
from messaging.graph_api.template_signature import signature_of
from messaging.models import MessageTemplate, TemplateChangeKind, TemplateDraft
from messaging.models.template import GONE
from messaging.services import template_alerts, template_drift, template_rules
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from messaging.services.standard_templates import StandardTemplate
from messaging.services.template_rules import CannotEdit
from tenants.audit import update_logged
from tenants.models import WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

# Longer than any call to Meta takes; a worker that died meanwhile blocks the draft no longer than this.
_SUBMITTING_AT_MOST = timedelta(minutes=2)


class DraftChangedError(Exception):
    """Somebody else changed, submitted or is submitting the draft."""


class FindingsError(Exception):
    """The linter has errors, or warnings that nobody accepted."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__([str(finding.code) for finding in findings])
        self.findings = findings


class NotEditableError(Exception):
    """Meta would refuse the edit; `why` says it."""

    def __init__(self, why: CannotEdit) -> None:
        super().__init__(why.why)
        self.why = why


def new_draft(copy: StandardTemplate | None = None) -> TemplateDraft:
    """Return an unsaved draft, empty or from our own copy. Raises NoAccountError."""
    draft = TemplateDraft(account=current_account())
    if copy is not None:
        draft.name, draft.language, draft.category = copy.name, copy.language, copy.category
        draft.components = copy.components
    return draft


def draft_of(template: MessageTemplate, *, by: str) -> TemplateDraft:
    """Return the draft that changes this template, the one begun earlier if there is one. Raises NotEditableError."""
    obstacle = template_rules.edit_obstacle(template)
    if obstacle is not None:
        raise NotEditableError(obstacle)
    draft, _created = TemplateDraft.objects.get_or_create(
        template=template,
        defaults={
            "account": template.account,
            "name": template.name,
            "language": template.language,
            "category": template.category,
            "parameter_format": template.parameter_format,
            "components": template.components,
            "begun_from": signature_of(template.components).text,
            "updated_by": by,
        },
    )
    return draft


def save_draft(draft: TemplateDraft, *, by: str, seen: datetime | None) -> None:
    """Save what somebody wrote over the version they had seen. Raises DraftChangedError when it is another by now."""
    now = timezone.now()
    with transaction.atomic():
        if draft.pk is not None:
            kept = TemplateDraft.objects.select_for_update().filter(pk=draft.pk).first()
            if kept is None or kept.updated_at != seen or _is_being_submitted(kept, now):
                raise DraftChangedError
        draft.updated_at, draft.updated_by, draft.unanswered_at = now, by, None
        draft.save()


def _is_being_submitted(draft: TemplateDraft, now: datetime) -> bool:
    since = draft.submitting_since
    return since is not None and since > now - _SUBMITTING_AT_MOST


def would_overwrite(draft: TemplateDraft) -> bool:
    """Whether Meta's text is another than the draft was begun from: submitting it would undo that change unseen."""
    if draft.template is None or not draft.begun_from:
        return False
    at_meta = signature_of(draft.template.components).text
    return at_meta not in {draft.begun_from, signature_of(draft.components).text}


def findings_of(draft: TemplateDraft) -> list[Finding]:
    """Read the draft as Meta would, beside the account's other templates."""
    linted = LintedTemplate(
        name=draft.name,
        language=draft.language,
        category=draft.category,
        components=draft.components,
        parameter_format=draft.parameter_format,
        is_new=draft.template_id is None,
    )
    found = lint(linted, others=_others(draft))
    if linted.is_new:
        until = template_rules.name_blocked_until(draft.name, language=draft.language)
        if until is not None:
            blocked: dict[str, str | int] = {"until": until.date().isoformat()}
            found.insert(0, Finding(Level.ERROR, "name", Code.NAME_BLOCKED, blocked))
    if would_overwrite(draft):
        found.insert(0, Finding(Level.WARNING, "body", Code.CHANGED_AT_META, {}))
    return found


def _others(draft: TemplateDraft) -> Iterable[Neighbour]:
    there = MessageTemplate.objects.there().filter(account=draft.account_id)
    rows = there.values_list("pk", "name", "language", "components")
    for pk, name, language, components in rows:
        if pk != draft.template_id:
            shape = shape_of(components)
            yield Neighbour(name, language, shape.body, shape.footer)


def submit(
    draft: TemplateDraft, *, accepts_warnings: bool, by: str, seen: datetime | None
) -> MessageTemplate:
    """Send the draft to Meta for review; it becomes the template that Meta then has.

    Raises FindingsError, NotEditableError, DraftChangedError and GraphApiError; the draft stays as it was. After a
    NoAnswerError the next sync settles whether Meta has it.
    """
    findings = findings_of(draft)
    if has_errors(findings) or (findings and not accepts_warnings):
        raise FindingsError(findings)
    obstacle = template_rules.edit_obstacle(draft.template) if draft.template else None
    if obstacle is not None:
        raise NotEditableError(obstacle)
    _claim(draft, seen)
    try:
        made = _send(draft)
    except GraphApiError as error:
        unanswered = timezone.now() if isinstance(error, NoAnswerError) else None
        TemplateDraft.objects.filter(pk=draft.pk).update(
            submitting_since=None, unanswered_at=unanswered
        )
        if unanswered is not None:
            queues.wake_sync()
        log.warning("Template refused", draft=draft.pk, error=str(error))
        raise
    with transaction.atomic():
        template = _keep(draft, made, by)
        TemplateDraft.objects.filter(pk=draft.pk).delete()
    log.info("Template submitted", template=str(template), status=template.status)
    return template


def _claim(draft: TemplateDraft, seen: datetime | None) -> None:
    """One of two who submit at once gets it. HTTP happens outside any transaction."""
    now = timezone.now()
    free = Q(submitting_since__isnull=True) | Q(submitting_since__lte=now - _SUBMITTING_AT_MOST)
    mine = TemplateDraft.objects.filter(free, pk=draft.pk)
    if seen is None or not mine.filter(updated_at=seen).update(submitting_since=now):
        raise DraftChangedError


def _send(draft: TemplateDraft) -> CreatedTemplate:
    account: WhatsAppBusinessAccount = draft.account
    graph = graph_api_for(account)
    if draft.template is None:
        return graph.create_template(
            account.waba_id,
            name=draft.name,
            language=draft.language,
            category=draft.category,
            parameter_format=draft.parameter_format,
            components=draft.components,
        )
    template = draft.template
    changes_category = (
        template_rules.may_change_category(template) and draft.category != template.category
    )
    graph.edit_template(
        template.meta_template_id,
        components=draft.components,
        category=draft.category if changes_category else None,
    )
    category = draft.category if changes_category else template.category
    return CreatedTemplate(template.meta_template_id, "PENDING", category)


def _keep(draft: TemplateDraft, made: CreatedTemplate, by: str) -> MessageTemplate:
    values = {
        "meta_template_id": made.template_id,
        "status": made.status,
        "category": made.category,
        "rejected_reason": "",
        "parameter_format": draft.parameter_format,
        "components": draft.components,
        "last_synced_at": timezone.now(),
    }
    before = draft.template.status if draft.template else ""
    template, _created = MessageTemplate.objects.update_or_create(
        account=draft.account, name=draft.name, language=draft.language, defaults=values
    )
    kind = TemplateChangeKind.EDITED if draft.template else TemplateChangeKind.SUBMITTED
    template_drift.note(template, kind, before=before, after=made.status, by=by)
    template_alerts.follow_status(template)
    if made.category != draft.category:
        template_drift.note(
            template, TemplateChangeKind.CATEGORY, before=draft.category, after=made.category
        )
    return template


def delete_template(template: MessageTemplate, *, all_languages: bool, by: str) -> list[str]:
    """Delete one language at Meta, or every language of the name; return what went. Raises GraphApiError."""
    graph, account = graph_api_for(template.account), template.account
    try:
        if all_languages:
            graph.delete_template_in_all_languages(account.waba_id, name=template.name)
        else:
            graph.delete_template(
                account.waba_id, name=template.name, template_id=template.meta_template_id
            )
    except NoAnswerError:
        queues.wake_sync()
        raise
    deleted = MessageTemplate.objects.there().filter(account=account, name=template.name)
    if not all_languages:
        deleted = deleted.filter(pk=template.pk)
    with transaction.atomic():
        gone = list(deleted.select_for_update().by_name())
        for one in gone:
            template_drift.note(one, TemplateChangeKind.DELETED, before=one.status, by=by)
        pks = [one.pk for one in gone]
        there = MessageTemplate.objects.filter(pk__in=pks)
        update_logged(there, status=GONE, paused_at=None, last_synced_at=timezone.now())
        TemplateDraft.objects.filter(template__in=pks).delete()
        for one in gone:
            one.status = GONE
            template_alerts.follow_status(one)
    log.info("Template deleted", template=str(template), languages=len(gone))
    return [str(one) for one in gone]
