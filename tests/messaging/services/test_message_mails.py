"""A message sent by e-mail as well: in the bakery's name, once, and recorded only where it may have gone out."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from messaging.models import Message, MessageMail, Recipient
from messaging.services import message_mails
from messaging.services.mail_server import NotTakenError
from messaging.services.message_mails import CannotMailError, MailHurdle
from messaging.statuses import MessageStatus
from tenants.models import Membership
from tests.factories import (
    MembershipFactory,
    RecipientFactory,
    StaffFactory,
    TemplateFactory,
    TenantFactory,
    UserFactory,
    message_in,
)
from tests.messaging.mail_servers import CLOSED

TO = "pedidos@harinas.example"
pytestmark = pytest.mark.django_db


@pytest.fixture
def bakery():
    return TenantFactory.create(name="Panadería Goiko")


@pytest.fixture
def ana(bakery):
    user = UserFactory.create(username="ana", email="ana@goiko.example")
    MembershipFactory.create(tenant=bakery, user=user)
    return user


@pytest.fixture
def message(bakery, ana):
    return message_in(
        MessageStatus.FAILED,
        tenant=bakery,
        reference="PO-12345",
        rendered_text="Hola Juan García,\nhas recibido PO-12345 por 250,50 €.",
        error_code=131026,
    )


def hurdle_of(message) -> MailHurdle | None:
    why = message_mails.why_not(message)
    return why.hurdle if why else None


def test_the_mail_has_the_text_in_the_bakerys_name_and_is_answered_to_its_owner(message, ana):
    record = message_mails.send(message, to=TO, by=ana)
    (sent,) = outbox.outbox
    assert sent.to == [TO]
    assert sent.subject == "Pedido PO-12345 de Panadería Goiko"
    assert "Hola Juan García,\nhas recibido PO-12345 por 250,50 €." in sent.body
    assert "la respuesta llega a Panadería Goiko" in sent.body
    assert sent.reply_to == ["ana@goiko.example"]
    written = sent.message()
    assert "=?utf-8?" in str(written["From"])
    assert "no-reply@" in str(written["From"])
    assert isinstance(sent, EmailMultiAlternatives)
    assert "Hola Juan García,<br>" in str(sent.alternatives[0][0])
    assert (record.is_sure, record.masked_address, record.sent_by) == (
        True,
        "p•••@harinas.example",
        "bakery:ana",
    )


@pytest.mark.parametrize(
    ("template", "bakerys", "subject"),
    [
        ("es", "en", "Pedido PO-12345 de"),
        ("es_MX", "en", "Pedido PO-12345 de"),
        ("en_US", "es", "Order PO-12345 from"),
        ("fr", "en", "Order PO-12345 from"),
        ("fr", "es", "Pedido PO-12345 de"),
    ],
)
def test_it_speaks_the_templates_language_else_the_bakerys(message, template, bakerys, subject):
    message.template = TemplateFactory.create(language=template)
    message.tenant.language = bakerys
    assert message_mails.draft_of(message).letter.subject.startswith(subject)


def test_without_an_order_number_the_subject_is_a_notice(message):
    message.reference = ""
    assert message_mails.draft_of(message).letter.subject == "Aviso de Panadería Goiko"


def test_no_name_of_a_bakery_adds_a_header(message, ana):
    message.tenant.name = "Goiko\r\nBcc: all@example.com"
    message.tenant.save()
    message_mails.send(message, to=TO, by=ana)
    written = outbox.outbox[0].message()
    assert written["Bcc"] is None
    assert "\n" not in outbox.outbox[0].subject


@pytest.mark.parametrize("status", list(MessageStatus))
def test_what_has_arrived_is_not_mailed_and_everything_else_may_be(bakery, ana, status):
    has_arrived = status in {MessageStatus.DELIVERED, MessageStatus.READ}
    expected = MailHurdle.ARRIVED if has_arrived else None
    assert hurdle_of(message_in(status, tenant=bakery)) == expected


def test_what_was_sent_again_and_has_arrived_is_not_mailed(message, bakery):
    again = message_in(MessageStatus.SENT, tenant=bakery, replaces=message)
    assert hurdle_of(message) is None
    Message.objects.filter(pk=again.pk).update(status=MessageStatus.READ)
    assert hurdle_of(message) == MailHurdle.REPLACEMENT_ARRIVED


def test_the_text_of_an_erased_person_is_not_mailed(message):
    message.erased_at = timezone.now()
    assert hurdle_of(message) == MailHurdle.ERASED


def test_it_is_mailed_again_only_after_ten_minutes(message, ana, time_machine):
    message_mails.send(message, to=TO, by=ana)
    with pytest.raises(CannotMailError) as caught:
        message_mails.send(message, to="other@harinas.example", by=ana)
    assert caught.value.why.hurdle == MailHurdle.MAILED_LATELY
    assert caught.value.why.until is not None
    time_machine.move_to(caught.value.why.until + timedelta(seconds=1))
    message_mails.send(message, to=TO, by=ana)
    assert (len(outbox.outbox), MessageMail.objects.count()) == (2, 2)


def test_a_bakery_that_mails_without_end_is_stopped_and_no_other(message, bakery, ana, monkeypatch):
    monkeypatch.setattr(message_mails, "MOST_A_DAY", 1)
    other = message_in(MessageStatus.FAILED, tenant=bakery)
    elsewhere = message_in(MessageStatus.FAILED)
    MembershipFactory.create(tenant=elsewhere.tenant)
    message_mails.send(other, to=TO, by=ana)
    assert hurdle_of(message) == MailHurdle.TOO_MANY
    assert hurdle_of(elsewhere) is None


@pytest.mark.parametrize(
    "change",
    [{"email": ""}, {"is_active": False}],
)
def test_where_nobody_would_get_the_answer_it_is_not_mailed(message, ana, change):
    type(ana).objects.filter(pk=ana.pk).update(**change)
    assert hurdle_of(message) == MailHurdle.NO_CONTACT


def test_answers_to_what_staff_sent_go_to_the_owner(message, bakery):
    bruno = UserFactory.create(username="bruno", email="bruno@goiko.example")
    MembershipFactory.create(tenant=bakery, user=bruno, role=Membership.Role.STAFF)
    record = message_mails.send(message, to=TO, by=bruno)
    assert outbox.outbox[0].reply_to == ["ana@goiko.example"]
    assert record.sent_by == "bakery:bruno"


def test_what_the_platform_sends_is_recorded_as_its(message):
    record = message_mails.send(message, to=TO, by=StaffFactory.create(username="paula"))
    assert record.sent_by == "admin:paula"


@pytest.mark.parametrize(
    ("error", "is_address"),
    [
        (smtplib.SMTPRecipientsRefused({TO: (550, b"no such user")}), True),
        (smtplib.SMTPDataError(554, b"no"), False),
        (smtplib.SMTPSenderRefused(550, b"no", "x"), False),
        (ConnectionResetError(), False),
    ],
)
def test_what_the_server_refuses_is_not_recorded(
    message, ana, mail_server_fails, error, is_address
):
    mail_server_fails(error)
    with pytest.raises(NotTakenError) as caught:
        message_mails.send(message, to=TO, by=ana, remember=True)
    assert caught.value.is_address == is_address
    assert TO not in str(caught.value)
    assert not MessageMail.objects.exists()
    assert hurdle_of(message) is None


def test_a_server_that_cannot_be_reached_records_nothing(message, ana, settings):
    settings.EMAIL_BACKEND = CLOSED
    with pytest.raises(NotTakenError):
        message_mails.send(message, to=TO, by=ana)
    assert not MessageMail.objects.exists()


def test_a_fault_of_ours_records_nothing(message, ana, mail_server_fails):
    mail_server_fails(ValueError("a fault"))
    with pytest.raises(ValueError, match="a fault"):
        message_mails.send(message, to=TO, by=ana)
    assert not MessageMail.objects.exists()


@pytest.mark.parametrize("error", [smtplib.SMTPServerDisconnected("gone"), TimeoutError()])
def test_what_breaks_off_is_recorded_as_unconfirmed(message, ana, mail_server_fails, error):
    mail_server_fails(error)
    record = message_mails.send(message, to=TO, by=ana)
    assert (record.state, record.is_sure) == ("unconfirmed", False)
    assert hurdle_of(message) == MailHurdle.MAILED_LATELY


def test_the_address_is_kept_with_the_recipient_where_that_is_wanted(message, ana, bakery):
    known = RecipientFactory.create(tenant=bakery, phone=message.recipient_phone)
    elsewhere = RecipientFactory.create(phone=message.recipient_phone)
    assert message_mails.known_address(message) == ""
    message_mails.send(message, to=TO, by=ana, remember=True)
    assert message_mails.known_address(message) == TO
    assert Recipient.objects.get(pk=known.pk).email == TO
    assert Recipient.objects.get(pk=elsewhere.pk).email == ""


def test_the_address_is_kept_nowhere_unless_wanted(message, ana, bakery):
    RecipientFactory.create(tenant=bakery, phone=message.recipient_phone)
    message_mails.send(message, to=TO, by=ana)
    assert message_mails.known_address(message) == ""
    assert TO not in str(list(MessageMail.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_send_one_mail(message, ana):
    def click(_place: int) -> bool:
        try:
            message_mails.send(message, to=TO, by=ana)
        except CannotMailError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(click, range(4)))
    assert sent.count(True) == 1
    assert len(outbox.outbox) == 1
