"""A message told by e-mail as well, at somebody's word: in the bakery's name, once, and never half recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from enum import StrEnum

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from messaging.models import Message, MessageMail, MessageMailState, MessageTemplate
from messaging.services import mail_server, recipients
from messaging.services.letters import Letter
from messaging.statuses import MessageStatus
from tenants import email_addresses
from tenants.models import Membership, Tenant, User

log = structlog.get_logger(__name__)

# Whoever has just got it would get it twice.
LATELY = timedelta(minutes=10)
# An account that was taken over must not become a mailer.
MOST_A_DAY = 200
_LABEL_LENGTH = 120
_ARRIVED = (MessageStatus.DELIVERED, MessageStatus.READ)


class MailHurdle(StrEnum):
    """Why a message is not sent by e-mail."""

    ARRIVED = "arrived"
    REPLACEMENT_ARRIVED = "replacement_arrived"
    ERASED = "erased"
    TRIAL = "trial"
    MAILED_LATELY = "mailed_lately"
    TOO_MANY = "too_many"
    NO_CONTACT = "no_contact"


@dataclass(frozen=True, slots=True)
class WhyNoMail:
    """`until` is when a MAILED_LATELY one can be sent by e-mail again."""

    hurdle: MailHurdle
    until: datetime | None = None


class CannotMailError(Exception):
    """The message is not sent by e-mail; `why` says why not. Nothing has changed."""

    def __init__(self, why: WhyNoMail) -> None:
        super().__init__(f"cannot be sent by e-mail: {why.hurdle}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Draft:
    """The mail as it will go out but for its address, in the language of the template."""

    letter: Letter
    language: str
    sender_name: str
    sender_address: str
    reply_to: str

    def addressed_to(self, address: str) -> EmailMultiAlternatives:
        mail = EmailMultiAlternatives(
            subject=self.letter.subject,
            body=self.letter.as_text(),
            from_email=formataddr((self.sender_name, self.sender_address)),
            to=[address],
            reply_to=[self.reply_to],
        )
        mail.attach_alternative(self.letter.as_html(self.language), "text/html")
        return mail


def why_not(message: Message) -> WhyNoMail | None:
    """Return why the message cannot be sent by e-mail, None when it can: for a reason of its own or of its bakery's."""
    if why := own_hurdle(message):
        return why
    if _mails_of_today(message.tenant) >= MOST_A_DAY:
        return WhyNoMail(MailHurdle.TOO_MANY)
    return None if _contact_of(message.tenant) else WhyNoMail(MailHurdle.NO_CONTACT)


def own_hurdle(message: Message) -> WhyNoMail | None:
    """Return what of the message itself keeps it back. No query where `replacements` and `mails` were prefetched."""
    if message.erased_at is not None:
        return WhyNoMail(MailHurdle.ERASED)
    if message.is_trial:
        return WhyNoMail(MailHurdle.TRIAL)
    if message.status in _ARRIVED:
        return WhyNoMail(MailHurdle.ARRIVED)
    if any(again.status in _ARRIVED for again in message.replacements.all()):
        return WhyNoMail(MailHurdle.REPLACEMENT_ARRIVED)
    last = max((mail.sent_at for mail in message.mails.all()), default=None)
    if last is not None and last + LATELY > timezone.now():
        return WhyNoMail(MailHurdle.MAILED_LATELY, until=last + LATELY)
    return None


def _mails_of_today(tenant: Tenant) -> int:
    since = timezone.now() - timedelta(days=1)
    return MessageMail.objects.of(tenant).filter(sent_at__gt=since).count()


def draft_of(message: Message) -> Draft:
    """Return what would be mailed; where it is answered to is empty while `why_not` says NO_CONTACT."""
    tenant = message.tenant
    language = language_of(message.template, tenant)
    names = {"bakery": " ".join(tenant.name.split()), "order": message.reference}
    with translation.override(language):
        letter = Letter(
            subject=(
                _("Order %(order)s from %(bakery)s")
                if message.reference
                else _("Notice from %(bakery)s")
            )
            % names,
            paragraphs=(
                _(
                    "%(bakery)s wanted to tell you this by WhatsApp. So that it reaches you, here it is by e-mail:"
                )
                % names,
                message.rendered_text,
                _("If you have a question, answer this mail: the answer goes to %(bakery)s.")
                % names,
            ),
            reason=_("Sent on behalf of %(bakery)s, which gave your address for this.") % names,
        )
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return Draft(letter, language, names["bakery"], address, _contact_of(tenant))


def known_address(message: Message) -> str:
    """Return the address that the bakery has of the recipient; empty where it has none."""
    found = recipients.recipient_of(message)
    return found.email if found is not None else ""


def send(message: Message, *, to: str, by: User, remember: bool = False) -> MessageMail:
    """Mail the message at once; return the record, which is unconfirmed where nobody knows whether it went out.

    `remember` keeps the address with the recipient. Raises CannotMailError, and NotTakenError where the mail server did
    not take it: then nothing is recorded.
    """
    with transaction.atomic():
        # Of two clicks the second sees the first one's record.
        locked = Message.objects.select_for_update(no_key=True, of=("self",))
        message = locked.select_related("tenant", "template").get(pk=message.pk)
        if why := why_not(message):
            raise CannotMailError(why)
        record = MessageMail.objects.create(
            message=message, masked_address=email_addresses.masked(to), sent_by=_label(message, by)
        )
    _hand_over(record, draft_of(message).addressed_to(to))
    if remember:
        recipients.remember_email(message, to)
    log.info("Message sent by e-mail", message_id=message.pk, user_id=by.pk, state=record.state)
    return record


def _hand_over(record: MessageMail, mail: EmailMultiAlternatives) -> None:
    try:
        mail_server.hand_over(mail)
    except mail_server.PerhapsTakenError:
        record.state = MessageMailState.UNCONFIRMED
    except Exception:
        # Whatever it was, the server has not taken it.
        record.delete()
        raise
    else:
        record.state = MessageMailState.SENT
    record.save(update_fields=["state"])


def _label(message: Message, by: User) -> str:
    """Who pressed the button, as everywhere: admin:paula, bakery:ana."""
    is_theirs = Membership.objects.of(message.tenant).filter(user=by).exists()
    return f"{'bakery' if is_theirs else 'admin'}:{by.get_username()}"[:_LABEL_LENGTH]


def _contact_of(tenant: Tenant) -> str:
    """The bakery's contact: the address of the owner who is longest with it."""
    owners = Membership.objects.of(tenant).filter(role=Membership.Role.OWNER, user__is_active=True)
    addresses = owners.exclude(user__email="").order_by("created_at", "id")
    return addresses.values_list("user__email", flat=True).first() or ""


def language_of(template: MessageTemplate, tenant: Tenant) -> str:
    """The template's language where we speak it: es for es_MX. Else the bakery's."""
    code = template.language.partition("_")[0]
    known = {code for code, _name in settings.LANGUAGES}
    return code if code in known else tenant.language
