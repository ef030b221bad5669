"""How a line comes to stand as it does: found, confirmed, broken, mended, and kept while Meta is away."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import requests
import time_machine
from django.utils import timezone, translation

from messaging import demo, queues
from messaging.graph_api.catalogue import WRONG_PROOF
from messaging.models import Alert, AlertKind, SetupCheck, SetupKey, SetupState
from messaging.services import accounts
from messaging.services.setup import checking
from messaging.services.setup.finding_words import finding_of, trouble_words
from messaging.services.setup.lines import LINES
from messaging.services.setup.progress import progress
from tests.factories import AccountFactory, StaffFactory, TenantFactory
from tests.messaging.services.setup.conftest import check, found
from tests.messaging.token_meta import dead

pytestmark = pytest.mark.django_db


def alerts():
    return list(
        Alert.objects.open().filter(kind=AlertKind.SETUP_BROKEN).values_list("subject", flat=True)
    )


def test_there_are_sixteen_lines_over_all_ten_steps():
    assert [line.key for line in LINES] == list(SetupKey)
    assert len(LINES) == 16
    assert {line.step for line in LINES} == set(range(1, 11))


def test_all_that_is_in_order_is_found_done_with_its_time(ready):
    before = timezone.now()
    rows = {row.key: row for row in checking.run_checks()}
    missing = {key: (row.state, row.code) for key, row in rows.items() if not row.is_done}
    assert missing == {"test": ("needs_you", "test_unsent")}
    assert all(row.checked_at and row.checked_at >= before for row in rows.values())
    assert rows["numbers"].proved_at == rows["numbers"].checked_at
    assert progress().done == 15


def test_meta_is_asked_for_each_thing_once(ready):
    checking.run_checks()
    reads = [call for call in ready.asked if call.startswith("GET")]
    # Two for the account, for its core and its optional fields; three for numbers, with their health; one for a
    # number's webhook; two of debug_token, for the token and the app.
    assert reads.count(f"GET {demo.WABA_ID}") == 2
    assert reads.count(f"GET {demo.WABA_ID}/phone_numbers") == 3
    assert reads.count(f"GET {demo.WABA_ID}/message_templates") == 1
    assert reads.count(f"GET {demo.WABA_ID}/subscribed_apps") == 1
    assert reads.count(f"GET {demo.APP_ID}/subscriptions") == 1
    assert reads.count("GET debug_token") == 2


def test_without_an_account_lines_say_what_comes_first(setup_meta, broker, settings):
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = ""
    rows = {row.key: (row.state, row.code) for row in checking.run_checks()}
    assert rows["waba"] == ("needs_you", "waba_missing")
    assert rows["token"] == rows["numbers"] == rows["webhook"] == ("later", "no_account")
    assert rows["version"] == ("done", "version_current")
    assert not setup_meta.asked
    assert alerts() == []


def test_a_line_that_held_breaks_with_an_alert_and_mends(ready):
    assert found(SetupKey.TEMPLATE) == ("done", "template_approved")
    ready.templates = [ready.templates[0] | {"status": "PAUSED"}]
    assert found(SetupKey.TEMPLATE) == ("broken", "template_stopped")
    assert alerts() == ["template"]
    assert found(SetupKey.TEMPLATE) == ("broken", "template_stopped")
    assert Alert.objects.filter(kind=AlertKind.SETUP_BROKEN).count() == 1
    ready.templates = [demo.TEMPLATES[0]]
    assert found(SetupKey.TEMPLATE) == ("done", "template_approved")
    assert alerts() == []


def test_what_never_held_needs_somebody_and_opens_no_alert(ready):
    ready.templates = []
    assert found(SetupKey.TEMPLATE) == ("needs_you", "template_missing")
    assert alerts() == []


@pytest.mark.parametrize("failure", [requests.ConnectionError(), requests.ReadTimeout()])
def test_while_meta_is_away_everything_stays_as_it_was(ready, failure):
    proved_at = check(SetupKey.NUMBERS).proved_at
    ready.failure = failure
    row = check(SetupKey.NUMBERS)
    assert (row.state, row.code, row.proved_at) == ("done", "numbers_verified", proved_at)
    assert row.trouble
    assert alerts() == []


def test_once_meta_is_away_it_is_not_asked_again_in_the_same_run(ready):
    ready.failure = requests.ReadTimeout()
    rows = checking.run_checks()
    assert len(ready.asked) == 1
    assert len([row for row in rows if row.trouble]) >= 8


def test_a_refusal_is_told_and_no_trouble(ready):
    ready.refusals[f"{demo.WABA_ID}/message_templates"] = (400, 100)
    row = check(SetupKey.TEMPLATE)
    assert (row.state, row.code, row.facts, row.trouble) == (
        "needs_you",
        "refused",
        {"error": 100},
        "",
    )


# --- One cause, one line -------------------------------------------------------------------------
def _expire(ready):
    ready.tokens[demo.ACCESS_TOKEN] = dead(463)


def _refuse(code):
    return lambda ready: setattr(ready, "refuses_token", code)


def _refuse_app(ready):
    """All that is asked with the app's own token, and with it all that is known of the access token."""
    ready.apps = set()
    ready.refusals[f"{demo.APP_ID}/subscriptions"] = (400, 190)


def _hide_account(ready):
    for edge in ("", "/phone_numbers", "/message_templates", "/subscribed_apps"):
        ready.refusals[f"{demo.WABA_ID}{edge}"] = (400, 100)


@pytest.mark.parametrize(
    ("happens", "line", "code"),
    [
        (_expire, "token", "token_bad"),
        (_refuse(190), "token", "token_refused_now"),
        (_refuse(200), "token", "token_refused_now"),
        (_refuse_app, "app_secret", "app_refused"),
        (_hide_account, "waba", "waba_unread"),
        (_refuse(131031), "waba", "refused"),
    ],
)
def test_one_cause_breaks_one_line_and_opens_one_alert(ready, happens, line, code):
    proved = {row.key: row.proved_at for row in checking.run_checks()}
    happens(ready)
    rows = {row.key: row for row in checking.run_checks()}
    broken = [(row.key, row.code) for row in rows.values() if row.state == SetupState.BROKEN]
    assert broken == [(line, code)]
    # An account that stops for its token has the alert itself.
    is_stopped = Alert.objects.open().filter(kind=AlertKind.ACCOUNT_STOPPED).exists()
    assert is_stopped is (happens is _expire)
    assert alerts() == ([] if is_stopped else [line])
    # What could not be looked at any more keeps its proof, and says what is missing.
    kept = [row for row in rows.values() if row.trouble]
    assert kept
    assert [row.key for row in kept if not row.is_done or row.proved_at != proved[row.key]] == []
    assert not any(row.trouble in trouble_words(row.trouble) for row in kept)


def test_what_never_held_waits_for_the_token(ready):
    ready.refuses_token = 190
    rows = {row.key: row for row in checking.run_checks()}
    assert (rows["token"].state, rows["token"].facts["error"]) == ("needs_you", 190)
    for key in ("business", "waba", "numbers", "template", "quality", "billing"):
        assert (rows[key].state, rows[key].code) == ("later", "token_refused"), key
    assert alerts() == []


def test_a_permission_that_one_line_misses_is_the_tokens_fault(ready):
    checking.run_checks()
    ready.refusals[f"{demo.WABA_ID}/message_templates"] = (403, 200)
    assert check(SetupKey.TEMPLATE).trouble == "token_refused"
    assert alerts() == ["token"]
    # The token alone would be found good; the line that could not be read is read with it.
    row = check(SetupKey.TOKEN)
    assert (row.state, row.code, row.facts["error"]) == ("broken", "token_refused_now", 200)
    del ready.refusals[f"{demo.WABA_ID}/message_templates"]
    assert check(SetupKey.TOKEN).is_done
    assert not SetupCheck.objects.get(key=SetupKey.TEMPLATE).trouble


def test_the_token_is_not_done_while_sending_is_stopped_for_it(ready, broker):
    checking.run_checks()
    account = AccountFactory()
    accounts.stop_sending(account, code=190)
    assert checking._due() == [SetupKey.APP_SECRET, SetupKey.TOKEN]
    row = check(SetupKey.TOKEN)
    assert (row.state, row.code, row.facts["error"]) == ("broken", "token_stopped", 190)
    account.refresh_from_db()
    accounts.lift_credential_stop(account)
    assert checking._due() == [SetupKey.APP_SECRET, SetupKey.TOKEN]
    assert check(SetupKey.TOKEN).is_done
    assert alerts() == []


def test_a_stop_and_its_end_wake_the_look_at_the_token(
    ready, broker, django_capture_on_commit_callbacks
):
    account = AccountFactory()
    for change in (partial(accounts.stop_sending, code=190), accounts.lift_credential_stop):
        checking.run_checks()
        broker.flushdb()
        account.refresh_from_db()
        with django_capture_on_commit_callbacks(execute=True):
            change(account)
        assert broker.llen(queues.PERIODIC) == 1, change
        checking.check_what_is_due()
        assert not broker.exists(f"wake:{queues.CHECK_SETUP}")


# --- By hand -------------------------------------------------------------------------------------
def test_what_meta_does_not_tell_is_confirmed_with_name_and_time(ready):
    paula = StaffFactory.create()
    del ready.account["business_verification_status"]
    assert found(SetupKey.BUSINESS) == ("by_hand", "business_untold")
    row = checking.confirm(SetupKey.BUSINESS, by=paula)
    assert (row.state, row.confirmed_by) == ("done", paula)
    assert row.confirmed_at is not None
    # A later look finds the same, and the word still counts.
    assert found(SetupKey.BUSINESS) == ("done", "business_untold")
    assert checking.take_back(SetupKey.BUSINESS, by=paula).state == "by_hand"


def test_a_word_covers_what_it_was_given_for_and_no_more(ready):
    TenantFactory.create_batch(2)
    assert found(SetupKey.ASSIGNED) == ("by_hand", "bakeries_share")
    assert checking.confirm(SetupKey.ASSIGNED, by=StaffFactory.create()).is_done
    assert check(SetupKey.ASSIGNED).is_done
    more = TenantFactory.create()
    row = check(SetupKey.ASSIGNED)
    assert (row.state, row.is_confirmed, row.confirmed_extent) == ("by_hand", False, 2)
    assert alerts() == []
    more.delete()
    assert check(SetupKey.ASSIGNED).is_done


def test_too_few_numbers_are_asked_about_again_when_more_are_missing(ready):
    tenants = TenantFactory.create_batch(2)
    assert found(SetupKey.NUMBERS) == ("by_hand", "numbers_few")
    checking.confirm(SetupKey.NUMBERS, by=StaffFactory.create())
    assert check(SetupKey.NUMBERS).is_done
    TenantFactory.create()
    assert check(SetupKey.NUMBERS).state == "by_hand"
    tenants[0].delete()
    assert check(SetupKey.NUMBERS).is_done


def test_one_bakery_on_the_default_number_takes_one_word(ready):
    TenantFactory.create()
    assert found(SetupKey.ASSIGNED) == ("by_hand", "bakeries_share")
    with translation.override("en"):
        assert "or confirm that it is meant so" in finding_of(check(SetupKey.ASSIGNED), None)
        confirmed = checking.confirm(SetupKey.ASSIGNED, by=StaffFactory.create())
        assert finding_of(confirmed, None).endswith(" sends from the default number, as is meant.")
    assert check(SetupKey.ASSIGNED).is_done


def test_a_word_for_one_finding_is_none_for_another(ready):
    SetupCheck.objects.create(
        key=SetupKey.NUMBERS,
        found=SetupState.BY_HAND,
        code="another",
        confirmed_code="another",
        confirmed_extent=9,
        confirmed_at=timezone.now(),
    )
    TenantFactory.create_batch(2)
    assert found(SetupKey.NUMBERS) == ("by_hand", "numbers_few")


def test_what_was_done_and_now_needs_a_word_is_not_broken(ready):
    assert check(SetupKey.ASSIGNED).is_done
    TenantFactory.create_batch(2)
    assert found(SetupKey.ASSIGNED) == ("by_hand", "bakeries_share")
    assert alerts() == []


def test_metas_word_counts_more_than_a_persons(ready):
    del ready.account["business_verification_status"]
    check(SetupKey.BUSINESS)
    checking.confirm(SetupKey.BUSINESS, by=StaffFactory.create())
    ready.account["business_verification_status"] = "REJECTED"
    assert found(SetupKey.BUSINESS) == ("broken", "business_unverified")
    assert alerts() == ["business"]


def test_what_meta_tells_is_not_confirmed_by_hand(ready):
    check(SetupKey.TOKEN)
    with pytest.raises(checking.NotByHandError):
        checking.confirm(SetupKey.TOKEN, by=StaffFactory.create())
    with pytest.raises(checking.NotByHandError):
        checking.take_back(SetupKey.TOKEN, by=StaffFactory.create())


# --- When it looks -------------------------------------------------------------------------------
def test_what_holds_is_looked_at_daily_and_the_rest_hourly(ready):
    assert checking.check_what_is_due() == 16
    assert checking.check_what_is_due() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert checking._due() == [SetupKey.TEST]
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert len(checking._due()) == 16


def test_a_new_installation_is_looked_at_within_seconds(
    ready, broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        checking.check_what_was_never_checked()
        checking.check_what_was_never_checked()
    assert broker.llen(queues.PERIODIC) == 1
    # While Meta, or our own address, is not up yet: again after a minute, not after an hour.
    ready.failure = requests.ConnectionError()
    checking.check_what_is_due()
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert SetupKey.NUMBERS in checking._due()
        assert SetupKey.ENVIRONMENT not in checking._due()
    ready.failure = None
    checking.run_checks()
    broker.flushdb()
    with django_capture_on_commit_callbacks(execute=True):
        checking.check_what_was_never_checked()
    assert broker.llen(queues.PERIODIC) == 0


def test_a_broken_line_is_looked_at_hourly_until_it_holds(ready):
    checking.run_checks()
    ready.templates = []
    check(SetupKey.TEMPLATE)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert SetupKey.TEMPLATE in checking._due()


def test_the_progress_counts_what_is_done_and_what_broke(db):
    SetupCheck.objects.create(key=SetupKey.WABA, state=SetupState.DONE)
    SetupCheck.objects.create(key=SetupKey.TOKEN, state=SetupState.BROKEN)
    assert (progress().done, progress().broken, progress().total) == (1, 1, 16)
    assert not progress().is_finished


def test_no_row_keeps_a_secret(ready):
    account = AccountFactory()
    checking.run_checks()
    kept = str(list(SetupCheck.objects.values_list("facts", flat=True)))
    for secret in (account.access_token, account.app_secrets, account.webhook_verify_token):
        assert secret not in kept
    assert "612345678" not in kept


def test_a_wrong_app_secret_is_one_alert_of_the_account(ready, broker):
    checking.run_checks()
    ready.apps.clear()
    check(SetupKey.APP_SECRET)
    assert alerts() == [SetupKey.APP_SECRET]
    accounts.stop_sending(AccountFactory(), code=WRONG_PROOF)
    assert check(SetupKey.APP_SECRET).state == "broken"
    assert alerts() == []
    assert Alert.objects.open().filter(kind=AlertKind.ACCOUNT_STOPPED).exists()
