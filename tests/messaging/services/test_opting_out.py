"""Opt-outs as webhooks bring them, what they stop, and what other bakeries learn: nothing."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Alert, AlertKind, InboundMessage, Message, Suppression, WebhookDelivery
from messaging.services import opting_out, replaying, sending, suppressions
from messaging.services.people import Person
from messaging.statuses import MessageStatus
from tenants import phone_numbers
from tenants.models import Tenant
from tenants.services.assignments import assign_number, release_number
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TemplateFactory,
    TenantFactory,
)
from tests.messaging.conftest import (
    T0,
    failure,
    inbound,
    preference,
    receive,
    status_webhook,
    verdicts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

ANA_PHONE = "+34600000101"


def is_stopped(tenant, phone=ANA_PHONE, *, marketing=False):
    binding = Suppression.objects.binding(tenant.pk).against(is_marketing=marketing)
    return binding.filter(phone=phone_numbers.comparable(phone)).exists()


def own_number(tenant=None):
    """The number of one bakery."""
    assignment = AssignmentFactory(**({"tenant": tenant} if tenant else {}))
    return assignment.phone_number


def owner(number):
    return number.assignments.open().get().tenant


# --- The word ----------------------------------------------------------------------------------------


def test_the_word_stops_everything_of_that_bakery_and_of_no_other():
    number, other = own_number(), TenantFactory()
    receive(inbound(number, "¡Baja!"))
    assert is_stopped(owner(number))
    assert not is_stopped(other)
    (row,) = Suppression.objects.all()
    reply = InboundMessage.objects.get()
    assert (row.tenant, row.what, row.source) == (owner(number), "all", "word")
    assert (row.asked_in, row.asked_at) == (reply, reply.received_at)


def test_a_word_to_the_default_number_stops_the_bakery_that_wrote_last():
    first, last = MessageFactory(accepted=True), MessageFactory(accepted=True)
    receive(inbound(last.phone_number, "baja"))
    assert is_stopped(last.tenant)
    assert not is_stopped(first.tenant)


def test_a_word_after_months_stops_whoever_wrote_last_though_nobody_is_shown_the_reply():
    message = MessageFactory(accepted=True)
    long_after = int(message.created_at.timestamp()) + 90 * 86400
    receive(inbound(message.phone_number, "STOP", at=long_after))
    assert InboundMessage.objects.get().tenant is None
    assert is_stopped(message.tenant)


def test_a_word_that_nobody_can_place_stops_the_whole_account():
    receive(inbound(DefaultNumberFactory(), "baja"))
    assert Suppression.objects.get().tenant is None
    assert is_stopped(TenantFactory())


def test_a_button_with_the_word_as_its_payload_counts_as_the_word():
    number = own_number()
    pressed = {"payload": f"BAJA:{number.phone_number_id}", "text": "No recibir más"}
    receive(inbound(number, type="button", button=pressed))
    assert is_stopped(owner(number))


@pytest.mark.parametrize("key", ["button_reply", "list_reply"])
def test_an_interactive_answer_with_the_word_counts_as_the_word(key):
    number = own_number()
    receive(
        inbound(
            number, type="interactive", interactive={"type": key, key: {"id": "9", "title": "Baja"}}
        )
    )
    assert is_stopped(owner(number))


def test_a_caption_or_a_reaction_with_the_word_asks_for_nothing():
    number = own_number()
    receive(
        inbound(number, wamid="wamid.1", type="image", image={"id": "5", "caption": "Baja"}),
        inbound(number, wamid="wamid.2", type="reaction", reaction={"emoji": "STOP"}),
    )
    assert not Suppression.objects.exists()


def test_alta_undoes_the_word_and_the_history_stays():
    number = own_number()
    receive(inbound(number, "baja", wamid="wamid.1", at=T0))
    receive(inbound(number, "alta", wamid="wamid.2", at=T0 + 60))
    assert not is_stopped(owner(number))
    (row,) = Suppression.objects.all()
    assert row.lifted_in == InboundMessage.objects.get(wamid="wamid.2")
    assert not row.is_only_a_resume


def test_alta_undoes_what_was_stopped_there_though_another_bakery_wrote_since():
    stopped = MessageFactory(accepted=True)
    receive(inbound(stopped.phone_number, "baja", wamid="wamid.1", at=T0))
    later = MessageFactory(accepted=True)
    receive(inbound(stopped.phone_number, "alta", wamid="wamid.2", at=T0 + 60))
    assert not is_stopped(stopped.tenant)
    assert not is_stopped(later.tenant)


def test_alta_does_not_undo_what_staff_entered():
    number = own_number()
    suppressions.stop(
        suppressions.Request(
            Person(ANA_PHONE), owner(number).pk, "all", "staff", timezone.now(), by="paula"
        )
    )
    receive(inbound(number, "alta"))
    assert is_stopped(owner(number))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(st.sampled_from(["baja", "alta"]), min_size=1, max_size=5), random=st.randoms()
)
def test_what_was_asked_last_holds_in_whatever_order_it_arrives(words, random):
    number = own_number()
    payloads = [
        inbound(number, word, wamid=f"wamid.{number.pk}.{place}", at=T0 + place)
        for place, word in enumerate(words)
    ]
    shuffled = payloads * 2
    random.shuffle(shuffled)
    for payload in shuffled:
        receive(payload)
    assert is_stopped(owner(number)) == (words[-1] == "baja")
    assert Suppression.objects.of(owner(number)).open().count() <= 1


@pytest.mark.parametrize(
    ("written_to", "answers_as"),
    [
        ("+525512345678", "5215512345678"),
        ("+5511987654321", "551187654321"),
        ("+5491123456789", "541123456789"),
        ("+54111523456789", "5491123456789"),
    ],
)
def test_a_word_under_another_spelling_of_the_number_stops_the_one_we_write_to(
    written_to, answers_as
):
    message = MessageFactory(accepted=True, recipient_phone=written_to)
    receive(inbound(message.phone_number, "baja", sender=answers_as))
    assert is_stopped(message.tenant, written_to)
    if not written_to.startswith("+5411"):
        assert InboundMessage.objects.get().answers == message


def test_a_wa_id_that_a_status_told_is_the_number_we_write_to():
    message = MessageFactory(accepted=True, recipient_phone="+22501020304")
    receive(status_webhook(message, "delivered", recipient_id="2250701020304"))
    receive(inbound(message.phone_number, "baja", sender="2250701020304"))
    assert InboundMessage.objects.get().answers == message
    assert is_stopped(message.tenant, "+22501020304")
    assert is_stopped(message.tenant, "+2250701020304")


# --- People without a number -------------------------------------------------------------------------

JUAN_ID = "ES.70210000000000000042"


def test_somebody_without_a_number_is_known_by_the_user_id_that_a_status_told():
    message = MessageFactory(accepted=True, phone_number=PhoneNumberFactory())
    receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    receive(inbound(message.phone_number, "Vale", sender=None, user_id=JUAN_ID))
    reply = InboundMessage.objects.get()
    assert (reply.tenant, reply.answers) == (message.tenant, message)
    assert (reply.sender_phone, reply.sender_user_id) == ("", JUAN_ID)


def test_a_user_id_known_to_one_number_says_nothing_to_another():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    elsewhere = own_number()
    receive(inbound(elsewhere, "Vale", sender=None, user_id=JUAN_ID))
    reply = InboundMessage.objects.get()
    assert (reply.tenant, reply.answers) == (owner(elsewhere), None)


def test_a_word_without_a_number_stops_the_number_we_write_to():
    message = MessageFactory(accepted=True)
    receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    receive(inbound(message.phone_number, "baja", sender=None, user_id=JUAN_ID))
    assert is_stopped(message.tenant)


def test_a_word_of_somebody_unknown_gets_its_number_once_a_status_tells_it():
    number = own_number()
    receive(inbound(number, "baja", sender=None, user_id=JUAN_ID))
    assert not is_stopped(owner(number))
    message = MessageFactory(accepted=True, tenant=owner(number), phone_number=number)
    receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    assert is_stopped(owner(number))
    receive(inbound(number, "alta", wamid="wamid.2", at=T0 + 60))
    assert not is_stopped(owner(number))


def test_a_name_is_kept_once_however_many_statuses_tell_it():
    message = MessageFactory(accepted=True)
    number = message.phone_number
    for _time in range(3):
        receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    assert list(number.aliases.values_list("alias", "phone")) == [(JUAN_ID, ANA_PHONE)]


# --- WhatsApp's own choice and Meta's refusal --------------------------------------------------------


def test_a_stop_in_whatsapp_stops_marketing_and_lets_orders_go():
    number = own_number()
    receive(preference(number, "stop", at=T0))
    assert is_stopped(owner(number), marketing=True)
    assert not is_stopped(owner(number))
    receive(preference(number, "resume", at=T0 + 60))
    assert not is_stopped(owner(number), marketing=True)
    assert verdicts() == [("stop", "applied"), ("resume", "applied")]


def test_a_stop_in_whatsapp_of_somebody_without_a_number_counts_too():
    message = MessageFactory(accepted=True, phone_number=PhoneNumberFactory())
    receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    receive(preference(message.phone_number, "stop", wa_id=None, user_id=JUAN_ID))
    assert is_stopped(message.tenant, marketing=True)


def test_a_stop_on_the_shared_number_is_taken_for_all():
    receive(preference(DefaultNumberFactory(), "stop"))
    assert is_stopped(TenantFactory(), marketing=True)


def test_stop_and_resume_in_whatsapp_end_alike_in_any_order():
    times = [("stop", T0), ("resume", T0 + 10), ("stop", T0 + 20), ("resume", T0 + 30)]
    for order in itertools.permutations(times):
        number = own_number()
        for value, at in order:
            receive(preference(number, value, at=at))
        assert not is_stopped(owner(number), marketing=True), order


def test_metas_resume_leaves_the_word_standing_and_alta_leaves_metas_stop():
    number = own_number()
    receive(
        inbound(number, "baja", wamid="wamid.1", at=T0),
        preference(number, "stop", at=T0),
        preference(number, "resume", at=T0 + 10),
    )
    assert is_stopped(owner(number))
    receive(preference(number, "stop", at=T0 + 20))
    receive(inbound(number, "alta", wamid="wamid.2", at=T0 + 30))
    assert not is_stopped(owner(number))
    assert is_stopped(owner(number), marketing=True)


def test_a_resume_ends_the_stop_told_to_a_number_that_has_moved_on():
    number = own_number()
    first = owner(number)
    receive(preference(number, "stop", at=T0))
    release_number(tenant=first, by="test")
    assign_number(tenant=TenantFactory(), phone_number=number, by="test")
    receive(preference(number, "resume", at=T0 + 60))
    assert not is_stopped(first, marketing=True)


def test_unknown_preferences_and_numbers_are_kept_and_change_nothing():
    number = own_number()
    strange = PhoneNumberFactory.build(phone_number_id="999")
    receive(
        preference(number, "signup"),
        preference(number, "stop", category="all_messages"),
        preference(strange, "stop"),
    )
    assert [verdict for _what, verdict in verdicts()] == ["kept", "kept", "ignored"]
    assert not Suppression.objects.exists()


def test_metas_refusal_of_marketing_by_status_is_an_opt_out_until_its_resume():
    template = TemplateFactory(name="promo", category="MARKETING")
    message = MessageFactory(accepted=True, template=template, phone_number=PhoneNumberFactory())
    receive(status_webhook(message, "failed", at=T0, **failure(131050)))
    assert is_stopped(message.tenant, marketing=True)
    assert not is_stopped(message.tenant)
    receive(preference(message.phone_number, "resume", at=T0 + 60))
    assert not is_stopped(message.tenant, marketing=True)
    receive(status_webhook(message, "failed", at=T0, **failure(131050)))
    assert not is_stopped(message.tenant, marketing=True)


def test_metas_refusal_of_marketing_as_an_answer_is_an_opt_out(meta):
    template = TemplateFactory(name="promo", category="MARKETING")
    message = MessageFactory(template=template, phone_number=PhoneNumberFactory())
    meta.refuses(message, code=131050)
    sending.send_until_empty(message.phone_number_id)
    assert is_stopped(message.tenant, marketing=True)
    assert Suppression.objects.get().source == "refused"


# --- What is queued ----------------------------------------------------------------------------------


def test_what_waits_when_the_word_arrives_is_cancelled_and_staff_hear_of_it(meta):
    message = MessageFactory(phone_number=PhoneNumberFactory())
    other = MessageFactory(phone_number=message.phone_number, tenant=message.tenant,
                           recipient_phone="+34600000102")  # fmt: skip
    call = meta.accepts(other)
    receive(inbound(message.phone_number, "baja"))
    sending.send_until_empty(message.phone_number_id)
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.status, message.waits_for) == (MessageStatus.CANCELLED, "opt_out")
    assert message.attempts == 0
    assert [event.kind for event in message.events.in_order()] == ["cancelled"]
    assert other.status == MessageStatus.ACCEPTED
    assert call.call_count == 1
    alert = Alert.objects.get()
    assert alert.kind == AlertKind.ORDER_REFUSED
    assert alert.subject == f"{message.tenant.name} · …101"


def test_an_opt_out_that_comes_between_claim_and_sending_wins(meta):
    message = MessageFactory(sending=True, attempts=1, phone_number=PhoneNumberFactory())
    receive(inbound(message.phone_number, "baja"))
    assert opting_out.without_opted_out([message]) == []
    message.refresh_from_db()
    assert message.status == MessageStatus.CANCELLED


def test_a_batch_without_opt_outs_costs_one_query(django_assert_num_queries):
    messages: list[Any] = [
        MessageFactory(sending=True, attempts=1, recipient_phone=f"+346000002{place:02}")
        for place in range(20)
    ]
    with django_assert_num_queries(1):
        assert opting_out.without_opted_out(messages) == messages


def test_marketing_that_waits_is_cancelled_after_metas_stop_and_orders_go(meta):
    number = own_number()
    template = TemplateFactory(name="promo", category="MARKETING")
    order = MessageFactory(tenant=owner(number), phone_number=number)
    promo = MessageFactory(tenant=owner(number), phone_number=number, template=template)
    meta.accepts(order)
    receive(preference(number, "stop"))
    sending.send_until_empty(number.pk)
    assert Message.objects.get(pk=order.pk).status == MessageStatus.ACCEPTED
    assert Message.objects.get(pk=promo.pk).status == MessageStatus.CANCELLED


def test_the_alert_opens_once_and_closes_when_orders_go_again(meta):
    number = own_number()
    receive(inbound(number, "baja", wamid="wamid.1", at=T0))
    for _order in range(2):
        MessageFactory(tenant=owner(number), phone_number=number)
        sending.send_until_empty(number.pk)
    assert Alert.objects.open().count() == 1
    receive(inbound(number, "alta", wamid="wamid.2", at=T0 + 60))
    assert not Alert.objects.open().exists()


# --- Changes of number -------------------------------------------------------------------------------


def changed_number(number, *, old, new, **more):
    system = {"type": "user_changed_number", "body": "User changed", "wa_id": new} | more
    return inbound(number, sender=old, type="system", system=system, wamid="wamid.SYS")


def test_a_changed_number_is_kept_told_to_staff_and_never_followed_by_orders():
    message = MessageFactory(accepted=True, phone_number=PhoneNumberFactory())
    receive(changed_number(message.phone_number, old="34600000101", new="34600000909"))
    reply = InboundMessage.objects.get()
    assert (reply.tenant, reply.sender_phone, reply.new_phone) == (
        message.tenant,
        "+34600000101",
        "+34600000909",
    )
    alert = Alert.objects.get()
    assert (alert.kind, alert.subject) == (
        AlertKind.NUMBER_CHANGED,
        f"{message.tenant.name} · …101",
    )
    assert Message.objects.get().recipient_phone == "+34600000101"


def test_an_answer_from_the_new_number_finds_the_message_to_the_old_one():
    message = MessageFactory(accepted=True)
    receive(changed_number(message.phone_number, old="34600000101", new="34600000909"))
    receive(inbound(message.phone_number, "Vale", sender="34600000909"))
    assert InboundMessage.objects.get(wamid="wamid.IN1").answers == message


def test_a_change_told_to_the_shared_number_long_after_is_told_to_staff_for_whoever_wrote_last():
    message = MessageFactory(accepted=True)
    long_after = int(message.created_at.timestamp()) + 30 * 86400
    receive(inbound(message.phone_number, "baja", wamid="wamid.1", at=long_after))
    payload = changed_number(message.phone_number, old="34600000101", new="34600000909")
    payload["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = str(long_after + 60)
    receive(payload)
    assert InboundMessage.objects.get(wamid="wamid.SYS").tenant is None
    alert = Alert.objects.get(kind=AlertKind.NUMBER_CHANGED)
    assert alert.subject == f"{message.tenant.name} · …101"
    assert is_stopped(message.tenant, "+34600000909")


def test_who_opted_out_stays_so_under_the_new_number_for_that_bakery_only():
    first, second = own_number(), own_number()
    receive(
        inbound(first, "baja", wamid="wamid.1"),
        inbound(second, "baja", wamid="wamid.2"),
        changed_number(first, old="34600000101", new="34600000909"),
    )
    assert is_stopped(owner(first), "+34600000909")
    assert not is_stopped(owner(second), "+34600000909")


def test_a_new_user_id_is_followed():
    message = MessageFactory(accepted=True)
    new_id = "ES.80000000000000000001"
    receive(status_webhook(message, "delivered", recipient_user_id=JUAN_ID))
    system = {"type": "user_changed_user_id", "user_id": new_id, "previous_user_id": JUAN_ID}
    receive(
        inbound(
            message.phone_number, sender=None, user_id=new_id, type="system", system=system,
            wamid="wamid.SYS",
        )
    )  # fmt: skip
    receive(inbound(message.phone_number, "baja", sender=None, user_id=new_id))
    assert InboundMessage.objects.get(wamid="wamid.IN1").answers == message
    assert is_stopped(message.tenant)


# --- Repeats -----------------------------------------------------------------------------------------


def test_applying_every_delivery_again_changes_nothing():
    number = own_number()
    receive(
        inbound(number, "baja", wamid="wamid.1", at=T0),
        inbound(number, "alta", wamid="wamid.2", at=T0 + 60),
        preference(number, "stop", at=T0),
        changed_number(number, old="34600000101", new="34600000909"),
    )

    def everything():
        return (
            list(Suppression.objects.order_by("id").values()),
            list(InboundMessage.objects.order_by("id").values()),
            list(Alert.objects.order_by("id").values()),
            list(number.aliases.order_by("id").values()),
        )

    before = everything()
    replaying.replay_now(list(WebhookDelivery.objects.values_list("pk", flat=True)))
    assert everything() == before


def test_another_bakery_sees_no_opt_out_that_is_not_its_own():
    number = own_number()
    receive(inbound(number, "baja"))
    assert not Suppression.objects.of(TenantFactory()).exists()
    assert Suppression.objects.of(Tenant.objects.get(pk=owner(number).pk)).exists()
