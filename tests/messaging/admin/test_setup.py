"""The set-up page: who may see and do what on it, what it shows, and what it never shows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from html import unescape

import pytest
import requests
import time_machine
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from messaging import demo, queues
from messaging.models import Alert, AlertKind, MessageTemplate, SetupCheck, SetupKey
from messaging.services import accounts
from messaging.services.setup import checking
from messaging.services.setup.lines import LINES
from tenants.models import (
    PhoneNumber,
    PhoneNumberAssignment,
    StopReason,
    Tenant,
    User,
    WhatsAppBusinessAccount,
)
from tests.factories import MembershipFactory, StaffFactory, TemplateFactory, TenantFactory
from tests.messaging.graph_api.test_number_calls import BLOCKED
from tests.messaging.services.setup.conftest import ready, setup_meta
from tests.messaging.setup_meta import HOST
from tests.messaging.setup_meta import number as number_at_meta
from tests.messaging.token_meta import NEW, said_of

__all__ = ["ready", "setup_meta"]  # fixtures

PAGE = reverse("admin:messaging_setupcheck_changelist")
FORMS = {
    "waba": {"waba-waba_id": demo.WABA_ID},
    "app_secret": {"app_secret-app_id": demo.APP_ID, "app_secret-app_secret": demo.APP_SECRET},
    "token": {"token-access_token": NEW},
    "webhook": {"webhook-verify_token": ""},
    "subscription": {},
    "numbers": {"numbers-number": "1"},
    "test": {"test-to": "+34600000101"},
}


def address(what: str, key: str) -> str:
    return reverse(f"admin:messaging_setupcheck_{what}", args=(key,))


def staff(*permissions: str) -> Client:
    """The browser of somebody of the platform with these rights alone."""
    person = User.objects.create(username="trainee", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def actions() -> Iterable[tuple[str, dict[str, str]]]:
    yield reverse("admin:messaging_setupcheck_check_all"), {}
    for what in ("check", "confirm", "take_back"):
        yield address(what, "business"), {}
    for key, form in FORMS.items():
        yield address("save", key), form


# --- Who -----------------------------------------------------------------------------------------
def test_nobody_and_no_bakery_gets_in(db, meta):
    anonymous, owner = Client(), Client()
    owner.force_login(MembershipFactory.create().user)
    for client in (anonymous, owner):
        assert client.get(PAGE).status_code == 302
        for url, form in actions():
            assert client.post(url, form).status_code == 302, url
    assert not SetupCheck.objects.exists()
    assert len(meta.mock.calls) == 0


@pytest.mark.parametrize("who", ["support", "trainee"])
def test_who_may_only_view_reads_and_does_nothing(ready, sonia, who):
    checking.run_checks()
    client = sonia if who == "support" else staff("view_setupcheck")
    page = client.get(PAGE).text
    assert "15 of 16 done" in page
    for words in ("Check now", "Check everything now", "Send me a test", "I confirm it"):
        assert words not in page
    asked = len(ready.asked)
    for url, form in actions():
        assert client.post(url, form).status_code == 403, url
    assert len(ready.asked) == asked


def test_staff_without_the_right_to_view_are_refused(db):
    assert staff().get(PAGE).status_code == 403


def test_each_right_opens_its_own_actions(ready):
    checking.run_checks()
    client = staff("view_setupcheck", "change_setupcheck")
    assert client.post(address("check", "version")).status_code == 302
    assert client.post(address("confirm", "business")).status_code == 403
    assert client.post(address("save", "token"), FORMS["token"]).status_code == 403
    User.objects.filter(username="trainee").delete()
    client = staff("view_setupcheck", "change_whatsappbusinessaccount")
    assert client.post(address("save", "test"), FORMS["test"]).status_code == 403
    assert client.post(address("save", "webhook"), FORMS["webhook"]).status_code == 200


def test_actions_are_posts_and_lines_are_known(paula, ready):
    for url, _form in actions():
        assert paula.get(url).status_code == 405
    for what in ("check", "save", "confirm", "take_back"):
        assert paula.post(address(what, "nonsense")).status_code == 404
    assert paula.post(address("save", "version")).status_code == 404


# --- What is shown -------------------------------------------------------------------------------
def test_an_empty_platform_sees_all_lines_and_where_to_begin(paula, db):
    page = paula.get(PAGE).text
    assert "0 of 16 done" in page
    assert page.count("not checked yet") >= 16
    assert page.count('class="bw-line ') == 16
    for number in range(1, 11):
        assert f'id="step-{number}"' in page
    assert "0/16" in page
    assert "Begin the set-up" in paula.get("/admin/").text


def test_a_line_shows_its_proof_its_time_and_the_curl_without_a_token(paula, ready):
    paula.post(reverse("admin:messaging_setupcheck_check_all"))
    page = paula.get(f"{PAGE}?open=all").text
    for words in (
        "2 numbers added, verified and connected.",
        f"GET /{demo.WABA_ID}/phone_numbers",
        "Bearer $WHATSAPP_ACCESS_TOKEN",
        "https://business.facebook.com/settings/security",
        f"https://developers.facebook.com/apps/{demo.APP_ID}/settings/basic/",
        "SYSTEM_USER",
        "whatsapp_business_messaging",
        "https://bakery.example.com/api/v1/whatsapp/webhook",
        "It returns the challenge exactly",
        "message_status",
    ):
        assert words in page, words
    account = WhatsAppBusinessAccount.objects.get()
    for secret in (account.access_token, account.app_secrets, account.webhook_verify_token):
        assert secret not in page
    assert "Go on with the set-up" in paula.get("/admin/").text


def test_it_is_told_in_spanish_too(ready, paula):
    checking.run_checks()
    page = paula.get(PAGE, headers={"accept-language": "es"}).text
    assert "Puesta en marcha" in page
    assert "15 de 16" in page
    assert "Meta da la empresa por verificada." in page


@pytest.mark.parametrize("key", [line.key for line in LINES])
def test_each_line_can_be_checked_alone(paula, ready, key):
    answer = paula.post(address("check", key), follow=True)
    assert "Checked." in answer.text
    assert answer.redirect_chain[0][0] == f"{PAGE}?open={key}#line-{key}"
    assert [row.key for row in SetupCheck.objects.all()] == [key]


def test_while_meta_is_away_the_page_says_so_and_keeps_what_it_knew(paula, ready):
    checking.run_checks()
    ready.failure = requests.ConnectionError()
    page = paula.post(reverse("admin:messaging_setupcheck_check_all"), follow=True).text
    assert "Meta did not answer" in page
    assert "15 of 16 done" in page
    # Also for what a refused token keeps from being looked at: its word instead of a code of ours.
    ready.failure, ready.refuses_token = None, 190
    page = paula.post(reverse("admin:messaging_setupcheck_check_all"), follow=True).text
    assert "could not be found out: Meta refuses the stored access token (step 4)." in page
    assert "14 of 16 done" in page
    assert "token_refused" not in page


# --- Simulator or real account -------------------------------------------------------------------
def test_the_page_says_which_meta_it_is_and_the_way_to_the_other(paula, ready, settings):
    settings.WHATSAPP_GRAPH_URL = "http://127.0.0.1:8000/simulator/graph"
    page = paula.get(PAGE).text
    assert "Bakeries, people and the texts of templates stay" in page
    assert "To the real account, step by step" in page
    assert "would reach real ones" in page
    settings.WHATSAPP_GRAPH_URL = "https://graph.facebook.com"
    page = paula.get(PAGE).text
    assert "Real account, not finished" in page
    answer = paula.post(address("save", "waba"), {"waba-waba_id": "111222333444555"}, follow=True)
    assert "Sending is paused" in answer.text
    assert WhatsAppBusinessAccount.objects.get().waba_id == "111222333444555"
    PhoneNumber.objects.update(gone_at=timezone.now())
    page = paula.get(PAGE).text
    assert "Messages reach real phones" in page
    assert "step by step" not in page


# --- Can we send right now? ----------------------------------------------------------------------
def _said(paula):
    text = strip_tags(
        unescape(paula.get(PAGE).text).partition("data-can-send>")[2].partition("</p>")[0]
    )
    return " ".join(text.replace("check_circle", "").split())


def _without_numbers_and_templates():
    PhoneNumberAssignment.objects.all().delete()
    PhoneNumber.objects.all().delete()
    MessageTemplate.objects.all().delete()


def _without_account():
    _without_numbers_and_templates()
    WhatsAppBusinessAccount.objects.all().delete()


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda account: None, "Yes The line is open, numbers and templates are there"),
        (lambda account: accounts.stop_sending(account, code=190), "No Sending has stopped."),
        (accounts.pause_sending, "No Somebody of the platform has paused sending."),
        (
            partial(accounts.stop_by_meta, reason=StopReason.RESTRICTED),
            "No Meta has restricted the account.",
        ),
        (lambda account: queues.client().flushdb(), "No No worker or no beat has left word."),
        (
            lambda account: PhoneNumber.objects.update(sending_stopped_at=timezone.now()),
            "No Every number that sends for a bakery is stopped.",
        ),
        (
            lambda account: PhoneNumber.objects.filter(is_default=True).update(status="BANNED"),
            "Yes But 1 number that bakeries send from is stopped.",
        ),
        (
            lambda account: PhoneNumber.objects.update(gone_at=timezone.now()),
            "No No number sends for any bakery yet",
        ),
        (
            lambda account: MessageTemplate.objects.update(status="PAUSED"),
            "No Meta has approved no template yet",
        ),
        (
            lambda account: Tenant.objects.update(whatsapp_enabled=False),
            "No No bakery has WhatsApp switched on",
        ),
        (
            lambda account: Alert.objects.create(kind=AlertKind.PORTFOLIO_LIMIT),
            "Yes But Meta's limit of recipients is reached",
        ),
        (
            lambda account: WhatsAppBusinessAccount.objects.update(access_token=""),
            "No The access token comes first",
        ),
    ],
)
def test_the_page_answers_whether_we_can_send_right_now(paula, ready, happens, said):
    TemplateFactory.create()
    happens(WhatsAppBusinessAccount.objects.get())
    assert said in _said(paula).replace("error ", "")


def test_without_an_account_or_with_the_switch_off_nothing_can_be_sent(paula, ready, settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert "ENABLE_WHATSAPP_NOTIFICATIONS is off" in _said(paula)
    _without_account()
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = ""
    assert "The WABA id comes first" in _said(paula)


def test_troubleshooting_stands_where_its_error_occurs(paula, ready):
    ready.templates = [demo.TEMPLATES[0] | {"status": "REJECTED", "rejected_reason": "PROMOTIONAL"}]
    checking.run_checks()
    page = paula.get(PAGE).text
    assert "Troubleshooting: Template rejected" in page
    assert "Troubleshooting: Business verification stuck" not in page


TOKEN_HELP = "Troubleshooting: “Invalid OAuth access token”"


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("token", {"token-access_token": NEW}),
        (
            "app_secret",
            {"app_secret-app_id": "993000000000005", "app_secret-app_secret": "0123456789"},
        ),
        ("waba", {"waba-waba_id": "111111111111111"}),
        ("subscription", {}),
    ],
)
def test_troubleshooting_stands_beside_what_meta_refused(paula, ready, key, form):
    checking.run_checks()
    ready.refusals[f"{demo.WABA_ID}/subscribed_apps"] = (403, 200)
    if key == "waba":  # Nothing hangs on the account yet, which is not the simulator's.
        _without_numbers_and_templates()
        WhatsAppBusinessAccount.objects.update(waba_id="222333444555666")
    assert TOKEN_HELP not in paula.get(PAGE).text
    page = paula.post(address("save", key), form).text
    assert page.count(TOKEN_HELP) == 1
    assert 'bw-line__help" open' in page


def test_what_was_only_written_wrongly_has_no_troubleshooting(paula, ready):
    checking.run_checks()
    page = paula.post(address("save", "waba"), {"waba-waba_id": "EAAx"}).text
    assert "An id has digits only" in page
    assert TOKEN_HELP not in page


def test_metas_own_solution_and_our_copy_of_the_template_are_offered(paula, ready):
    ready.account["health_status"] = BLOCKED
    ready.templates = []
    checking.run_checks()
    page = paula.get(PAGE).text
    assert "payment problem add a payment method" in page
    assert "/templatedraft/add/?copy=po_notification" in page


def test_what_is_pasted_stands_in_the_log_of_changes_without_the_secret(paula, ready):
    paula.post(address("save", "webhook"), {"webhook-verify_token": "a-new-verify-token"})
    entry = LogEntry.objects.filter(changes__has_key="webhook_verify_token").latest("pk")
    assert entry.actor == User.objects.get(username="paula")
    assert "a-new-verify-token" not in str(entry.changes)


def test_the_page_keeps_to_its_queries(paula, ready, django_assert_max_num_queries):
    checking.run_checks()
    with django_assert_max_num_queries(26):
        paula.get(PAGE)


def test_what_is_stored_already_is_said_where_it_is_asked_for(paula, ready):
    account = WhatsAppBusinessAccount.objects.get()
    page = paula.get(f"{PAGE}?open=all").text
    for words in (
        f"Stored: {demo.WABA_ID}.",
        f"Stored: app {demo.APP_ID} and 1 app secret.",
        "Stored: an access token.",
        "Stored: a verify token.",
        f'value="{demo.WABA_ID}"',
        f'value="{demo.APP_ID}"',
    ):
        assert words in page, words
    for secret in (account.access_token, account.app_secrets, account.webhook_verify_token):
        assert secret not in page


def test_the_first_look_is_announced_and_followed(paula, ready):
    page = paula.get(PAGE).text
    assert "The first look at everything begins by itself" in page
    assert "data-pending" in page
    assert '<meta http-equiv="refresh" content="5; url=?">' in page
    checking.run_checks()
    page = paula.get(PAGE).text
    assert "The first look" not in page
    assert "data-pending" not in page


def test_without_a_worker_nobody_waits_for_a_look(paula, db, broker):
    assert "data-pending" not in paula.get(PAGE).text


@time_machine.travel("2026-11-26T10:00Z", tick=False)
def test_on_paper_stand_whose_set_up_it_is_as_of_when_and_who_printed_it(paula, ready):
    checking.run_checks([SetupKey.WABA])
    page = paula.get(PAGE).text
    head = page[page.index("bw-printed") : page.index("bw-setup__top")]
    name = ready.account["name"]
    for told in (
        "Bakery WhatsApp",
        HOST,
        f"{name} ({demo.WABA_ID})",
        "26 Nov 2026, 11:00",
        "paula",
    ):
        assert told in head


def test_on_paper_an_account_that_is_not_there_yet_has_no_name(paula, settings):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    assert "WhatsApp account: –" in paula.get(PAGE).text


# --- By hand -------------------------------------------------------------------------------------
def test_a_person_confirms_with_name_and_date_and_takes_it_back(paula, ready):
    del ready.account["business_verification_status"]
    checking.run_checks([SetupKey.BUSINESS])
    assert "I confirm it" in paula.get(PAGE).text
    page = paula.post(address("confirm", "business"), follow=True).text
    assert "by paula, " in page
    assert SetupCheck.objects.get().state == "done"
    page = paula.post(address("take_back", "business"), follow=True).text
    assert "The confirmation is taken back." in page
    assert SetupCheck.objects.get().state == "by_hand"


def test_a_confirmation_that_was_outgrown_asks_again(paula, ready):
    TenantFactory.create_batch(2)
    checking.run_checks([SetupKey.ASSIGNED])
    paula.post(address("confirm", "assigned"))
    assert "It is more, or another thing" not in paula.get(f"{PAGE}?open=all").text
    TenantFactory.create()
    checking.run_checks([SetupKey.ASSIGNED])
    page = paula.get(PAGE).text
    assert "It is more, or another thing, than what was confirmed." in page
    assert "I confirm it" in page
    paula.post(address("confirm", "assigned"))
    assert SetupCheck.objects.get().is_done


def test_the_word_of_somebody_who_left_stays(paula, ready):
    other = StaffFactory.create()
    del ready.account["business_verification_status"]
    checking.run_checks([SetupKey.BUSINESS])
    checking.confirm(SetupKey.BUSINESS, by=other)
    other.delete()
    page = paula.get(f"{PAGE}?open=all").text
    assert "by somebody who has left, " in page
    assert SetupCheck.objects.get().state == "done"


def test_what_meta_tells_is_not_confirmed(paula, ready):
    checking.run_checks([SetupKey.TOKEN])
    page = paula.post(address("confirm", "token"), follow=True).text
    assert "not confirmed by hand" in page


# --- Pasting -------------------------------------------------------------------------------------
def test_a_new_verify_token_is_shown_this_once(paula, ready):
    answer = paula.post(address("save", "webhook"), {"webhook-verify_token": ""})
    token = WhatsAppBusinessAccount.objects.get().webhook_verify_token
    assert token in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert token not in paula.get(f"{PAGE}?open=all").text


def test_a_bad_token_comes_back_with_the_reason_and_without_itself(paula, ready):
    ready.tokens[NEW] = said_of(scopes=["whatsapp_business_management"])
    answer = paula.post(address("save", "token"), {"token-access_token": f"  {NEW}\r\n"})
    assert answer.status_code == 200
    assert "lacks the permission whatsapp_business_messaging" in answer.text
    assert NEW not in answer.text
    assert WhatsAppBusinessAccount.objects.get().access_token == demo.ACCESS_TOKEN


def test_a_good_token_is_put_into_service_and_its_facts_are_shown(paula, ready):
    ready.tokens[NEW] = said_of()
    page = paula.post(address("save", "token"), {"token-access_token": NEW}, follow=True).text
    assert "The new token is in service." in page
    account = WhatsAppBusinessAccount.objects.get()
    assert (account.access_token, account.previous_token_list) == (NEW, [demo.ACCESS_TOKEN])


@pytest.mark.parametrize(
    ("key", "form", "said"),
    [
        ("waba", {"waba-waba_id": "EAAx"}, "An id has digits only"),
        ("waba", {}, "This field is required."),
        (
            "app_secret",
            {"app_secret-app_id": "1", "app_secret-app_secret": "x"},
            "no app id or no app secret",
        ),
        (
            "app_secret",
            {"app_secret-app_id": "993000000000005", "app_secret-app_secret": "0123456789"},
            "does not accept the app id",
        ),
        ("webhook", {"webhook-verify_token": "kurz"}, "At least eight letters"),
        ("test", {"test-to": "600 00"}, "This is no phone number."),
        ("test", {"test-to": "600 000 101"}, "cannot be sent yet (step 5)"),
        ("numbers", {"numbers-number": "999"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(paula, ready, key, form, said):
    answer = paula.post(address("save", key), form)
    assert answer.status_code == 200
    assert said in answer.text


def test_the_id_of_an_account_in_use_is_not_exchanged(paula, ready):
    WhatsAppBusinessAccount.objects.update(waba_id="222333444555666")
    ready.numbers = [number_at_meta("999000000000001")]
    page = paula.post(address("save", "waba"), {"waba-waba_id": demo.WABA_ID}).text
    assert "are here already" in page


def test_what_needs_the_account_first_says_so(paula, setup_meta, broker, settings, db):
    settings.WHATSAPP_BUSINESS_ACCOUNT_ID = ""
    for key in ("app_secret", "token", "webhook", "subscription"):
        answer = paula.post(address("save", key), FORMS[key])
        assert "The WABA id comes first" in answer.text, key


def test_missing_fields_are_mended_with_a_button_and_metas_refusal_leaves_the_link(paula, ready):
    ready.fields.remove("account_update")
    checking.run_checks([SetupKey.SUBSCRIPTION])
    assert "Subscribe to the missing fields" in paula.get(PAGE).text
    ready.refusals[f"{demo.APP_ID}/subscriptions"] = (400, 100)
    page = paula.post(address("save", "subscription")).text
    assert "Meta did not do it:" in page
    assert f"https://developers.facebook.com/apps/{demo.APP_ID}/whatsapp-business/" in page
    ready.refusals.clear()
    page = paula.post(address("save", "subscription"), follow=True).text
    assert "Done at Meta" in page
    assert SetupCheck.objects.get(key=SetupKey.SUBSCRIPTION).is_done


def test_fields_of_an_app_that_posts_elsewhere_are_not_touched(paula, ready):
    ready.fields.remove("account_update")
    checking.run_checks([SetupKey.SUBSCRIPTION])
    ready.callback_url = "https://other.example.com/hook"
    page = paula.post(address("save", "subscription")).text
    assert "The app does not post to our address" in page


def test_metas_refusal_to_subscribe_is_told(paula, ready):
    ready.refusals[f"{demo.WABA_ID}/subscribed_apps"] = (403, 200)
    assert "(200)" in paula.post(address("save", "subscription")).text


def test_a_test_message_is_followed_from_the_page(paula, ready):
    TemplateFactory.create()
    page = paula.post(address("save", "test"), FORMS["test"], follow=True).text
    assert "On its way." in page
    assert "data-pending" in page
    assert '<meta http-equiv="refresh" content="5; url=?open=test">' in page
    assert "+34600000101" not in page


# --- The alert -----------------------------------------------------------------------------------
def test_a_broken_line_stands_among_the_alerts_with_what_to_do(paula, ready):
    checking.run_checks()
    ready.templates = []
    checking.run_checks([SetupKey.TEMPLATE])
    assert Alert.objects.open().filter(kind=AlertKind.SETUP_BROKEN).count() == 1
    home = paula.get("/admin/").text
    assert "A line of the set-up no longer holds" in home
    assert "Template po_notification approved: The account has no template" in home
    assert PAGE in home
    assert "1 line no longer holds." in paula.get(PAGE).text
