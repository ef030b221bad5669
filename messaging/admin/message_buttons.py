"""The buttons on a message's page: each one that cannot be pressed says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from messaging.admin import message_actions, message_mailing
from messaging.admin.message_actions import action_url
from messaging.services import message_mail_words, message_mails, resending
from messaging.services.resending_words import words_of_hurdle
from messaging.statuses import MessageStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from messaging.models import Message, SendAttempt


@dataclass(frozen=True, slots=True)
class Button:
    """`why_not` is empty while it can be pressed."""

    label: str
    icon: str
    url: str
    why_not: str = ""
    is_primary: bool = False


def buttons_for(message: Message, user: Any) -> list[Button]:
    """Those that this person may press at all."""
    found = []
    if user.has_perm(message_actions.RESEND):
        found += [*_resending(message), _mailing(message)]
    if user.has_perm(message_actions.CANCEL):
        waits = message.status == MessageStatus.QUEUED
        found.append(
            Button(
                _("Cancel…"),
                "cancel",
                action_url("cancel", message),
                "" if waits else _("Only what waits can be cancelled."),
            )
        )
    if user.has_perm(message_actions.SUPPRESS):
        found.append(
            Button(_("Suppress this number…"), "notifications_off", action_url("suppress", message))
        )
    return found


def _resending(message: Message) -> list[Button]:
    same, other = resending.why_not(message), resending.why_not(message, is_corrected=True)
    is_over = message.status in {MessageStatus.FAILED, MessageStatus.EXPIRED}
    return [
        Button(
            _("Correct number and send again…"),
            "edit",
            action_url("correct", message),
            words_of_hurdle(other) if other else "",
            is_primary=is_over and other is None,
        ),
        Button(
            _("Send again…"),
            "replay",
            action_url("resend", message),
            words_of_hurdle(same) if same else "",
        ),
    ]


def _mailing(message: Message) -> Button:
    why = message_mails.why_not(message)
    return Button(
        _("Send by e-mail…"),
        "mail",
        message_mailing.mail_url(message),
        message_mail_words.words_of_hurdle(why) if why else "",
    )


def support_text(message: Message, attempts: Iterable[SendAttempt]) -> str:
    """What Meta's support asks for, in English and without the recipient's number."""
    number = message.phone_number
    facts = {
        "Message id (wamid)": message.wamid,
        "Error code": message.error_code,
        "Details": message.error_details,
        "fbtrace_id": message.fbtrace_id,
        "Requested": _utc(message.created_at),
        "Accepted by the API": _utc(message.accepted_at),
        "Failed": _utc(message.failed_at),
        "Phone number id": number.phone_number_id,
        "WhatsApp Business Account": number.account.waba_id,
        "Template": f"{message.template.name} ({message.template.language}, id {message.template.meta_template_id or '-'})",
        "biz_opaque_callback_data": message.pk,
    }
    facts |= {f"Request {place}": _asked(one) for place, one in enumerate(attempts, start=1)}
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value not in (None, ""))


def _asked(attempt: SendAttempt) -> str:
    """One request in a line: when, where to, what came back, and the id by which Meta finds it."""
    subcode = f"/{attempt.error_subcode}" if attempt.error_subcode is not None else ""
    answer = "no answer" if attempt.http_status is None else f"HTTP {attempt.http_status}"
    parts = [
        _utc(attempt.started_at),
        f"POST {attempt.path}" if attempt.path else "",
        f"{answer} after {attempt.duration_ms} ms",
        attempt.failure.replace("_", " "),
        f"code {attempt.error_code}{subcode}" if attempt.error_code is not None else "",
        f"fbtrace_id {attempt.fbtrace_id}" if attempt.fbtrace_id else "",
    ]
    return ", ".join(filter(None, parts))


def _utc(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
