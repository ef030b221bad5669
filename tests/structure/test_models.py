"""A bakery sees its own rows only: every model that leads to a bakery is scoped, and scoped alike."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models

from messaging.models import (
    Callback,
    CallbackDelivery,
    DailyUsage,
    Erasure,
    FirstWeek,
    FirstWeekAnswer,
    InboundMessage,
    Mail,
    Message,
    MessageEvent,
    MessageMail,
    NoticeChoice,
    ProofLink,
    Recipient,
    SendAttempt,
    Suppression,
)
from messaging.models import timeline as timeline_models
from messaging.services.callback_events import ping
from tenants.models import (
    ApiKey,
    Invitation,
    Membership,
    PhoneNumberAssignment,
    SettingChange,
    Tenant,
    TenantOwnedQuerySet,
)
from tests.factories import (
    AssignmentFactory,
    CallbackFactory,
    MembershipFactory,
    MessageFactory,
    NoticeKindFactory,
    RecipientFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
    make_api_key,
)

OURS = [
    *apps.get_app_config("tenants").get_models(),
    *apps.get_app_config("messaging").get_models(),
]
# Facts about the platform's own account, which belong to no bakery and are shown to staff only.
OF_THE_PLATFORM = {
    "User",
    "LogIn",
    "SecondFactor",
    "OwnPhone",
    "WhatsAppBusinessAccount",
    "PhoneNumber",
    "NumberSetup",
    "QualityReading",
    "AssignmentRound",
    "MessageTemplate",
    "TemplateChange",
    "TemplateDraft",
    "WebhookDelivery",
    "UnknownWebhookField",
    "Alert",
    "PriceRate",
    "CountedDay",
    "AccountEvent",
    "PersonAlias",
    "TokenRotation",
    "CalendarFeed",
    "NoticeKind",
    "SetupCheck",
    "Announcement",
    "FirstWeek",
}


def owned():
    return [model for model in OURS if model.__name__ not in OF_THE_PLATFORM]


def manager_of(model):
    return model._default_manager


def test_every_model_is_a_bakerys_or_the_platforms():
    for model in owned():
        assert isinstance(manager_of(model).all(), TenantOwnedQuerySet), model
    for model in OURS:
        leads_to_tenant = any(
            isinstance(field, models.ForeignKey) and field.related_model is Tenant
            for field in model._meta.get_fields()
        )
        assert not (leads_to_tenant and model.__name__ in OF_THE_PLATFORM), model


@pytest.fixture
def rows_of_two_bakeries(db):
    """One row of every owned model for Ana's bakery and one for Carla's."""
    made = {}
    for name in ("ana", "carla"):
        tenant = TenantFactory()
        membership = MembershipFactory(tenant=tenant, user=UserFactory(username=name))
        message = MessageFactory(tenant=tenant)
        assignment = AssignmentFactory(tenant=tenant)
        callback = CallbackFactory(tenant=tenant)
        made[name] = {
            Tenant: tenant,
            Membership: membership,
            ApiKey: make_api_key(f"bw_{name}", tenant=tenant),
            PhoneNumberAssignment: assignment,
            Message: message,
            MessageEvent: MessageEvent.objects.create(message=message, kind="queued"),
            SendAttempt: SendAttempt.objects.create(
                message=message, started_at=message.created_at, duration_ms=1, outcome="accepted"
            ),
            MessageMail: MessageMail.objects.create(message=message, sent_by="somebody"),
            DailyUsage: DailyUsage.objects.create(
                day=message.created_at.date(),
                tenant=tenant,
                phone_number=message.phone_number,
                country_code="34",
                status=message.status,
                messages=1,
            ),
            InboundMessage: InboundMessage.objects.create(
                tenant=tenant,
                phone_number=assignment.phone_number,
                wamid=f"wamid.{name}",
                kind="text",
            ),
            NoticeChoice: NoticeChoice.objects.create(
                tenant=tenant, kind=NoticeKindFactory(), is_on=True
            ),
            SettingChange: SettingChange.objects.create(
                tenant=tenant, what=SettingChange.What.SWITCH, after="on"
            ),
            Suppression: Suppression.objects.create(
                tenant=tenant, phone="+34600000101", source="word"
            ),
            Recipient: RecipientFactory(tenant=tenant, phone="+34600000101"),
            Erasure: Erasure.objects.create(tenant=tenant, erased_by="somebody"),
            ProofLink: ProofLink.objects.create(
                tenant=tenant,
                reference="PO-12345",
                created_by="somebody",
                expires_at=message.created_at + timedelta(days=30),
            ),
            Callback: callback,
            Invitation: Invitation.objects.create(
                tenant=tenant, email=f"{name}@elsewhere.example", expires_at=message.expires_at
            ),
            CallbackDelivery: ping(callback),
            FirstWeekAnswer: FirstWeekAnswer.objects.create(
                first_week=FirstWeek.objects.first() or FirstWeek.objects.create(),
                tenant=tenant,
                user=membership.user,
                day=3,
            ),
            Mail: Mail.objects.create(
                kind="reminder", occasion="test", user=membership.user, tenant=tenant, content={}
            ),
        }
    return made


@pytest.mark.django_db
def test_each_sees_her_own_rows_only_and_staff_all(rows_of_two_bakeries):
    ana, carla = rows_of_two_bakeries["ana"], rows_of_two_bakeries["carla"]
    assert set(ana) == set(owned())
    for model in owned():
        manager = manager_of(model)
        assert list(manager.visible_to(ana[Membership].user)) == [ana[model]], model
        assert list(manager.visible_to(carla[Membership].user)) == [carla[model]], model
        assert list(manager.of(ana[Tenant])) == [ana[model]], model
        assert set(manager.visible_to(StaffFactory())) == {ana[model], carla[model]}, model


@pytest.mark.django_db
def test_strangers_and_locked_out_people_see_nothing(rows_of_two_bakeries):
    stranger, gone = UserFactory(), rows_of_two_bakeries["ana"][Membership].user
    gone.is_active = False
    for person in (AnonymousUser(), stranger, gone, StaffFactory(is_active=False)):
        for model in owned():
            assert not manager_of(model).visible_to(person).exists(), (model, person)


def test_no_row_names_a_person_when_it_is_printed(rows_of_two_bakeries, django_assert_num_queries):
    for model, row in rows_of_two_bakeries["ana"].items():
        with django_assert_num_queries(0):
            text = str(row)
        assert "+34" not in text, model
        assert "Juan" not in text, model


def test_every_index_says_which_query_it_serves():
    for model in OURS:
        if not model._meta.indexes:
            continue
        lines = inspect.getsource(inspect.getmodule(model) or timeline_models).splitlines()
        for place, line in enumerate(lines):
            if line.strip().startswith("models.Index("):
                assert lines[place - 1].strip().startswith("#"), f"{model}: {line.strip()}"


def test_every_constraint_of_the_database_has_a_name_of_its_own():
    names = [constraint.name for model in OURS for constraint in model._meta.constraints]
    assert len(names) == len(set(names))
