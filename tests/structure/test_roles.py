"""Who may open what in the admin, tried for every address of it on rows that exist. What support may is listed here."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from bakery_whatsapp import role_permissions
from messaging import demo
from messaging.models import (
    AccountEvent,
    Alert,
    Announcement,
    CalendarFeed,
    CountedDay,
    DailyUsage,
    Erasure,
    FirstWeek,
    FirstWeekAnswer,
    InboundMessage,
    Mail,
    MessageEvent,
    MessageMail,
    NoticeChoice,
    PersonAlias,
    ProofLink,
    SendAttempt,
    SetupCheck,
    Suppression,
    TemplateChange,
    TemplateDraft,
    TokenRotation,
    UnknownWebhookField,
    WebhookDelivery,
)
from messaging.services.callback_events import ping
from messaging.services.letters import Letter
from tenants.models import (
    AssignmentRound,
    Invitation,
    LogIn,
    NumberSetup,
    OwnPhone,
    QualityReading,
    SecondFactor,
    SettingChange,
    StaffRole,
)
from tests.factories import (
    AssignmentFactory,
    CallbackFactory,
    MembershipFactory,
    MessageFactory,
    NoticeKindFactory,
    PriceRateFactory,
    RecipientFactory,
    UserFactory,
    make_api_key,
)
from tests.structure.test_admin import names

# What support may open beside the lists, pages and histories of the models it may view.
ALSO_OPEN = {
    "index",
    "jsi18n",
    "password_change",
    "password_change_done",
    "search",
    "app_list",
    "tenants_phonenumberassignment_board",
    "tenants_phonenumberassignment_csv",
    "tenants_tenant_view_as",
    "messaging_pricerate_estimate",
    "messaging_dailyusage_csv",
    "messaging_message_find",
    "messaging_message_cancel",
    "messaging_tokenrotation_page",
    "messaging_calendarfeed_dates",
    "messaging_calendarfeed_download",
}
# Neither pages nor rights: they end the session, lead elsewhere, or answer to what they are asked.
APART = {"logout", "view_on_site", "autocomplete"}
# Models whose pages are shut to support: about keys, people's own numbers, the desk where templates are written, logs.
SHUT = {"ApiKey", "OwnPhone", "TemplateDraft", "LogEntry", "AccessAttempt", "LogIn", "SecondFactor"}

SECRETS = {
    "access_token": "EAAinventedTokenOfTheAccount",
    "app_secrets": "inventedappsecretoftheaccount",
    "webhook_verify_token": "inventedverifytoken",
}
CANDIDATE = "EAAinventedCandidate"
# A link in a mail may stand for its reader.
MAIL_LINK = "http://127.0.0.1:8000/invented-link"
CALLBACK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def rows(db: None) -> dict[str, Model]:
    """One row of every model of ours."""
    now = timezone.now()
    membership = MembershipFactory.create()
    tenant = membership.tenant
    message = MessageFactory.create(tenant=tenant)
    number, account = message.phone_number, message.phone_number.account
    for name, secret in SECRETS.items():
        setattr(account, name, secret)
    account.save()
    callback = CallbackFactory.create(tenant=tenant, secret=CALLBACK_SECRET)
    body = b'{"object": "whatsapp_business_account", "entry": []}'
    made: list[Model] = [
        tenant,
        membership,
        membership.user,
        account,
        number,
        AssignmentFactory.create(tenant=tenant),
        make_api_key("bw_secret_of_a_key", tenant=tenant),
        AssignmentRound.objects.create(saved_by="paula", bakeries=1),
        NumberSetup.objects.create(phone_number=number),
        QualityReading.objects.create(phone_number=number, rating="GREEN"),
        message,
        message.template,
        NoticeChoice.objects.create(tenant=tenant, kind=NoticeKindFactory.create(), is_on=True),
        NoticeKindFactory.create(),
        SettingChange.objects.create(tenant=tenant, what="switch", after="on"),
        OwnPhone.objects.create(user=membership.user, phone="+34600000199"),
        MessageEvent.objects.create(message=message, kind="queued"),
        SendAttempt.objects.create(
            message=message, started_at=now, duration_ms=1, outcome="accepted"
        ),
        MessageMail.objects.create(message=message, sent_by="somebody"),
        InboundMessage.objects.create(
            tenant=tenant, phone_number=number, wamid="wamid.1", kind="text"
        ),
        Suppression.objects.create(tenant=tenant, phone="+34600000101", source="word"),
        callback,
        ping(callback),
        AccountEvent.objects.create(
            account=account, field="account_update", event="X", digest="1" * 64
        ),
        Alert.objects.create(kind="account_stopped"),
        PersonAlias.objects.create(phone_number=number, alias="x", phone="+34600000101"),
        PriceRateFactory.create(market="Nowhere"),
        TemplateChange.objects.create(template=message.template, kind="status"),
        TemplateDraft.objects.create(account=account, name="draft"),
        CountedDay.objects.create(day=now.date()),
        DailyUsage.objects.create(
            day=now.date(),
            tenant=tenant,
            phone_number=number,
            country_code="34",
            status="read",
            messages=1,
        ),
        WebhookDelivery.objects.create(body=body, size=len(body)),
        TokenRotation.objects.create(
            account=account, fingerprint="0f1e2d3c", token=CANDIDATE, promoted_at=None
        ),
        Announcement.objects.create(texts={"es": {"subject": "Asunto", "text": "Texto"}}),
        week := FirstWeek.objects.create(),
        FirstWeekAnswer.objects.create(first_week=week, tenant=tenant, user=membership.user, day=3),
        CalendarFeed.objects.create(user=membership.user, secret_digest="d" * 64, language="es"),
        Mail.objects.create(
            kind="reminder",
            occasion="x",
            user=membership.user,
            content=Letter("Subject", ("Text",), links=(("Open", MAIL_LINK),)).as_json(),
        ),
        UnknownWebhookField.objects.create(field="flows", last_delivery=1),
        Invitation.objects.create(tenant=tenant, email="new@bakery.example", expires_at=now),
        AccessAttempt.objects.create(username="ana", failures_since_start=1),
        LogEntry.objects.all()[0],
        RecipientFactory.create(tenant=tenant),
        Erasure.objects.create(tenant=tenant, erased_by="ana"),
        ProofLink.objects.create(
            tenant=tenant,
            reference="PO-12345",
            created_by="ana",
            expires_at=now + timedelta(days=30),
        ),
        SetupCheck.objects.create(key="waba"),
        LogIn.objects.create(user=membership.user, session_key="k" * 32),
        SecondFactor.objects.create(user=membership.user, secret="INVENTEDSECRETOFTHEAPP"),
    ]
    return {row._meta.object_name or "": row for row in made}


def model_of(name: str) -> str:
    """Return the model whose admin page `name` is, or nothing: `tenants_tenant_change` is of Tenant."""
    app, _separator, rest = name.partition("_")
    if app not in {"tenants", "messaging", "auditlog", "axes"}:
        return ""
    return str(apps.get_model(app, rest.split("_")[0])._meta.object_name)


def address(name: str, rows: dict[str, Model]) -> str:
    row: Any = rows[model_of(name) or "Tenant"]
    for arguments in ([], [row.pk], [str(row.pk)], ["tenants"], [1, 1]):
        try:
            return reverse(f"admin:{name}", args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no arguments fit admin:{name}")


def is_open_to_support(name: str) -> bool:
    model = model_of(name)
    if not model:
        return name in ALSO_OPEN
    kind = name.rpartition("_")[2]
    return name in ALSO_OPEN or (model not in SHUT and kind in {"changelist", "change", "history"})


def walk(client: Client, rows: dict[str, Model]) -> dict[str, Any]:
    return {name: client.get(address(name, rows)) for name in names() if name not in APART}


def test_there_is_a_row_of_every_model(rows):
    ours = [
        model._meta.object_name
        for app in ("tenants", "messaging")
        for model in apps.get_app_config(app).get_models()
    ]
    assert set(ours) <= set(rows), "write down here how to make one"


def text_of(answer: Any) -> str:
    return b"".join(answer).decode() if answer.streaming else str(answer.text)


def test_support_opens_what_is_listed_and_sees_no_secret_there(sonia, rows):
    answers = walk(sonia, rows)
    opened = {name for name, answer in answers.items() if answer.status_code == 200}
    refused = {name for name, answer in answers.items() if answer.status_code in {403, 405}}
    assert opened == {name for name in answers if is_open_to_support(name)}
    # A message that waits is not sent again: these lead back to its page with the reason.
    led_back = {name for name, answer in answers.items() if answer.status_code == 302}
    assert led_back == {
        "messaging_message_correct",
        "messaging_message_resend",
        "messaging_message_mail",  # it has just been mailed
    }
    assert opened | refused | led_back == set(answers)
    hidden = [
        *SECRETS.values(),
        CALLBACK_SECRET,
        demo.ACCESS_TOKEN,
        "bw_secret_",
        "md5$",
        "INVENTEDSECRETOFTHEAPP",
        "k" * 32,
    ]
    hidden += [CANDIDATE, "0f1e2d3c", MAIL_LINK, "d" * 64]
    for name, answer in answers.items():
        text = text_of(answer)
        assert [secret for secret in hidden if secret in text] == [], name


def test_support_changes_nothing_by_posting_to_any_address(sonia, rows):
    may = {
        "messaging_message_ask_meta",
        "messaging_message_resend",
        "messaging_message_correct",
        "messaging_message_mail",
        "messaging_message_cancel",
        "messaging_pricerate_estimate",
    }
    answers = {
        name: sonia.post(address(name, rows), {"post": "yes", "do": "save"}).status_code
        for name in names()
        if name not in APART | may and not name.endswith("_changelist")
    }
    harmless = ALSO_OPEN - {"tenants_phonenumberassignment_board"}
    assert {name for name, code in answers.items() if code < 400} <= harmless | {
        name for name in answers if name.endswith("_history") and is_open_to_support(name)
    }


def test_a_platform_admin_opens_every_page(paula, rows):
    codes = {name: answer.status_code for name, answer in walk(paula, rows).items()}
    shut = {name for name, code in codes.items() if code not in {200, 302, 405}}
    # History and what Meta says cannot be made, changed or deleted by anybody.
    assert {name.rpartition("_")[2] for name in shut} <= {"add", "delete", "change"}


def test_the_menu_shows_support_only_what_it_may_open(sonia, rows):
    page = sonia.get("/admin/").text
    assert reverse("admin:messaging_message_changelist") in page
    assert reverse("admin:tenants_apikey_changelist") not in page


@pytest.mark.parametrize("person", ["sonia", "paula"])
def test_every_line_of_the_menu_can_be_opened(person, request, rows):
    client = request.getfixturevalue(person)
    menu = client.get("/admin/").text.partition('id="nav-sidebar-apps"')[2].partition("</aside>")[0]
    links = set(re.findall(r'href="(/admin/[^"?]*)"', menu))
    assert len(links) > 8
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


# --- The groups ------------------------------------------------------------------------------------


def test_every_right_of_support_exists(db):
    known = {
        f"{row.content_type.app_label}.{row.codename}"
        for row in role_permissions.permissions_of(StaffRole.SUPPORT)
    }
    assert known == role_permissions.SUPPORT


def test_the_groups_follow_the_file_however_often_they_are_made(db):
    group = Group.objects.get(name=StaffRole.SUPPORT)
    group.permissions.clear()
    for _time in range(2):
        role_permissions.synchronise()
        assert group.permissions.count() == len(role_permissions.SUPPORT)


def test_a_superuser_of_an_earlier_version_becomes_a_platform_admin(db):
    user = UserFactory.create(is_staff=True, is_superuser=True)
    role_permissions.synchronise()
    assert [group.name for group in user.groups.all()] == [StaffRole.PLATFORM_ADMIN]
