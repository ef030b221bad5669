from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from messaging.simulator import mailbox


@pytest.fixture
def folder(tmp_path, settings, state):
    settings.DATA_DIR = tmp_path
    return tmp_path / "mail"


def write(folder, *subjects: str, html: str = "") -> None:
    """Send as development does: one connection, one file."""
    connection = get_connection(
        "django.core.mail.backends.filebased.EmailBackend", file_path=str(folder)
    )
    mails = []
    for subject in subjects:
        mail = EmailMultiAlternatives(
            subject,
            f"Hola Ana:\nhttps://example.test/{subject}",
            "a@example.test",
            ["b@example.test"],
        )
        if html:
            mail.attach_alternative(html, "text/html")
        mails.append(mail)
    connection.send_messages(mails)


def test_no_folder_is_an_empty_mailbox(folder, client):
    page = client.get("/simulator/mail", headers={"Accept-Language": "en"}).content.decode()
    assert "No mail has been written yet." in page


def test_mails_are_listed_newest_first(folder, client):
    write(folder, "Uno", "Dos")
    assert [mail.subject for mail in mailbox.newest_mails()] == ["Dos", "Uno"]
    assert "b@example.test" in client.get("/simulator/mail").content.decode()


def test_accents_and_links_of_a_mail_can_be_read_and_followed(folder, client):
    write(folder, "Panadería")
    (mail,) = mailbox.newest_mails()
    page = client.get(f"/simulator/mail/{mail.key}").content.decode()
    assert "<h1>Panadería</h1>" in page
    assert 'href="https://example.test/Panader' in page


def test_html_is_shown_as_text_and_never_run(folder, client):
    write(folder, "Uno", html="<script>alert(1)</script><p>Hola</p>")
    (mail,) = mailbox.newest_mails()
    page = client.get(f"/simulator/mail/{mail.key}").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_unknown_mail_is_404(folder, client):
    assert client.get("/simulator/mail/0123456789abcdef").status_code == 404


def test_a_file_that_is_no_mail_does_no_harm(folder, client):
    folder.mkdir()
    (folder / "x.log").write_bytes(b"\xff\xfe\x00 nonsense")
    assert client.get("/simulator/mail").status_code == 200


def test_a_mail_says_when_it_was_written(folder, client):
    write(folder, "Uno")
    (mail,) = mailbox.newest_mails()
    assert mail.sent_at is not None
    assert "<time" in client.get("/simulator/mail").content.decode()
