"""What the admin's pages of messaging share: the stylesheet, words for states, links to messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.templatetags.static import static
from django.utils.html import format_html

from messaging.admin.template_words import status_words
from messaging.admin.wording import outcome_words, verdict_words
from messaging.models import MessageTemplate
from messaging.services.setup.progress import Progress, progress
from messaging.statuses import MessageStatus
from tenants.display import BAD, BUSY, CAUTION, GOOD, NEUTRAL, badge, link, page_url, phone

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from messaging.models import Message

_STATUS = {
    MessageStatus.QUEUED: (BUSY, "schedule"),
    MessageStatus.SENDING: (BUSY, "outgoing_mail"),
    MessageStatus.ACCEPTED: (BUSY, "check"),
    MessageStatus.HELD: (CAUTION, "front_hand"),
    MessageStatus.UNCONFIRMED: (CAUTION, "question_mark"),
    MessageStatus.SENT: (BUSY, "check"),
    MessageStatus.DELIVERED: (GOOD, "done_all"),
    MessageStatus.READ: (GOOD, "visibility"),
    MessageStatus.FAILED: (BAD, "error"),
    MessageStatus.CANCELLED: (NEUTRAL, "block"),
    MessageStatus.EXPIRED: (CAUTION, "timer_off"),
}
_TEMPLATE_STATUS = {
    "APPROVED": (GOOD, "check_circle"),
    "PENDING": (BUSY, "hourglass_top"),
    "IN_APPEAL": (BUSY, "gavel"),
    "PAUSED": (CAUTION, "pause_circle"),
    "DELETED": (NEUTRAL, "delete"),
    "ARCHIVED": (NEUTRAL, "archive"),
}
_PROGRESS = "_setup_progress"
_OUTCOME = {"accepted": (GOOD, "check_circle"), "held": (CAUTION, "front_hand")}


def stylesheet(request: HttpRequest) -> str:
    return static("messaging/admin/admin.css")


def setup_progress(request: HttpRequest) -> Progress:
    """How far the set-up is, read once a request: the menu shows it on every page, the home once more."""
    found: Progress = getattr(request, _PROGRESS, None) or progress()
    setattr(request, _PROGRESS, found)
    return found


def setup_badge(request: HttpRequest) -> str:
    """Say in the menu how far the set-up is, such as 9/16."""
    found = setup_progress(request)
    return f"{found.done}/{found.total}"


def favicon(request: HttpRequest) -> str:
    return static("messaging/bakery/favicon.svg")


def status_badge(status: str) -> SafeString:
    known = MessageStatus(status)
    tone, icon = _STATUS[known]
    return badge(known.label, icon=icon, tone=tone)


def event_look(kind: str) -> tuple[str, str]:
    """Return tone and icon of a line in a timeline: a status's own, or those of a retry."""
    if kind in MessageStatus.values:
        return _STATUS[MessageStatus(kind)]
    return CAUTION, "replay"


def template_look(template: MessageTemplate) -> tuple[str, str]:
    """Return tone and icon of a template: as paused while we paused it, else by Meta's status."""
    if template.is_approved and template.paused_at is not None:
        return _TEMPLATE_STATUS["PAUSED"]
    return _TEMPLATE_STATUS.get(template.status, (BAD, "cancel"))


def template_status_badge(template: MessageTemplate) -> SafeString:
    tone, icon = _TEMPLATE_STATUS.get(template.status, (BAD, "cancel"))
    what, _to_do = status_words(template)
    return badge(template.status, icon=icon, tone=tone, title=what)


def outcome_badge(outcome: str) -> SafeString:
    """Show how one request to Meta ended: accepted, held, or the class of the error."""
    tone, icon = _OUTCOME.get(outcome, (BAD, "error"))
    return badge(outcome_words(outcome), icon=icon, tone=tone)


def verdict_badge(verdict: str) -> SafeString:
    looks = {
        "applied": (GOOD, "check_circle"),
        "repeated": (NEUTRAL, "repeat"),
        "kept": (NEUTRAL, "inventory_2"),
        "ignored": (CAUTION, "help"),
    }
    tone, icon = looks.get(verdict, (BAD, "error"))
    return badge(verdict_words(verdict), icon=icon, tone=tone)


def message_link(message: Message) -> SafeString:
    """Link to a message under its order number and recipient."""
    words = message.reference or phone(message.recipient_phone)
    return link(page_url("messaging_message", message.pk), words)


def recipient(message: Message) -> SafeString | str:
    number = phone(message.recipient_phone)
    if not message.recipient_name:
        return number
    return format_html('{}<br><span class="bw-quiet">{}</span>', message.recipient_name, number)


def pretty_json(value: object) -> SafeString:
    return code_block(json.dumps(value, ensure_ascii=False, indent=2))


def code_block(text: str) -> SafeString:
    """Show a text for machines to people; a lone surrogate, which JSON allows and no page can carry, is written out."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return format_html('<pre class="bw-code" tabindex="0">{}</pre>', text)
