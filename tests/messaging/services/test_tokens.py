"""A token is verified, promoted, its predecessor kept and revoked; and no token is ever told."""

from __future__ import annotations

import copy
import logging
import traceback
from datetime import UTC, datetime, timedelta

import pytest
import requests
import time_machine
from django.utils import timezone, translation

from messaging import demo
from messaging.models import Alert, AlertKind
from messaging.services import accounts, alerts, sending, sweeping, syncing, tokens
from messaging.services.token_verification import cleaned
from messaging.statuses import MessageStatus
from tenants.models import WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
)
from tests.messaging.token_meta import NEW, TokenMeta, dead, said_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

OLD = demo.ACCESS_TOKEN
DAYS_60 = timedelta(days=60)


@pytest.fixture
def token_meta(meta):
    return TokenMeta(meta.mock)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def account():
    AccountFactory()
    return DefaultNumberFactory().account


def stored():
    return WhatsAppBusinessAccount.objects.get()


def open_kinds():
    return set(Alert.objects.open().values_list("kind", flat=True))


def stop(code=190):
    accounts.stop_sending(stored(), code=code)


def end_grace():
    WhatsAppBusinessAccount.objects.update(previous_token_until=timezone.now())


def problem_of(token=NEW):
    (problem,) = tokens.verify_token(token).problems
    return problem


# --- Verifying -----------------------------------------------------------------------------------


def test_a_good_token_has_no_problem_and_nothing_is_changed(token_meta, account):
    verification = tokens.verify_token(NEW)
    assert verification.problems == []
    assert verification.numbers == 1
    assert verification.facts is not None
    assert verification.facts.never_expires
    assert stored().access_token == OLD


@pytest.mark.parametrize(
    "pasted",
    [
        f"  {NEW}\r\n",
        f"{NEW[:9]}\n{NEW[9:]}",
        f"\ufeff{NEW}\u200b",
        f'"{NEW}"',
        f"Bearer {NEW}\n",
        f"{NEW[:5]}\u00a0{NEW[5:]}",
        f"WHATSAPP_ACCESS_TOKEN={NEW}",
        f'export WHATSAPP_ACCESS_TOKEN="{NEW}"\n',
        f"Authorization: Bearer {NEW}",
        f'-H "Authorization: Bearer {NEW}"',
        f'{{"access_token": "{NEW}"}}',
    ],
)
def test_what_comes_along_with_a_paste_is_removed(token_meta, account, pasted):
    assert cleaned(pasted) == NEW
    assert tokens.verify_token(pasted).problems == []


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        (" \n", "Paste the token"),
        (f"{demo.APP_ID}|{demo.APP_SECRET}", "token of an app"),
        ("EAAñandú", "characters that none has"),
    ],
)
def test_what_is_no_token_is_not_shown_to_meta(meta, account, pasted, says):
    assert says in problem_of(pasted)
    assert len(meta.mock.calls) == 0


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (dead(463), "It has expired."),
        (dead(467), "It was revoked, or not copied whole."),
        (said_of(app_id="111"), "belongs to another app (111)"),
        (said_of(timedelta(hours=24)), "24-hour token"),
        (said_of(timedelta(hours=2), type="USER"), "24-hour token"),
        (said_of(DAYS_60, type="USER"), "of the type USER"),
        (
            said_of(scopes=["whatsapp_business_management"]),
            "permission whatsapp_business_messaging",
        ),
        (
            said_of(
                granular_scopes=[{"scope": "whatsapp_business_messaging", "target_ids": ["1"]}]
            ),
            f"may not use the WhatsApp account {demo.WABA_ID}",
        ),
    ],
)
def test_each_fault_is_a_sentence_with_what_to_do(token_meta, account, said, says):
    token_meta.tokens[NEW] = said
    assert says in problem_of()
    with translation.override("es"):
        assert says not in problem_of(), "the sentence has no Spanish"


def test_a_scope_without_targets_covers_every_account(token_meta, account):
    token_meta.tokens[NEW] = said_of(granular_scopes=[{"scope": "whatsapp_business_messaging"}])
    assert tokens.verify_token(NEW).problems == []


def test_every_number_in_use_must_be_readable_and_spare_ones_need_not(token_meta, account):
    PhoneNumberFactory(phone_number_id="7001")
    used = AssignmentFactory(phone_number__phone_number_id="7002").phone_number
    assert f"may not use the number …{used.display_phone_number[-3:]}" in problem_of()
    assert used.display_phone_number not in problem_of()
    token_meta.numbers.append("7002")
    assert tokens.verify_token(NEW).problems == []


def test_without_app_id_or_secret_it_says_what_is_missing(account):
    WhatsAppBusinessAccount.objects.update(app_secrets="")
    assert "Enter the app id and the app secret first" in problem_of()


def test_a_wrong_app_secret_is_not_blamed_on_the_token(token_meta, account):
    account.app_secrets = "another"
    account.save()
    assert "does not accept the app id or the app secret" in problem_of()


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError(f"GET /debug_token?input_token={NEW}"),
        requests.ReadTimeout(f"input_token={NEW}"),
    ],
)
def test_a_silent_meta_is_to_be_asked_again(token_meta, account, failure):
    token_meta.failure = failure
    assert "Try again in a few minutes" in problem_of()


def test_numbers_that_meta_refuses_to_list_are_a_problem(meta, account):
    meta.mock.get(
        f"https://graph.facebook.com/v26.0/{demo.WABA_ID}/phone_numbers",
        status=403,
        json={"error": {"code": 200, "message": "Permissions error"}},
    )
    TokenMeta(meta.mock)
    assert "does not show the account's numbers (200)" in problem_of()


# --- Promoting -----------------------------------------------------------------------------------


def test_a_promoted_token_is_in_service_and_the_old_one_is_kept_for_a_day(token_meta, account):
    token_meta.tokens[NEW] = said_of(DAYS_60)
    tokens.promote_token(f" {NEW}\n", by=None)
    kept = stored()
    assert kept.access_token == NEW
    assert kept.previous_token_list == [OLD]
    assert timedelta(hours=23) < kept.previous_token_until - timezone.now() <= timedelta(hours=24)
    assert kept.token_expires_at - kept.token_issued_at == DAYS_60
    assert (kept.token_type, bool(kept.token_checked_at)) == ("SYSTEM_USER", True)


def test_the_grace_period_is_a_setting(token_meta, account, settings):
    settings.WHATSAPP_TOKEN_GRACE_HOURS = 0.5
    tokens.promote_token(NEW)
    assert stored().previous_token_until - timezone.now() <= timedelta(minutes=30)


def test_a_refused_token_changes_nothing(token_meta, account):
    token_meta.tokens[NEW] = dead()
    stop()
    with pytest.raises(tokens.TokenRefusedError) as refused:
        tokens.promote_token(NEW)
    assert refused.value.verification.problems
    kept = stored()
    assert (kept.access_token, kept.previous_token_list) == (OLD, [])
    assert kept.sending_stopped_code == 190


def test_the_token_in_service_pasted_again_is_never_put_aside_to_be_revoked(token_meta, account):
    tokens.promote_token(OLD)
    kept = stored()
    assert (kept.access_token, kept.previous_token_list) == (OLD, [])
    assert kept.previous_token_until is None


def test_going_back_and_forth_keeps_each_other_token_once(token_meta, account):
    token_meta.tokens["EAAthird"] = said_of()
    for token in (NEW, "EAAthird", OLD, NEW):
        tokens.promote_token(token)
    assert stored().access_token == NEW
    assert stored().previous_token_list == ["EAAthird", OLD]
    assert tokens.previous_token() == OLD


def test_a_stop_by_the_old_token_ends_and_its_alert_closes(token_meta, account):
    stop()
    assert AlertKind.ACCOUNT_STOPPED in open_kinds()
    tokens.promote_token(NEW)
    assert stored().is_sending
    assert AlertKind.ACCOUNT_STOPPED not in open_kinds()


def test_a_stop_that_is_not_the_tokens_fault_stays(token_meta, account):
    stop(131031)
    tokens.promote_token(NEW)
    assert stored().sending_stopped_code == 131031
    assert AlertKind.ACCOUNT_STOPPED in open_kinds()


def test_what_a_person_paused_stays_paused(token_meta, account):
    accounts.pause_sending(account)
    stop()
    tokens.promote_token(NEW)
    kept = stored()
    assert kept.sending_stopped_at is None
    assert kept.sending_paused_at is not None


def test_what_waited_goes_out_with_the_new_token(token_meta, meta, account):
    message = MessageFactory()
    refused = meta.refuses(message, code=190, status=401, subcode=463)
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    assert message.status == MessageStatus.QUEUED
    meta.mock.remove(refused)
    meta.accepts(message)
    sending.send_until_empty(message.phone_number_id)
    tokens.promote_token(NEW)
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED
    assert meta.mock.calls[-1].request.headers["Authorization"] == f"Bearer {NEW}"


def test_a_late_refusal_of_the_replaced_token_stops_nothing(token_meta, account):
    as_a_worker_read_it = copy.copy(stored())
    tokens.promote_token(NEW)
    assert accounts.stop_sending(as_a_worker_read_it, code=190) is False
    assert stored().is_sending
    # What concerns the account and not the token stops it all the same.
    assert accounts.stop_sending(as_a_worker_read_it, code=131031) is True


def test_a_refusal_of_the_new_token_stops_and_does_not_go_back_by_itself(
    token_meta, meta, account, caplog
):
    tokens.promote_token(NEW)
    message = MessageFactory()
    meta.refuses(message, code=190, status=401)
    sending.send_until_empty(message.phone_number_id)
    kept = stored()
    assert (kept.access_token, kept.sending_stopped_code) == (NEW, 190)
    assert "WhatsApp sending stopped" in caplog.text
    assert "previous_token_kept" in caplog.text
    # The old one may be the only one that works: it is not revoked meanwhile, and one can go back to it.
    end_grace()
    assert tokens.retire_previous_tokens() == 0
    assert token_meta.revoked == []
    tokens.promote_token(tokens.previous_token())
    assert (stored().access_token, stored().previous_token_list) == (OLD, [NEW])
    assert stored().is_sending


# --- Revoking ------------------------------------------------------------------------------------


def test_within_the_grace_period_nothing_is_revoked(token_meta, account):
    tokens.promote_token(NEW)
    sweeping.sweep()
    assert token_meta.revoked == []
    assert token_meta.is_accepted(OLD)


def test_after_the_grace_period_the_old_token_is_revoked_and_meta_proves_it(token_meta, account):
    tokens.promote_token(NEW)
    end_grace()
    sweeping.sweep()
    assert token_meta.revoked == [OLD]
    assert not token_meta.is_accepted(OLD)
    kept = stored()
    assert (kept.access_token, kept.previous_access_token, kept.previous_token_until) == (
        NEW,
        "",
        None,
    )


def test_a_token_that_meta_refuses_already_is_only_forgotten(token_meta, account):
    token_meta.tokens[OLD] = dead()
    tokens.promote_token(NEW)
    end_grace()
    assert tokens.retire_previous_tokens() == 1
    assert token_meta.revoked == []
    assert stored().previous_token_list == []


def test_while_meta_does_not_answer_the_old_token_is_kept_and_tried_again(
    token_meta, account, broker
):
    tokens.promote_token(NEW)
    end_grace()
    token_meta.failure = requests.ConnectionError()
    assert tokens.retire_previous_tokens() == 0
    assert stored().previous_token_list == [OLD]
    assert AlertKind.TOKEN_NOT_REVOKED not in open_kinds()
    token_meta.failure = None
    broker.flushdb()  # as if the minute were over
    assert tokens.retire_previous_tokens() == 1


def test_meta_is_asked_once_a_minute_at_most(token_meta, account, meta):
    tokens.promote_token(NEW)
    end_grace()
    token_meta.failure = requests.ConnectionError()
    tokens.retire_previous_tokens()
    asked = len(meta.mock.calls)
    tokens.retire_previous_tokens()
    assert len(meta.mock.calls) == asked


def test_an_old_token_that_meta_still_accepts_raises_an_alert_until_it_is_dead(
    token_meta, account, broker
):
    token_meta.ignores_revocation = True
    tokens.promote_token(NEW)
    end_grace()
    assert tokens.retire_previous_tokens() == 0
    assert stored().previous_token_list == [OLD]
    assert AlertKind.TOKEN_NOT_REVOKED in open_kinds()
    token_meta.tokens[OLD] = dead(467)  # a person revoked it at Meta
    broker.flushdb()
    assert tokens.retire_previous_tokens() == 1
    assert AlertKind.TOKEN_NOT_REVOKED not in open_kinds()


def test_what_meta_says_of_another_apps_token_proves_nothing(token_meta, account):
    error = {"code": 100, "message": "The App_id in the input_token did not match the Viewing App"}
    tokens.promote_token(NEW)
    token_meta.tokens[OLD] = {"is_valid": False, "error": error}
    token_meta.ignores_revocation = True
    end_grace()
    assert tokens.retire_previous_tokens() == 0
    assert AlertKind.TOKEN_NOT_REVOKED in open_kinds()


def test_the_token_in_service_is_never_revoked(token_meta, account):
    WhatsAppBusinessAccount.objects.update(
        previous_access_token=OLD, previous_token_until=timezone.now()
    )
    assert tokens.retire_previous_tokens() == 1
    assert token_meta.revoked == []
    assert token_meta.is_accepted(OLD)


# --- Checking and reminding ----------------------------------------------------------------------


def test_the_hourly_check_stops_the_line_when_meta_refuses_the_token(token_meta, account):
    token_meta.tokens[OLD] = dead()
    tokens.check_token()
    assert stored().sending_stopped_code == 190
    assert stored().token_checked_at is not None


def test_an_invalid_token_keeps_the_dates_it_had(token_meta, account):
    token_meta.tokens[OLD] = said_of(DAYS_60)
    tokens.check_token()
    expires_at = stored().token_expires_at
    token_meta.tokens[OLD] = dead()
    tokens.check_token()
    assert (stored().token_type, stored().token_expires_at) == ("SYSTEM_USER", expires_at)


ISSUED = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def reminded(day, *, expires_at=None):
    WhatsAppBusinessAccount.objects.update(token_issued_at=ISSUED, token_expires_at=expires_at)
    with time_machine.travel(ISSUED + timedelta(days=day), tick=False):
        tokens.remind_of_token()
    return open_kinds()


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (44.9, set()),
        (45, {AlertKind.TOKEN_EXPIRES}),
        (59, {AlertKind.TOKEN_EXPIRES}),
        (61, {AlertKind.TOKEN_EXPIRES}),
    ],
)
def test_a_token_that_ends_is_reminded_of_fifteen_days_before(account, day, kinds):
    assert reminded(day, expires_at=ISSUED + DAYS_60) == kinds


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (49.9, set()),
        (50, {AlertKind.TOKEN_DUE}),
        (59.9, {AlertKind.TOKEN_DUE}),
        (60, {AlertKind.TOKEN_OVERDUE}),
        (400, {AlertKind.TOKEN_OVERDUE}),
    ],
)
def test_a_token_without_an_end_is_reminded_of_by_its_age(account, day, kinds):
    assert reminded(day) == kinds


def test_the_days_are_settings(account, settings):
    settings.WHATSAPP_TOKEN_REMIND_DAYS, settings.WHATSAPP_TOKEN_ALARM_DAYS = 5, 8
    assert reminded(6) == {AlertKind.TOKEN_DUE}
    assert reminded(8) == {AlertKind.TOKEN_OVERDUE}


def test_a_reminder_stands_once_and_ends_with_the_rotation(token_meta, account, caplog):
    reminded(50)
    reminded(50)
    assert Alert.objects.count() == 1
    assert caplog.text.count("WhatsApp token should be replaced") == 1
    tokens.promote_token(NEW)
    assert open_kinds() == set()


def test_the_sync_reminds_even_when_meta_does_not_answer(token_meta, account):
    WhatsAppBusinessAccount.objects.update(token_issued_at=timezone.now() - DAYS_60)
    token_meta.failure = requests.ConnectionError()
    syncing.sync_from_meta()
    unread = {AlertKind.NUMBERS_UNREAD, AlertKind.TEMPLATES_UNREAD}
    assert open_kinds() == {AlertKind.TOKEN_OVERDUE, *unread}


def test_where_meta_does_not_tell_when_it_was_issued_the_first_look_counts(token_meta, account):
    token_meta.tokens[OLD] = said_of() | {"issued_at": 0}
    tokens.check_token()
    first = stored().token_issued_at
    assert first is not None
    tokens.check_token()
    assert stored().token_issued_at == first


# --- Nothing tells a token -----------------------------------------------------------------------


def test_neither_logs_nor_errors_nor_alerts_tell_a_token(token_meta, account, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    token_meta.tokens["EAAbad"] = dead()
    told = [repr(tokens.verify_token(NEW)), repr(tokens.verify_token("EAAbad"))]
    for token, failure in (
        ("EAAbad", None),
        (NEW, requests.ConnectionError(f"https://x/debug_token?input_token={NEW}&y={OLD}")),
    ):
        token_meta.failure = failure
        try:
            tokens.promote_token(token)
        except tokens.TokenRefusedError as error:
            told.append("".join(traceback.format_exception(error)))
            told.append(repr(error))
    token_meta.failure = None
    tokens.promote_token(NEW)
    token_meta.ignores_revocation = True
    end_grace()
    tokens.retire_previous_tokens()
    alerts.close_alerts(AlertKind.TOKEN_NOT_REVOKED)
    told += [caplog.text, *capsys.readouterr()]
    told += [f"{alert} {alert.subject}" for alert in Alert.objects.all()]
    for secret in (OLD, NEW, "EAAbad", demo.APP_SECRET):
        assert not any(secret in text for text in told), secret
