"""The mails that development keeps as files instead of sending them (Django's file-based e-mail backend)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

# Django writes this line after each mail of one connection.
_BETWEEN = b"\n" + b"-" * 79 + b"\n"
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Mail:
    key: str
    subject: str
    sender: str
    to: str
    sent_at: datetime | None
    text: str
    html: str


def newest_mails() -> list[Mail]:
    """Return the last hundred mails, newest first. A file that cannot be read is left out."""
    folder = Path(settings.DATA_DIR) / "mail"
    mails: list[Mail] = []
    for path in sorted(folder.glob("*.log"), key=lambda one: one.name, reverse=True):
        mails += reversed(_mails_in(path))
        if len(mails) >= _SHOWN:
            break
    return mails[:_SHOWN]


def mail_by_key(key: str) -> Mail | None:
    return next((mail for mail in newest_mails() if mail.key == key), None)


def _mails_in(path: Path) -> list[Mail]:
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    return [
        _mail(f"{path.name}/{place}", piece)
        for place, piece in enumerate(raw.split(_BETWEEN))
        if piece.strip()
    ]


def _mail(name: str, raw: bytes) -> Mail:
    message = message_from_bytes(raw.lstrip(b"\n"), policy=policy.default)
    return Mail(
        key=hashlib.sha256(name.encode()).hexdigest()[:16],
        subject=str(message.get("Subject", "")),
        sender=str(message.get("From", "")),
        to=str(message.get("To", "")),
        sent_at=_date(str(message.get("Date", ""))),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        return ""


def _date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
        # Django writes -0000, UTC of an unknown zone, which comes back without any.
        return timezone.localtime(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (TypeError, ValueError):
        return None
