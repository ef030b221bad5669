"""Wrong passwords lock a name from one address for a quarter of an hour, and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.factories import PASSWORD, StaffFactory, UserFactory

ATTACKER, HOME = "198.51.100.7", "203.0.113.9"


def browser(*, language: str = "en") -> Client:
    return Client(headers={"accept-language": language})


def try_to_log_in(
    name: str, password: str, *, address: str = ATTACKER, path: str = "/login", language: str = "en"
):
    sent = {"username": name, "password": password}
    return browser(language=language).post(path, sent, REMOTE_ADDR=address)


def lock(name: str, **how: str):
    answers = [try_to_log_in(name, f"wrong {time}", **how) for time in range(5)]
    assert [answer.status_code for answer in answers[:4]] == [200] * 4
    return answers[-1]


@pytest.fixture
def ana(db):
    return UserFactory.create(username="ana", email="ana@bakery.example")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "with this user name in 15 minutes."), ("es", "dentro de 15 minutos.")],
)
def test_the_fifth_wrong_password_locks_and_says_for_how_long(ana, language, words):
    answer = lock("ana", language=language)
    assert answer.status_code == 429
    assert words in answer.text
    assert 800 < int(answer.headers["Retry-After"]) <= 900
    assert try_to_log_in("ana", PASSWORD).status_code == 429


def test_the_admins_log_in_is_locked_too(db):
    StaffFactory.create(username="paula")
    assert lock("paula", path="/admin/login/").status_code == 429


def test_the_same_person_logs_in_from_elsewhere_and_others_from_there(ana):
    UserFactory.create(username="bruno")
    lock("ana")
    assert try_to_log_in("ana", PASSWORD, address=HOME).status_code == 302
    assert try_to_log_in("bruno", PASSWORD).status_code == 302


def test_the_lock_ends_by_itself_and_trying_does_not_prolong_it(ana, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    lock("ana")
    time_machine.move_to(start + timedelta(minutes=10), tick=False)
    assert try_to_log_in("ana", PASSWORD).status_code == 429
    time_machine.move_to(start + timedelta(minutes=15, seconds=1), tick=False)
    assert try_to_log_in("ana", PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_a_right_password_forgets_the_wrong_ones(ana):
    for time in range(4):
        try_to_log_in("ana", f"wrong {time}")
    assert try_to_log_in("ana", PASSWORD).status_code == 302
    assert try_to_log_in("ana", "wrong again").status_code == 200


def test_a_new_password_by_mail_opens_the_lock(ana):
    lock("ana")
    client = browser()
    client.post("/password/forgotten", {"email": ana.email})
    link = next(word for word in str(mail.outbox[0].body).split() if "/password/new/" in word)
    form = client.get(link.partition("8000")[2], follow=True)
    new = {"new_password1": "another-invented-word", "new_password2": "another-invented-word"}
    client.post(form.request["PATH_INFO"], new)
    assert try_to_log_in("ana", "another-invented-word").status_code == 302


def test_behind_a_proxy_its_own_word_for_the_address_counts(ana, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for time in range(5):
        answer = browser().post(
            "/login",
            {"username": "ana", "password": f"wrong {time}"},
            REMOTE_ADDR="10.0.0.1",
            headers={"x-forwarded-proto": "https", "x-forwarded-for": f"8.8.8.{time}, {ATTACKER}"},
        )
    assert answer.status_code == 429
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {ATTACKER}


def test_the_log_tells_neither_name_nor_address_nor_password(ana, log_lines):
    written = log_lines()
    lock("ana-maria")
    text = "\n".join(written())
    assert "[WARNING] Log-in locked for a while name=an… network=198.51.100.0/24" in text
    for whole in ("ana-maria", ATTACKER, "wrong 4"):
        assert whole not in text.replace(f"ip={ATTACKER}", "")


def test_no_password_is_kept_with_the_attempt(ana):
    lock("ana")
    row = AccessAttempt.objects.get()
    assert row.failures_since_start == 5
    assert "wrong" not in row.post_data


def test_the_admin_shows_attempts_and_nobody_changes_them(paula, sonia, ana):
    try_to_log_in("ana", "wrong")
    row = AccessAttempt.objects.get()
    address = "/admin/axes/accessattempt/"
    page = paula.get(address).text
    assert "ana" in page
    assert "198.51.100.0/24" in page
    assert paula.get(f"{address}{row.pk}/change/").status_code == 200
    assert paula.post(f"{address}{row.pk}/change/", {}).status_code == 403
    assert paula.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert sonia.get(address).status_code == 403
