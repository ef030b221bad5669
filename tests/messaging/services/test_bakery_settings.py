"""What an owner decides about notices counts for the next message, and is kept with who and when."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.models import Message, NoticeKind, WaitsFor
from messaging.services import bakery_settings, switching
from messaging.services.caps import MonthUse, month_use
from messaging.services.queueing import (
    MessageRequest,
    preview_message,
    queue_message,
)
from messaging.services.refused import RefusedError
from messaging.services.switching import NotOwnerError
from messaging.statuses import MessageStatus
from tenants.models import Membership, SettingChange, Tenant
from tenants.services.routing import sender_for
from tests.factories import (
    DefaultNumberFactory,
    MembershipFactory,
    NoticeKindFactory,
    TemplateFactory,
    body,
    message_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker", "first_kinds")]
EVENING = datetime.fromisoformat("2026-11-20T21:30:00+00:00")  # 22:30 in Madrid


@pytest.fixture
def ana():
    DefaultNumberFactory.create()
    TemplateFactory.create()
    NoticeKindFactory.create()
    return MembershipFactory.create(user__first_name="Ana", user__last_name="Goiko").user


@pytest.fixture
def bakery(ana) -> Tenant:
    return ana.memberships.get().tenant


def order(tenant: Tenant) -> MessageRequest:
    return MessageRequest(
        tenant_id=tenant.pk,
        recipient_phone="+34600000101",
        template_name="po_notification",
        language="es",
        components=body("Juan García", "PO-12345", "250,50 €"),
    )


def use_of(tenant: Tenant) -> MonthUse:
    use = month_use(tenant)
    assert use is not None
    return use


def changes_of(tenant):
    found = SettingChange.objects.of(tenant).order_by("id")
    return [(one.what, one.before, one.after, one.changed_by_name) for one in found]


# --- Which notices -------------------------------------------------------------------------------


def test_a_kind_that_is_off_is_refused_from_the_next_message_on_and_on_again(ana, bakery):
    kind = NoticeKind.objects.get(template_name="po_notification")
    queue_message(order(bakery))
    bakery_settings.choose_notice(bakery, kind, is_on=False, by=ana)
    for ask in (queue_message, preview_message):
        with pytest.raises(RefusedError) as refused:
            ask(order(bakery))
        assert refused.value.code == "notice_off"
    bakery_settings.choose_notice(bakery, kind, is_on=True, by=ana)
    queue_message(order(bakery))


def test_what_the_bakery_has_not_chosen_follows_the_default(ana, bakery):
    NoticeKind.objects.filter(template_name="po_notification").update(is_on_by_default=False)
    with pytest.raises(RefusedError, match="switched off"):
        queue_message(order(bakery))


def test_what_is_no_kind_is_not_the_bakerys_to_refuse(ana, bakery):
    NoticeKind.objects.all().delete()
    queue_message(order(bakery))


def test_one_bakerys_choice_is_not_anothers(ana, bakery):
    other = MembershipFactory.create().tenant
    kind = NoticeKind.objects.get(template_name="po_notification")
    bakery_settings.choose_notice(bakery, kind, is_on=False, by=ana)
    queue_message(order(other))


def test_a_template_that_meta_has_not_approved_is_named_before_the_choice(ana, bakery):
    kind = NoticeKind.objects.get(template_name="po_notification")
    bakery_settings.choose_notice(bakery, kind, is_on=False, by=ana)
    TemplateFactory.create().delete()
    with pytest.raises(RefusedError) as refused:
        queue_message(order(bakery))
    assert refused.value.code == "unknown_template"


def test_the_first_kinds_are_orders_on_and_the_rest_off(db):
    kinds = dict(NoticeKind.objects.values_list("template_name", "is_on_by_default"))
    assert kinds == {"po_notification": True, "low_stock_alert": False, "production_alert": False}


def test_on_offer_is_what_could_be_sent_in_the_bakerys_language(ana, bakery):
    english = TemplateFactory.create(language="en")
    bakery.language = "en"
    sender = sender_for(bakery)
    orders, *others = bakery_settings.offered_notices(bakery, sender=sender)
    assert (orders.is_on, orders.template) == (True, english)
    assert [one.template for one in others] == [None, None]
    english.delete()
    spanish = bakery_settings.offered_notices(bakery, sender=sender)[0].template
    assert spanish is not None
    assert spanish.language == "es"


# --- When ----------------------------------------------------------------------------------------


def test_quiet_hours_count_for_the_next_message_and_for_what_waits(ana, bakery):
    with travel(EVENING, tick=False):
        bakery_settings.set_quiet_hours(bakery, start=time(21), until=time(7), by=ana)
        waiting = queue_message(order(bakery)).message
        assert waiting.waits_for == WaitsFor.QUIET_HOURS
        bakery_settings.set_quiet_hours(bakery, start=None, until=None, by=ana)
        waiting.refresh_from_db()
        assert (waiting.waits_for, waiting.send_after) == ("", EVENING)
    assert changes_of(bakery) == [
        ("quiet_hours", "", "21:00-07:00", "Ana Goiko"),
        ("quiet_hours", "21:00-07:00", "", "Ana Goiko"),
    ]


# --- How many ------------------------------------------------------------------------------------


def test_the_lower_of_both_limits_holds(ana, bakery):
    Tenant.objects.update(monthly_cap=3)
    bakery.refresh_from_db()
    bakery_settings.set_monthly_limit(bakery, 1, by=ana)
    queue_message(order(bakery))
    assert queue_message(order(bakery)).message.waits_for == WaitsFor.MONTHLY_CAP


def test_a_higher_limit_lets_as_many_go_as_fit_and_in_their_order(ana, bakery):
    bakery_settings.set_monthly_limit(bakery, 1, by=ana)
    sent = [queue_message(order(bakery)).message.pk for _ in range(4)]
    bakery.refresh_from_db()
    bakery_settings.set_monthly_limit(bakery, 3, by=ana)
    waits = [Message.objects.get(pk=pk).waits_for for pk in sent]
    assert waits == ["", "", "", WaitsFor.MONTHLY_CAP]


def test_more_than_the_platform_allows_is_refused(ana, bakery):
    bakery.monthly_cap = 100
    bakery.save()
    with pytest.raises(bakery_settings.LimitTooHighError) as refused:
        bakery_settings.set_monthly_limit(bakery, 101, by=ana)
    assert refused.value.cap == 100
    bakery_settings.set_monthly_limit(bakery, 100, by=ana)


def test_from_four_fifths_on_the_limit_is_near(ana, bakery):
    bakery.own_monthly_limit = 9
    for _ in range(7):
        message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    use = use_of(bakery)
    assert (use.used, use.near, use.is_near, use.is_full) == (7, 8, False, False)
    message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    assert use_of(bakery).is_near
    message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    assert use_of(bakery).is_full


def test_what_was_used_above_a_lowered_limit_is_counted(ana, bakery):
    for _ in range(3):
        message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    bakery.own_monthly_limit = 2
    use = use_of(bakery)
    assert (use.used, use.limit, use.is_full) == (3, 2, True)


def test_the_month_ends_by_the_bakerys_clock(ana, bakery):
    bakery.own_monthly_limit = 10
    with travel("2026-11-30T23:30:00Z", tick=False):  # 1 December in Madrid
        message_in(
            MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now() - timedelta(hours=1)
        )
        use = use_of(bakery)
    assert (use.used, use.until.isoformat()) == (0, "2026-12-31T23:00:00+00:00")


# --- Who and when --------------------------------------------------------------------------------


def test_each_change_is_kept_with_who_made_it(ana, bakery):
    switching.switch_off(bakery, by=ana)
    switching.switch_off(bakery, by=ana)
    switching.switch_on(bakery, by=ana)
    kind = NoticeKind.objects.get(template_name="low_stock_alert")
    bakery_settings.choose_notice(bakery, kind, is_on=True, by=ana)
    bakery_settings.choose_notice(bakery, kind, is_on=True, by=ana)
    bakery_settings.set_monthly_limit(bakery, 50, by=ana)
    assert changes_of(bakery) == [
        ("switch", "on", "off", "Ana Goiko"),
        ("switch", "off", "on", "Ana Goiko"),
        ("notice", "off", "on", "Ana Goiko"),
        ("monthly_limit", "", "50", "Ana Goiko"),
    ]


def test_only_the_owner_changes_anything(ana, bakery):
    staff = MembershipFactory.create(tenant=bakery, role=Membership.Role.STAFF).user
    kind = NoticeKind.objects.get(template_name="po_notification")
    for change in (
        lambda: bakery_settings.choose_notice(bakery, kind, is_on=False, by=staff),
        lambda: bakery_settings.set_quiet_hours(bakery, start=time(21), until=time(7), by=staff),
        lambda: bakery_settings.set_monthly_limit(bakery, 1, by=staff),
    ):
        with pytest.raises(NotOwnerError):
            change()
    assert changes_of(bakery) == []
