"""A message sent by e-mail from its page in the admin: by whom, what is read before, and what it refuses."""

from __future__ import annotations

import html

import pytest
from auditlog.models import LogEntry as Change
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse

from messaging.models import MessageMail
from messaging.services import mail_server
from messaging.statuses import MessageStatus
from tests.factories import (
    MembershipFactory,
    RecipientFactory,
    TenantFactory,
    UserFactory,
    message_in,
)

TO = "pedidos@harinas.example"
pytestmark = pytest.mark.django_db


@pytest.fixture
def failed():
    tenant = TenantFactory.create(name="Panadería Goiko", language="es")
    MembershipFactory.create(tenant=tenant, user__email="ana@goiko.example")
    return message_in(MessageStatus.FAILED, tenant=tenant, reference="PO-12345", error_code=131026)


def page_of(message) -> str:
    return reverse("admin:messaging_message_change", args=(message.pk,))


def mail_of(message) -> str:
    return reverse("admin:messaging_message_mail", args=(message.pk,))


@pytest.mark.parametrize("client_name", ["paula", "sonia"])
def test_admin_and_support_read_the_mail_and_send_it(request, client_name, failed):
    client = request.getfixturevalue(client_name)
    assert mail_of(failed) in client.get(page_of(failed)).text
    form = html.unescape(client.get(mail_of(failed)).text)
    for part in (
        "Panadería Goiko <no-reply@",
        "ana@goiko.example",
        '<dd lang="es">Pedido PO-12345 de Panadería Goiko</dd>',
        "Hola Juan García",
    ):
        assert part in form
    page = client.post(mail_of(failed), {"to": TO}, follow=True).text
    assert "Sent by e-mail to p•••@harinas.example." in page
    assert f"to p•••@harinas.example, by admin:{client_name}" in page
    assert TO not in page
    assert outbox.outbox[0].to == [TO]
    entry = LogEntry.objects.get(object_id=str(failed.pk))
    assert entry.change_message == "Sent by e-mail to p•••@harinas.example"
    assert not Change.objects.filter(changes__icontains=TO).exists()


def test_the_page_speaks_spanish(paula, failed):
    page = paula.get(mail_of(failed), headers={"accept-language": "es"}).text
    assert "Enviar el correo" in page
    page = paula.post(
        mail_of(failed), {"to": TO}, headers={"accept-language": "es"}, follow=True
    ).text
    assert "Enviado por correo a p•••@harinas.example." in page
    assert "a p•••@harinas.example, por admin:paula" in page


@pytest.mark.parametrize("is_owner", [True, False], ids=["owner", "nobody"])
def test_nobody_else_sends_it(failed, is_owner):
    client = Client()
    if is_owner:
        client.force_login(failed.tenant.memberships.get().user)
    for answer in (client.get(mail_of(failed)), client.post(mail_of(failed), {"to": TO})):
        assert answer.status_code == 302
        assert "/login" in answer.headers["location"]
    assert not outbox.outbox
    assert not MessageMail.objects.exists()


def test_it_takes_the_right_to_send_again(sonia_without_resending, failed):
    assert mail_of(failed) not in sonia_without_resending.get(page_of(failed)).text
    assert sonia_without_resending.post(mail_of(failed), {"to": TO}).status_code == 403
    assert not outbox.outbox


@pytest.fixture
def sonia_without_resending(db) -> Client:
    user = UserFactory.create(username="reader", is_staff=True)
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=("view_message", "cancel_message"))
    )
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_address_that_the_bakery_keeps_stands_there(paula, failed):
    RecipientFactory.create(tenant=failed.tenant, phone=failed.recipient_phone, email=TO)
    page = paula.get(mail_of(failed)).text
    assert f'value="{TO}"' in page
    assert "that the bakery keeps" in page


def test_what_arrived_or_was_just_mailed_says_why_not(paula, failed):
    paula.post(mail_of(failed), {"to": TO})
    page = paula.post(mail_of(failed), {"to": TO}, follow=True).text
    assert "It has just been sent by e-mail. It can be sent again after" in page
    assert len(outbox.outbox) == 1
    arrived = message_in(MessageStatus.READ, tenant=failed.tenant)
    assert "It has arrived by WhatsApp." in paula.get(page_of(arrived)).text
    assert paula.get(mail_of(arrived)).headers["location"] == page_of(arrived)


@pytest.mark.parametrize(
    "to", ["", "harinas", "a@b\r\nBcc: c@d.example", "a@b.example,c@d.example"]
)
def test_what_is_no_address_is_refused(paula, failed, to):
    page = paula.post(mail_of(failed), {"to": to})
    assert page.status_code == 200
    assert not outbox.outbox


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (mail_server.NotTakenError("X", is_address=True), "The mail server refuses this address."),
        (mail_server.NotTakenError("SMTPDataError"), "did not take it (SMTPDataError)"),
    ],
)
def test_an_error_of_the_mail_server_is_shown_and_the_address_stays(
    paula, failed, monkeypatch, error, words
):
    def refuse(_mail):
        raise error

    monkeypatch.setattr(mail_server, "hand_over", refuse)
    page = paula.post(mail_of(failed), {"to": TO}).text
    assert words in page
    assert f'value="{TO}"' in page
    assert not MessageMail.objects.exists()


def test_a_mail_that_nobody_knows_of_says_so(paula, failed, monkeypatch):
    def break_off(_mail):
        raise mail_server.PerhapsTakenError("TimeoutError")

    monkeypatch.setattr(mail_server, "hand_over", break_off)
    page = paula.post(mail_of(failed), {"to": TO}, follow=True).text
    assert "nobody knows whether the e-mail went out" in page
    assert "Perhaps sent by e-mail" in page
