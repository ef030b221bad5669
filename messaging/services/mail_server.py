"""Handing one mail to the mail server: taken, surely not taken, or nobody knows."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMessage, get_connection


class NotTakenError(Exception):
    """The server could not be reached or refused the mail: nothing was sent.

    `kind` names the error, for its text would name the address; `is_address` says that the address was what it refused.
    """

    def __init__(self, kind: str, *, is_address: bool = False) -> None:
        super().__init__(kind)
        self.kind = kind
        self.is_address = is_address


class PerhapsTakenError(Exception):
    """It broke off while the mail was handed over, so it may have gone out."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def hand_over(mail: EmailMessage) -> None:
    """Send the mail now. Raises NotTakenError and PerhapsTakenError."""
    mail.connection = get_connection()
    try:
        mail.connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NotTakenError(type(error).__name__) from None
    try:
        mail.send()
    except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
        raise PerhapsTakenError(type(error).__name__) from None
    except (OSError, smtplib.SMTPException) as error:
        is_address = isinstance(error, smtplib.SMTPRecipientsRefused)
        raise NotTakenError(type(error).__name__, is_address=is_address) from None
    finally:
        mail.connection.close()
