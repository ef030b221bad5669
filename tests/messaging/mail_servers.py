"""Mail servers that fail: put the path of one into EMAIL_BACKEND, or take the fixture `mail_server_fails`."""

from __future__ import annotations

import smtplib

import pytest
from django.core.mail.backends.locmem import EmailBackend

CLOSED = f"{__name__}.Closed"


class Fails(EmailBackend):
    """Fails with `error` when the mail is handed over."""

    error: Exception = smtplib.SMTPServerDisconnected("gone")

    def send_messages(self, email_messages):
        raise self.error


class Closed(EmailBackend):
    def open(self):
        raise ConnectionRefusedError


@pytest.fixture
def mail_server_fails(settings, monkeypatch):
    """Have mails fail from now on; called with an error, by that one."""
    settings.EMAIL_BACKEND = f"{__name__}.Fails"
    return lambda error: monkeypatch.setattr(Fails, "error", error)
