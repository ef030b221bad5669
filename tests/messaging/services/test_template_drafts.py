"""Drafts: never sendable, read by the linter, submitted once, kept when Meta refuses or is silent."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from messaging import demo
from messaging.graph_api.errors import NoAnswerError, RequestError
from messaging.graph_api.template_lint import Code, Level
from messaging.models import (
    Alert,
    Message,
    MessageTemplate,
    TemplateChange,
    TemplateChangeKind,
    TemplateDraft,
    WaitsFor,
)
from messaging.services import holding, sending, template_drafts, template_pausing, template_rules
from messaging.services.standard_templates import STANDARD_TEMPLATES, missing_copies
from messaging.services.template_rules import EditObstacle
from messaging.statuses import MessageStatus
from tests.factories import AccountFactory, MessageFactory, TemplateFactory
from tests.messaging.conftest import GRAPH

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"
TEMPLATE_ID = "1200000000000345"
GOOD = [{"type": "BODY", "text": "Hola, tu pedido de la panadería ya está listo."}]
WARNED = [{"type": "BODY", "text": "Hola, tu pedido de la panadería tiene descuento."}]
WRONG = [{"type": "BODY", "text": ""}]


def a_draft(**fields) -> TemplateDraft:
    values = {"account": AccountFactory(), "name": "order_ready", "components": GOOD}
    draft: TemplateDraft = TemplateDraft.objects.create(**(values | fields))
    return draft


def submit(draft: TemplateDraft, *, accepts_warnings: bool = False) -> MessageTemplate:
    return template_drafts.submit(
        draft, accepts_warnings=accepts_warnings, by="paula", seen=draft.updated_at
    )


def accepted(meta, **answer):
    body = {"id": TEMPLATE_ID, "status": "PENDING", "category": "UTILITY"} | answer
    return meta.mock.post(TEMPLATES_URL, json=body)


def approved(**fields) -> MessageTemplate:
    template: MessageTemplate = TemplateFactory(meta_template_id=TEMPLATE_ID, **fields)
    return template


# --- Our own copies ------------------------------------------------------------------------------
@pytest.mark.parametrize("copy", STANDARD_TEMPLATES, ids=lambda copy: copy.name)
def test_our_own_copies_are_ready_to_submit(copy):
    AccountFactory()
    findings = template_drafts.findings_of(template_drafts.new_draft(copy))
    assert [one.code for one in findings if one.level == Level.ERROR] == []
    # The guide's own words end so; the linter says it, and a person decides.
    expected = [Code.VARIABLE_NEAR_EDGE] if copy.name == "po_notification" else []
    assert [one.code for one in findings] == expected


def test_the_guides_low_stock_alert_has_what_ours_corrects():
    AccountFactory()
    draft = template_drafts.new_draft()
    draft.name, draft.components = "low_stock_alert", demo.TEMPLATES[1]["components"]
    found = {finding.code for finding in template_drafts.findings_of(draft)}
    assert found == {Code.VARIABLES_SIDE_BY_SIDE, Code.VARIABLE_NEAR_EDGE}


def test_copies_that_the_account_has_are_not_offered_again():
    TemplateFactory()
    assert [copy.name for copy in missing_copies()] == ["low_stock_alert", "production_alert"]


# --- Submitting ----------------------------------------------------------------------------------
def test_a_submitted_draft_becomes_the_template_that_meta_has(meta):
    call = accepted(meta)
    template = submit(a_draft())
    assert (template.meta_template_id, template.status) == (TEMPLATE_ID, "PENDING")
    assert not template.is_sendable
    assert not TemplateDraft.objects.exists()
    assert TemplateChange.objects.get().kind == TemplateChangeKind.SUBMITTED
    assert TemplateChange.objects.get().by == "paula"
    assert json.loads(call.calls[0].request.body)["components"] == GOOD


def test_errors_send_nothing_to_meta(meta):
    with pytest.raises(template_drafts.FindingsError) as caught:
        submit(a_draft(components=WRONG), accepts_warnings=True)
    assert [finding.code for finding in caught.value.findings] == [Code.BODY_MISSING]
    assert len(meta.mock.calls) == 0


def test_warnings_need_a_tick(meta):
    accepted(meta)
    draft = a_draft(components=WARNED)
    with pytest.raises(template_drafts.FindingsError):
        submit(draft)
    assert submit(draft, accepts_warnings=True).status == "PENDING"


def test_a_refusal_keeps_the_draft_as_it_was(meta):
    error = {"code": 100, "error_subcode": 2388293, "error_user_title": "Demasiadas variables"}
    meta.mock.post(TEMPLATES_URL, status=400, json={"error": error})
    draft = a_draft()
    with pytest.raises(RequestError):
        submit(draft)
    draft.refresh_from_db()
    assert (draft.submitting_since, draft.unanswered_at) == (None, None)
    assert not MessageTemplate.objects.exists()


def test_silence_keeps_the_draft_and_asks_meta_again(
    meta, broker, django_capture_on_commit_callbacks
):
    meta.mock.post(TEMPLATES_URL, body=requests.ReadTimeout())
    draft = a_draft()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(NoAnswerError):
        submit(draft)
    draft.refresh_from_db()
    assert draft.unanswered_at is not None
    assert draft.submitting_since is None
    assert broker.exists("wake:messaging.sync_from_meta")


def test_a_draft_that_somebody_is_submitting_is_not_submitted_twice(meta):
    draft = a_draft(submitting_since=timezone.now())
    with pytest.raises(template_drafts.DraftChangedError):
        submit(draft)
    assert len(meta.mock.calls) == 0


def test_a_submission_whose_worker_died_does_not_block_for_ever(meta):
    accepted(meta)
    draft = a_draft(submitting_since=timezone.now() - timedelta(minutes=3))
    assert submit(draft).status == "PENDING"


def test_a_draft_that_changed_since_it_was_read_is_not_submitted(meta):
    draft = a_draft()
    TemplateDraft.objects.update(updated_at=timezone.now())
    with pytest.raises(template_drafts.DraftChangedError):
        submit(draft)


def test_saving_over_what_somebody_else_wrote_is_refused():
    draft = a_draft()
    seen = draft.updated_at
    template_drafts.save_draft(draft, by="paula", seen=seen)
    with pytest.raises(template_drafts.DraftChangedError):
        template_drafts.save_draft(draft, by="ana", seen=seen)
    assert TemplateDraft.objects.get().updated_by == "paula"


def test_a_category_that_meta_changes_at_once_is_noted_as_drift(meta):
    accepted(meta, category="MARKETING")
    template = submit(a_draft())
    assert template.category == "MARKETING"
    change = TemplateChange.objects.get(kind=TemplateChangeKind.CATEGORY)
    assert (change.before, change.after) == ("UTILITY", "MARKETING")
    assert Alert.objects.open().exists()


def test_a_name_deleted_while_approved_is_blocked_for_30_days(meta, time_machine):
    meta.mock.delete(TEMPLATES_URL, json={"success": True})
    template = approved(name="order_ready")
    template_drafts.delete_template(template, all_languages=False, by="paula")
    draft = a_draft()
    [finding] = template_drafts.findings_of(draft)
    assert (finding.code, finding.level) == (Code.NAME_BLOCKED, Level.ERROR)
    time_machine.move_to(timezone.now() + timedelta(days=31))
    assert template_drafts.findings_of(draft) == []


# --- Editing -------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["PENDING", "IN_APPEAL", "DISABLED", "ARCHIVED", "A_NEW_WORD"])
def test_meta_allows_no_edit_in_other_states(status):
    template = approved(status=status)
    with pytest.raises(template_drafts.NotEditableError) as caught:
        template_drafts.draft_of(template, by="paula")
    assert caught.value.why.why == EditObstacle.STATUS


def test_the_draft_of_a_template_is_begun_once_and_gone_on_with():
    template = approved()
    first = template_drafts.draft_of(template, by="paula")
    assert first.components == template.components
    assert template_drafts.draft_of(template, by="ana") == first


def edit(meta, template: MessageTemplate) -> MessageTemplate:
    meta.mock.post(f"{GRAPH}/{TEMPLATE_ID}", json={"success": True})
    draft = template_drafts.draft_of(template, by="paula")
    draft.components = GOOD
    template_drafts.save_draft(draft, by="paula", seen=draft.updated_at)
    return submit(draft)


def test_a_draft_that_would_undo_a_change_at_meta_is_warned_of_and_needs_a_tick(meta):
    template = approved()
    template_drafts.draft_of(template, by="paula")
    TemplateDraft.objects.update(components=GOOD)
    MessageTemplate.objects.update(
        components=[{"type": "BODY", "text": "Hola, esto lo escribió otra persona en Meta."}]
    )
    draft = TemplateDraft.objects.get()
    assert Code.CHANGED_AT_META in [one.code for one in template_drafts.findings_of(draft)]
    with pytest.raises(template_drafts.FindingsError):
        submit(draft)
    assert not meta.mock.calls
    # Saving again does not make the warning go away; taking Meta's text over does.
    template_drafts.save_draft(draft, by="paula", seen=draft.updated_at)
    assert template_drafts.would_overwrite(TemplateDraft.objects.get())
    draft.components = MessageTemplate.objects.get().components
    assert not template_drafts.would_overwrite(draft)


def test_a_draft_whose_template_did_not_change_is_not_warned_of():
    template = approved()
    draft = template_drafts.draft_of(template, by="paula")
    draft.components = GOOD
    assert not template_drafts.would_overwrite(draft)


def test_an_edit_goes_back_to_review(meta):
    template = approved()
    edit(meta, template)
    template.refresh_from_db()
    assert (template.status, template.components) == ("PENDING", GOOD)
    change = TemplateChange.objects.get()
    assert (change.kind, change.before, change.after) == ("edited", "APPROVED", "PENDING")


def test_an_approved_template_is_edited_once_in_24_hours(meta, time_machine):
    template = approved()
    edit(meta, template)
    MessageTemplate.objects.update(status="APPROVED")
    template.refresh_from_db()
    obstacle = template_rules.edit_obstacle(template)
    assert obstacle is not None
    assert obstacle.why == EditObstacle.EDITED_TODAY
    time_machine.move_to(timezone.now() + timedelta(hours=24, minutes=1))
    assert template_rules.edit_obstacle(template) is None


def test_an_approved_template_is_edited_ten_times_in_30_days():
    template = approved()
    now = timezone.now()
    for days in range(2, 12):
        TemplateChange.objects.create(
            template=template, kind="edited", before="APPROVED", at=now - timedelta(days=days)
        )
    obstacle = template_rules.edit_obstacle(template)
    assert obstacle is not None
    assert obstacle.why == EditObstacle.EDITED_OFTEN
    assert obstacle.until == now - timedelta(days=11) + timedelta(days=30)


def test_a_rejected_template_is_edited_as_often_as_needed(meta):
    template = approved(status="REJECTED", rejected_reason="PROMOTIONAL")
    for _ in range(2):
        edit(meta, template)
        MessageTemplate.objects.update(status="REJECTED")
        template.refresh_from_db()
    assert template_rules.edit_obstacle(template) is None
    assert template.rejected_reason == ""


def test_the_category_of_an_approved_template_is_never_sent(meta):
    template = approved()
    draft = template_drafts.draft_of(template, by="paula")
    TemplateDraft.objects.update(category="MARKETING", components=GOOD)
    draft.refresh_from_db()
    call = meta.mock.post(f"{GRAPH}/{TEMPLATE_ID}", json={"success": True})
    assert submit(draft).category == "UTILITY"
    assert json.loads(call.calls[0].request.body) == {"components": GOOD}


def test_an_obstacle_that_comes_up_before_submitting_is_heeded(meta):
    template = approved()
    draft = template_drafts.draft_of(template, by="paula")
    TemplateDraft.objects.update(components=GOOD)
    MessageTemplate.objects.update(status="PENDING")
    draft.refresh_from_db()
    with pytest.raises(template_drafts.NotEditableError):
        submit(draft)


def asked(call) -> dict[str, str]:
    """What the query of the call asked for, beside the proof of our secret."""
    params = dict(call.calls[0].request.params)
    del params["appsecret_proof"]
    return params


# --- Deleting ------------------------------------------------------------------------------------
def test_one_language_is_deleted_and_the_others_stay(meta):
    call = meta.mock.delete(TEMPLATES_URL, json={"success": True})
    template, other = approved(), TemplateFactory(language="en", meta_template_id="9")
    template_drafts.draft_of(template, by="paula")
    gone = template_drafts.delete_template(template, all_languages=False, by="paula")
    assert gone == ["po_notification (es)"]
    assert asked(call) == {"name": "po_notification", "hsm_id": TEMPLATE_ID}
    other.refresh_from_db()
    assert other.is_sendable
    assert not TemplateDraft.objects.exists()


def test_all_languages_go_together_when_asked(meta):
    call = meta.mock.delete(TEMPLATES_URL, json={"success": True})
    template = approved()
    TemplateFactory(language="en", meta_template_id="9")
    gone = template_drafts.delete_template(template, all_languages=True, by="paula")
    assert gone == ["po_notification (en)", "po_notification (es)"]
    assert asked(call) == {"name": "po_notification"}
    assert not MessageTemplate.objects.there().exists()


def test_a_refused_deletion_changes_nothing(meta):
    meta.mock.delete(TEMPLATES_URL, status=400, json={"error": {"code": 100, "message": "no"}})
    template = approved()
    with pytest.raises(RequestError):
        template_drafts.delete_template(template, all_languages=False, by="paula")
    template.refresh_from_db()
    assert template.is_sendable


# --- Pausing -------------------------------------------------------------------------------------
def test_messages_of_a_paused_template_wait_and_go_when_it_is_resumed(meta):
    message = MessageFactory()
    other = MessageFactory(template=TemplateFactory(name="other"))
    call = meta.accepts(other)
    assert template_pausing.pause_template(message.template, by="paula")
    assert not template_pausing.pause_template(message.template, by="ana")
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    assert (message.status, message.waits_for) == (MessageStatus.QUEUED, WaitsFor.TEMPLATE)
    assert call.call_count == 1
    assert not Alert.objects.exists()
    assert template_pausing.waiting_for(message.template) == 1

    assert template_pausing.resume_template(message.template, by="paula") == 1
    assert template_pausing.resume_template(message.template, by="paula") == 0
    meta.mock.reset()
    meta.accepts(message, wamid="wamid.A2")
    sending.send_until_empty(message.phone_number_id)
    assert Message.objects.get(pk=message.pk).status == MessageStatus.ACCEPTED
    assert [one.kind for one in TemplateChange.objects.order_by("id")] == ["paused", "resumed"]


def test_a_sync_does_not_wake_what_we_paused(meta):
    template = approved()
    template_pausing.pause_template(template, by="paula")
    message = MessageFactory(template=template)
    sending.send_until_empty(message.phone_number_id)
    waits_until = Message.objects.get().send_after
    assert holding.let_approved_templates_go(template.account) == 0
    assert Message.objects.get().send_after == waits_until
