from __future__ import annotations

import re

import pytest

from tests.factories import PASSWORD


@pytest.mark.parametrize(
    ("language", "subject", "sentences"),
    [
        (
            "es",
            "Tu contraseña nueva para los avisos de la panadería",
            ("Elígela aquí:", "El enlace vale una sola vez y durante 3 días."),
        ),
        (
            "en",
            "Your new password for the bakery notices",
            ("Choose it here:", "The link works once and for 3 days."),
        ),
    ],
)
def test_a_forgotten_password_is_replaced_by_mail(
    browse, ana, mailoutbox, settings, language, subject, sentences
):
    client = browse(language=language)
    sent = client.post("/password/forgotten", {"email": ana.email})
    assert sent.url == "/password/forgotten/sent"
    [mail] = mailoutbox
    assert mail.subject == subject
    assert [sentence for sentence in sentences if sentence in mail.body] == [*sentences]
    [link] = re.findall(rf"{re.escape(settings.SITE_URL)}(/password/new/\S+)", mail.body)
    form = client.get(link, follow=True)
    new = "another-invented-password"
    saved = client.post(form.request["PATH_INFO"], {"new_password1": new, "new_password2": new})
    assert saved.url == "/password/new/done"
    ana.refresh_from_db()
    assert ana.check_password(new)
    assert "password/forgotten" in client.get(link, follow=True).text  # used up


def test_the_link_leads_to_our_own_address_whatever_host_was_asked(
    browse, ana, mailoutbox, settings
):
    settings.ALLOWED_HOSTS = ["*"]
    browse().post("/password/forgotten", {"email": ana.email}, headers={"host": "evil.example"})
    assert "evil.example" not in mailoutbox[0].body


def test_an_unknown_address_gets_the_same_answer_and_no_mail(browse, ana, mailoutbox):
    response = browse().post("/password/forgotten", {"email": "nobody@bakery.example"})
    assert response.url == "/password/forgotten/sent"
    assert not mailoutbox


def test_a_person_changes_their_password(browse, ana):
    client = browse(ana)
    new = "another-invented-password"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/password/change", form).url == "/password/changed"
    assert client.get("/password/changed").status_code == 200
    ana.refresh_from_db()
    assert ana.check_password(new)


def test_a_wrong_old_password_is_said_beside_its_field(browse, ana):
    page = browse(ana).post("/password/change", {"old_password": "wrong"})
    assert 'id="id_old_password_error"' in page.text
    assert 'aria-invalid="true"' in page.text


def test_a_person_logs_in_and_out(browse, ana):
    client = browse()
    assert client.post("/login", {"username": "ana", "password": PASSWORD}).url == "/"
    assert client.get("/bakery/goiko").status_code == 200
    assert client.post("/logout").url == "/login"
    assert client.get("/bakery/goiko").status_code == 302


def test_log_in_leads_back_to_where_one_wanted_to_go_but_not_elsewhere(browse, ana):
    form = {"username": "ana", "password": PASSWORD}
    assert browse().post("/login", form | {"next": "/bakery/goiko"}).url == "/bakery/goiko"
    assert browse().post("/login", form | {"next": "https://evil.example/"}).url == "/"


def test_a_wrong_password_does_not_say_which_part_was_wrong(browse, ana):
    unknown = browse().post("/login", {"username": "nobody", "password": "x"}).text
    wrong = browse().post("/login", {"username": "ana", "password": "x"}).text
    alert = re.compile(r'role="alert"[^>]*>(.*?)</ul>', re.S)
    assert alert.findall(unknown) == alert.findall(wrong) != []
