from __future__ import annotations

from messaging.models.inbound_message import InboundMessage
from messaging.models.message import Message, MessageQuerySet
from messaging.models.template import MessageTemplate
from messaging.models.timeline import EventKind, MessageEvent, SendAttempt
from messaging.models.webhook_delivery import WebhookDelivery

__all__ = [
    "EventKind",
    "InboundMessage",
    "Message",
    "MessageEvent",
    "MessageQuerySet",
    "MessageTemplate",
    "SendAttempt",
    "WebhookDelivery",
]
