"""The bakery's suppliers: listed, entered, corrected, imported, handed out and erased."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from messaging.models import Erasure, Message, Recipient, Suppression
from messaging.services import recipient_learning
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory, RecipientFactory, message_in
from tests.messaging.bakery.test_pages import text_of
from tests.messaging.conftest import inbound, receive

LIST = "/bakery/goiko/suppliers"
PHONE = "+34600000101"


def names(page) -> list[str]:
    return re.findall(r'line__who">([^<]*)<', page.text)


@pytest.fixture
def juan(bakery) -> Recipient:
    message_in(MessageStatus.READ, tenant=bakery, reference="PO-12345", read_at=timezone.now())
    recipient_learning.learn()
    return Recipient.objects.get()


# --- The list and one of them ------------------------------------------------------------------------


def test_the_list_says_consent_wish_and_last_arrival_with_bad_numbers_first(
    browse, ana, bakery, juan
):
    RecipientFactory.create(
        tenant=bakery, phone="+34600000103", name="Agreed", consent_how="written",
        consent_date=date(2026, 11, 3),
    )  # fmt: skip
    Suppression.objects.create(tenant=bakery, phone="+34600000103", source="word")
    message_in(
        MessageStatus.FAILED, tenant=bakery, recipient_name="Wrong", recipient_phone="+34600000104",
        error_code=131026,
    )  # fmt: skip
    recipient_learning.learn()
    page = browse(ana).get(LIST)
    assert names(page) == ["Wrong", "Agreed", "Juan García"]
    text = text_of(page.text)
    assert "Notices do not reach them" in text
    assert "Does not want WhatsApp Agreed in writing Never reached" in text
    assert "No consent noted Last reached" in text


def test_a_name_leads_to_an_address_and_a_number_does_not(browse, ana, juan):
    client = browse(ana)
    answer = client.post(LIST, {"q": "jua"})
    assert answer.url == f"{LIST}?q=jua"
    assert names(client.get(answer.url)) == ["Juan García"]
    answer = client.post(LIST, {"q": "600 000 101"})
    assert "600" not in answer.url
    assert names(client.get(answer.url)) == ["Juan García"]


def test_one_supplier_shows_what_went_to_them(browse, ana, bakery, juan):
    text = text_of(browse(ana).get(f"{LIST}/{juan.pk}").text)
    assert "+34 600 000 101" in text
    assert "PO-12345" in text
    assert "No consent noted" in text


# --- Entering and correcting -------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["ana", "bruno"])
def test_people_of_the_bakery_add_and_correct(request, browse, bakery, person):
    client = browse(request.getfixturevalue(person))
    client.post(
        f"{LIST}/new",
        {
            "phone": "600 000 101",
            "name": "Juan",
            "consent_how": "spoken",
            "consent_date": "2026-11-20",
        },
    )
    juan = Recipient.objects.of(bakery).get()
    assert (juan.phone, juan.consent_by) == (PHONE, person)
    client.post(f"{LIST}/{juan.pk}/correct", {"phone": "+34 600 000 102", "name": "Juan García"})
    juan.refresh_from_db()
    assert (juan.phone, juan.name, juan.former_phones) == ("+34600000102", "Juan García", [PHONE])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"phone": "x", "name": "Juan"}, "This is no phone number."),
        ({"phone": "", "name": "Juan"}, "Write the number."),
        ({"phone": PHONE, "name": ""}, "Write the name."),
        ({"phone": PHONE, "name": "J", "consent_how": "spoken"}, "Say on what day they agreed."),
        ({"phone": PHONE, "name": "J", "consent_date": "2026-01-01"}, "Say how they agreed"),
        (
            {"phone": PHONE, "name": "J", "consent_how": "spoken", "consent_date": "2999-01-01"},
            "This day is still to come.",
        ),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(browse, ana, bakery, data, said):
    answer = browse(ana).post(f"{LIST}/new", data)
    assert said in text_of(answer.text)
    assert not Recipient.objects.exists()


def test_a_number_on_the_list_already_names_whose_it_is(browse, ana, bakery, juan):
    answer = browse(ana).post(f"{LIST}/new", {"phone": PHONE, "name": "Other"})
    assert "This number belongs to Juan García already." in text_of(answer.text)


# --- Importing ---------------------------------------------------------------------------------------


def upload(client, text: str):
    file = SimpleUploadedFile("suppliers.csv", text.encode("cp1252"), content_type="text/csv")
    return client.post(f"{LIST}/import", {"file": file})


def test_a_file_is_shown_first_and_saved_when_confirmed(browse, ana, bakery):
    client = browse(ana, language="es")
    shown = upload(client, "Teléfono;Proveedor\n600000101;Harinas Íñigo\n")
    assert "1 proveedor nuevo" in text_of(shown.text)
    assert not Recipient.objects.exists()
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown.text, re.DOTALL)
    assert text is not None
    answer = client.post(f"{LIST}/import", {"text": text[1]})
    assert answer.url == LIST
    assert Recipient.objects.of(bakery).get().name == "Harinas Íñigo"


def test_faulty_rows_are_told_one_by_one_and_nothing_is_saved(browse, ana, bakery):
    client = browse(ana)
    shown = text_of(upload(client, "Phone,Name\n600000101,Ana\nnobody,Berta\n600000101,C\n").text)
    assert "2 rows have to be mended. Nothing has been saved." in shown
    assert "Row 3 · Berta “nobody” is no phone number." in shown
    assert "Row 4 · C The same number stands in row 2 already." in shown
    client.post(f"{LIST}/import", {"text": "Phone\n600000101\nnobody\n"})
    assert not Recipient.objects.exists()


def test_a_file_that_cannot_be_read_says_why(browse, ana, bakery):
    client = browse(ana)
    assert "No column is called “Phone”." in text_of(upload(client, "Name\nAna\n").text)
    assert "Choose a file first." in text_of(client.post(f"{LIST}/import", {}).text)


def test_the_look_at_a_file_shows_consent_and_note_of_each_row(browse, ana, bakery):
    content = "Phone,Supplier,Consent,Date,Note\n600000101,Flour,in writing,2025-11-20,Only mornings\n600000102,Yeast,,,"
    page = text_of(upload(browse(ana), content).text)
    assert "Agreed in writing, 20 Nov 2025" in page
    assert "Note: Only mornings" in page
    assert "No consent noted" in page


def test_a_file_full_of_faults_shows_the_first_fifty(browse, ana, bakery):
    rows = "\n".join(f"nobody{number}" for number in range(2_000))
    page = upload(browse(ana), f"Phone\n{rows}").text
    assert "2000 rows have to be mended" in page.replace(",", "")
    assert "and 1950 more" in text_of(page).replace(",", "")
    assert len(page) < 60_000


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_example_is_a_file_that_can_be_imported(browse, ana, bakery, language):
    client = browse(ana, language=language)
    example = b"".join(client.get(f"{LIST}/example.csv").streaming_content)
    client.post(f"{LIST}/import", {"text": example.decode("utf-8-sig")})
    assert Recipient.objects.of(bakery).count() == 2


# --- Handing out and erasing -------------------------------------------------------------------------


def test_all_of_a_persons_data_is_handed_out(browse, ana, bakery, juan, broker):
    message = Message.objects.get()
    receive(inbound(message.phone_number, "Gracias"))
    Suppression.objects.create(tenant=bakery, phone=PHONE, source="word")
    MessageFactory.create(recipient_name="Another bakery's", rendered_text="theirs")
    answer = browse(ana).get(f"{LIST}/{juan.pk}/data.json")
    data = json.loads(answer.content)
    assert "600" not in answer["content-disposition"]
    assert data["recipient"]["phone"] == PHONE
    assert data["recipient"]["can_be_written_to"] is False
    assert [each["reference"] for each in data["messages"]] == ["PO-12345"]
    assert [each["text"] for each in data["replies"]] == ["Gracias"]
    assert len(data["opt_outs"]) == 1


@pytest.mark.parametrize(("language", "delimiter"), [("es", ";"), ("en", ",")])
def test_people_get_it_as_a_table_without_formulas(
    browse, ana, bakery, juan, broker, language, delimiter
):
    receive(inbound(Message.objects.get().phone_number, "=1+1"))
    client = browse(ana, language=language)
    content = b"".join(client.get(f"{LIST}/{juan.pk}/data.csv").streaming_content)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))
    cells = {cell for row in rows for cell in row}
    assert {"'=1+1", "'+34 600 000 101", "Juan García"} <= cells
    assert {len(row) for row in rows} == {3}


def test_erasing_asks_first_and_is_done_once(browse, ana, bakery, juan):
    client = browse(ana)
    asked = text_of(client.get(f"{LIST}/{juan.pk}/erase").text)
    assert "Erase Juan García?" in asked
    assert "This cannot be undone." in asked
    assert Recipient.objects.exists()
    assert client.post(f"{LIST}/{juan.pk}/erase").url == LIST
    assert client.post(f"{LIST}/{juan.pk}/erase").status_code == 404
    assert not Recipient.objects.exists()
    assert Erasure.objects.get().erased_by == "ana"
    assert "1 notice, by ana" in text_of(client.get(LIST).text)


def test_erasing_waits_while_a_notice_goes_out(browse, ana, bakery, juan):
    message_in(MessageStatus.SENDING, tenant=bakery)
    answer = browse(ana).post(f"{LIST}/{juan.pk}/erase")
    assert "Try again in a minute." in text_of(answer.text)
    assert Recipient.objects.exists()
