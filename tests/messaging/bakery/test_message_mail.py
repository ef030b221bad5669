"""A notice sent by e-mail from its page: by the bakery's people, for their own notices, and what is left of it."""

from __future__ import annotations

import pytest
from django.core import mail as outbox

from messaging.models import Message, MessageMail, Recipient
from messaging.services import erasing, mail_server, recipient_learning
from messaging.statuses import MessageStatus
from tests.factories import RecipientFactory, message_in
from tests.messaging.bakery.test_pages import text_of

TO = "pedidos@harinas.example"


@pytest.fixture
def failed(bakery, ana) -> Message:
    return message_in(
        MessageStatus.FAILED,
        tenant=bakery,
        recipient_name="Harinas del Sur",
        reference="PO-12345",
        error_code=131026,
    )


def page_of(message) -> str:
    return f"/bakery/goiko/messages/{message.pk}"


def mail_of(message) -> str:
    return f"{page_of(message)}/mail"


@pytest.mark.parametrize("person", ["ana", "bruno"])
@pytest.mark.parametrize(
    ("language", "sent", "step", "facts"),
    [
        ("en", "Sent by e-mail to p•••@harinas.example.", "Sent by e-mail", "to p•••@harinas.example, by {}"),
        ("es", "Enviado por correo a p•••@harinas.example.", "Enviado por correo", "a p•••@harinas.example, por {}"),
    ],
)  # fmt: skip
def test_owner_and_staff_send_a_notice_by_mail(
    request, browse, failed, person, language, sent, step, facts
):
    client = browse(request.getfixturevalue(person), language=language)
    assert mail_of(failed) in client.get(page_of(failed)).text
    form = text_of(client.get(mail_of(failed)).text)
    assert "Pedido PO-12345 de Panadería Goiko" in form
    assert "ana@bakery.example" in form
    page = text_of(client.post(mail_of(failed), {"to": TO}, follow=True).text)
    for words in (sent, step, facts.format(person)):
        assert words in page
    assert outbox.outbox[0].to == [TO]
    assert outbox.outbox[0].reply_to == ["ana@bakery.example"]


def test_nobody_sends_it_without_logging_in(browse, failed):
    for answer in (browse().get(mail_of(failed)), browse().post(mail_of(failed), {"to": TO})):
        assert answer.url.startswith("/login")
    assert not outbox.outbox


def test_another_bakery_finds_no_such_notice(browse, carla, failed):
    theirs = f"/bakery/artesano/messages/{failed.pk}/mail"
    for path in (mail_of(failed), theirs):
        assert browse(carla).get(path).status_code == 404
        assert browse(carla).post(path, {"to": TO}).status_code == 404
    assert not outbox.outbox


def test_the_platform_looking_on_sends_nothing(browse, paula, failed):
    client = browse(paula)
    assert mail_of(failed) not in client.get(page_of(failed)).text
    assert client.get(mail_of(failed)).status_code == 403
    assert client.post(mail_of(failed), {"to": TO}).status_code == 403
    assert not outbox.outbox


def test_the_platforms_people_are_not_named_to_the_bakery(browse, ana, failed):
    MessageMail.objects.create(
        message=failed, masked_address="p•••@x.example", sent_by="admin:paula", state="sent"
    )
    page = text_of(browse(ana).get(page_of(failed)).text)
    assert "to p•••@x.example, by the platform" in page
    assert "paula" not in page


def test_the_address_is_remembered_unless_the_tick_is_taken_off(browse, ana, bakery, failed):
    supplier = RecipientFactory.create(tenant=bakery, phone=failed.recipient_phone)
    client = browse(ana)
    assert "checked" in client.get(mail_of(failed)).text
    client.post(mail_of(failed), {"to": TO})
    supplier.refresh_from_db()
    assert supplier.email == ""
    MessageMail.objects.all().delete()
    client.post(mail_of(failed), {"to": TO, "remember": "on"})
    supplier.refresh_from_db()
    assert supplier.email == TO
    again = message_in(MessageStatus.EXPIRED, tenant=bakery)
    assert f'value="{TO}"' in client.get(mail_of(again)).text


def test_where_no_supplier_is_known_nothing_is_offered_to_keep(browse, ana, failed):
    assert "Keep it with the supplier" not in browse(ana).get(mail_of(failed)).text


@pytest.mark.parametrize("status", [MessageStatus.DELIVERED, MessageStatus.READ])
def test_what_has_arrived_has_no_such_button(browse, ana, bakery, status):
    message = message_in(status, tenant=bakery)
    client = browse(ana)
    assert mail_of(message) not in client.get(page_of(message)).text
    page = text_of(client.post(mail_of(message), {"to": TO}, follow=True).text)
    assert "It has arrived by WhatsApp." in page
    assert not outbox.outbox


def test_what_is_still_on_its_way_may_be_told_by_mail_too(browse, ana, bakery):
    message = message_in(MessageStatus.QUEUED, tenant=bakery)
    page = text_of(browse(ana).get(page_of(message)).text)
    assert "It may still arrive by WhatsApp too." in page


def test_a_second_click_says_when_it_may_go_again(browse, ana, failed):
    client = browse(ana)
    client.post(mail_of(failed), {"to": TO})
    page = text_of(client.post(mail_of(failed), {"to": TO}, follow=True).text)
    assert "It has just been sent by e-mail." in page
    assert len(outbox.outbox) == 1


@pytest.mark.parametrize(
    ("to", "words"),
    [("", "Write the e-mail address."), ("harinas", "This is no e-mail address.")],
)
def test_what_is_no_address_says_so(browse, ana, failed, to, words):
    page = browse(ana).post(mail_of(failed), {"to": to})
    assert page.status_code == 200
    assert words in text_of(page.text)
    assert not outbox.outbox


def test_an_error_of_the_mail_server_is_shown_and_nothing_recorded(
    browse, ana, failed, monkeypatch
):
    def refuse(_mail):
        raise mail_server.NotTakenError("SMTPRecipientsRefused", is_address=True)

    monkeypatch.setattr(mail_server, "hand_over", refuse)
    page = browse(ana).post(mail_of(failed), {"to": TO}).text
    assert "The mail server refuses this address. Nothing was sent." in text_of(page)
    assert f'value="{TO}"' in page
    assert not MessageMail.objects.exists()


# --- What is left of it ------------------------------------------------------------------------------


def test_the_proof_tells_it_and_others_do_not_read_to_whom(browse, ana, failed):
    client = browse(ana)
    client.post(mail_of(failed), {"to": TO})
    proof = client.get("/bakery/goiko/proof", {"order": "PO-12345"})
    assert "Sent by e-mail" in text_of(proof.text)
    assert "p•••@harinas.example" in proof.text
    assert client.get("/bakery/goiko/proof.pdf", {"order": "PO-12345"}).status_code == 200
    client.post("/bakery/goiko/proof/links", {"order": "PO-12345"})
    page = client.get("/bakery/goiko/proof", {"order": "PO-12345"}).text
    link = (
        "/proof/"
        + page.partition('id="link-1" href="')[2].partition("/proof/")[2].partition('"')[0]
    )
    shared = browse().get(link).text
    assert "Sent by e-mail" in text_of(shared)
    assert "harinas.example" not in shared


def test_the_persons_data_has_the_address_and_the_mails(browse, ana, bakery, failed):
    recipient_learning.learn()
    client = browse(ana)
    client.post(mail_of(failed), {"to": TO, "remember": "on"})
    supplier = Recipient.objects.get()
    data = client.get(f"/bakery/goiko/suppliers/{supplier.pk}/data.json").json()
    assert data["recipient"]["email"] == TO
    (mail,) = data["messages"][0]["mails"]
    assert (mail["to"], mail["is_sure"]) == ("p•••@harinas.example", True)
    lines = b"".join(client.get(f"/bakery/goiko/suppliers/{supplier.pk}/data.csv")).decode(
        "utf-8-sig"
    )
    assert TO in lines
    assert "p•••@harinas.example" in lines


def test_an_erased_person_leaves_that_there_was_a_mail_and_not_to_whom(browse, ana, bakery, failed):
    recipient_learning.learn()
    client = browse(ana)
    client.post(mail_of(failed), {"to": TO, "remember": "on"}, follow=True)
    erasing.erase(Recipient.objects.get(), by=ana)
    assert not Recipient.objects.exists()
    assert MessageMail.objects.get().masked_address == ""
    page = client.get(page_of(failed)).text
    assert "Sent by e-mail" in text_of(page)
    assert "harinas.example" not in page


def test_the_suppliers_page_shows_the_address_and_the_form_changes_it(browse, ana, bakery):
    supplier = RecipientFactory.create(tenant=bakery, email=TO)
    client = browse(ana)
    path = f"/bakery/goiko/suppliers/{supplier.pk}"
    assert f'href="mailto:{TO}"' in client.get(path).text
    assert f'value="{TO}"' in client.get(f"{path}/correct").text
    entered = {"phone": supplier.phone, "name": supplier.name}
    assert client.post(f"{path}/correct", entered | {"email": "no"}).status_code == 200
    client.post(f"{path}/correct", entered | {"email": "new@harinas.example"})
    supplier.refresh_from_db()
    assert supplier.email == "new@harinas.example"
