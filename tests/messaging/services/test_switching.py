from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from messaging.services import switching
from messaging.services.obstacles import ObstacleKind
from messaging.services.queueing import MessageRequest, queue_message
from messaging.services.refused import RefusedError
from messaging.services.switching import (
    CannotSwitchOnError,
    MessagesWaitingError,
    NotOwnerError,
    SwitchedOff,
    WaitingMessages,
    switch_off,
    switch_on,
)
from messaging.statuses import MessageStatus
from tenants.models import Membership, SettingChange, Tenant, User
from tests.factories import (
    AccountFactory,
    DefaultNumberFactory,
    MembershipFactory,
    MessageFactory,
    TemplateFactory,
    body,
    message_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    DefaultNumberFactory.create()
    tenant: Tenant = MembershipFactory.create(tenant__whatsapp_enabled=False).tenant
    return tenant


@pytest.fixture
def owner(tenant: Tenant) -> User:
    return tenant.memberships.get().user


def is_on(tenant: Tenant) -> bool:
    return Tenant.objects.get(pk=tenant.pk).whatsapp_enabled


def test_switching_on_and_off_is_kept_and_logged_with_ids(tenant, owner):
    with capture_logs() as logs:
        assert switch_on(tenant, by=owner)
        assert is_on(tenant)
        assert switch_off(tenant, by=owner) == SwitchedOff(0, 0)
        assert not is_on(tenant)
    assert [(line["event"], line["user_id"], line["tenant_id"]) for line in logs] == [
        ("WhatsApp notices switched on", owner.pk, tenant.pk),
        ("WhatsApp notices switched off", owner.pk, tenant.pk),
    ]


def test_switching_twice_changes_nothing_and_logs_nothing(tenant, owner):
    switch_on(tenant, by=owner)
    with capture_logs() as logs:
        assert not switch_on(tenant, by=owner)
        switch_off(tenant, by=owner)
        switch_off(tenant, by=owner)
    assert len(logs) == 1


@pytest.mark.parametrize("role", [Membership.Role.STAFF, None])
def test_only_an_owner_switches(tenant, role):
    other = MembershipFactory.create().user
    if role:
        MembershipFactory.create(tenant=tenant, user=other, role=role)
    with pytest.raises(NotOwnerError):
        switch_on(tenant, by=other)
    with pytest.raises(NotOwnerError):
        switch_off(tenant, by=other)
    assert not is_on(tenant)


def test_waiting_messages_are_asked_about_first(tenant, owner):
    switch_on(tenant, by=owner)
    MessageFactory.create_batch(2, tenant=tenant)
    with pytest.raises(MessagesWaitingError) as asked:
        switch_off(tenant, by=owner)
    assert asked.value.count == 2
    assert is_on(tenant)


def test_waiting_messages_are_sent_when_the_owner_says_so(tenant, owner):
    switch_on(tenant, by=owner)
    message = MessageFactory.create(tenant=tenant)
    assert switch_off(tenant, by=owner, waiting=WaitingMessages.SEND) == SwitchedOff(0, 1)
    message.refresh_from_db()
    assert message.status == MessageStatus.QUEUED
    assert not is_on(tenant)


def test_waiting_messages_are_cancelled_when_the_owner_says_so(tenant, owner):
    switch_on(tenant, by=owner)
    waiting = MessageFactory.create(tenant=tenant)
    under_way = message_in(MessageStatus.SENDING, tenant=tenant)
    others = MessageFactory.create()
    assert switch_off(tenant, by=owner, waiting=WaitingMessages.CANCEL) == SwitchedOff(1, 0)
    for message, status in (
        (waiting, MessageStatus.CANCELLED),
        (under_way, MessageStatus.SENDING),
        (others, MessageStatus.QUEUED),
    ):
        message.refresh_from_db()
        assert message.status == status


def test_send_can_be_taken_back_by_cancelling_afterwards(tenant, owner):
    switch_on(tenant, by=owner)
    MessageFactory.create_batch(2, tenant=tenant)
    switch_off(tenant, by=owner, waiting=WaitingMessages.SEND)
    assert switch_off(tenant, by=owner, waiting=WaitingMessages.CANCEL) == SwitchedOff(2, 0)
    assert switch_off(tenant, by=owner, waiting=WaitingMessages.CANCEL) == SwitchedOff(0, 0)
    assert [
        (change.what, change.before, change.after)
        for change in SettingChange.objects.of(tenant).order_by("id")
    ] == [
        ("switch", "off", "on"),
        ("switch", "on", "off"),
        ("waiting", "2", "send"),
        ("waiting", "2", "cancel"),
    ]


def suspended(tenant: Tenant) -> None:
    tenant.suspended_until = timezone.now() + timedelta(hours=1)
    tenant.suspension_reason = "Unpaid invoice"
    tenant.save()


def stopped(tenant: Tenant) -> None:
    account = AccountFactory.create()
    account.sending_stopped_at = timezone.now()
    account.save()


def without_number(tenant: Tenant) -> None:
    DefaultNumberFactory.create().delete()


@pytest.mark.parametrize(
    ("hinder", "kind"),
    [
        (suspended, ObstacleKind.SUSPENDED),
        (stopped, ObstacleKind.STOPPED),
        (without_number, ObstacleKind.NO_NUMBER),
    ],
)
def test_what_a_bakery_cannot_mend_forbids_switching_on(tenant, owner, hinder, kind):
    hinder(tenant)
    with pytest.raises(CannotSwitchOnError) as refused:
        switch_on(tenant, by=owner)
    assert refused.value.obstacle.kind == kind
    assert not is_on(tenant)


def test_the_platforms_own_switch_forbids_switching_on(tenant, owner, settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    with pytest.raises(CannotSwitchOnError) as refused:
        switch_on(tenant, by=owner)
    assert refused.value.obstacle.kind == ObstacleKind.PLATFORM_OFF


def test_a_paused_account_does_not_forbid_switching_on(tenant, owner):
    account = AccountFactory.create()
    account.sending_paused_at = timezone.now()
    account.save()
    assert switch_on(tenant, by=owner)


def test_switching_off_is_possible_whatever_is_wrong(tenant, owner):
    switch_on(tenant, by=owner)
    for hinder in (suspended, stopped):
        hinder(tenant)
    switch_off(tenant, by=owner)
    assert not is_on(tenant)


def test_the_switch_holds_for_the_next_message(tenant, owner):
    template = TemplateFactory.create()
    request = MessageRequest(
        tenant_id=tenant.pk,
        recipient_phone="+34600000101",
        template_name=template.name,
        language=template.language,
        components=body("Juan García", "PO-12345", "€250.50"),
    )
    with pytest.raises(RefusedError) as refused:
        queue_message(request)
    assert refused.value.code == "whatsapp_disabled"
    switch_on(tenant, by=owner)
    queue_message(request)
    switch_off(tenant, by=owner, waiting=WaitingMessages.SEND)
    with pytest.raises(RefusedError):
        queue_message(request)


def test_the_question_counts_only_this_bakerys_messages(tenant):
    MessageFactory.create(tenant=tenant)
    MessageFactory.create()
    assert switching.waiting_count(tenant) == 1
