"""What each line finds, from what Meta and the product say."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from django.utils import timezone, translation

from messaging import demo
from messaging.models import Alert, AlertKind, SetupKey, WebhookDelivery
from messaging.services.setup import finding_words
from messaging.services.setup.lines import LINES
from messaging.services.setup.outcomes import TOKEN_REFUSED
from messaging.services.webhook_address import Question, ask_address
from tenants.models import PhoneNumber, PhoneNumberAssignment, WhatsAppBusinessAccount
from tests.factories import TenantFactory
from tests.messaging.conftest import receive
from tests.messaging.graph_api.test_number_calls import BLOCKED
from tests.messaging.services.setup.conftest import check, found
from tests.messaging.setup_meta import HOST, PUBLIC_IP, SITE, number
from tests.messaging.token_meta import dead, said_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("line", [line for line in LINES if line.call], ids=lambda line: line.key)
def test_the_call_that_stands_as_the_proof_is_the_one_that_was_made(ready, line):
    method, _blank, path = line.call.partition(" ")
    asked = path.format(waba_id=demo.WABA_ID, app_id=demo.APP_ID).partition("?")[0]
    check(line.key)
    assert f"{method} {asked.removeprefix('/')}" in ready.asked


@pytest.mark.parametrize(
    ("told", "state", "code"),
    [
        ("verified", "done", "business_verified"),
        ("VERIFIED", "done", "business_verified"),
        ("pending", "waiting", "business_pending"),
        ("not_verified", "needs_you", "business_unverified"),
        ("rejected", "needs_you", "business_unverified"),
        (None, "by_hand", "business_untold"),
    ],
)
def test_the_business(ready, told, state, code):
    ready.account["business_verification_status"] = told
    assert found(SetupKey.BUSINESS) == (state, code)


@pytest.mark.parametrize(
    ("review", "state", "code"),
    [
        ("APPROVED", "done", "waba_read"),
        ("PENDING", "waiting", "waba_in_review"),
        ("REJECTED", "needs_you", "waba_rejected"),
    ],
)
def test_the_account(ready, review, state, code):
    ready.account["account_review_status"] = review
    assert found(SetupKey.WABA) == (state, code)


def test_what_meta_finds_wrong_with_the_account_is_kept_with_its_solution(ready):
    ready.account["health_status"] = BLOCKED
    row = check(SetupKey.WABA)
    assert (row.state, row.code) == ("needs_you", "waba_blocked")
    assert {
        "what": "WABA",
        "why": "payment problem",
        "solution": "add a payment method",
    } in row.facts["health"]


def test_a_wrong_account_is_told_by_metas_code(ready):
    WhatsAppBusinessAccount.objects.update(waba_id="111111111111111")
    row = check(SetupKey.WABA)
    assert (row.state, row.code, row.facts["error"]) == ("needs_you", "waba_unread", 100)


def test_an_id_without_a_token_waits_for_it(ready):
    WhatsAppBusinessAccount.objects.update(access_token="")
    assert found(SetupKey.WABA) == ("needs_you", "waba_unchecked")
    assert found(SetupKey.NUMBERS) == ("later", "no_token")
    assert found(SetupKey.TOKEN) == ("needs_you", "token_missing")
    assert not ready.asked


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code_verification_status": "NOT_VERIFIED"}, "numbers_unverified"),
        ({"code_verification_status": "EXPIRED"}, "numbers_unverified"),
        ({"status": "PENDING"}, "numbers_off"),
    ],
)
def test_a_number_that_cannot_send_is_named_by_its_last_digits(ready, change, code):
    ready.numbers[0] |= change
    row = check(SetupKey.NUMBERS)
    assert (row.state, row.code, row.facts["numbers"]) == ("needs_you", code, ["…345"])


def test_a_spare_number_on_its_way_is_only_mentioned(ready):
    ready.numbers.append(number("555", code_verification_status="NOT_VERIFIED", status="PENDING"))
    row = check(SetupKey.NUMBERS)
    assert (row.state, row.facts["ready"], row.facts["spare"]) == ("done", 2, ["…555"])
    with translation.override("en"):
        assert "…555" in finding_words.sentence_of(row.code, row.facts, None)
    # As soon as it is missed, the line says what to do.
    TenantFactory.create_batch(2)
    assert found(SetupKey.NUMBERS) == ("broken", "numbers_unverified")


def test_no_number_no_default_and_too_few_numbers(ready):
    PhoneNumber.objects.update(is_default=False)
    assert found(SetupKey.NUMBERS) == ("needs_you", "numbers_no_default")
    PhoneNumber.objects.filter(phone_number_id=demo.DEFAULT_PHONE_NUMBER_ID).update(is_default=True)
    TenantFactory.create_batch(2)
    assert found(SetupKey.NUMBERS) == ("by_hand", "numbers_few")
    ready.numbers = []
    assert found(SetupKey.NUMBERS) == ("needs_you", "numbers_missing")
    assert found(SetupKey.QUALITY) == ("later", "no_numbers")


def test_the_live_cap_is_told(ready):
    WhatsAppBusinessAccount.objects.update(max_phone_numbers=20)
    row = check(SetupKey.NUMBERS)
    with translation.override("en"):
        assert "Meta allows 20." in finding_words.sentence_of(row.code, row.facts, None)


def test_an_app_or_secret_that_meta_does_not_know(ready):
    ready.apps = set()
    assert found(SetupKey.APP_SECRET) == ("needs_you", "app_refused")
    WhatsAppBusinessAccount.objects.update(app_secrets="")
    assert found(SetupKey.APP_SECRET) == ("needs_you", "app_missing")
    assert found(SetupKey.TOKEN) == ("later", "no_app")


@translation.override("en")
def test_a_finding_about_an_earlier_app_says_so(ready):
    ready.tokens[demo.ACCESS_TOKEN] = said_of(app_id="111")
    row = check(SetupKey.TOKEN)
    account = WhatsAppBusinessAccount.objects.get()
    assert "belongs to another app (111)" in finding_words.sentence_of(row.code, row.facts, account)
    account.app_id = "111"
    said = finding_words.sentence_of(row.code, row.facts, account)
    assert said.startswith("What was found belongs to another app or account")


@pytest.mark.parametrize(
    ("said", "system_user", "token"),
    [
        (said_of(), "system_user_known", "token_good"),
        (said_of(timedelta(days=60)), "system_user_known", "token_good"),
        (said_of(timedelta(hours=23)), "system_user_known", "token_bad"),
        (said_of(type="USER"), "not_system_user", "token_bad"),
        (said_of(scopes=["whatsapp_business_management"]), "system_user_known", "token_bad"),
        (
            said_of(
                granular_scopes=[{"scope": "whatsapp_business_messaging", "target_ids": ["111"]}]
            ),
            "system_user_known",
            "token_bad",
        ),
        (dead(463), "token_invalid", "token_bad"),
    ],
)
def test_the_token_and_whose_it_is(ready, said, system_user, token):
    ready.tokens[demo.ACCESS_TOKEN] = said
    assert check(SetupKey.SYSTEM_USER).code == system_user
    row = check(SetupKey.TOKEN)
    assert row.code == token
    sentence = finding_words.sentence_of(row.code, row.facts, WhatsAppBusinessAccount.objects.get())
    assert sentence
    assert demo.ACCESS_TOKEN not in str(row.facts)


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        ({}, "done", "template_approved"),
        ({"status": "PENDING"}, "waiting", "template_in_review"),
        (
            {"status": "REJECTED", "rejected_reason": "PROMOTIONAL"},
            "needs_you",
            "template_rejected",
        ),
        ({"status": "DISABLED"}, "needs_you", "template_stopped"),
        ({"name": "other"}, "needs_you", "template_missing"),
    ],
)
def test_the_template(ready, change, state, code):
    ready.templates = [demo.TEMPLATES[0] | change]
    assert found(SetupKey.TEMPLATE) == (state, code)


def test_one_approved_language_of_the_template_is_enough(ready):
    rejected = demo.TEMPLATES[0] | {"id": "99", "language": "ca", "status": "REJECTED"}
    ready.templates = [rejected, demo.TEMPLATES[0]]
    assert found(SetupKey.TEMPLATE) == ("done", "template_approved")


# --- The webhook ---------------------------------------------------------------------------------
def results():
    return {answer.question.value: answer.result.value for answer in ask_address()}


def test_the_guides_five_questions_are_all_good(ready):
    assert results() == dict.fromkeys(["public", "answers", "challenge", "https", "token"], "ok")
    assert found(SetupKey.WEBHOOK) == ("done", "webhook_verified")


@pytest.mark.parametrize(
    ("own_answer", "bad", "cause"),
    [
        ((403, {}, "no"), {"answers", "token"}, "verify_token"),
        ((302, {"Location": "/login"}, ""), {"answers"}, "wrong_answer"),
        ((200, {}, "<html>hello"), {"challenge"}, "wrong_answer"),
        (requests.exceptions.SSLError("expired"), {"answers", "https"}, "certificate"),
        (requests.ConnectionError("refused"), {"answers"}, "unreachable"),
    ],
)
def test_each_question_says_what_is_wrong(ready, own_answer, bad, cause):
    ready.own_answer = own_answer
    assert {question for question, result in results().items() if result == "bad"} == bad
    row = check(SetupKey.WEBHOOK)
    assert (row.code, row.facts["cause"]) == ("address_bad", cause)
    assert demo.VERIFY_TOKEN not in str(row.facts)


def test_an_address_without_https_is_told(ready, settings):
    settings.SITE_URL = SITE.replace("https", "http")
    assert results()["https"] == "bad"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "web",
        "bakery.localhost",
        "bakery.local",
        "bakery.internal",
        "bakery.internal.",
        "server.lan",
        "x.home.arpa",
        "bakery.example",
        "192.168.1.5",
        "100.64.0.1",
        "[fd00::1]",
        "unknown.example.com",
        "inside.example.com",
        "both.example.com",
    ],
)
def test_an_address_that_is_not_public_is_told(ready, settings, names, host):
    names["inside.example.com"] = [["10.0.0.5"]]
    names["both.example.com"] = [[PUBLIC_IP, "10.0.0.5"]]
    settings.SITE_URL = f"https://{host}"
    (public,) = (answer for answer in ask_address() if answer.question == Question.PUBLIC)
    assert public.result == "bad"
    row = check(SetupKey.WEBHOOK)
    with translation.override("en"):
        said = finding_words.sentence_of(row.code, row.facts, None)
    assert public.fact in said
    # Names that no public DNS knows are not even asked for.
    assert ("example.com" in host) is bool(names.asked)


def test_from_inside_nobody_knows_what_a_name_stands_for_outside(ready, names):
    names[HOST] = [["10.0.0.5"]]
    assert check(SetupKey.WEBHOOK).facts["cause"] == "private_address"
    receive({"object": "whatsapp_business_account", "entry": []})
    assert results()["public"] == "unknown"
    assert found(SetupKey.WEBHOOK) == ("done", "webhook_verified")


def test_where_meta_posts_is_compared_with_our_address(ready):
    ready.callback_url = "https://other.example/hook"
    row = check(SetupKey.WEBHOOK)
    assert (row.code, row.facts["elsewhere"]) == ("posts_elsewhere", "https://other.example/hook")
    ready.callback_url = ""
    assert check(SetupKey.WEBHOOK).code == "not_registered"
    WhatsAppBusinessAccount.objects.update(webhook_verify_token="")
    assert check(SetupKey.WEBHOOK).code == "verify_token_missing"


def test_another_apps_subscription_is_none_of_ours(ready):
    ready.subscribed = ["111"]
    assert found(SetupKey.SUBSCRIPTION) == ("needs_you", "not_subscribed")
    ready.subscribed, ready.override = [demo.APP_ID], "https://other.example/hook"
    assert found(SetupKey.SUBSCRIPTION) == ("needs_you", "account_override")


def test_missing_fields_are_named_and_useful_ones_only_mentioned(ready):
    ready.fields.remove("message_template_status_update")
    row = check(SetupKey.SUBSCRIPTION)
    assert (row.code, row.facts["missing"]) == (
        "fields_missing",
        ["message_template_status_update"],
    )
    ready.fields = ["messages", "message_template_status_update", "template_category_update"]
    ready.fields.append("account_update")
    row = check(SetupKey.SUBSCRIPTION)
    assert row.code == "subscribed"
    assert "security" in finding_words.sentence_of(row.code, row.facts, None)


def test_metas_refusal_to_tell_of_the_subscription_is_trouble(ready):
    ready.refusals[f"{demo.WABA_ID}/subscribed_apps"] = (500, 131000)
    row = check(SetupKey.SUBSCRIPTION)
    assert (row.state, row.trouble) == ("unchecked", "131000")


# --- The product ---------------------------------------------------------------------------------
def test_the_environment_has_its_findings(ready, settings):
    settings.WHATSAPP_APP_SECRETS = []
    row = check(SetupKey.ENVIRONMENT)
    assert (row.code, row.facts["checks"]) == ("environment_wrong", ["bakery_whatsapp.E004"])
    assert said_of_line(row).endswith(
        "WHATSAPP_APP_SECRET is not set: nobody could tell Meta's webhooks from forged ones. "
        "Copy it from the Meta app: App settings, Basic, App secret."
    )
    settings.WHATSAPP_APP_SECRETS = [demo.APP_SECRET]
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert check(SetupKey.ENVIRONMENT).code == "environment_off"


def test_a_variable_that_differs_from_the_database_is_only_mentioned(ready):
    WhatsAppBusinessAccount.objects.update(app_id="111")
    row = check(SetupKey.ENVIRONMENT)
    assert (row.state, row.facts) == ("done", {"differing": ["WHATSAPP_APP_ID"]})


def test_services_are_seen_by_the_workers_word(ready, broker, settings):
    assert found(SetupKey.SERVICES) == ("done", "services_run")
    broker.flushdb()
    assert check(SetupKey.SERVICES).code == "worker_away"


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("v18.0", "version_expired"),
        ("v99.0", "version_unknown"),
        ("v25.0", "version_other"),
        ("v26.0", "version_current"),
    ],
)
def test_the_version_and_what_meta_answers_with(ready, settings, version, code):
    settings.WHATSAPP_API_VERSION = version
    row = check(SetupKey.VERSION)
    assert row.code == code
    assert version in finding_words.sentence_of(row.code, row.facts, None)


def test_statuses_that_do_not_arrive_break_the_test(ready):
    Alert.objects.create(kind=AlertKind.WEBHOOK_SILENT)
    assert check(SetupKey.TEST).code == "webhook_silent"


# --- Bakeries, quality, money --------------------------------------------------------------------
@translation.override("en")
def test_no_bakery_without_a_number_of_its_own_counts_as_having_one(ready):
    row = check(SetupKey.ASSIGNED)
    assert row.state == "done"
    assert said_of_line(row) == "1 bakery has a number of its own."
    TenantFactory.create(name="Panadería Goiko")
    row = check(SetupKey.ASSIGNED)
    assert (row.state, row.code) == ("by_hand", "bakeries_share")
    assert said_of_line(row).startswith(
        "1 bakery has a number of its own. Panadería Goiko sends from the default number."
    )
    TenantFactory.create(name="Forn Roser")
    assert "2 bakeries share the default number" in said_of_line(check(SetupKey.ASSIGNED))


def said_of_line(row):
    return finding_words.sentence_of(row.code, row.facts, None)


def test_no_bakery_and_no_number_for_one(ready):
    PhoneNumberAssignment.objects.all().delete()
    PhoneNumber.objects.update(is_default=False)
    assert check(SetupKey.ASSIGNED).code == "bakeries_without"
    type(TenantFactory()).objects.all().delete()
    assert check(SetupKey.ASSIGNED).code == "bakeries_missing"


@pytest.mark.parametrize(
    ("ratings", "state", "code"),
    [
        (("GREEN", "GREEN"), "done", "quality_green"),
        (("GREEN", "UNKNOWN"), "done", "quality_green"),
        (("NA", "UNKNOWN"), "waiting", "quality_unrated"),
        (("GREEN", "YELLOW"), "needs_you", "quality_low"),
        (("RED", "RED"), "needs_you", "quality_low"),
    ],
)
def test_the_quality(ready, ratings, state, code):
    for row, rating in zip(ready.numbers, ratings, strict=True):
        row["quality_rating"] = rating
    assert found(SetupKey.QUALITY) == (state, code)


def test_a_missing_payment_method_is_told_and_an_untold_one_asked_about(ready):
    del ready.account["primary_funding_id"]
    assert found(SetupKey.BILLING) == ("needs_you", "billing_missing")
    ready.account = {"id": demo.WABA_ID, "name": "Bakery"}
    assert found(SetupKey.BILLING) == ("by_hand", "billing_untold")


# --- Words ---------------------------------------------------------------------------------------
def test_every_finding_of_every_check_has_its_sentence():
    import ast
    import inspect

    from messaging.services.setup import (
        account_checks,
        number_checks,
        product_checks,
        reading,
        sending_now,
        webhook_steps,
    )

    named = set()
    modules = account_checks, number_checks, product_checks, reading, sending_now, webhook_steps
    for module in modules:
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id == "SendingNow":
                named |= {arg.value for arg in call.args[1:2] if isinstance(arg, ast.Constant)}
            if call.func.id in {"_no", "done", "needs_you", "waiting", "by_hand", "NotReadyError"}:
                named |= {arg.value for arg in call.args[:1] if isinstance(arg, ast.Constant)}
    named |= {f"version_{kind}" for kind in ("expired", "expiring", "unknown")}
    named |= {"refused", TOKEN_REFUSED, "number_stopped", "waits_for"}
    assert len(named) > 50
    assert named == finding_words.FINDINGS


def test_a_delivery_without_our_message_proves_nothing(ready):
    WebhookDelivery.objects.create(
        body=b"{}", processed_at=timezone.now(), verdicts=[{"what": "sent", "why": "message 1"}]
    )
    assert check(SetupKey.TEST).code == "test_unsent"
