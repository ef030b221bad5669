"""Mails: one for each person and occasion, in their language, whatever happens on the way to the server."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Mail, MailKind, MailState
from messaging.services import mails
from messaging.services.letters import Letter
from tests.factories import MembershipFactory, StaffFactory, TenantFactory, UserFactory
from tests.messaging.mail_servers import CLOSED

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def a_letter():
    return Letter(
        subject=_("Dates ahead"),
        paragraphs=("One & <two>",),
        links=((_("Open the dates"), "https://whatsapp.example.com/x"),),
        reason="because",
        unsubscribe_url="https://whatsapp.example.com/no-more",
    )


def write(to, occasion="test", **more):
    return mails.write(MailKind.REMINDER, occasion=occasion, to=to, letter=a_letter, **more)


def html_of(sent: Any) -> str:
    return str(sent.alternatives[0].content)


def state_of(occasion="test"):
    return Mail.objects.get(occasion=occasion).state


def test_a_mail_has_text_and_html_and_says_how_to_get_no_more():
    write(StaffFactory(email="paula@platform.example"))
    assert mails.send_waiting() == 1
    (sent,) = outbox.outbox
    assert sent.to == ["paula@platform.example"]
    assert sent.extra_headers["List-Unsubscribe"] == "<https://whatsapp.example.com/no-more>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "One & <two>" in sent.body
    assert "One &amp; &lt;two&gt;" in html_of(sent)
    assert state_of() == MailState.SENT


@pytest.mark.parametrize(
    ("language", "subject"), [("es", "Próximas fechas"), ("en", "Dates ahead")]
)
def test_it_speaks_the_language_of_the_readers_bakery(language, subject):
    tenant = TenantFactory(language=language)
    write(MembershipFactory(tenant=tenant).user)
    mails.send_waiting()
    assert outbox.outbox[0].subject == subject
    assert f'lang="{language}"' in html_of(outbox.outbox[0])


def test_who_has_no_bakery_is_written_to_in_spanish():
    assert mails.language_of(StaffFactory()) == "es"


def test_a_mail_is_written_once_for_an_occasion():
    paula = StaffFactory()
    assert write(paula)
    assert not write(paula)
    assert write(paula, "another")
    assert write(paula, tenant=TenantFactory())
    assert Mail.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_write_and_send_it_once():
    paula = StaffFactory()

    def work(_number):
        try:
            write(paula)
            return mails.send_waiting()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 1
    assert len(outbox.outbox) == 1


def test_whoever_has_no_address_or_may_not_log_in_is_told_of_and_not_tried():
    for number, person in enumerate((UserFactory(email=""), UserFactory(is_active=False))):
        write(person, f"test{number}")
    assert mails.send_waiting() == 0
    assert set(Mail.objects.values_list("state", "error")) == {("failed", "no_address")}


def test_a_server_that_is_away_is_tried_again_and_then_it_fails(settings):
    settings.EMAIL_BACKEND = CLOSED
    write(StaffFactory())
    now = timezone.now()
    for minutes, state in ((0, "waiting"), (4, "waiting"), (6, "waiting"), (120, "failed")):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            mails.send_waiting()
        assert state_of() == state
    assert Mail.objects.get().attempts == 3
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mails.send_again(Mail.objects.all()) == 1
    assert mails.send_waiting() == 1


def test_an_address_that_is_refused_is_kept_by_the_kind_of_error_only(mail_server_fails):
    refused = {"paula@platform.example": (550, b"no such user")}
    mail_server_fails(smtplib.SMTPRecipientsRefused(refused))
    write(StaffFactory(email="paula@platform.example"))
    mails.send_waiting()
    assert Mail.objects.get().error == "SMTPRecipientsRefused"
    assert state_of() == MailState.WAITING


@pytest.mark.parametrize("error", [smtplib.SMTPServerDisconnected("gone"), TimeoutError()])
def test_what_broke_off_on_the_way_is_sent_again_by_a_person_only(mail_server_fails, error):
    mail_server_fails(error)
    write(StaffFactory())
    mails.send_waiting()
    mails.send_waiting()
    assert (state_of(), Mail.objects.get().attempts) == (MailState.UNCONFIRMED, 1)


def test_what_a_worker_took_and_never_settled_is_unconfirmed_after_a_while():
    write(StaffFactory())
    Mail.objects.update(state=MailState.SENDING, claimed_at=timezone.now())
    mails.send_waiting()
    assert state_of() == MailState.SENDING
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        mails.send_waiting()
    assert state_of() == MailState.UNCONFIRMED
    assert outbox.outbox == []
