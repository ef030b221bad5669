"""An owner proves a number to be theirs by typing what was written to it; tests go there and nowhere else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from messaging.models import Message, MessageTemplate, NoticeChoice, NoticeKind, Priority
from messaging.services import own_phones
from messaging.services.own_phones import (
    NothingToSendError,
    NotVerifiedError,
    TooManyTestsError,
    WrongCodeError,
)
from messaging.services.refused import RefusedError
from messaging.services.switching import NotOwnerError
from tenants.models import Membership, OwnPhone, Tenant
from tests.factories import (
    DefaultNumberFactory,
    MembershipFactory,
    NoticeKindFactory,
    TemplateFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]
PHONE = "+34600000199"


@pytest.fixture
def ana():
    DefaultNumberFactory.create()
    TemplateFactory.create()
    NoticeKindFactory.create()
    return MembershipFactory.create(user__first_name="Ana").user


@pytest.fixture
def bakery(ana) -> Tenant:
    return ana.memberships.get().tenant


@pytest.fixture
def kind(ana) -> NoticeKind:
    return NoticeKind.objects.get(template_name="po_notification")


def code_in(message: Message) -> str:
    texts = [value["text"] for part in message.components for value in part["parameters"]]
    [code] = {found[0] for text in texts if (found := re.findall(r"\b[0-9]{6}\b", text))}
    return code


def verified(ana, bakery) -> OwnPhone:
    own_phones.ask_code(bakery, ana, phone=PHONE)
    return own_phones.confirm(ana, code=code_in(Message.objects.get()))


def test_the_test_order_carries_the_code_as_its_number(ana, bakery):
    own = own_phones.ask_code(bakery, ana, phone="+34 600 000 199")
    message = Message.objects.get()
    assert (message.recipient_phone, message.reference) == (PHONE, "TEST")
    assert message.priority == Priority.URGENT
    assert not own.is_verified
    assert own_phones.confirm(ana, code=code_in(message)).is_verified


def test_the_code_stands_nowhere_but_in_what_is_sent(ana, bakery):
    own_phones.ask_code(bakery, ana, phone=PHONE)
    message, own = Message.objects.get(), OwnPhone.objects.get()
    code = code_in(message)
    assert code not in message.rendered_text
    assert message.rendered_text.startswith(
        f"Hola PRUEBA de {bakery.name}, has recibido una nueva orden de compra CÓDIGO ••••••"
    )
    assert code not in own.code_digest


def test_a_text_for_codes_is_used_where_the_platform_has_one(ana, bakery):
    TemplateFactory.create(
        name="verify",
        category="AUTHENTICATION",
        components=[
            {"type": "BODY", "text": "*{{1}}* es tu código.", "example": {"body_text": [["123"]]}},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copiar"}]},
        ],
    )  # fmt: skip
    own_phones.ask_code(bakery, ana, phone=PHONE)
    message = Message.objects.get()
    assert message.template.name == "verify"
    assert [part["type"] for part in message.components] == ["body", "button"]
    bare = {value["text"] for part in message.components for value in part["parameters"]}
    assert bare == {code_in(message)}


@pytest.mark.parametrize("trouble", ["wrong", "late", "other number"])
def test_what_proves_nothing_is_refused(ana, bakery, trouble):
    own_phones.ask_code(bakery, ana, phone=PHONE)
    message = Message.objects.get()
    code, moment = code_in(message), timezone.now()
    match trouble:
        case "wrong":
            code = str((int(code) + 1) % 10**6).rjust(6, "0")
        case "late":
            moment += timedelta(minutes=16)
        case "other number":
            OwnPhone.objects.update(phone="+34600000198")
    with travel(moment, tick=False), pytest.raises(WrongCodeError):
        own_phones.confirm(ana, code=code)
    assert not OwnPhone.objects.get().is_verified


def test_a_code_cannot_be_guessed_for_long_nor_used_twice(ana, bakery):
    own_phones.ask_code(bakery, ana, phone=PHONE)
    code = code_in(Message.objects.get())
    for _ in range(5):
        with pytest.raises(WrongCodeError):
            own_phones.confirm(ana, code="abc")
    with pytest.raises(WrongCodeError):
        own_phones.confirm(ana, code=code)
    OwnPhone.objects.update(wrong_codes=0)
    assert own_phones.confirm(ana, code=code).is_verified
    with pytest.raises(WrongCodeError):
        own_phones.confirm(ana, code=code)


def test_a_new_number_has_to_be_proved_anew(ana, bakery):
    verified(ana, bakery)
    with travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert not own_phones.ask_code(bakery, ana, phone="+34600000198").is_verified


def test_a_test_goes_to_the_own_number_also_of_a_kind_that_is_off(ana, bakery, kind):
    verified(ana, bakery)
    NoticeChoice.objects.create(tenant=bakery, kind=kind, is_on=False)
    message = own_phones.send_test(bakery, ana, kind)
    assert message.recipient_phone == PHONE
    assert message.rendered_text.startswith(
        f"Hola PRUEBA de {bakery.name}, has recibido una nueva orden de compra PRUEBA"
    )


def test_a_test_speaks_the_language_of_its_text(ana, bakery, kind):
    verified(ana, bakery)
    MessageTemplate.objects.update(language="en_US", components=[{
        "type": "BODY", "text": "{{1}} of {{2}} left.", "example": {"body_text": [["12 kg", "flour"]]},
    }])  # fmt: skip
    message = own_phones.send_test(bakery, ana, kind)
    assert message.rendered_text == f"TEST of TEST of {bakery.name} left."


def test_without_a_proved_number_there_is_no_test(ana, bakery, kind):
    with pytest.raises(NotVerifiedError):
        own_phones.send_test(bakery, ana, kind)
    own_phones.ask_code(bakery, ana, phone=PHONE)
    with pytest.raises(NotVerifiedError):
        own_phones.send_test(bakery, ana, kind)
    own_phones.confirm(ana, code=code_in(Message.objects.get()))
    own_phones.forget(ana)
    with pytest.raises(NotVerifiedError):
        own_phones.send_test(bakery, ana, kind)


def test_codes_come_a_minute_apart_and_ten_messages_a_day(ana, bakery, kind):
    verified(ana, bakery)
    with pytest.raises(TooManyTestsError):
        own_phones.ask_code(bakery, ana, phone=PHONE)
    for _ in range(9):
        own_phones.send_test(bakery, ana, kind)
    with pytest.raises(TooManyTestsError):
        own_phones.send_test(bakery, ana, kind)
    own_phones.forget(ana)
    later = travel(timezone.now() + timedelta(minutes=2), tick=False)
    with later, pytest.raises(TooManyTestsError):
        own_phones.ask_code(bakery, ana, phone=PHONE)
    assert Message.objects.count() == 10
    with travel(timezone.now() + timedelta(days=1), tick=False):
        own_phones.ask_code(bakery, ana, phone=PHONE)


def test_what_stops_an_order_stops_a_test_and_costs_no_place_of_the_day(ana, bakery, kind):
    verified(ana, bakery)
    Tenant.objects.update(whatsapp_enabled=False)
    with pytest.raises(RefusedError):
        own_phones.send_test(bakery, ana, kind)
    assert OwnPhone.objects.get().sent_count == 1


def test_without_any_text_nothing_is_sent(ana, bakery, kind):
    TemplateFactory.create().delete()
    with pytest.raises(NothingToSendError):
        own_phones.ask_code(bakery, ana, phone=PHONE)
    with pytest.raises(NothingToSendError):
        own_phones.send_test(bakery, ana, kind)


def test_only_the_owner_has_tests_sent(ana, bakery, kind):
    bruno = MembershipFactory.create(tenant=bakery, role=Membership.Role.STAFF).user
    with pytest.raises(NotOwnerError):
        own_phones.ask_code(bakery, bruno, phone=PHONE)
    with pytest.raises(NotOwnerError):
        own_phones.send_test(bakery, bruno, kind)
    assert not Message.objects.exists()
