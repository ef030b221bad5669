"""What is pasted into the set-up and what its buttons do, with what people paste wrongly."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from messaging import demo, queues
from messaging.graph_api.catalogue import WRONG_PROOF
from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind, Message, SetupCheck, SetupKey, WebhookDelivery
from messaging.services import accounts
from messaging.services.setup import actions, checking, credentials
from messaging.services.setup.fields import NEEDED, USEFUL
from messaging.services.setup.finding_words import sentence_of
from messaging.services.setup.lines import LINES
from messaging.services.setup.sending_now import sending_now
from messaging.services.tokens import TokenRefusedError
from messaging.services.trial import NobodySendsFromItError
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, Tenant, WhatsAppBusinessAccount
from tests.factories import AccountFactory, StaffFactory, TemplateFactory
from tests.messaging.conftest import receive, status_webhook
from tests.messaging.services.setup.conftest import check
from tests.messaging.setup_meta import ADDRESS, number
from tests.messaging.token_meta import NEW, dead, said_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def empty(setup_meta, broker, settings):
    """Nothing is set up, and the environment gives nothing."""
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = settings.WHATSAPP_ACCESS_TOKEN = ""
    settings.WHATSAPP_APP_ID = settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN = ""
    return setup_meta


def account():
    return WhatsAppBusinessAccount.objects.get()


def state(key):
    return SetupCheck.objects.get(key=key).state


def test_an_empty_platform_is_set_up_by_pasting(empty):
    credentials.save_waba_id(f" {demo.WABA_ID}\r\n", by=1)
    credentials.save_app(f"\t{demo.APP_ID} ", f"{demo.APP_SECRET}\n", by=1)
    credentials.save_token(f"Bearer  {demo.ACCESS_TOKEN}\r\n", by=StaffFactory.create().pk)
    token = credentials.save_verify_token("", by=1)
    stored = account()
    assert (stored.waba_id, stored.app_id) == (demo.WABA_ID, demo.APP_ID)
    assert (stored.app_secrets, stored.access_token) == (demo.APP_SECRET, demo.ACCESS_TOKEN)
    assert stored.webhook_verify_token == token
    for key in ("waba", "app_secret", "token", "system_user", "webhook", "subscription"):
        assert state(key) == "done", key
    assert state("numbers") == "needs_you"


def test_what_the_environment_gives_is_taken_along(empty, settings):
    settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN = "from-the-environment"
    credentials.save_waba_id(demo.WABA_ID, by=None)
    assert account().webhook_verify_token == "from-the-environment"
    assert account().app_secrets == demo.APP_SECRET


@pytest.mark.parametrize("pasted", ["", "EAAtoken", "12", "98765 432x", "1" * 40])
def test_what_is_no_id_is_refused_before_anything_is_stored(empty, pasted):
    with pytest.raises(credentials.MalformedError):
        credentials.save_waba_id(pasted, by=1)
    assert not WhatsAppBusinessAccount.objects.exists()


def test_a_wrong_account_is_refused_with_the_stored_token(empty):
    AccountFactory.create(waba_id="222333444555666")
    with pytest.raises(credentials.WrongAccountError) as refusal:
        credentials.save_waba_id("111111111111111", by=1)
    assert refusal.value.code == 100
    assert account().waba_id == "222333444555666"


def test_the_account_of_numbers_in_use_is_not_exchanged(ready):
    WhatsAppBusinessAccount.objects.update(waba_id="222333444555666")
    ready.numbers = [number("999000000000001")]
    with pytest.raises(credentials.AccountInUseError):
        credentials.save_waba_id(demo.WABA_ID, by=1)
    assert account().waba_id == "222333444555666"


def test_a_wrong_id_is_put_right_where_meta_has_our_numbers(ready):
    WhatsAppBusinessAccount.objects.update(waba_id="222333444555666")
    credentials.save_waba_id(demo.WABA_ID, by=1)
    assert account().waba_id == demo.WABA_ID


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (said_of(timedelta(hours=23)), "24-hour token"),
        (said_of(type="USER"), "type USER"),
        (said_of(scopes=[]), "lacks the permission"),
        (said_of(app_id="111"), "another app"),
        (dead(463), "does not accept"),
    ],
)
def test_a_token_that_cannot_live_is_refused_and_the_stored_one_stays(ready, said, problem):
    ready.tokens[NEW] = said
    with pytest.raises(TokenRefusedError, match=problem):
        credentials.save_token(NEW, by=1)
    assert account().access_token == demo.ACCESS_TOKEN


def test_an_app_that_meta_does_not_know_is_not_stored(ready):
    with pytest.raises(credentials.AppRefusedError):
        credentials.save_app("993000000000005", "another-secret", by=1)
    with pytest.raises(credentials.MalformedError):
        credentials.save_app("no id", "another-secret", by=1)
    assert (account().app_id, account().app_secrets) == (demo.APP_ID, demo.APP_SECRET)


def test_while_meta_is_away_nothing_is_stored(ready):
    ready.failure = requests.ReadTimeout()
    with pytest.raises(GraphApiError):
        credentials.save_app("993000000000005", "another-secret", by=1)
    with pytest.raises(TokenRefusedError, match="Meta did not answer"):
        credentials.save_token(NEW, by=1)
    assert (account().app_id, account().access_token) == (demo.APP_ID, demo.ACCESS_TOKEN)


@pytest.mark.parametrize("pasted", ["short", "with ñ letters", "a" * 300])
def test_a_verify_token_that_would_not_survive_an_address_is_refused(ready, pasted):
    with pytest.raises(credentials.MalformedError):
        credentials.save_verify_token(pasted, by=1)


def test_no_secret_is_logged(ready, log_lines):
    written = log_lines()
    credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1)
    token = credentials.save_verify_token("", by=1)
    text = "\n".join(written())
    assert "WhatsApp app saved" in text
    for secret in (demo.APP_SECRET, token, demo.ACCESS_TOKEN):
        assert secret not in text


# --- Buttons -------------------------------------------------------------------------------------
def test_subscribing_mends_a_missing_subscription_and_removes_an_override(ready):
    ready.subscribed, ready.override = [], ""
    assert check(SetupKey.SUBSCRIPTION).code == "not_subscribed"
    actions.subscribe()
    assert f"POST {demo.WABA_ID}/subscribed_apps" in ready.asked
    assert state("subscription") == "done"


def test_the_default_number_is_chosen(ready):
    PhoneNumber.objects.update(is_default=False)
    checking.run_checks([SetupKey.NUMBERS])
    actions.choose_default(PhoneNumber.objects.get(phone_number_id=demo.DEFAULT_PHONE_NUMBER_ID))
    assert state("numbers") == "done"


def test_a_second_secret_of_the_same_app_stays_behind_the_new_one(ready):
    WhatsAppBusinessAccount.objects.update(app_secrets="an-older-secret")
    assert credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1) == 2
    account = WhatsAppBusinessAccount.objects.get()
    assert account.app_secret_list == [demo.APP_SECRET, "an-older-secret"]
    assert credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1) == 2
    # Those of another app sign nothing of this one's.
    WhatsAppBusinessAccount.objects.update(app_id="111111111111111")
    assert credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1) == 1


def test_with_the_right_secret_the_line_that_a_wrong_one_stopped_is_open_again(ready):
    accounts.stop_sending(account(), code=WRONG_PROOF)
    assert sending_now().line == SetupKey.APP_SECRET
    credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1)
    assert account().sending_stopped_at is None


def test_what_hangs_on_a_pasted_credential_is_left_to_a_worker(
    ready, broker, django_capture_on_commit_callbacks
):
    checking.run_checks()
    broker.delete(f"wake:{queues.CHECK_SETUP}", queues.PERIODIC)
    ready.asked.clear()
    with django_capture_on_commit_callbacks(execute=True):
        credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1)
    assert ready.asked == ["GET debug_token", "GET debug_token"]
    assert broker.llen(queues.PERIODIC) == 1
    assert checking._due() == [line.key for line in LINES if line.key != SetupKey.APP_SECRET]


def test_without_a_worker_it_is_all_looked_at_at_once(ready, broker):
    broker.flushdb()
    credentials.save_app(demo.APP_ID, demo.APP_SECRET, by=1)
    assert SetupCheck.objects.filter(checked_at__isnull=False).count() == len(LINES)


def test_a_new_verify_token_asks_meta_only_where_it_posts(ready):
    checking.run_checks()
    ready.asked.clear()
    credentials.save_verify_token("", by=1)
    assert f"GET {demo.WABA_ID}/phone_numbers" not in ready.asked
    assert f"GET {demo.APP_ID}/subscriptions" in ready.asked


def test_missing_fields_are_added_to_those_the_app_gets_already(ready):
    ready.fields = ["messages", "flows"]
    assert check(SetupKey.SUBSCRIPTION).code == "fields_missing"
    actions.mend_subscription()
    assert state("subscription") == "done"
    assert ready.posted["object"] == "whatsapp_business_account"
    assert ready.posted["callback_url"] == ADDRESS
    assert ready.posted["verify_token"] == demo.VERIFY_TOKEN
    assert ready.posted["fields"].split(",") == [
        "messages",
        "flows",
        *(name for name in (*NEEDED, *USEFUL) if name != "messages"),
    ]


def test_an_app_that_posts_elsewhere_is_not_taken_over(ready):
    ready.fields = ["messages"]
    check(SetupKey.SUBSCRIPTION)
    ready.callback_url = "https://other.example.com/hook"
    with pytest.raises(actions.AddressElsewhereError):
        actions.mend_subscription()
    assert not ready.posted


# --- The test message ----------------------------------------------------------------------------
@pytest.fixture
def testable(ready):
    TemplateFactory.create()
    return ready


def send():
    return actions.send_test(to="+34600000101", requested_by="admin:paula")


def taken_by_meta(message, *, wamid="wamid.T1"):
    Message.objects.filter(pk=message.pk).update(
        status=MessageStatus.ACCEPTED,
        send_after=None,
        wamid=wamid,
        accepted_at=timezone.now(),
    )
    message.refresh_from_db()
    return message


def hears(message, status):
    receive(status_webhook(message, status, at=int(timezone.now().timestamp())))


def test_a_test_turns_green_when_the_signed_status_says_that_it_is_on_the_phone(testable):
    message = taken_by_meta(send())
    assert message.reference == "TEST"
    actions.follow_test()
    assert state("test") == "waiting"
    hears(message, "sent")
    actions.follow_test()
    row = SetupCheck.objects.get(key="test")
    assert (row.state, row.code, row.facts["status"]) == ("waiting", "test_sent", "sent")
    hears(message, "delivered")
    actions.follow_test()
    row = SetupCheck.objects.get(key="test")
    assert (row.state, row.code, row.facts["status"]) == ("done", "test_arrived", "delivered")
    assert not row.trouble


def test_a_test_that_stays_with_meta_neither_turns_green_nor_breaks_an_earlier_proof(testable):
    hears(taken_by_meta(send()), "read")
    assert check(SetupKey.TEST).state == "done"
    hears(taken_by_meta(send(), wamid="wamid.T2"), "sent")
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        queues.worker_seen()
        assert (check(SetupKey.TEST).code, state("test")) == ("test_sent", "waiting")


def test_a_test_called_done_at_sent_until_now_is_looked_at_again(testable):
    message = taken_by_meta(send())
    hears(message, "sent")
    SetupCheck.objects.filter(key="test").update(
        found="done", state="done", code="test_arrived", facts={"message": str(message.pk), "status": "sent"}
    )  # fmt: skip
    assert check(SetupKey.TEST).code == "test_sent"


def test_a_status_behind_a_backlog_of_webhooks_is_found(testable):
    message = taken_by_meta(send())
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(body=b"{}", processed_at=timezone.now()) for _one in range(301)
    )
    hears(message, "delivered")
    row = check(SetupKey.TEST)
    assert (row.state, row.facts["delivery"]) == (
        "done",
        str(WebhookDelivery.objects.latest("id").pk),
    )


def test_following_a_test_writes_nothing_until_there_is_news(testable):
    message = taken_by_meta(send())
    actions.follow_test()
    before = SetupCheck.objects.get(key="test").tried_at
    with CaptureQueriesContext(connection) as queries:
        actions.follow_test()
    assert not [query for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert SetupCheck.objects.get(key="test").tried_at == before
    hears(message, "delivered")
    actions.follow_test()
    assert state("test") == "done"


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda message: accounts.stop_sending(AccountFactory(), code=190), "Sending has stopped."),
        (lambda message: accounts.pause_sending(AccountFactory()), "has paused sending."),
        (lambda message: queues.client().flushdb(), "No worker or no beat has left word."),
        (
            lambda message: PhoneNumber.objects.filter(pk=message.phone_number_id).update(
                sending_stopped_at=timezone.now()
            ),
            "The number it leaves from is stopped.",
        ),
        (
            lambda message: Message.objects.filter(pk=message.pk).update(waits_for="quiet_hours"),
            "It waits for: the end of the bakery's quiet hours.",
        ),
    ],
)
def test_a_test_that_we_have_not_sent_says_why_it_waits(testable, happens, said):
    message = send()
    assert check(SetupKey.TEST).code == "test_on_its_way"
    happens(message)
    row = check(SetupKey.TEST)
    assert (row.state, row.code) == ("waiting", "test_held_up")
    with translation.override("en"):
        assert said in sentence_of(row.code, row.facts, None)


def test_a_status_that_no_webhook_brought_proves_nothing(testable):
    message = taken_by_meta(send())
    Message.objects.filter(pk=message.pk).update(
        status=MessageStatus.DELIVERED, delivered_at=timezone.now()
    )
    actions.follow_test()
    assert state("test") == "waiting"


def test_a_test_without_any_status_asks_for_somebody(testable, settings):
    message = taken_by_meta(send())
    Message.objects.filter(pk=message.pk).update(accepted_at=timezone.now() - timedelta(minutes=11))
    assert check(SetupKey.TEST).code == "test_silent"


def test_a_failed_test_says_why_and_a_new_one_begins_again(testable):
    message = taken_by_meta(send())
    Message.objects.filter(pk=message.pk).update(
        status=MessageStatus.FAILED, error_code=131026, failed_at=timezone.now()
    )
    assert (check(SetupKey.TEST).code, state("test")) == ("test_failed", "needs_you")
    send()
    assert state("test") == "waiting"


def test_a_proof_outlives_its_webhook_and_a_new_test_breaks_nothing(testable):
    message = taken_by_meta(send())
    hears(message, "delivered")
    assert check(SetupKey.TEST).state == "done"
    WebhookDelivery.objects.all().delete()
    assert check(SetupKey.TEST).state == "done"
    send()
    assert state("test") == "waiting"
    assert not Alert.objects.open().filter(kind=AlertKind.SETUP_BROKEN).exists()


def test_without_template_or_bakery_the_test_is_refused_in_words(ready):
    with pytest.raises(actions.NoTemplateError):
        send()
    TemplateFactory.create()
    Tenant.objects.update(whatsapp_enabled=False)
    with pytest.raises(NobodySendsFromItError):
        send()
