"""What a message's page tells: what happened, who acts, what to do, and everything in its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging import queues
from messaging.admin.exchange import Exchange, RawWebhook, exchange_of, raw_webhooks
from messaging.admin.pages import event_look, outcome_badge, pretty_json, status_badge
from messaging.graph_api.template_text import RenderedTemplate, render
from messaging.models import (
    EventKind,
    IfUnconfirmed,
    InboundMessage,
    Message,
    MessageEvent,
    MessageMail,
    SendAttempt,
    TemplateChangeKind,
)
from messaging.services.explaining import WHO, explain, explain_code
from messaging.services.inbound_words import words_of
from messaging.services.sending import UNCONFIRMED_SHOWN_AFTER
from messaging.statuses import MessageStatus
from tenants.display import BAD, CAUTION, NEUTRAL, clock, page_url
from tenants.phone_numbers import masked

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

    from tenants.models import PhoneNumber


@dataclass(frozen=True, slots=True)
class Headline:
    """`who` and `action` are empty while nobody has to do anything; `we_will` says what happens by itself."""

    sentence: str
    tone: str
    icon: str
    who: str = ""
    action: str = ""
    code: int | None = None
    doc_url: str = ""
    details: str = ""
    we_will: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """`exchange` and `webhook` are what went over the wire, shown when the line is opened."""

    at: datetime
    title: str
    tone: str
    icon: str
    note: str = ""
    facts: list[str] = field(default_factory=list)
    badge: SafeString | str = ""
    url: str = ""
    exchange: Exchange | None = None
    webhook: RawWebhook | None = None
    event_id: int = 0

    @property
    def excerpt(self) -> SafeString | str:
        """The part of the webhook that is about the message."""
        excerpt = self.webhook.excerpt if self.webhook else None
        return pretty_json(excerpt) if excerpt is not None else ""


@dataclass(frozen=True, slots=True)
class Story:
    headline: Headline
    bubble: RenderedTemplate
    lines: list[Line]
    attempts: list[SendAttempt]
    can_leave: bool
    is_edited: bool


def story_of(message: Message, *, language: str) -> Story:
    """Seven queries at most: events, attempts, replies, webhooks, mails, what it replaces and what replaced it."""
    events = list(message.events.in_order())
    webhooks = raw_webhooks(message, events)
    attempts = list(message.send_attempts.in_order())
    lines = [_attempt(message, attempt) for attempt in attempts]
    lines += [_event(message, event, language, webhooks.get(event.pk)) for event in events]
    lines += [_reply(reply) for reply in message.replies.all()]
    lines += [_replaced(again) for again in message.replacements.all()]
    lines += [_mailed(mail) for mail in message.mails.all()]
    bubble = bubble_of(message)
    return Story(
        headline=_headline(message, language),
        bubble=bubble,
        lines=sorted(lines, key=_place),
        attempts=attempts,
        can_leave=message.unconfirmed_at is not None and message.acknowledged_at is None,
        is_edited=bool(message.rendered_text) and bubble.text != _as_it_stands(message).text,
    )


def _place(line: Line) -> datetime:
    """Meta's times are whole seconds, ours are not: in the same second ours came first."""
    return line.at if line.at.microsecond else line.at.replace(microsecond=999_999)


def bubble_of(message: Message) -> RenderedTemplate:
    """Return what the recipient reads. The stored text wins: the template may have changed since."""
    rendered = _as_it_stands(message)
    if message.rendered_text and message.rendered_text != rendered.text:
        return RenderedTemplate(header="", body=message.rendered_text, footer="", buttons=())
    return rendered


def template_version(message: Message) -> int:
    """Return the how manieth text of its template the message was sent with, as far as changes were noticed."""
    texts = message.template.changes.filter(
        kind__in=(TemplateChangeKind.TEXT, TemplateChangeKind.VARIABLES), at__lte=message.created_at
    )
    return 1 + texts.values("at").distinct().count()


def _as_it_stands(message: Message) -> RenderedTemplate:
    return render(message.template.components, message.components)


def _headline(message: Message, language: str) -> Headline:
    tone, icon = event_look(message.status)
    known = explain(message, language)
    if known is None:
        return Headline(_sentence(message), tone, icon, we_will=_we_will(message))
    return Headline(
        sentence=known.title,
        tone=tone,
        icon=icon,
        who=str(WHO[known.who_acts]),
        action=known.action,
        code=known.code,
        doc_url=known.doc_url,
        # Without a code the words are ours, and the line of the attempt has them in the reader's language.
        details=message.error_details if message.error_code is not None else "",
        we_will=_we_will(message),
    )


def _we_will(message: Message) -> str:
    """What happens by itself from here on; empty where nothing more is to happen."""
    match message.status:
        case MessageStatus.QUEUED if held_up := _held_up(message.phone_number):
            return held_up
        case MessageStatus.QUEUED if message.send_after and message.send_after > timezone.now():
            return _("Send it at %(time)s.") % {"time": _clock(message.send_after)}
        case MessageStatus.QUEUED if not _is_taken():
            return _("Send it once a worker runs again: none was seen for 30 s.")
        case MessageStatus.QUEUED:
            return _("Send it as soon as its turn comes.")
        case MessageStatus.UNCONFIRMED if message.unconfirmed_at is not None:
            until = {"time": _clock(message.unconfirmed_at + UNCONFIRMED_SHOWN_AFTER)}
            if message.if_unconfirmed == IfUnconfirmed.RESEND:
                return _("Send it again at %(time)s unless WhatsApp tells of it before.") % until
            return _("Wait for a status of Meta's, and never send it again by ourselves.")
        case MessageStatus.ACCEPTED | MessageStatus.HELD | MessageStatus.SENT:
            return _("Wait for Meta's next status, and ask Meta where one stays away.")
        case MessageStatus.FAILED:
            return _("Not try again by ourselves.")
        case MessageStatus.EXPIRED | MessageStatus.CANCELLED:
            return _("Not send it any more.")
    return ""


def _held_up(number: PhoneNumber) -> str:
    """What has to end first before anything of this number goes out; empty where nothing stands in the way."""
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return _("Send it once WhatsApp is switched on for the whole platform again.")
    if number.account.sending_stopped_at is not None:
        return _("Send it once sending goes on: it has stopped for the whole account.")
    if number.account.sending_paused_at is not None:
        return _("Send it once sending is resumed: somebody of the platform paused it.")
    if number.sending_stopped_at is not None:
        return _("Send it once its number works again; one message tries every ten minutes.")
    return ""


def _is_taken() -> bool:
    """Whether a worker lives to take what is due."""
    try:
        return queues.is_worker_alive()
    except redis.RedisError:
        return False


def _clock(at: datetime) -> str:
    local = timezone.localtime(at)
    is_today = local.date() == timezone.localdate()
    return formatted(local, "H:i:s") if is_today else clock(at)


def _sentence(message: Message) -> str:
    after_failure = message.failed_at is not None
    match message.status:
        case MessageStatus.QUEUED:
            return _waiting(message)
        case MessageStatus.SENDING:
            return _("A worker is sending it right now.")
        case MessageStatus.ACCEPTED:
            return _("Meta accepted it and has not said yet that it was sent.")
        case MessageStatus.HELD:
            return _("Meta holds it to check its quality; it may still be sent or dropped.")
        case MessageStatus.SENT:
            return _("Meta sent it; it has not reached the phone yet.")
        case MessageStatus.DELIVERED if after_failure:
            return _("It reached the phone, after a failure on another device.")
        case MessageStatus.DELIVERED:
            return _("It reached the phone and has not been read yet.")
        case MessageStatus.READ:
            return _("The recipient has read it.")
        case MessageStatus.CANCELLED:
            return _("It was cancelled before it was sent.")
    return str(capfirst(MessageStatus(message.status).label))


def _waiting(message: Message) -> str:
    if not message.waits_for:
        return _("It waits to be sent.")
    return _("It waits for: %(reason)s.") % {"reason": message.get_waits_for_display()}


def _event(
    message: Message, event: MessageEvent, language: str, webhook: RawWebhook | None
) -> Line:
    tone, icon = event_look(event.kind)
    note, url = "", ""
    facts: list[str] = []
    if event.kind == EventKind.QUEUED:
        note, facts = _request_words(message)
        url = page_url("messaging_message", message.replaces_id) if message.replaces_id else ""
    if event.code is not None:
        note = explain_code(event.code, language).title
        facts.append(_("code %(code)d") % {"code": event.code})
    title = capfirst(str(EventKind(event.kind).label))
    return Line(
        event.at,
        title,
        tone,
        icon,
        note=note,
        facts=facts,
        url=url,
        webhook=webhook,
        event_id=event.pk,
    )


def _request_words(message: Message) -> tuple[str, list[str]]:
    """Who asked for it, what was repaired in it, and for which message it stands."""
    facts = [_("by %(who)s") % {"who": message.requested_by}] if message.requested_by else []
    if repairs := len(message.warnings):
        repaired = ngettext("%(count)d value repaired", "%(count)d values repaired", repairs)
        facts.append(repaired % {"count": repairs})
    return (_("In place of an earlier message.") if message.replaces_id else ""), facts


def _attempt(message: Message, attempt: SendAttempt) -> Line:
    facts = [_("%(milliseconds)d ms") % {"milliseconds": attempt.duration_ms}]
    if attempt.http_status is not None:
        facts.append(f"HTTP {attempt.http_status}")
    if attempt.error_code is not None:
        facts.append(_("code %(code)d") % {"code": attempt.error_code})
    if attempt.fbtrace_id:
        facts.append(f"fbtrace_id {attempt.fbtrace_id}")
    exchange = exchange_of(message, attempt)
    return Line(
        attempt.started_at,
        _("Sent to Meta"),
        NEUTRAL if attempt.outcome in {"accepted", "held"} else BAD,
        "upload",
        note=exchange.why_none or attempt.error_details,
        facts=facts,
        badge=outcome_badge(attempt.outcome),
        exchange=exchange,
    )


def _replaced(again: Message) -> Line:
    words = _("to %(number)s, by %(who)s")
    return Line(
        again.created_at,
        _("Sent again as a new message"),
        NEUTRAL,
        "forward",
        note=words % {"number": masked(again.recipient_phone), "who": again.requested_by or "?"},
        badge=status_badge(again.status),
        url=page_url("messaging_message", again.pk),
    )


def _mailed(mail: MessageMail) -> Line:
    words = {"address": mail.masked_address or "–", "who": mail.sent_by}
    return Line(
        mail.sent_at,
        _("Sent by e-mail") if mail.is_sure else _("Perhaps sent by e-mail"),
        NEUTRAL if mail.is_sure else CAUTION,
        "mail",
        note=_("to %(address)s, by %(who)s") % words,
    )


def _reply(reply: InboundMessage) -> Line:
    return Line(
        reply.received_at,
        _("The recipient answered"),
        NEUTRAL,
        "reply",
        note=words_of(reply),
        url=page_url("messaging_inboundmessage", reply.pk),
    )
