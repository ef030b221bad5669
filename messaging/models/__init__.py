from __future__ import annotations

from messaging.models.alert import Alert, AlertKind
from messaging.models.inbound_message import InboundMessage
from messaging.models.message import IfUnconfirmed, Message, MessageQuerySet, Priority, WaitsFor
from messaging.models.template import MessageTemplate
from messaging.models.template_change import TemplateChange, TemplateChangeKind
from messaging.models.template_draft import TemplateDraft
from messaging.models.timeline import EventKind, MessageEvent, SendAttempt
from messaging.models.webhook_delivery import WebhookDelivery

__all__ = [
    "Alert",
    "AlertKind",
    "EventKind",
    "IfUnconfirmed",
    "InboundMessage",
    "Message",
    "MessageEvent",
    "MessageQuerySet",
    "MessageTemplate",
    "Priority",
    "SendAttempt",
    "TemplateChange",
    "TemplateChangeKind",
    "TemplateDraft",
    "WaitsFor",
    "WebhookDelivery",
]
