"""The list of mails: what became of each in words, and sending the failed ones again."""

from __future__ import annotations

import pytest

from messaging.models import Mail, MailKind, MailState
from messaging.services import mails
from messaging.services.letters import Letter
from tests.factories import StaffFactory
from tests.messaging.admin.test_token_rotation import staff_with

LIST = "/admin/messaging/mail/"

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def failed(db):
    letter = Letter(
        "A subject", ("A text",), links=(("Open", "http://127.0.0.1:8000/secret-link"),)
    )
    person = StaffFactory.create(username="bruno", email="")
    mails.write(MailKind.REMINDER, occasion="x", to=person, letter=lambda: letter)
    mails.send_waiting()
    return Mail.objects.get()


def again(client, mail):
    return client.post(LIST, {"action": "send_again", "_selected_action": [mail.pk]}, follow=True)


def test_the_list_says_what_failed_why_and_what_to_do(paula, failed):
    page = paula.get(LIST).text
    assert "error</span>failed" in page
    assert "has no e-mail address" in page


def test_the_list_says_what_is_not_in_it_and_why(paula):
    assert "Invitations and links to a new password are not kept here" in paula.get(LIST).text


def test_a_mails_page_shows_its_text_without_its_links(paula, failed):
    page = paula.get(f"{LIST}{failed.pk}/change/").text
    assert "A text" in page
    assert "secret-link" not in page


def test_failed_mails_are_sent_again_by_those_who_may(paula, failed):
    failed.user.email = "bruno@platform.example"
    failed.user.save()
    viewer = staff_with("view_mail")
    again(viewer, failed)
    failed.refresh_from_db()
    assert failed.state == MailState.FAILED
    assert "1 mail is sent again." in again(paula, failed).text
    mails.send_waiting()
    failed.refresh_from_db()
    assert failed.state == MailState.SENT
