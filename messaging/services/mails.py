"""Mails to people, each in their language: written once for an occasion, sent one by one, never twice.

A mail that the server refused is tried again; one that broke off while it was handed over may have gone out, so it becomes
unconfirmed and only a person sends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation

from messaging import queues
from messaging.models import Mail, MailKind, MailState
from messaging.services import mail_server
from messaging.services.letters import Letter
from tenants.models import Membership, Tenant, User

log = structlog.get_logger(__name__)

NO_ADDRESS = "no_address"
# After a failure the mail waits so long; after the last one it stays failed until somebody sends it again.
_TRY_AGAIN_AFTER = (timedelta(minutes=5), timedelta(hours=1))
_LOST_AFTER = timedelta(minutes=10)
_ERROR_LENGTH = 200


def language_of(user: User, *, tenant: Tenant | None = None) -> str:
    """Return the language for a mail: the bakery's it speaks of, else of the person's first bakery, else our default."""
    if tenant is not None:
        return tenant.language
    memberships = Membership.objects.filter(user=user).order_by("created_at", "id")
    language = memberships.values_list("tenant__language", flat=True).first()
    return language or settings.LANGUAGE_CODE


def platform_admins() -> QuerySet[User]:
    """Return the active people with an e-mail address who may change the token."""
    people = User.objects.with_perm(
        "messaging.promote_token", backend="django.contrib.auth.backends.ModelBackend"
    )
    chosen: QuerySet[User] = people.filter(is_staff=True).exclude(email="").order_by("id")
    return chosen


def write(
    kind: MailKind,
    *,
    occasion: str,
    to: User,
    letter: Callable[[], Letter],
    tenant: Tenant | None = None,
) -> bool:
    """Write the mail and have it sent; False when it was written before. `letter` is called in the reader's language."""
    found = Mail.objects.filter(kind=kind, occasion=occasion, user=to, tenant=tenant)
    if found.exists():
        return False
    language = language_of(to, tenant=tenant)
    with translation.override(language):
        content = letter().as_json()
    mail = Mail(
        kind=kind, occasion=occasion, user=to, tenant=tenant, language=language, content=content
    )
    # Of two workers that write it at once the database lets one.
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    queues.wake_mailer()
    return True


def send_waiting() -> int:
    """Send what is due, one mail after the other; return how many went out. Harmless when others do the same."""
    queues.is_awake(queues.SEND_MAILS)
    _give_up_lost()
    sent = 0
    while (mail := _claim()) is not None:
        sent += _send(mail)
    return sent


def send_again(mails: QuerySet[Mail]) -> int:
    """Let failed and unconfirmed mails be tried once more; return how many."""
    chosen = mails.filter(state__in=(MailState.FAILED, MailState.UNCONFIRMED))
    count = chosen.update(state=MailState.WAITING, due_at=timezone.now(), attempts=0, error="")
    queues.wake_mailer()
    return count


def _claim() -> Mail | None:
    now = timezone.now()
    with transaction.atomic():
        waiting = Mail.objects.due(now).select_related("user").order_by("due_at", "id")
        mail = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if mail is None:
            return None
        mail.state, mail.claimed_at, mail.attempts = MailState.SENDING, now, mail.attempts + 1
        mail.save(update_fields=["state", "claimed_at", "attempts"])
    return mail


def _give_up_lost() -> None:
    """What a worker took and never settled may have gone out."""
    lost = Mail.objects.filter(
        state=MailState.SENDING, claimed_at__lt=timezone.now() - _LOST_AFTER
    ).update(state=MailState.UNCONFIRMED, error="")
    if lost:
        log.warning("Mails may have been sent or not", count=lost)


def _send(mail: Mail) -> bool:
    if not (mail.user.email and mail.user.is_active):
        _settle(mail, MailState.FAILED, error=NO_ADDRESS)
        return False
    try:
        mail_server.hand_over(message_of(mail))
    except mail_server.PerhapsTakenError as error:
        _settle(mail, MailState.UNCONFIRMED, error=error.kind)
    except mail_server.NotTakenError as error:
        _try_later(mail, error.kind)
    else:
        _settle(mail, MailState.SENT)
        log.info("Mail sent", mail_id=mail.pk, kind=mail.kind)
    return mail.state == MailState.SENT


def message_of(mail: Mail) -> EmailMultiAlternatives:
    """Return the mail as it goes out: plain text, HTML beside it, and how to get no more of its kind."""
    letter = Letter.from_json(mail.content)
    headers = {"Auto-Submitted": "auto-generated"}
    if letter.unsubscribe_url:
        headers |= {
            "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    with translation.override(mail.language):
        message = EmailMultiAlternatives(
            subject=" ".join(letter.subject.split()),
            body=letter.as_text(),
            to=[mail.user.email],
            headers=headers,
        )
        message.attach_alternative(letter.as_html(mail.language), "text/html")
    return message


def _try_later(mail: Mail, kind: str) -> None:
    """`kind` names the error."""
    name = kind[:_ERROR_LENGTH]
    log.warning("Mail not sent", mail_id=mail.pk, kind=mail.kind, error=name)
    if mail.attempts > len(_TRY_AGAIN_AFTER):
        _settle(mail, MailState.FAILED, error=name)
        return
    mail.due_at = timezone.now() + _TRY_AGAIN_AFTER[mail.attempts - 1]
    _settle(mail, MailState.WAITING, error=name)


def _settle(mail: Mail, state: MailState, *, error: str = "") -> None:
    mail.state, mail.error = state, error
    mail.sent_at = timezone.now() if state == MailState.SENT else mail.sent_at
    mail.save(update_fields=["state", "error", "sent_at", "due_at"])
