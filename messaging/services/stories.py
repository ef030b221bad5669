"""One message as its bakery sees it: what became of it, and what can still be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from messaging.models import InboundMessage, Message, MessageEvent, Recipient
from messaging.services import failures, message_mails, recipients, resending
from messaging.services.suppressions import blocked_phones
from tenants.models import User


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to a message and what was answered; who of the bakery's list it went to.

    `blocked` as `blocked_phones` says; `no_resend` and `no_mail` say why it is not sent again, or by e-mail, by its own
    fault.
    """

    events: list[MessageEvent]
    replies: list[InboundMessage]
    recipient: Recipient | None
    blocked: dict[str, bool]
    is_unresolved: bool
    no_resend: resending.WhyNot | None
    no_mail: message_mails.WhyNoMail | None


def story_of(message: Message, *, user: User) -> Story:
    """Of a message whose `replacements` and `mails` were prefetched; six queries."""
    replies = InboundMessage.objects.visible_to(user).filter(answers=message)
    return Story(
        events=list(MessageEvent.objects.visible_to(user).filter(message=message).in_order()),
        replies=list(replies.order_by("received_at", "id")),
        recipient=recipients.recipient_of(message),
        blocked=blocked_phones(message.tenant, [message.recipient_phone]),
        is_unresolved=failures.is_unresolved(message),
        no_resend=resending.why_not(message),
        no_mail=message_mails.own_hurdle(message),
    )
