from __future__ import annotations

from messaging.models.alert import Alert, AlertKind
from messaging.models.inbound_message import Asks, InboundMessage
from messaging.models.message import IfUnconfirmed, Message, MessageQuerySet, Priority, WaitsFor
from messaging.models.person_alias import PersonAlias
from messaging.models.suppression import Suppression
from messaging.models.template import MessageTemplate
from messaging.models.timeline import EventKind, MessageEvent, SendAttempt
from messaging.models.webhook_delivery import WebhookDelivery

__all__ = [
    "Alert",
    "AlertKind",
    "Asks",
    "EventKind",
    "IfUnconfirmed",
    "InboundMessage",
    "Message",
    "MessageEvent",
    "MessageQuerySet",
    "MessageTemplate",
    "PersonAlias",
    "Priority",
    "SendAttempt",
    "Suppression",
    "WaitsFor",
    "WebhookDelivery",
]
