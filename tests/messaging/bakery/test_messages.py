"""The bakery's notices: searched without a number in an address, what failed first, sent again to a corrected number."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Message, NoticeChoice, Recipient
from messaging.services import message_search, recipient_learning
from messaging.statuses import MessageStatus
from tests.factories import NoticeKindFactory, RecipientFactory, message_at, message_in
from tests.messaging.bakery.test_pages import SETTINGS, text_of

LIST = "/bakery/goiko/messages"
PHONE, RIGHT = "+34600000101", "+34600000102"


def names(page) -> list[str]:
    return re.findall(r'line__who">([^<]*)<', page.text)


@pytest.fixture
def failed(bakery) -> Message:
    return message_in(
        MessageStatus.FAILED,
        tenant=bakery,
        recipient_name="Harinas del Sur",
        reference="PO-12345",
        error_code=131026,
    )


def test_what_did_not_arrive_stands_first_with_what_to_do(browse, ana, bakery, failed):
    message_in(MessageStatus.READ, tenant=bakery, recipient_name="Juan García")
    page = browse(ana).get(LIST)
    assert names(page) == ["Harinas del Sur", "Juan García"]
    text = text_of(page.text)
    assert "These did not arrive" in text
    assert "WhatsApp could not deliver the message to this number." in text


def test_what_failed_long_ago_stands_in_its_place(browse, ana, bakery):
    old = datetime.now(UTC) - timedelta(days=8)
    message_at(old, MessageStatus.FAILED, tenant=bakery, recipient_name="Old", error_code=131026)
    message_in(MessageStatus.READ, tenant=bakery, recipient_name="New")
    page = browse(ana).get(LIST)
    assert names(page) == ["New", "Old"]
    assert "These did not arrive" not in text_of(page.text)


@pytest.mark.parametrize(
    "term",
    [
        "PO-12345",
        "po-12345",
        " PO-123",
        "12345",
        "PO 12345",
        "PO12345",
        "#PO-12345",
        "harinas",
        "del sur",
        "HARÍNAS",
    ],
)
def test_an_order_number_or_a_suppliers_name_leads_to_an_address_of_its_own(
    browse, ana, bakery, failed, term
):
    message_in(MessageStatus.READ, tenant=bakery, recipient_phone=RIGHT, recipient_name="Nerea")
    recipient_learning.learn()
    client = browse(ana)
    answer = client.post(LIST, {"q": term})
    assert answer.status_code == 302
    assert names(client.get(answer.url)) == ["Harinas del Sur"]


@pytest.mark.parametrize("term", ["+34 600 000 101", "600000101", "0034600000101"])
def test_a_number_is_found_and_stands_in_no_address(browse, ana, bakery, failed, term):
    message_in(MessageStatus.READ, tenant=bakery, recipient_phone=RIGHT, recipient_name="Nerea")
    client = browse(ana)
    for answer in (client.post(LIST, {"q": term}), client.get(LIST, {"q": term})):
        assert "600" not in answer.url
        page = client.get(answer.url)
        assert names(page) == ["Harinas del Sur"]
        assert not re.findall(r'(?:href|action)="(?!tel:)[^"]*600', page.text)


def test_a_number_finds_what_went_to_the_former_one_too(browse, ana, bakery, failed):
    RecipientFactory.create(tenant=bakery, phone=RIGHT, former_phones=[PHONE])
    assert names(browse(ana).post(LIST, {"q": RIGHT}, follow=True)) == ["Harinas del Sur"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("failed", ["Harinas del Sur"]), ("read", ["Reader"]), ("delivered", ["Reader", "Deliver"])],
)
def test_the_list_shows_one_state(browse, ana, bakery, failed, status, expected):
    message_in(MessageStatus.DELIVERED, tenant=bakery, recipient_name="Deliver")
    message_in(MessageStatus.READ, tenant=bakery, recipient_name="Reader")
    page = browse(ana).get(f"{LIST}?status={status}")
    assert names(page) == expected
    assert 'aria-current="true"' in page.text


def test_the_list_shows_one_month(browse, ana, bakery):
    for month, name in ((9, "September"), (10, "October")):
        message_at(datetime(2026, month, 15, 12, tzinfo=UTC), tenant=bakery, recipient_name=name)
    page = browse(ana).get(f"{LIST}?month=2026-10")
    assert names(page) == ["October"]
    assert "Only those of October 2026." in text_of(page.text)
    spanish = browse(ana, language="es").get(f"{LIST}?month=2026-10&status=read")
    assert names(spanish) == ["October"]
    assert "octubre de 2026" in text_of(spanish.text)


@pytest.mark.parametrize("query", ["month=2026-13", "status=burnt", "before=x", "month=&status="])
def test_what_makes_no_sense_is_as_if_it_were_not_there(browse, ana, bakery, failed, query):
    assert names(browse(ana).get(f"{LIST}?{query}")) == ["Harinas del Sur"]


def test_the_list_is_leafed_through_without_a_gap_or_a_repeat(browse, ana, bakery, monkeypatch):
    monkeypatch.setattr(message_search, "PAGE", 2)
    for number in range(5):
        message_in(MessageStatus.READ, tenant=bakery, recipient_name=f"S{number}")
    client, address, seen = browse(ana), LIST, []
    while address:
        page = client.get(address)
        seen += names(page)
        older = re.search(r'href="([^"]*before=[^"]*)"', page.text)
        address = older[1].replace("&amp;", "&") if older else ""
    assert seen == ["S4", "S3", "S2", "S1", "S0"]


def test_the_list_costs_the_same_however_long_it_is(
    browse, ana, bakery, django_assert_max_num_queries
):
    for _ in range(30):
        message_in(MessageStatus.READ, tenant=bakery)
    client = browse(ana)
    with django_assert_max_num_queries(12):
        client.get(LIST)


def test_nothing_is_counted(browse, ana, bakery, failed):
    client = browse(ana)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{LIST}?q=PO-12345")
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]


# --- Sending again -----------------------------------------------------------------------------------


def again(browse, person, message, **data):
    return browse(person).post(f"{LIST}/{message.pk}/resend", data)


@pytest.mark.parametrize("person", ["ana", "bruno"])
def test_a_failed_notice_goes_to_the_right_number_and_the_supplier_is_corrected(
    request, browse, bakery, failed, broker, person
):
    recipient_learning.learn()
    answer = again(
        browse, request.getfixturevalue(person), failed, phone="600 000 102", also_supplier="on"
    )
    (new,) = failed.replacements.all()
    assert answer.url == f"{LIST}/{new.pk}"
    assert (new.recipient_phone, new.status) == (RIGHT, MessageStatus.QUEUED)
    assert new.requested_by == f"bakery:{person}"
    supplier = Recipient.objects.of(bakery).get()
    assert (supplier.phone, supplier.former_phones) == (RIGHT, [PHONE])


def test_the_supplier_stays_where_that_is_wanted(browse, ana, bakery, failed, broker):
    recipient_learning.learn()
    again(browse, ana, failed, phone="600 000 102")
    assert Recipient.objects.of(bakery).get().phone == PHONE


def test_a_number_of_another_supplier_is_asked_about_first(browse, ana, bakery, failed, broker):
    recipient_learning.learn()
    RecipientFactory.create(tenant=bakery, phone=RIGHT, name="Nerea")
    typed = {"phone": "600 000 102", "also_supplier": "on"}
    asked = again(browse, ana, failed, **typed)
    assert "This is the number of Nerea already: nothing has been sent." in text_of(asked.text)
    assert "Send it to Nerea all the same" in text_of(asked.text)
    assert 'value="600 000 102"' in asked.text
    assert not failed.replacements.exists()
    (even_to,) = re.findall(r'name="even_to" value="([^"]+)"', asked.text)
    # The answer holds for the number it was asked of.
    assert again(browse, ana, failed, **typed, even_to=PHONE).status_code == 200
    again(browse, ana, failed, **typed, even_to=even_to)
    assert failed.replacements.get().recipient_phone == RIGHT
    assert Recipient.objects.of(bakery).get(name="Nerea").phone == RIGHT


@pytest.mark.parametrize(
    "known",
    [{"name": "Harinas del Sur"}, {"name": "Nerea", "former_phones": [PHONE]}],
    ids=["another entry of that name", "the supplier's new number"],
)
def test_another_number_of_the_same_supplier_is_no_question(
    browse, ana, bakery, failed, broker, known
):
    RecipientFactory.create(tenant=bakery, phone=RIGHT, **known)
    again(browse, ana, failed, phone=RIGHT)
    assert failed.replacements.get().recipient_phone == RIGHT


def test_the_supplier_of_another_bakery_is_nobody(browse, ana, failed, broker):
    RecipientFactory.create(phone=RIGHT, name="Nerea")
    again(browse, ana, failed, phone=RIGHT)
    assert failed.replacements.get().recipient_phone == RIGHT


def test_without_a_number_it_goes_to_the_same_one(browse, ana, failed, broker):
    again(browse, ana, failed)
    assert failed.replacements.get().recipient_phone == PHONE


def test_what_is_no_number_is_told_beside_the_field(browse, ana, failed, broker):
    answer = again(browse, ana, failed, phone="nobody")
    assert "This is no phone number." in text_of(answer.text)
    assert not failed.replacements.exists()


def test_what_was_sent_again_leads_to_the_new_one(browse, ana, failed, broker):
    again(browse, ana, failed)
    page = browse(ana).get(f"{LIST}/{failed.pk}")
    assert f'href="{LIST}/{failed.replacements.get().pk}"' in page.text
    assert "These did not arrive" not in browse(ana).get(LIST).text


def test_what_was_sent_again_says_shortly_what_became_of_it(browse, ana, bakery, failed, broker):
    recipient_learning.learn()
    again(browse, ana, failed, phone=RIGHT)
    new = failed.replacements.get()
    Message.objects.filter(pk=new.pk).update(status=MessageStatus.DELIVERED, send_after=None)
    supplier = Recipient.objects.of(bakery).get(phone=PHONE)
    client = browse(ana)
    for page in ("", "/messages", f"/messages/{failed.pk}", f"/suppliers/{supplier.pk}"):
        answer = client.get(f"{SETTINGS}{page}")
        text = text_of(answer.text)
        assert "Sent again to +34 600 000 102 Delivered" in text, page
        assert f'href="{LIST}/{new.pk}"' in answer.text
        assert "Not delivered" in text
        assert "Call Harinas del Sur" not in text
        assert "line__advice" not in answer.text


def test_a_refusal_is_told_in_plain_words(browse, ana, bakery, failed, broker):
    bakery.whatsapp_enabled = False
    bakery.save()
    client = browse(ana)
    answer = client.post(f"{LIST}/{failed.pk}/resend", {}, follow=True)
    assert "WhatsApp notices are switched off for this bakery." in text_of(answer.text)


@pytest.mark.parametrize("status", [MessageStatus.READ, MessageStatus.SENT, MessageStatus.QUEUED])
def test_what_is_well_is_not_offered_again(browse, ana, bakery, status):
    message = message_in(status, tenant=bakery)
    assert "Send it again" not in browse(ana).get(f"{LIST}/{message.pk}").text


def test_the_platforms_staff_look_and_do_not_press(browse, paula, failed, broker):
    page = browse(paula).get(f"{LIST}/{failed.pk}")
    assert f'action="{LIST}/{failed.pk}/resend"' not in page.text
    assert again(browse, paula, failed).status_code == 403
    assert not failed.replacements.exists()


def test_an_erased_persons_notice_says_so(browse, ana, bakery):
    message = message_in(
        MessageStatus.FAILED,
        tenant=bakery,
        recipient_name="",
        recipient_phone="+34",
        erased_at=timezone.now(),
    )
    text = text_of(browse(ana).get(f"{LIST}/{message.pk}").text)
    assert "An erased person" in text
    assert "The recipient was erased, and the text with it." in text


# --- Why it is not sent, in the reader's language --------------------------------------------------


def said_after_resending(client, message) -> str:
    return text_of(client.post(f"{LIST}/{message.pk}/resend", follow=True).text)


def test_a_kind_that_is_off_is_the_reason_in_the_readers_language(browse, ana, bakery, failed):
    NoticeChoice.objects.create(tenant=bakery, kind=NoticeKindFactory.create(), is_on=False)
    said = said_after_resending(browse(ana, language="es"), failed)
    assert "Este tipo de aviso está desactivado en esta panadería." in said
    assert "switch" not in said


def test_a_suspended_bakery_is_not_told_that_its_switch_is_off(browse, ana, bakery, failed):
    bakery.suspended_until, bakery.suspension_reason = timezone.now() + timedelta(days=1), "x"
    bakery.save()
    said = said_after_resending(browse(ana, language="es"), failed)
    assert "La plataforma ha suspendido los avisos de esta panadería." in said
    assert "desactivados" not in said


# --- Calling -----------------------------------------------------------------------------------------


CALL = 'href="tel:+34600000101"><svg'


def test_what_did_not_arrive_offers_a_call_to_people_of_the_bakery(
    browse, ana, bruno, paula, bakery, failed
):
    message_in(MessageStatus.READ, tenant=bakery)
    for path in (LIST, f"{LIST}/{failed.pk}"):
        for person in (ana, bruno):
            page = browse(person).get(path).text
            assert page.count(CALL) == 1
            assert "Call Harinas del Sur" in page
        assert CALL not in browse(paula).get(path).text


@pytest.mark.parametrize("status", [MessageStatus.READ, MessageStatus.FAILED])
def test_an_owners_own_phone_is_hidden_on_the_test_that_went_there(
    browse, ana, bruno, bakery, status
):
    test = message_in(
        status,
        tenant=bakery,
        reference="TEST",
        is_trial=True,
        requested_by="bakery:ana",
        recipient_phone="+34600000199",
        recipient_name="Ana",
    )
    for path in (LIST, f"{LIST}/{test.pk}", "/bakery/goiko/proof?order=TEST"):
        page = browse(bruno).get(path).text
        assert "600 000 199" not in page
        assert "600000199" not in page
    assert "199" in text_of(browse(bruno).get(f"{LIST}/{test.pk}").text)
