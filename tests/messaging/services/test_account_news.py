"""What Meta tells of templates, numbers and the account reaches its row, the history and whoever should know."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging import demo, queues
from messaging.models import (
    AccountEvent,
    Alert,
    AlertKind,
    Aspect,
    InboundMessage,
    Message,
    MessageTemplate,
    TemplateChange,
    TemplateChangeKind,
    WaitsFor,
    WebhookDelivery,
)
from messaging.services import accounts, receiving, replaying, sending, sweeping, templates
from messaging.services.numbers import sync_phone_numbers
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, StopReason, WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TemplateFactory,
)
from tests.messaging.conftest import GRAPH, status_webhook
from tests.messaging.graph_api.test_account_payload import mutated
from tests.meta import stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

STORED: dict[str, Any] = stored("webhook_news")
T0 = 1795342300
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
BY_FIELD = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def told(name: str, *, at: object = T0, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(STORED[name])
    body["entry"][0]["time"] = at
    body["entry"][0]["changes"][0]["value"] |= changes
    return body


def receive(*payloads: object) -> None:
    for payload in payloads:
        receiving.store_delivery(json.dumps(payload).encode())
    receiving.apply_waiting()


def verdicts() -> list[str]:
    deliveries = WebhookDelivery.objects.order_by("id")
    return [line["verdict"] for delivery in deliveries for line in delivery.verdicts]


@pytest.fixture
def template(db: None) -> MessageTemplate:
    made: MessageTemplate = TemplateFactory(
        meta_template_id="1200000000000345", last_synced_at=LONG_AGO
    )
    return made


@pytest.fixture
def number(db: None) -> PhoneNumber:
    made: PhoneNumber = DefaultNumberFactory(
        verified_name="Bakery Platform", name_status="APPROVED", last_synced_at=LONG_AGO
    )
    return made


@pytest.fixture
def account(db: None) -> WhatsAppBusinessAccount:
    made: WhatsAppBusinessAccount = AccountFactory()
    return made


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def open_alert(kind: AlertKind) -> Alert:
    return Alert.objects.open().get(kind=kind)


# --- Templates -----------------------------------------------------------------------------------
def test_a_rejection_reaches_the_row_the_history_and_the_staff(template):
    receive(told("template_status"))
    row = fresh(template)
    assert (row.status, row.rejected_reason) == ("REJECTED", "INVALID_FORMAT")
    event = AccountEvent.objects.get()
    assert (event.template, event.aspect, event.is_applied) == (template, Aspect.STATUS, True)
    assert (event.before, event.after) == ("APPROVED", "REJECTED")
    assert event.at == datetime.fromtimestamp(T0, UTC)
    assert event.details["rejection_info"]["recommendation"] == "put words between them"
    alert = open_alert(AlertKind.TEMPLATE_STOPPED)
    assert alert.subject == "po_notification (es)"
    assert alert.details["reason"] == "INVALID_FORMAT"


def test_a_template_is_known_by_its_name_where_its_id_is_not_stored_yet(template):
    MessageTemplate.objects.update(meta_template_id="")
    receive(told("template_paused"))
    assert fresh(template).status == "PAUSED"


def test_the_language_of_a_webhook_is_the_apis(template):
    english = TemplateFactory(language="en_US", last_synced_at=LONG_AGO)
    receive(
        told("template_paused", message_template_id=9, message_template_language="en-US"),
    )
    assert fresh(english).status == "PAUSED"
    assert fresh(template).status == "APPROVED"


def test_messages_of_a_paused_template_wait_and_go_out_with_its_approval(
    template, meta, django_capture_on_commit_callbacks
):
    message = MessageFactory(template=template)
    receive(told("template_paused"))
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    assert (message.status, message.waits_for) == (MessageStatus.QUEUED, WaitsFor.TEMPLATE)
    assert open_alert(AlertKind.TEMPLATE_STOPPED).code == 132015
    with django_capture_on_commit_callbacks(execute=True):
        receive(
            told("template_paused", at=T0 + 60, event="APPROVED", other_info={"title": "UNPAUSE"})
        )
    assert not Alert.objects.open().exists()
    meta.accepts(message)
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


@pytest.mark.parametrize("event", ["REINSTATED", "UNARCHIVED", "FLAGGED", "A_NEW_WORD"])
def test_a_word_that_is_no_status_changes_no_status_and_meta_is_asked(
    template, broker, event, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        receive(told("template_paused", event=event))
    assert fresh(template).status == "APPROVED"
    assert AccountEvent.objects.get().event == event
    assert broker.exists(f"wake:{queues.SYNC_FROM_META}")


def test_an_end_that_is_only_announced_stops_nothing_yet(template):
    receive(told("template_disabled_soon"))
    assert fresh(template).status == "APPROVED"
    assert open_alert(AlertKind.TEMPLATE_QUALITY).details["due_at"].startswith("2099")


@pytest.mark.parametrize("name", ["template_quality", "template_quality_mislabelled"])
def test_a_worse_quality_opens_an_alert_that_a_better_one_closes(template, name):
    receive(told(name))
    assert fresh(template).quality_score == "YELLOW"
    assert fresh(template).status == "APPROVED"
    assert open_alert(AlertKind.TEMPLATE_QUALITY).details["event"] == "YELLOW"
    receive(told(name, at=T0 + 60, new_quality_score="GREEN"))
    assert fresh(template).quality_score == "GREEN"
    assert not Alert.objects.open().filter(kind=AlertKind.TEMPLATE_QUALITY).exists()


def test_a_fall_told_by_webhook_is_drift_once_whoever_tells_it(template):
    for at in (T0, T0 + 60):
        receive(told("template_quality", at=at))
    change = TemplateChange.objects.get()
    assert (change.kind, change.before, change.after) == ("quality", "GREEN", "YELLOW")
    assert open_alert(AlertKind.TEMPLATE_CHANGED).subject == "po_notification (es)"
    receive(told("template_quality", at=T0 + 120, new_quality_score="GREEN"))
    assert TemplateChange.objects.count() == 1


def test_a_category_to_come_is_told_and_changes_the_row_when_it_has_come(template):
    receive(told("template_category_upcoming"))
    assert fresh(template).category == "UTILITY"
    alert = open_alert(AlertKind.TEMPLATE_CHANGED)
    assert (alert.details["is_upcoming"], alert.details["after"]) == (True, "MARKETING")
    receive(told("template_category_finished", at=T0 + 86_400))
    row = fresh(template)
    assert (row.category, row.previous_category) == ("MARKETING", "UTILITY")
    alert = open_alert(AlertKind.TEMPLATE_CHANGED)
    assert (alert.details["is_upcoming"], alert.details["before"]) == (False, "UTILITY")
    kinds = template.changes.newest_first().values_list("kind", flat=True)
    assert list(kinds) == [TemplateChangeKind.CATEGORY, TemplateChangeKind.ANNOUNCED]


def test_a_category_that_a_read_has_told_of_is_not_told_again_by_its_webhook(template, meta):
    row = demo.TEMPLATES[0] | {"category": "MARKETING"}
    meta.mock.get(f"{GRAPH}/{demo.WABA_ID}/message_templates", json={"data": [row]})
    templates.sync_templates()
    receive(told("template_category_finished"))
    assert template.changes.filter(kind=TemplateChangeKind.CATEGORY).count() == 1


def test_a_category_that_only_a_read_from_meta_shows_is_told_too(template, meta):
    row = demo.TEMPLATES[0] | {"category": "MARKETING"}
    meta.mock.get(f"{GRAPH}/{demo.WABA_ID}/message_templates", json={"data": [row]})
    templates.sync_templates()
    open_alert(AlertKind.TEMPLATE_CHANGED)
    change = template.changes.get(kind=TemplateChangeKind.CATEGORY)
    assert (change.before, change.after) == ("UTILITY", "MARKETING")


def test_an_edited_text_leaves_a_line_and_is_read_from_meta(
    template, broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        receive(told("template_components"))
    event = AccountEvent.objects.get()
    assert (event.after, event.is_applied) == ("Hola {{1}}, pedido {{2}}.", False)
    assert fresh(template).components == template.components
    assert broker.exists(f"wake:{queues.SYNC_FROM_META}")


# --- Which news holds ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", STORED)
def test_every_field_leaves_one_line_however_often_it_comes(template, number, account, name):
    receive(STORED[name], STORED[name])
    delivery = WebhookDelivery.objects.order_by("id")[0]
    replaying.replay_now([delivery.pk])
    event = AccountEvent.objects.get()
    assert event.template or event.phone_number or event.account
    assert verdicts() == ["repeated", "repeated"]
    assert WebhookDelivery.objects.exclude(traceback="").count() == 0


def test_a_repeat_does_not_open_again_what_somebody_closed(account):
    receive(STORED["account_violation"])
    Alert.objects.update(closed_at=timezone.now())
    receive(STORED["account_violation"])
    assert not Alert.objects.open().exists()


@BY_FIELD
@given(
    order=st.permutations(range(4)),
    together=st.booleans(),
)
def test_whatever_the_order_the_newest_word_stands(template, order, together):
    AccountEvent.objects.all().delete()
    Alert.objects.all().delete()
    MessageTemplate.objects.update(status="APPROVED", category="UTILITY")
    news = [
        told("template_paused", at=T0),
        told("template_paused", at=T0 + 60, event="APPROVED"),
        told("template_paused", at=T0 + 120, event="DISABLED"),
        told("template_category_finished", at=T0 + 30),
    ]
    shuffled = [news[place] for place in order] * 2
    if together:
        receive(*shuffled)
    else:
        for one in shuffled:
            receive(one)
    row = MessageTemplate.objects.get(pk=template.pk)
    assert (row.status, row.category) == ("DISABLED", "MARKETING")
    assert AccountEvent.objects.count() == 4
    assert Alert.objects.open().get(kind=AlertKind.TEMPLATE_STOPPED).code == 132016


def test_what_was_read_from_meta_later_is_not_overwritten(template):
    MessageTemplate.objects.update(
        last_synced_at=datetime.fromtimestamp(T0 + 30, UTC), status="APPROVED"
    )
    receive(told("template_paused"))
    assert fresh(template).status == "APPROVED"
    assert not Alert.objects.exists()
    assert verdicts() == ["kept"]
    assert AccountEvent.objects.get().is_applied is False


def test_news_that_a_read_already_brought_still_opens_its_alert(template):
    MessageTemplate.objects.update(
        last_synced_at=datetime.fromtimestamp(T0 + 30, UTC), status="REJECTED"
    )
    receive(told("template_status"))
    assert fresh(template).rejected_reason == "INVALID_FORMAT"
    assert open_alert(AlertKind.TEMPLATE_STOPPED).subject


def test_a_read_that_began_before_the_news_does_not_undo_it(template, number, meta):
    now = int(timezone.now().timestamp()) + 1
    row = demo.TEMPLATES[0]

    def webhook_meanwhile(request):
        receive(
            told("template_paused", at=now),
            told("number_capacity", at=now),
        )
        return 200, {}, json.dumps({"data": [row]})

    meta.mock.add_callback(
        "GET", f"{GRAPH}/{demo.WABA_ID}/message_templates", callback=webhook_meanwhile
    )
    templates.sync_templates()
    assert fresh(template).status == "PAUSED"

    def number_webhook_meanwhile(request):
        receive(told("number_capacity", at=now + 1))
        facts = {
            "id": number.phone_number_id,
            "display_phone_number": "+34 612 345 678",
            "whatsapp_business_manager_messaging_limit": "TIER_250",
            "verified_name": "Another Name",
        }
        return 200, {}, json.dumps({"data": [facts]})

    meta.mock.add_callback(
        "GET", f"{GRAPH}/{demo.WABA_ID}/phone_numbers", callback=number_webhook_meanwhile
    )
    sync_phone_numbers()
    assert fresh(number).messaging_limit == "TIER_10K"
    assert fresh(number).verified_name == "Another Name"


def test_news_without_a_time_is_taken_once_and_meta_is_asked(
    template, broker, django_capture_on_commit_callbacks
):
    receive(told("template_paused", at=None), told("template_paused", at="soon"))
    assert fresh(template).status == "PAUSED"
    assert AccountEvent.objects.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        receive(told("template_paused", at=None))
    assert broker.exists(f"wake:{queues.SYNC_FROM_META}")


@pytest.mark.parametrize("name", STORED)
def test_what_is_about_others_is_kept_with_a_line_and_changes_nothing(template, number, name):
    body = copy.deepcopy(STORED[name])
    body["entry"][0]["id"] = "111"
    if name == "partner_removed":
        body["entry"][0]["changes"][0]["value"]["waba_info"]["waba_id"] = "111"
    before = MessageTemplate.objects.values().get(), PhoneNumber.objects.values().get()
    receive(body)
    assert verdicts() == ["ignored"]
    event = AccountEvent.objects.get()
    assert (event.template, event.phone_number, event.account) == (None, None, None)
    assert (MessageTemplate.objects.values().get(), PhoneNumber.objects.values().get()) == before
    assert not Alert.objects.exists()


def test_a_field_nobody_knows_is_kept_and_named(account):
    receive({"entry": [{"id": demo.WABA_ID, "changes": [{"field": "weather", "value": {}}]}]})
    (line,) = WebhookDelivery.objects.get().verdicts[1:]
    assert (line["what"], line["verdict"]) == ("weather", "kept")
    assert not AccountEvent.objects.exists()


@BY_FIELD
@given(body=mutated())
def test_no_news_of_any_shape_costs_its_neighbours(template, number, body):
    message = MessageFactory(accepted=True)
    neighbour = status_webhook(message, "delivered")["entry"][0]
    entries = body["entry"] if isinstance(body, dict) else None
    if not isinstance(entries, list):
        body, entries = {"entry": [body]}, [body]
    body["entry"] = [*entries, neighbour]
    receiving.store_delivery(json.dumps(body).encode())
    receiving.apply_waiting()
    message.refresh_from_db()
    assert WebhookDelivery.objects.latest("id").traceback == ""
    assert message.status == MessageStatus.DELIVERED
    Message.objects.all().delete()


# --- Numbers -------------------------------------------------------------------------------------
def test_a_refused_name_opens_an_alert_that_its_approval_closes(number):
    PhoneNumber.objects.update(name_status="PENDING_REVIEW")
    receive(told("number_name"))
    assert fresh(number).name_status == "DECLINED"
    alert = open_alert(AlertKind.NUMBER_NAME)
    assert (alert.subject, alert.details["name"]) == (number.phone_number_id, "Forn Roser")
    receive(told("number_name", at=T0 + 60, decision="APPROVED", rejection_reason=None))
    assert fresh(number).name_status == "APPROVED"
    assert not Alert.objects.open().filter(kind=AlertKind.NUMBER_NAME).exists()


def test_a_new_name_that_was_approved_waits_to_be_registered(number):
    receive(told("number_name", decision="APPROVED", requested_verified_name="Forn Roser"))
    assert fresh(number).name_status == "APPROVED"
    assert open_alert(AlertKind.NAME_APPROVED).details["name"] == "Forn Roser"


def test_a_refused_new_name_leaves_the_status_of_the_present_one(number):
    receive(told("number_name"))
    assert fresh(number).name_status == "APPROVED"
    assert open_alert(AlertKind.NUMBER_NAME).subject


def test_limit_and_throughput_of_a_number_are_taken(number):
    receive(told("number_capacity"))
    row = fresh(number)
    assert (row.messaging_limit, row.throughput_level) == ("TIER_10K", "HIGH")


def test_a_changed_pin_is_told(number):
    receive(told("security"))
    assert open_alert(AlertKind.NUMBER_SECURITY).subject == number.phone_number_id


def test_an_echo_is_no_reply(number):
    receive(told("echo"))
    event = AccountEvent.objects.get()
    assert (event.phone_number, event.aspect) == (number, Aspect.ECHO)
    assert "600000122" not in json.dumps(event.details)
    assert not InboundMessage.objects.exists()


# --- The account ---------------------------------------------------------------------------------
def test_a_restriction_stops_the_line_until_its_end_and_lets_it_go_by_itself(account, time_machine):
    end = timezone.now() + timedelta(hours=3)
    receive(
        told(
            "account_restriction",
            restriction_info=[
                {
                    "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                    "expiration": int(end.timestamp()),
                }
            ],
        )
    )
    row = fresh(account)
    assert (row.is_sending, row.sending_stopped_reason) == (False, StopReason.RESTRICTED)
    assert int(row.sending_stopped_until.timestamp()) == int(end.timestamp())
    assert open_alert(AlertKind.ACCOUNT_STOPPED).details["reason"] == StopReason.RESTRICTED
    assert open_alert(AlertKind.ACCOUNT_RESTRICTED).subject
    sweeping.sweep()
    assert not fresh(account).is_sending
    time_machine.move_to(end + timedelta(seconds=1))
    sweeping.sweep()
    row = fresh(account)
    assert (row.is_sending, row.restrictions, row.sending_stopped_until) == (True, [], None)
    assert not Alert.objects.open().exists()


def test_a_restriction_that_forbids_no_sending_only_tells(account):
    kinds = [{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": None}]
    receive(told("account_restriction", restriction_info=kinds))
    assert fresh(account).is_sending
    assert fresh(account).restrictions[0]["until"] is None
    assert open_alert(AlertKind.ACCOUNT_RESTRICTED).subject


def test_a_restriction_that_has_ended_meanwhile_stops_nothing(account):
    kinds = [
        {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": T0 - 86_400 * 400}
    ]
    receive(told("account_restriction", restriction_info=kinds))
    assert fresh(account).is_sending
    assert not Alert.objects.exists()


def test_a_ban_stops_the_line_until_meta_reinstates_the_account(account):
    receive(told("account_disabled", at=T0))
    row = fresh(account)
    assert (row.is_sending, row.ban_state) == (False, "DISABLE")
    assert row.sending_stopped_reason == StopReason.DISABLED
    receive(told("account_reinstated", at=T0 + 60))
    row = fresh(account)
    assert (row.is_sending, row.ban_state) == (True, "REINSTATE")
    assert not Alert.objects.open().exists()


@BY_FIELD
@given(order=st.permutations(range(4)), together=st.booleans())
def test_bans_and_restrictions_end_alike_whatever_their_order(order, together):
    account = AccountFactory()
    AccountEvent.objects.all().delete()
    Alert.objects.all().delete()
    WhatsAppBusinessAccount.objects.update(ban_state="", restrictions=[])
    accounts.resume_sending(account)
    news = [
        told("account_restriction", at=T0),
        told("account_disabled", at=T0 + 60),
        told("account_reinstated", at=T0 + 120),
        told(
            "account_restriction",
            at=T0 + 180,
            restriction_info=[{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
        ),
    ]
    shuffled = [news[place] for place in order] * 2
    if together:
        receive(*shuffled)
    else:
        for one in shuffled:
            receive(one)
    row = WhatsAppBusinessAccount.objects.get(pk=account.pk)
    assert (row.ban_state, row.sending_stopped_reason) == ("REINSTATE", StopReason.RESTRICTED)
    assert row.sending_stopped_until is None
    assert [one["kind"] for one in row.restrictions] == ["RESTRICTED_BIZ_INITIATED_MESSAGING"]


def test_a_ban_that_is_only_announced_warns(account):
    ban = {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "December 1, 2026"}
    receive(told("account_disabled", ban_info=ban))
    assert fresh(account).is_sending
    assert open_alert(AlertKind.ACCOUNT_WARNED).details["date"] == "December 1, 2026"
    receive(told("account_reinstated", at=T0 + 999))
    assert not Alert.objects.open().exists()


def test_a_deleted_account_stops_until_a_person_resumes(account):
    receive(told("account_deleted"))
    assert fresh(account).sending_stopped_reason == StopReason.DELETED
    receive(told("account_reinstated", at=T0 + 60))
    assert not fresh(account).is_sending
    accounts.resume_sending(account)
    row = fresh(account)
    assert (row.is_sending, row.sending_stopped_reason) == (True, "")


def test_what_meta_stopped_is_not_opened_by_a_new_token(account):
    receive(told("account_disabled"))
    assert accounts.lift_credential_stop(fresh(account)) is False
    assert not fresh(account).is_sending


def test_a_ban_weighs_more_than_an_error_and_keeps_since_when(account):
    accounts.stop_sending(account, code=190)
    since = fresh(account).sending_stopped_at
    receive(told("account_disabled"))
    row = fresh(account)
    assert (row.sending_stopped_code, row.sending_stopped_at) == (None, since)
    assert row.sending_stopped_reason == StopReason.DISABLED


def test_a_violation_names_what_it_is_about(account):
    receive(told("account_violation"))
    alert = open_alert(AlertKind.ACCOUNT_WARNED)
    assert alert.subject == f"{demo.WABA_ID} ACCOUNT_VIOLATION ALCOHOL"
    receive(told("account_violation", at=T0 + 5, violation_info={"violation_type": "SCAM"}))
    assert Alert.objects.open().count() == 2


def test_a_review_that_was_refused_is_told_until_it_is_approved(account):
    receive(told("account_review"))
    assert fresh(account).review_status == "REJECTED"
    assert open_alert(AlertKind.ACCOUNT_WARNED).subject
    receive(told("account_review", at=T0 + 60, decision="APPROVED"))
    assert fresh(account).review_status == "APPROVED"
    assert not Alert.objects.open().exists()


@pytest.mark.parametrize("name", ["capability", "capability_number"])
def test_limit_and_number_cap_reach_the_account_and_all_its_numbers(account, number, name):
    other = PhoneNumberFactory(messaging_limit="TIER_250")
    receive(told(name))
    row = fresh(account)
    assert (row.messaging_limit, row.max_phone_numbers) == ("TIER_2K", 20)
    assert row.max_phone_numbers_read_at is not None
    assert {fresh(number).messaging_limit, fresh(other).messaging_limit} == {"TIER_2K"}


def test_an_alert_of_metas_opens_one_of_ours_and_closes_it(account):
    receive(told("account_alert"))
    alert = open_alert(AlertKind.ACCOUNT_WARNED)
    assert alert.details["advice"] == "The limit was not raised."
    info = STORED["account_alert"]["entry"][0]["changes"][0]["value"]["alert_info"]
    receive(
        told("account_alert", at=T0 + 60, alert_info=info | {"alert_status": "RESOLVED"}),
        told("account_alert", at=T0 + 30),
    )
    assert not Alert.objects.open().exists()


def test_good_news_only_stands_in_the_history(account):
    info = {"alert_severity": "INFORMATIONAL", "alert_type": "OBA_APPROVED"}
    receive(told("account_alert", alert_info=info), told("pricing_tier"))
    assert not Alert.objects.exists()
    assert AccountEvent.objects.count() == 2


def test_a_partner_that_left_our_account_is_told_though_the_envelope_names_another(account):
    receive(STORED["partner_removed"])
    assert open_alert(AlertKind.ACCOUNT_WARNED).details["event"] == "PARTNER_REMOVED"
    assert AccountEvent.objects.get().account == account
