"""What Meta told: in its list, on the pages of what it is about, in the alerts and in the banner."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone, translation
from django.utils.html import escape

from messaging import demo
from messaging.admin.alert_words import words_of
from messaging.models import AccountEvent, Alert, AlertKind
from messaging.models.alert import CLOSED_BY_HAND
from messaging.services import receiving
from messaging.services.webhook_checks import Cause, Check, Finding, Result
from tenants.models import StopReason, User
from tests.factories import AccountFactory, DefaultNumberFactory, MembershipFactory, TemplateFactory
from tests.meta import stored

LIST = "/admin/messaging/accountevent/"
ALERTS = "/admin/messaging/alert/"
STORED = stored("webhook_news")


@pytest.fixture
def told(db, broker):
    """Everything Meta may tell, told once."""
    TemplateFactory(meta_template_id="1200000000000345")
    DefaultNumberFactory()
    for body in STORED.values():
        receiving.store_delivery(json.dumps(body).encode())
    receiving.apply_waiting()


def staff_with(*permissions: str) -> Client:
    person = User.objects.create(username="trainee", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def test_every_event_is_in_the_list_and_has_its_page(paula, told):
    page = paula.get(LIST).text
    assert "ACCOUNT_VIOLATION" in page
    assert "po_notification (es)" in page
    for event in AccountEvent.objects.all():
        answer = paula.get(f"{LIST}{event.pk}/change/")
        assert answer.status_code == 200
        assert event.event in answer.text


def test_the_list_keeps_to_its_budget_of_queries(paula, told, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        paula.get(LIST)


def test_what_was_told_stands_on_the_page_of_what_it_is_about(paula, told):
    newest = AccountEvent.objects.newest_first()
    for event, path in (
        (newest.filter(template__isnull=False)[0], "messaging/messagetemplate"),
        (newest.filter(phone_number__isnull=False)[0], "tenants/phonenumber"),
        (
            newest.filter(template=None, phone_number=None)[0],
            "tenants/whatsappbusinessaccount",
        ),
    ):
        pk = event.template_id or event.phone_number_id or event.account_id
        page = paula.get(f"/admin/{path}/{pk}/change/").text
        assert f"{LIST}{event.pk}/change/" in page
        own = page.split(f'href="{LIST}?')[1].split('"')[0]
        assert paula.get(f"{LIST}?{own}").status_code == 200


def test_an_account_that_is_new_has_no_events_yet(paula, db):
    assert paula.get("/admin/tenants/whatsappbusinessaccount/add/").status_code == 200


def test_the_accounts_page_tells_its_standing(paula, told):
    account = AccountFactory()
    page = paula.get(f"/admin/tenants/whatsappbusinessaccount/{account.pk}/change/").text
    for word in ("TIER_2K", "20", "REJECTED", "The account was deleted at Meta."):
        assert word in page


def test_only_who_may_see_the_history_sees_it(told):
    assert staff_with("view_accountevent").get(LIST).status_code == 200
    User.objects.all().delete()
    assert staff_with("view_message").get(LIST).status_code == 403
    owner = Client()
    owner.force_login(MembershipFactory().user)
    assert owner.get(LIST).status_code == 302
    assert Client().get(LIST).status_code == 302


# --- Alerts --------------------------------------------------------------------------------------
IN_A_WEEK = (timezone.now() + timedelta(days=7)).isoformat()
DETAILS: dict[AlertKind, dict[str, Any]] = {
    AlertKind.ACCOUNT_STOPPED: {"reason": StopReason.RESTRICTED, "until": IN_A_WEEK},
    AlertKind.TEMPLATE_STOPPED: {"event": "REJECTED", "reason": "INVALID_FORMAT", "advice": "a"},
    AlertKind.TEMPLATE_QUALITY: {"event": "RED", "before": "GREEN"},
    AlertKind.TEMPLATE_CHANGED: {
        "after": "MARKETING",
        "before": "UTILITY",
        "is_upcoming": True,
        "due_at": IN_A_WEEK,
    },
    AlertKind.NUMBER_NAME: {"event": "REJECTED", "name": "Forn", "reason": "NAME_FORMAT"},
    AlertKind.NAME_APPROVED: {"event": "APPROVED", "name": "Forn"},
    AlertKind.NUMBER_SECURITY: {"event": "PIN_CHANGED"},
    AlertKind.ACCOUNT_RESTRICTED: {
        "restrictions": [{"kind": "RESTRICTED_BIZ", "until": IN_A_WEEK}, {"kind": "B", "until": ""}]
    },
    AlertKind.ACCOUNT_WARNED: {"event": "ACCOUNT_VIOLATION", "reason": "ALCOHOL"},
    AlertKind.WEBHOOK_SILENT: {
        "since": IN_A_WEEK,
        "cause": Finding(Check.SUBSCRIBED, Result.BAD, Cause.NOT_SUBSCRIBED, "5").as_json(),
        "findings": [Finding(check, Result.OK).as_json() for check in Check],
    },
}


@pytest.mark.parametrize(("kind", "details"), DETAILS.items())
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_alert_says_in_words_why_and_what_to_do(paula, db, kind, details, language):
    alert = Alert.objects.create(kind=kind, subject="123", details=details)
    paula.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    with translation.override(language):
        why, action = words_of(alert) or ("", "")
    assert "%(" not in f"{why} {action}"
    for page in (paula.get(ALERTS).text, paula.get(f"{ALERTS}{alert.pk}/change/").text):
        assert escape(why) in page
        assert escape(action) in page


@pytest.mark.parametrize(
    "event",
    [
        "SCHEDULE_FOR_DISABLE",
        "ACCOUNT_REVIEW",
        "PARTNER_REMOVED",
        "PARTNER_APP_UNINSTALLED",
        "ACCOUNT_OFFBOARDED",
        "SOMETHING_NEW",
    ],
)
def test_every_warning_of_metas_has_words(db, event):
    alert = Alert(kind=AlertKind.ACCOUNT_WARNED, details={"event": event})
    why, action = words_of(alert) or ("", "")
    assert why
    assert "%(" not in why
    assert action


def test_marketing_is_said_to_cost_more(paula, db):
    Alert.objects.create(
        kind=AlertKind.TEMPLATE_CHANGED,
        subject="po_notification (es)",
        details={"after": "MARKETING", "before": "UTILITY", "is_upcoming": False},
    )
    page = paula.get("/admin/").text
    assert "It moved from UTILITY to MARKETING." in page
    assert "Marketing costs more for each delivery" in page


def test_the_alarm_of_silence_shows_each_test(paula, db):
    details = DETAILS[AlertKind.WEBHOOK_SILENT]
    alert = Alert.objects.create(kind=AlertKind.WEBHOOK_SILENT, subject="1", details=details)
    own = f"{ALERTS}{alert.pk}/change/"
    assert own in paula.get(ALERTS).text
    page = paula.get(own).text
    assert "The app 5 is not subscribed to the account" in page
    assert "Our address answers, with a valid certificate" in page


def closing(*alerts):
    return {"action": "close", "_selected_action": [alert.pk for alert in alerts]}


def test_what_meta_told_once_is_closed_by_whoever_saw_to_it(paula, db):
    seen = Alert.objects.create(kind=AlertKind.ACCOUNT_WARNED, subject="1")
    watched = Alert.objects.create(kind=AlertKind.ACCOUNT_STOPPED, subject="2")
    assert "1 alert closed." in paula.post(ALERTS, closing(seen, watched), follow=True).text
    assert set(Alert.objects.open()) == {watched}
    assert "None was closed" in paula.post(ALERTS, closing(watched), follow=True).text


def test_only_who_may_change_alerts_closes_one(db):
    alert = Alert.objects.create(kind=AlertKind.ACCOUNT_WARNED, subject="1")
    staff_with("view_alert").post(ALERTS, closing(alert))
    owner = Client()
    owner.force_login(MembershipFactory().user)
    for client in (owner, Client()):
        assert client.post(ALERTS, closing(alert)).status_code == 302
    assert Alert.objects.open().exists()


def test_nothing_that_the_product_watches_is_closed_by_hand():
    assert CLOSED_BY_HAND.isdisjoint(
        {AlertKind.ACCOUNT_STOPPED, AlertKind.TEMPLATE_STOPPED, AlertKind.WEBHOOK_SILENT}
    )


@pytest.mark.parametrize("reason", StopReason)
def test_the_banner_says_what_meta_did(paula, db, reason):
    AccountFactory(sending_stopped_at=timezone.now(), sending_stopped_reason=reason)
    page = paula.get("/admin/")
    assert 'role="alert"' in page.text
    assert page.context["halted_line"].why
    assert "no clear answer" not in page.text


def test_a_stop_by_meta_is_told_in_the_banner_and_the_list(paula, told):
    page = paula.get("/admin/").text
    assert "The account was deleted at Meta." in page
    assert demo.WABA_ID in page
