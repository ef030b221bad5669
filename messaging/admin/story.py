"""What a message's page tells: what happened, who acts, what to do, and everything in its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from messaging.admin.pages import event_look, outcome_badge
from messaging.graph_api.template_text import RenderedTemplate, render
from messaging.models import EventKind, InboundMessage, Message, MessageEvent, SendAttempt
from messaging.services.explaining import WHO, explain, explain_code
from messaging.services.inbound_words import words_of
from messaging.statuses import MessageStatus
from tenants.display import BAD, NEUTRAL, page_url

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Headline:
    """`who` and `action` are empty while nobody has to do anything."""

    sentence: str
    tone: str
    icon: str
    who: str = ""
    action: str = ""
    code: int | None = None
    doc_url: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    title: str
    tone: str
    icon: str
    note: str = ""
    facts: list[str] = field(default_factory=list)
    badge: SafeString | str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    headline: Headline
    bubble: RenderedTemplate
    lines: list[Line]
    can_requeue: bool
    can_leave: bool
    can_cancel: bool


def story_of(message: Message, *, language: str) -> Story:
    """Three queries: events, attempts, replies."""
    lines = [_attempt(attempt) for attempt in message.send_attempts.in_order()]
    lines += [_event(event, language) for event in message.events.in_order()]
    lines += [_reply(reply) for reply in message.replies.all()]
    return Story(
        headline=_headline(message, language),
        bubble=bubble_of(message),
        lines=sorted(lines, key=_place),
        can_requeue=message.status == MessageStatus.UNCONFIRMED,
        can_leave=message.unconfirmed_at is not None and message.acknowledged_at is None,
        can_cancel=message.status == MessageStatus.QUEUED,
    )


def _place(line: Line) -> datetime:
    """Meta's times are whole seconds, ours are not: in the same second ours came first."""
    return line.at if line.at.microsecond else line.at.replace(microsecond=999_999)


def bubble_of(message: Message) -> RenderedTemplate:
    """Return what the recipient reads. The stored text wins: the template may have changed since."""
    rendered = render(message.template.components, message.components)
    if message.rendered_text and message.rendered_text != rendered.text:
        return RenderedTemplate(header="", body=message.rendered_text, footer="", buttons=())
    return rendered


def _headline(message: Message, language: str) -> Headline:
    tone, icon = event_look(message.status)
    known = explain(message, language)
    if known is None:
        return Headline(_sentence(message), tone, icon)
    return Headline(
        sentence=known.title,
        tone=tone,
        icon=icon,
        who=str(WHO[known.who_acts]),
        action=known.action,
        code=known.code,
        doc_url=known.doc_url,
        details=message.error_details,
    )


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


def _event(event: MessageEvent, language: str) -> Line:
    tone, icon = event_look(event.kind)
    note = ""
    facts = []
    if event.code is not None:
        note = explain_code(event.code, language).title
        facts.append(_("code %(code)d") % {"code": event.code})
    title = capfirst(str(EventKind(event.kind).label))
    return Line(event.at, title, tone, icon, note=note, facts=facts)


def _attempt(attempt: SendAttempt) -> Line:
    facts = [_("%(milliseconds)d ms") % {"milliseconds": attempt.duration_ms}]
    if attempt.http_status is not None:
        facts.append(f"HTTP {attempt.http_status}")
    if attempt.error_code is not None:
        facts.append(_("code %(code)d") % {"code": attempt.error_code})
    if attempt.fbtrace_id:
        facts.append(f"fbtrace_id {attempt.fbtrace_id}")
    return Line(
        attempt.started_at,
        _("Sent to Meta"),
        NEUTRAL if attempt.outcome in {"accepted", "held"} else BAD,
        "upload",
        note=attempt.error_details,
        facts=facts,
        badge=outcome_badge(attempt.outcome),
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
