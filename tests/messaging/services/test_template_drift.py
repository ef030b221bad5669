"""What a sync finds changed: kept, alerted, told what it means, until somebody has looked at it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from messaging import demo
from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind, MessageTemplate, TemplateChange, TemplateDraft
from messaging.services import template_drift, template_usage, templates
from tests.factories import AccountFactory, MessageFactory, TemplateFactory, body
from tests.messaging.conftest import GRAPH

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"
ROW = demo.TEMPLATES[0]


def sync(meta, *rows: dict[str, Any]):
    meta.mock.get(TEMPLATES_URL, json={"data": list(rows)})
    return templates.sync_templates()


def with_text(text: str) -> dict[str, Any]:
    return ROW | {"components": [{"type": "BODY", "text": text}]}


def kinds() -> list[str]:
    return list(TemplateChange.objects.order_by("id").values_list("kind", flat=True))


@pytest.fixture
def template():
    AccountFactory.create()
    return TemplateFactory.create(quality_score="GREEN", meta_template_id=ROW["id"])


def test_a_template_that_stays_as_it_was_leaves_no_trace(meta, template):
    sync(meta, ROW)
    assert kinds() == []
    assert not Alert.objects.exists()


def test_other_examples_are_no_change(meta, template):
    part = ROW["components"][0] | {"example": {"body_text": [["a", "b", "c"]]}}
    sync(meta, ROW | {"components": [part]})
    assert kinds() == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (with_text("Hola {{1}}: {{2}} por {{3}} en total."), ["text"]),
        (with_text("Hola {{1}}: {{2}} por un total."), ["variables", "text"]),
        (ROW | {"category": "MARKETING"}, ["category"]),
        (ROW | {"quality_score": {"score": "YELLOW"}}, ["quality"]),
        (ROW | {"quality_score": {"score": "RED"}, "status": "PAUSED"}, ["status", "quality"]),
    ],
)
def test_each_kind_of_drift_is_kept_and_alerted(meta, template, row, expected):
    sync(meta, row)
    assert kinds() == expected
    alert = Alert.objects.open().get(kind=AlertKind.TEMPLATE_CHANGED)
    assert alert.subject == "po_notification (es)"


def test_a_category_that_meta_announces_is_noted_once(meta, template):
    row = ROW | {"correct_category": "MARKETING"}
    sync(meta, row)
    templates.sync_templates()
    assert kinds() == ["announced"]
    assert Alert.objects.open().exists()
    meta.mock.replace("GET", TEMPLATES_URL, json={"data": [row | {"category": "MARKETING"}]})
    templates.sync_templates()
    assert kinds() == ["announced", "category"]


def test_a_status_alone_is_history_and_no_drift(meta, template):
    sync(meta, ROW | {"status": "PENDING"})
    assert kinds() == ["status"]
    assert not Alert.objects.exists()


def test_quality_that_rises_or_is_rated_green_is_no_drift(meta, template):
    MessageTemplate.objects.update(quality_score="UNKNOWN")
    sync(meta, ROW)
    assert kinds() == []


def test_what_is_gone_at_meta_is_noted_once(meta, template):
    sync(meta)
    templates.sync_templates()
    assert kinds() == ["gone"]
    template.refresh_from_db()
    assert template.is_gone


def test_a_template_that_was_submitted_while_meta_answered_is_not_gone(meta, template):
    later = timezone.now() + timedelta(minutes=1)
    MessageTemplate.objects.update(last_synced_at=later)
    sync(meta)
    template.refresh_from_db()
    assert not template.is_gone


def test_an_answer_older_than_our_own_change_does_not_undo_it(meta, template):
    later = timezone.now() + timedelta(minutes=1)
    MessageTemplate.objects.update(status="PENDING", components=[], last_synced_at=later)
    sync(meta, ROW)
    template.refresh_from_db()
    assert (template.status, template.components) == ("PENDING", [])
    assert kinds() == []


def test_of_two_syncs_the_one_that_asked_later_wins(meta, template, time_machine):
    start = timezone.now() + timedelta(minutes=1)
    time_machine.move_to(start, tick=False)
    sync(meta, ROW)
    time_machine.move_to(start + timedelta(milliseconds=1), tick=False)
    meta.mock.replace("GET", TEMPLATES_URL, json={"data": [ROW | {"category": "MARKETING"}]})
    templates.sync_templates()
    time_machine.move_to(start, tick=False)
    meta.mock.replace("GET", TEMPLATES_URL, json={"data": [ROW]})
    templates.sync_templates()
    template.refresh_from_db()
    assert template.category == "MARKETING"


def test_looking_at_it_closes_the_alert_and_the_next_change_opens_it_again(meta, template):
    sync(meta, ROW | {"category": "MARKETING"})
    assert template_drift.mark_seen(template, by="paula") == 1
    assert not Alert.objects.open().exists()
    assert TemplateChange.objects.get().seen_by == "paula"
    meta.mock.replace("GET", TEMPLATES_URL, json={"data": [ROW]})
    templates.sync_templates()
    assert Alert.objects.open().filter(kind=AlertKind.TEMPLATE_CHANGED).exists()


def test_a_long_name_fits_into_the_alert(meta):
    AccountFactory.create()
    name = "a" * 512
    TemplateFactory.create(name=name)
    sync(meta, ROW | {"name": name, "category": "MARKETING"})
    assert len(Alert.objects.get().subject) == 200


def test_a_submission_that_meta_had_not_answered_is_settled_by_the_sync(meta):
    account = AccountFactory.create()
    TemplateDraft.objects.create(
        account=account,
        name=ROW["name"],
        components=ROW["components"],
        unanswered_at=timezone.now(),
    )
    TemplateDraft.objects.create(account=account, name="other", unanswered_at=timezone.now())
    sync(meta, ROW)
    assert [draft.name for draft in TemplateDraft.objects.all()] == ["other"]
    assert kinds() == ["submitted"]


def test_an_edit_of_ours_that_meta_had_not_answered_is_no_drift(meta, template):
    row = with_text("Hola {{1}}, ha llegado el pedido {{2}} por {{3}} en total.")
    TemplateDraft.objects.create(
        account=template.account,
        template=template,
        name=template.name,
        components=row["components"],
        unanswered_at=timezone.now(),
    )
    sync(meta, row | {"status": "PENDING"})
    assert not TemplateDraft.objects.exists()
    assert kinds() == ["status", "edited"]
    assert not Alert.objects.exists()


# --- Since when data stands ----------------------------------------------------------------------
def test_the_state_counts_what_the_last_sync_brought(meta, template):
    sync(meta, ROW)
    TemplateFactory.create(name="older", last_synced_at=timezone.now() - timedelta(days=1))
    state = templates.sync_state()
    assert (state.read, state.known, state.unread) == (1, 2, None)
    assert state.is_fresh


def test_while_meta_cannot_be_read_the_state_says_since_when(meta, template):
    meta.mock.get(TEMPLATES_URL, status=401, json={"error": {"code": 190, "message": "expired"}})
    for _ in range(2):
        with pytest.raises(GraphApiError):
            templates.sync_templates()
    state = templates.sync_state()
    alert = Alert.objects.get(kind=AlertKind.TEMPLATES_UNREAD)
    assert state.unread is not None
    assert (state.unread.since, state.unread.at, state.unread.code) == (alert.opened_at, None, 190)
    meta.mock.replace("GET", TEMPLATES_URL, json={"data": [ROW]})
    templates.sync_templates()
    assert templates.sync_state().unread is None


def test_without_an_account_there_is_nothing_to_say():
    assert templates.sync_state() == templates.SyncState(at=None, read=0, known=0)


# --- Who is concerned ----------------------------------------------------------------------------
def test_callers_are_counted_and_told_whether_their_values_still_fit(
    template, django_assert_max_num_queries
):
    old = MessageFactory.create(requested_by="erp-goiko")
    MessageFactory.create(requested_by="erp-goiko", tenant=old.tenant)
    MessageFactory.create(requested_by="shop", components=body("Ana", "PO-1", "3", "4"))
    with django_assert_max_num_queries(3):
        usage = template_usage.usage_of(template)
    assert [(one.requested_by, one.messages) for one in usage.callers] == [
        ("erp-goiko", 2),
        ("shop", 1),
    ]
    assert (usage.messages, usage.is_partial) == (3, False)
    assert [one.requested_by for one in usage.misfits] == ["shop"]
    assert "takes 3 values" in " ".join(usage.misfits[0].misfit)


def test_the_last_message_of_a_caller_decides_whether_its_values_fit(template):
    first = MessageFactory.create(requested_by="erp", components=body("just one"))
    MessageFactory.create(requested_by="erp", tenant=first.tenant)
    assert template_usage.usage_of(template).misfits == []


def test_messages_of_long_ago_do_not_count(template, time_machine):
    MessageFactory.create()
    time_machine.move_to(timezone.now() + timedelta(days=31))
    assert template_usage.usage_of(template).callers == []


PRICES = {"UTILITY": Decimal("0.02"), "MARKETING": Decimal("0.06")}


def price_of(category: str, market: str) -> Decimal | None:
    return PRICES.get(category) if market == "Spain" else None


def test_the_effect_of_another_category_is_the_difference_for_as_many_messages():
    extra = template_drift.extra_cost(
        before="UTILITY", after="MARKETING", messages=100, price_of=price_of
    )
    assert extra == Decimal("4.00")


@pytest.mark.parametrize("prices", [None, price_of])
def test_without_a_price_there_is_no_figure(prices):
    extra = template_drift.extra_cost(
        before="UTILITY", after="A_NEW_ONE", messages=100, price_of=prices
    )
    assert extra is None
