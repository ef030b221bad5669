"""The list of templates and a template's page: what they tell, who may do what, and Meta being down."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from messaging import demo
from messaging.admin.template_words import rejection_words, status_words
from messaging.models import (
    Alert,
    AlertKind,
    MessageTemplate,
    TemplateChange,
    TemplateChangeKind,
    TemplateDraft,
    WaitsFor,
)
from messaging.services import template_drift
from tenants.models import User, WhatsAppBusinessAccount
from tests.factories import (
    AccountFactory,
    MembershipFactory,
    MessageFactory,
    PriceRateFactory,
    TemplateFactory,
)
from tests.messaging.conftest import GRAPH

LIST = "/admin/messaging/messagetemplate/"
TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"
ACTIONS = ("edit", "pause", "resume", "seen", "remove", "remove-all")


@pytest.fixture
def template(db, broker) -> MessageTemplate:
    made: MessageTemplate = TemplateFactory.create(meta_template_id="1200000000000345")
    return made


def page_of(template: MessageTemplate) -> str:
    return f"{LIST}{template.pk}/change/"


def action(template: MessageTemplate, name: str) -> str:
    return f"{LIST}{template.pk}/{name}/"


def synced(ago: timedelta) -> None:
    at = timezone.now() - ago
    WhatsAppBusinessAccount.objects.update(templates_synced_at=at)
    MessageTemplate.objects.update(last_synced_at=at)


# --- The list ------------------------------------------------------------------------------------
def test_the_list_says_how_fresh_it_is(paula, template):
    TemplateFactory.create(name="other")
    synced(timedelta(minutes=4))
    text = paula.get(LIST).text.replace("\xa0", " ")
    assert "last synced 4 minutes ago, 2 of 2" in text


def test_a_list_that_was_never_synced_says_so(paula, template):
    assert "never synced" in paula.get(LIST).text


def test_with_meta_down_the_button_says_why_and_every_page_opens(paula, template, meta):
    synced(timedelta(hours=2))
    meta.mock.get(TEMPLATES_URL, status=503, body="<html>")
    answer = paula.post(f"{LIST}sync/", follow=True).text
    assert "Meta could not be read, nothing was changed" in answer
    assert re.search(r"Meta could not be read since <time.*What you see stands as of", answer)
    for path in (page_of(template), "/admin/messaging/templatedraft/add/", "/admin/"):
        assert paula.get(path).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=REJECTED", {"b_rejected"}),
        ("?category=MARKETING", {"c_marketing"}),
        ("?language=en", {"d_english"}),
        ("?quality_score=RED", {"e_red"}),
        ("?state=paused", {"f_paused"}),
        ("?state=changed", {"g_changed"}),
        ("?state=blocked", {"b_rejected", "f_paused"}),
        ("?q=d_eng", {"d_english"}),
        (
            "?status=NONSENSE",
            {"b_rejected", "c_marketing", "d_english", "e_red", "f_paused", "g_changed"},
        ),
    ],
)
def test_the_list_is_filtered_and_searched(paula, db, query, expected):
    TemplateFactory.create(name="b_rejected", status="REJECTED")
    TemplateFactory.create(name="c_marketing", category="MARKETING")
    TemplateFactory.create(name="d_english", language="en")
    TemplateFactory.create(name="e_red", quality_score="RED")
    TemplateFactory.create(name="f_paused", paused_at=timezone.now())
    changed = TemplateFactory.create(name="g_changed")
    template_drift.note(changed, TemplateChangeKind.CATEGORY, before="UTILITY", after="MARKETING")
    rows = paula.get(f"{LIST}{query}").context["cl"].result_list
    assert {row.name for row in rows} == expected


def test_the_list_needs_no_more_queries_for_more_templates(
    paula, db, django_assert_max_num_queries
):
    for place in range(30):
        one = TemplateFactory.create(name=f"template_{place}")
        template_drift.note(one, TemplateChangeKind.CATEGORY, before="UTILITY", after="MARKETING")
    with django_assert_max_num_queries(18):
        assert paula.get(LIST).status_code == 200


def test_our_copies_are_offered_while_the_account_lacks_them(paula, template):
    text = paula.get(LIST).text
    assert "copy=production_alert" in text
    assert "copy=po_notification" not in text


# --- One template --------------------------------------------------------------------------------
STATUSES = (
    "APPROVED", "PENDING", "REJECTED", "IN_APPEAL", "PAUSED", "DISABLED", "PENDING_DELETION",
    "DELETED", "LIMIT_EXCEEDED", "ARCHIVED", "FLAGGED", "LOCKED", "A_NEW_WORD",
)  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_told_in_words_with_what_to_do(status):
    what, to_do = status_words(MessageTemplate(status=status))
    assert what
    assert bool(to_do) is (status != "APPROVED")


def test_a_status_nobody_knows_is_shown_as_meta_writes_it(paula, template):
    MessageTemplate.objects.update(status="SOMETHING_NEW")
    text = paula.get(page_of(template)).text
    assert "SOMETHING_NEW" in text
    assert "by a word we do not know" in text


@pytest.mark.parametrize(
    "reason",
    ["ABUSIVE_CONTENT", "CATEGORY_NOT_AVAILABLE", "INCORRECT_CATEGORY", "INVALID_FORMAT",
     "PROMOTIONAL", "SCAM", "TAG_CONTENT_MISMATCH", "A_NEW_WORD"],
)  # fmt: skip
def test_every_rejection_is_explained(reason):
    words = rejection_words(reason)
    assert words is not None
    assert all(words)


@pytest.mark.parametrize("reason", ["", "NONE"])
def test_without_a_rejection_nothing_is_explained(reason):
    assert rejection_words(reason) is None


def test_a_rejected_templates_page_says_why_and_what_to_do_in_spanish_too(paula, template):
    MessageTemplate.objects.update(status="REJECTED", rejected_reason="PROMOTIONAL")
    english = paula.get(page_of(template)).text
    assert "reads advertising" in english
    assert "Remove words like offer" in english
    spanish = paula.get(page_of(template), headers={"accept-language": "es"}).text
    assert "lee publicidad" in spanish


def test_the_page_shows_drift_with_its_effect_and_who_sends_it(
    paula, template, no_prices, django_assert_max_num_queries
):
    MessageFactory.create(requested_by="erp-goiko", template=template)
    PriceRateFactory.create(category="utility", amount="0.02")
    PriceRateFactory.create(category="marketing", amount="0.06")
    template_drift.note(template, TemplateChangeKind.CATEGORY, before="UTILITY", after="MARKETING")
    with django_assert_max_num_queries(21):
        text = paula.get(page_of(template)).text
    assert "Each message costs the price of marketing" in text
    assert (
        "For the 1 message of the last 30 days that makes +€0.04, at the price for Spain." in text
    )
    assert "erp-goiko" in text
    assert "I have seen it" in text
    paula.post(action(template, "seen"))
    text = paula.get(page_of(template)).text
    assert "I have seen it" not in text
    assert "seen by paula" in text
    assert not Alert.objects.open().filter(kind=AlertKind.TEMPLATE_CHANGED).exists()


def test_callers_whose_values_no_longer_fit_are_shown(paula, template):
    MessageFactory.create(requested_by="erp-goiko", template=template)
    MessageTemplate.objects.update(components=[{"type": "BODY", "text": "Hola {{1}}, listo."}])
    assert "no longer fit" in paula.get(page_of(template)).text


def test_pausing_and_resuming_ask_first(paula, template):
    MessageFactory.create(template=template, waits_for=WaitsFor.TEMPLATE)
    assert "Its messages are accepted and wait" in paula.get(action(template, "pause")).text
    template.refresh_from_db()
    assert template.paused_at is None
    paula.post(action(template, "pause"))
    template.refresh_from_db()
    assert template.paused_at is not None
    assert "We paused it" in paula.get(page_of(template)).text
    assert "1 message waits for it" in paula.get(action(template, "resume")).text
    paula.post(action(template, "resume"))
    template.refresh_from_db()
    assert template.paused_at is None


def test_deleting_asks_first_and_names_what_goes(paula, template, meta):
    TemplateFactory.create(language="en", meta_template_id="9")
    one = paula.get(action(template, "remove")).text
    assert "po_notification (es)" in one
    assert "po_notification (en)" not in one
    assert (
        "po_notification (en), po_notification (es)"
        in paula.get(action(template, "remove-all")).text
    )
    meta.mock.delete(TEMPLATES_URL, json={"success": True})
    text = paula.post(action(template, "remove"), follow=True).text
    assert "Deleted at Meta: po_notification (es)." in text
    assert "no longer at Meta" in text


def test_a_refused_deletion_shows_metas_words(paula, template, meta):
    error = {"code": 100, "error_subcode": 2388039, "error_user_title": "No se puede eliminar"}
    meta.mock.delete(TEMPLATES_URL, status=400, json={"error": error})
    text = paula.post(action(template, "remove"), follow=True).text
    assert "(2388039)" in text
    assert "No se puede eliminar" in text


def test_what_meta_lets_nobody_do_has_no_button_and_is_refused(paula, template, meta):
    MessageTemplate.objects.update(status="DISABLED")
    text = paula.get(page_of(template)).text
    assert action(template, "edit") not in text
    assert action(template, "remove") not in text
    assert "in this state" in paula.post(action(template, "edit"), follow=True).text
    assert "in this state" in paula.post(action(template, "remove"), follow=True).text
    assert len(meta.mock.calls) == 0


def test_editing_opens_one_draft_and_goes_on_with_it(paula, template):
    first = paula.post(action(template, "edit"))
    assert first.headers["location"] == paula.post(action(template, "edit")).headers["location"]
    assert TemplateDraft.objects.count() == 1
    assert "Go on with the draft" in paula.get(page_of(template)).text


def test_what_changes_something_takes_a_post(paula, template):
    for name in ("edit", "seen"):
        assert paula.get(action(template, name)).status_code == 405
    assert paula.get(f"{LIST}sync/").status_code == 405


# --- Who may -------------------------------------------------------------------------------------
def acted(client: Client, template: MessageTemplate, name: str) -> int:
    return client.post(action(template, name)).status_code


@pytest.mark.parametrize("name", ACTIONS)
def test_anonymous_and_bakeries_are_sent_to_a_log_in(template, meta, name):
    owner = Client()
    owner.force_login(MembershipFactory.create().user)
    for client in (Client(), owner):
        assert acted(client, template, name) == 302
        assert "/login" in client.post(action(template, name)).headers["location"]
    assert not TemplateChange.objects.exists()
    assert not TemplateDraft.objects.exists()


@pytest.mark.parametrize("name", ACTIONS)
def test_staff_that_may_only_look_may_do_nothing(template, meta, name):
    client = looker()
    assert client.get(page_of(template)).status_code == 200
    assert acted(client, template, name) == 403
    text = client.get(page_of(template)).text
    for one in ACTIONS:
        assert action(template, one) not in text


def looker() -> Client:
    person = User.objects.create(username="trainee", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_messagetemplate"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def test_a_template_that_does_not_exist_is_a_404(paula, db):
    AccountFactory.create()
    for name in ACTIONS:
        assert paula.post(f"{LIST}999/{name}/").status_code == 404


# --- States in which less can be done -----------------------------------------------------------
def test_a_deleted_template_speaks_no_longer_of_its_rejection(paula, template):
    MessageTemplate.objects.update(status="DELETED", rejected_reason="INVALID_FORMAT")
    text = paula.get(page_of(template)).text
    assert "It is no longer at Meta" in text
    assert "INVALID_FORMAT" not in text
    assert "Number the placeholders" not in text
    assert page_of(template) not in paula.get(f"{LIST}?state=blocked").text


@pytest.mark.parametrize(
    ("status", "offered"),
    [("APPROVED", True), ("PAUSED", True), ("REJECTED", False), ("PENDING", False)],
)
def test_our_brake_is_offered_and_taken_only_where_it_keeps_something(
    paula, template, status, offered
):
    MessageTemplate.objects.update(status=status)
    assert (action(template, "pause") in paula.get(page_of(template)).text) is offered
    answer = paula.post(action(template, "pause"), follow=True).text
    assert ("Nothing was changed" in answer) is not offered
    template.refresh_from_db()
    assert (template.paused_at is not None) is offered


def test_a_deletion_counts_what_waits_in_every_language_and_nothing_that_does_not(paula, template):
    english = TemplateFactory(language="en", meta_template_id="9")
    assert "wait" not in _asked(paula, template, "remove")
    MessageFactory.create(template=english)
    assert "wait" not in _asked(paula, template, "remove")
    assert "1 message waits for it and would expire." in _asked(paula, template, "remove-all")


def _asked(paula: Client, template: MessageTemplate, name: str) -> str:
    page = paula.get(action(template, name)).text
    return page[page.index("This deletes at Meta") : page.index("refused from then on") + 300]


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_two_filters_of_a_list_have_the_same_title(paula, language):
    page = paula.get("/admin/messaging/messagetemplate/", headers={"accept-language": language})
    titles = [str(spec.title) for spec in page.context["cl"].filter_specs]
    assert len(set(titles)) == len(titles)
